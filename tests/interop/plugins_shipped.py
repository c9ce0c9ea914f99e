"""The two plugins that the distribution ships, auth-pam and down-root: cases of plugins.py."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from features import (
    FAILED,
    adit_server,
    completed,
    credentials,
    reaches,
    second_client,
    start_second,
)
from lab import Lab, Process, check, until
from plugins_probe import line
from runner import Bench
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, server_config

PAM = """auth required pam_exec.so expose_authtok quiet {script}
account required pam_permit.so
"""
CHECK = """#!/bin/sh
read -r password
echo "$PAM_USER $(/usr/bin/id -u)" >> {folder}/asked
[ "$PAM_USER" = ann ] && [ "$password" = secret ]
"""


def start_with_pam(tunnel: Tunnel, folder: Path) -> Process:
    """The server in a mount namespace, in which /etc/pam.d has nothing but our service."""
    services = folder / "pam.d"
    services.mkdir(exist_ok=True)
    script = folder / "check"
    script.write_text(CHECK.format(folder=folder))
    script.chmod(0o755)
    (services / "tunnel").write_text(PAM.format(script=script))
    config = tunnel.net.server.write("server.conf", server_config(tunnel.setup, tunnel.keys))
    mount = f"mount --bind {services} /etc/pam.d && exec {PROGRAMS['adit']} {config}"
    command = ("unshare", "--mount", "--propagation", "private", "sh", "-c", mount)
    tunnel.server = tunnel.net.server.start("server", *command)
    tunnel.server.wait_for(COMPLETED)
    return tunnel.server


def auth_pam(bench: Bench, *deferred: str) -> None:
    plugin = line("openvpn-plugin-auth-pam.so", "tunnel login USERNAME password PASSWORD")
    setup = adit_server(plugin, "user nobody", *deferred)
    setup = dataclasses.replace(setup, client_extra=(credentials(bench.folder, "ann", "secret"),))
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, setup, bench.keys)
        server = start_with_pam(tunnel, bench.folder)
        completed(tunnel.start_client())
        tunnel.ping_all(1)
        other = second_client(lab, net)
        wrong = credentials(bench.folder, "ann", "guess", "wrong.txt")
        start_second(tunnel, other, extra=(wrong,)).wait_for(FAILED, 10)
        reaches(net.client, "10.8.0.1", "who had the right password")
        asked = (bench.folder / "asked").read_text().splitlines()
        check(asked == ["ann 0", "ann 0"], f"asked as {asked}, not as root")
        check(bool(server.matches("authentication deferred")) == bool(deferred), "deferred, or not")
        check(server.stop() == 0, f"the server ends in disorder:\n{server.tail()}")


def pam(bench: Bench) -> None:
    auth_pam(bench)


def pam_later(bench: Bench) -> None:
    auth_pam(bench, "setenv deferred_auth_pam 1")


def down_root(bench: Bench) -> None:
    """The down script runs as root although the server has long been nobody; as with stock."""
    seen = {}
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        for program in ("stock", "adit"):
            script = bench.folder / f"{program}.sh"
            record = bench.folder / f"{program}.txt"
            said = "$(/usr/bin/id -u) $dev $script_context $*"
            script.write_text(f'#!/bin/sh\necho "{said}" > {record}\n')
            script.chmod(0o755)
            bench.folder.chmod(0o755)
            plugin = line("openvpn-plugin-down-root.so", f"{script} one two")
            setup = Setup(server=program, client="stock", server_extra=(plugin, "user nobody"))
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start()
            user = net.server.run("ps", "-o", "user=", "-p", tunnel.server.pid).strip()
            check(user == "nobody", f"{program} runs as {user}")
            tunnel.client.stop()
            check(tunnel.server.stop() == 0, f"{program} ends in disorder:\n{tunnel.server.tail()}")
            seen[program] = until(lambda: record.exists() and record.read_text(), 5, "down has run")
    check(seen["adit"] == seen["stock"], f"adit: {seen['adit']}, stock: {seen['stock']}")
    check(seen["adit"].startswith("0 tun"), f"the script says {seen['adit']}")


RUNS = (pam, pam_later, down_root)
