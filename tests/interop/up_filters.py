#!/usr/bin/env python3
"""adit up and down on hosts whose packet filter belongs to somebody else: Docker, ufw, firewalld,
iptables-legacy. A stock client reaches the LAN behind the server, the self-test says so or names the rule
that drops the packets, and after down the host is as it was."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable

from firewall_hosts import DATA, FIREWALL_CMD
from lab import Host, Lab, check
from machine import Machine, contains, reaches
from runner import Bench, Case, main
from up import COMPLETED, LAN, LAN_HOST, machines, stock_client

Load = Callable[[Machine], None]


def load_docker(kind: str) -> Load:
    return lambda server: server.run(f"iptables-{kind}-restore", DATA / "docker.rules") and None


def load_ufw(server: Machine) -> None:
    folder = server.folder / "ufw"
    shutil.copytree("/etc/ufw", folder / "etc")
    shutil.copy("/etc/default/ufw", folder / "default")
    for name, place in (("etc", "/etc/ufw"), ("default", "/etc/default/ufw")):
        server.run("mount", "--bind", folder / name, place)
    server.run("ufw", "--force", "enable")
    server.run("ufw", "allow", "22/tcp")
    server.run("ufw", "reload")


def load_firewalld(server: Machine) -> None:
    """Its zone public has both devices; its command is imitated."""
    rules = (DATA / "firewalld.nft").read_text().replace("eth0", "lan").replace("eth1", "wire")
    (server.tools / "base.nft").write_text(rules)
    command = server.tools / "firewall-cmd"
    command.write_text(FIREWALL_CMD)
    command.chmod(0o755)
    server.run("firewall-cmd", "--reload")


def comes_through(client: Host, server: Machine) -> None:
    tunnel = stock_client(client, server, "client1")
    tunnel.wait_for(COMPLETED)
    reaches(client, LAN_HOST)
    tunnel.stop()


def hooked(load: Load) -> Callable[[Bench], None]:
    """up uses the official hook of what is there, and down takes it back."""

    def run(bench: Bench) -> None:
        with Lab(bench.folder) as lab:
            server, client = machines(lab)
            load(server)
            before = server.look()
            said = server.adit("up", "--lan", LAN, "--yes")
            check(" FAILED " not in said, f"the test at the end failed:\n{said}")
            comes_through(client, server)
            now = server.look()
            contains(server.adit("up", "--yes", "--no-test"), "Nothing to change")
            check(not now.differences(server.look()), "a second run changed something")
            server.adit("down")
            server.check_same(before)

    return run


def named(bench: Bench) -> None:
    """Where there is no hook, the rule and the cure are named; the cure as it is told works."""
    with Lab(bench.folder) as lab:
        server, client = machines(lab)
        server.run("iptables-legacy", "-P", "FORWARD", "DROP")
        before = server.look()
        said = server.adit("up", "--lan", LAN, "--yes", fails=True)
        contains(said, "iptables-legacy", "FORWARD")
        told = server.adit("firewall", "check", fails=True)
        cures = re.findall(r"cure: (iptables-legacy .*)", told)
        check(cures, f"no cure is told:\n{told}")
        for cure in cures:
            server.run("sh", "-c", cure)
        comes_through(client, server)
        server.run("iptables-legacy", "-F", "FORWARD")
        server.adit("down")
        server.check_same(before)


CASES = [
    Case("docker-nft", hooked(load_docker("nft"))),
    Case("docker-legacy", hooked(load_docker("legacy"))),
    Case("ufw", hooked(load_ufw)),
    Case("firewalld", hooked(load_firewalld)),
    Case("legacy-named", named),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
