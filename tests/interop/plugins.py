#!/usr/bin/env python3
"""Plugins: what they are told, what they decide, and the two that the distribution ships.

The same plugin (tests/plugins/probe.c) is loaded by stock openvpn and by adit, at both ends, and
what it was told is compared.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import sys
from pathlib import Path

from features import (
    FAILED,
    adit_server,
    completed,
    credentials,
    profile_folder,
    reaches,
    second_client,
    start_second,
    wait_address,
)
from lab import HERE, Host, Lab, Process, ThreeHosts, check, until
from keys import call
from runner import Bench, Case, main
from scene import literally, says
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, server_config

SOURCE = HERE.parent / "plugins" / "probe.c"
NAMES = {
    0: "up",
    1: "down",
    2: "route-up",
    3: "ipchange",
    4: "tls-verify",
    5: "auth",
    6: "client-connect",
    7: "client-disconnect",
    8: "learn-address",
    9: "client-connect-v2",
    10: "tls-final",
    12: "route-pre-down",
    13: "client-connect-defer",
    14: "client-connect-defer-v2",
}
NO_REST = ("arg", "env", "call", "file")
# What differs between any two runs, and what stock does not take back when a login is over.
OF_THE_RUN = {"daemon_pid", "daemon_start_time", "time_unix", "time_ascii", "bytes_received"}
OF_THE_RUN |= {"bytes_sent", "time_duration", "trusted_port", "untrusted_port", "config"}
FILES_OF = {
    "auth": {"auth_control_file", "auth_pending_file", "auth_failed_reason_file"},
    "client-connect": {"client_connect_config_file", "client_connect_deferred_file"},
}
FILES = set().union(*FILES_OF.values())
# As with scripts, adit says a little more.
MORE = {"net_gateway_ipv6", "route_net_gateway", "route_vpn_gateway", "dev_type"}
MORE |= {"time_ascii", "time_unix"}
TIME = len("2026-11-26 03:38:16 ")
SLOW_TOLD = "has not returned for"


# ---- the probe ----


def built(bench: Bench, name: str = "probe", *words: str) -> Path:
    """The probe in one of its shapes: "-DAPI=1"."""
    path = bench.folder / f"{name}.so"
    if not path.exists():
        compiler = shutil.which("gcc") or shutil.which("clang-14") or "cc"
        libraries = ("-lcrypto", "-lpthread")
        call(compiler, "-shared", "-fPIC", *words, "-o", path, SOURCE, *libraries)
        bench.folder.chmod(0o755)
    return path


@dataclasses.dataclass(frozen=True)
class Told:
    """One call of a plugin."""

    name: str
    arguments: list[str]
    env: dict[str, str]
    rest: list[str]  # contexts, certificates


def told(path: Path) -> list[Told]:
    text = path.read_text() if path.exists() else ""
    return [told_of(block.splitlines()) for block in text.split("end\n")[:-1]]


def told_of(lines: list[str]) -> Told:
    pairs = [line.partition(" ")[::2] for line in lines]
    words = [value for kind, value in pairs if kind == "arg"]
    env = dict(value.partition("=")[::2] for kind, value in pairs if kind == "env")
    rest = [f"{kind} {value}" for kind, value in pairs if kind not in NO_REST]
    name = pairs[0][1]
    return Told(NAMES[int(name)] if name.isdigit() else name, words[1:], env, rest)


def calls(path: Path, name: str) -> list[Told]:
    return [one for one in told(path) if one.name == name]


def wait_call(path: Path, name: str, count: int = 1, seconds: float = 10) -> Told:
    what = f"the plugin is told of {name} {count}x"
    return until(lambda: calls(path, name)[count - 1 :], seconds, what)[0]


def line(library: Path | str, *words: object) -> str:
    return " ".join(["plugin", str(library), *(f'"{word}"' for word in words)])


# ---- beside stock ----


def what_plugins_hear(bench: Bench, net: ThreeHosts, program: str) -> dict[str, list[Told]]:
    """A client comes and goes, and the server ends: plugins of all three versions."""
    folder = bench.folder / program
    folder.mkdir()
    shapes = {f"v{version}": (f"-DAPI={version}",) for version in (1, 2, 3)}
    server = [line(built(bench, name, *words), folder / name) for name, words in shapes.items()]
    client = ("only=0", "only=1", "only=2", "only=3", "only=4", "only=10", "only=12")
    setup = Setup(
        server=program,
        client=program,
        server_extra=(
            *server,
            "setenv COLOUR green",
            "route 192.168.30.0 255.255.255.0",
            f"client-config-dir {profile_folder(folder, client1='push-reset')}",
        ),
        client_extra=(
            line(built(bench, "v3"), folder / "client", *client),
            credentials(folder, "ann", "se cret"),
            "push-peer-info",
        ),
    )
    tunnel = Tunnel(net, setup, bench.keys)
    tunnel.start()
    wait_call(folder / "v3", "learn-address", 2)
    check(tunnel.client.stop() == 0, "the client does not end with 0")
    wait_call(folder / "v3", "destructor")
    check(tunnel.server.stop() == 0, "the server does not end with 0")
    for end in (tunnel.server, tunnel.client):
        check(end.matches("PLUGIN probe: a note, 7"), f"{end.name} does not log for its plugin")
    return {name: told(folder / name) for name in (*shapes, "client")}


def masked(one: Told) -> tuple[str, list[str], list[str]]:
    words = [re.sub(r"openvpn_\w+\.tmp", "FILE", word) for word in one.arguments]
    words = [re.sub(r"(\] ?[0-9.]+) \d+$", r"\1 PORT", word) for word in words]
    words = [re.sub(r".*/(stock|adit)/", "", word) for word in words]
    return one.name, words, one.rest


def in_order(calls_made: list[Told]) -> list[tuple[str, list[str], list[str]]]:
    """Who goes is told of before or after its addresses are taken back, as one likes."""
    masks = [masked(one) for one in calls_made]
    at = [n for n, mask in enumerate(masks) if mask[0] == "client-disconnect"]
    if at:
        gone = [mask for mask in masks[at[0] :] if mask[0] in ("destructor", "learn-address")][:3]
        rest = [mask for mask in masks[at[0] :] if mask not in gone]
        masks = masks[: at[0]] + rest[:1] + sorted(gone) + rest[1:]
    return masks


def as_stock(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        stock = what_plugins_hear(bench, net, "stock")
        ours = what_plugins_hear(bench, net, "adit")
    for name, theirs in stock.items():
        mine = ours[name]
        pair = (in_order(theirs), in_order(mine))
        check(pair[0] == pair[1], difference(name, *pair))
        compare(name, sorted(theirs, key=masked), sorted(mine, key=masked))


def difference(name: str, theirs: list, mine: list) -> str:
    for one, other in zip(theirs, mine):
        if one != other:
            return f"{name}: {other}, stock: {one}"
    return f"{name}: {len(mine)} calls, stock: {len(theirs)}"


def compare(name: str, theirs: list[Told], mine: list[Told]) -> None:
    for one, other in zip(theirs, mine, strict=True):
        if one.arguments[:1] == ["delete"]:
            continue  # of which stock says nothing but the address
        about = f"{name} {one.name}"
        missing = set(one.env) - set(other.env) - FILES
        more = set(other.env) - set(one.env) - MORE
        check(not missing and not more, f"{about}: without {missing}, beyond {more}")
        keys = set(one.env) & set(other.env) - OF_THE_RUN - FILES
        for key in (key for key in keys if not key.startswith("IV_")):  # the clients' own
            pair = (one.env[key], other.env[key])
            check(pair[0] == pair[1], f"{about}: {key} is {pair[1]!r}, stock's is {pair[0]!r}")
    for one in mine:
        lacking = FILES_OF.get(one.name, set()) - set(one.env)
        check(not lacking, f"{name} {one.name}: without {lacking}")


# ---- what they decide ----


def server_with(bench: Bench, *words: object, **more: object) -> Setup:
    login = credentials(bench.folder, "ann", "secret")
    extra = line(built(bench), bench.folder / "told", *words)
    return adit_server(extra, client_extra=(login,), **more)


def late_yes(bench: Bench) -> None:
    """A login is answered later; the client is told to be patient."""
    setup = server_with(bench, "5=2", "late=1", "pending=20|webauth|WEB_AUTH::https://vpn.example")
    login = (*setup.client_extra, "push-peer-info", "setenv IV_SSO webauth")
    setup = dataclasses.replace(setup, client_extra=login)
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        says(tunnel.server, r".*authentication deferred for username 'ann'")
        says(tunnel.client, r".*Info command was pushed by server \('WEB_AUTH::https://vpn\.")
        tunnel.ping_all(1)
        control = wait_call(bench.folder / "told", "auth").env["auth_control_file"]
        check(not Path(control).exists(), f"{control} was left")


def late_no(bench: Bench) -> None:
    setup = server_with(bench, "5=2", "late=0", "reason=account locked")
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start_server()
        tunnel.start_client()
        says(tunnel.client, rf".*{FAILED},account locked$")


def late_options(bench: Bench) -> None:
    """client-connect of both kinds, each answered at the third question, with options."""
    options = 'push \\"route 192.168.77.0 255.255.255.0\\"'
    second = line(
        built(bench), bench.folder / "second", "only=9", "only=14", "9=2", "turns=1",
        'config=ifconfig-push 10.8.0.99 255.255.255.0',
    )  # fmt: skip
    setup = server_with(bench, "only=6", "only=13", "6=2", "turns=1", f"config={options}")
    setup = dataclasses.replace(setup, server_extra=(*setup.server_extra, second))
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        wait_address(tunnel.net.client, "10.8.0.99")
        found = tunnel.net.client.run("ip", "route", "show", "192.168.77.0/24")
        check("dev tun" in found, f"the plugin's route is missing: {found!r}")
        check(len(calls(bench.folder / "told", "client-connect-defer")) == 2, "not asked twice")
        second = calls(bench.folder / "second", "client-connect-defer-v2")
        check(len(second) == 2, "the second plugin is not asked twice")


def they_refuse(bench: Bench) -> None:
    """Each no has its end, and the good client, whom they let in, stays."""
    refused = {
        "4=1": "TLS Error|TLS_ERROR|Connection reset command",
        "5=1": FAILED,
        "10=1": FAILED,
        "6=1": FAILED,
        "9=1": FAILED,
        "13=1": "",
    }
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        for words, pattern in refused.items():
            tunnel = Tunnel(net, server_with(bench, words), bench.keys)
            tunnel.start_server()
            tunnel.start_client()
            tunnel.client.wait_for(pattern or COMPLETED, 10)
            check(bool(pattern) != bool(tunnel.client.matches(COMPLETED)), f"{words}: not refused")
            tunnel.client.kill()
            check(tunnel.server.stop() == 0, f"{words}: the server ends in disorder")


def never_answers(bench: Bench) -> None:
    """A plugin hangs over bob: ann's packets pass as ever, it is said, and the server can end."""
    setup = server_with(bench, "hang=5", "hanguser=bob")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        before = worst(net.client, 20)
        other = second_client(lab, net)
        login = credentials(bench.folder, "bob", "secret", "bob.txt")
        bob = start_second(tunnel, other, extra=(login,))
        until(lambda: len(calls(bench.folder / "told", "auth")) == 2, 10, "bob is asked about")
        during = worst(net.client, 100)
        check(during < before + 50, f"ann waits {during} ms, before it was {before} ms")
        tunnel.server.wait_for(SLOW_TOLD, 15)
        lines = tunnel.server.matches(SLOW_TOLD)
        check(len(lines) == 1 and "PLUGIN_AUTH_USER_PASS_VERIFY" in lines[0], f"it says {lines}")
        check(not bob.matches(COMPLETED), "bob is up")
        reaches(net.client, "10.8.0.1", "ann")
        check(len(tunnel.client.matches(COMPLETED)) == 1, "ann had to come again")
        tunnel.client.stop()
        check(tunnel.server.stop(seconds=15) == 0, f"it does not end:\n{tunnel.server.tail()}")


def worst(host: Host, count: int) -> float:
    """The longest answer to so many pings, in milliseconds."""
    said = host.run("ping", "-n", "-q", "-i", "0.02", "-c", count, "10.8.0.1")
    check(" 0% packet loss" in said, f"answers are missing: {said}")
    return float(re.search(r"= [\d.]+/[\d.]+/([\d.]+)/", said)[1])


# ---- those that cannot be used ----


def cannot_be_used(bench: Bench) -> None:
    """Stock's line with the place in the configuration, and its exit status."""
    broken = built(bench, "broken", "-DBROKEN")
    new = built(bench, "new", "-DNEEDS=4")
    garbage = bench.folder / "garbage.so"
    garbage.write_text("no library\n")
    file = bench.folder / "told"
    lines = (
        line("/nope.so"), line("nope.so"), line("./nope.so"), line(garbage), line(broken, file),
        line(new, file), line(built(bench), file, "open=no"), line(built(bench), file, "only=17"),
        line("openvpn-plugin-auth-pam.so"),
    )  # fmt: skip
    with Lab(bench.folder) as lab:
        host = lab.host("alone")
        for number, words in enumerate(lines):
            config = server_config(Setup(server_extra=(words,)), bench.keys)
            path = host.write(f"{number}.conf", config)
            at = f"{path}:{config.splitlines().index(words) + 1}"
            pair = {name: host.start(f"{name}-{number}", PROGRAMS[name], path) for name in PROGRAMS}
            for name, process in pair.items():
                check(process.wait(10) == 1, f"{name} does not end with 1: {words}")
            theirs = pair["stock"].matches(r" PLUGIN(_INIT)?: (?!POST)")[-1]
            mine = [text for text in pair["adit"].text().splitlines() if at in text]
            check(len(mine) == 1, f"{words}: no line with its place:\n{pair['adit'].tail()}")
            told_alike = theirs[TIME:].split(": ")[:2] == mine[0][TIME:].split(": ")[:2]
            check(told_alike, f"{words}: {mine[0]}\nstock: {theirs}")
            check(pair["adit"].matches("Exiting due to fatal error"), f"{words}: no last line")


def read_again(bench: Bench) -> None:
    """SIGHUP closes a plugin and opens it anew, SIGUSR1 keeps it; each has its own moment."""
    late = line(built(bench, "late", "-DPOINT=4"), bench.folder / "late")
    setup = server_with(bench)
    extra = (*setup.server_extra, late, "persist-key", "persist-tun")
    with Lab(bench.folder) as lab:
        setup = dataclasses.replace(setup, server_extra=extra)
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        server = tunnel.start_server()
        check(wait_call(bench.folder / "late", "open"), "not opened")
        for number, opened in ((10, 1), (1, 2)):
            mark = server.mark()
            server.send_signal(number)
            server.wait_for(COMPLETED, since=mark)
            for name in ("told", "late"):
                count = len(calls(bench.folder / name, "open"))
                check(count == opened, f"{name}: opened {count} times after signal {number}")
        check(server.stop() == 0, "the server ends in disorder")
        check(told(bench.folder / "told")[-1].name == "close", "it is not closed")


# ---- the distribution's ----

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


CASES = [
    Case("as_stock", as_stock),
    Case("late_yes", late_yes),
    Case("late_no", late_no),
    Case("late_options", late_options),
    Case("they_refuse", they_refuse),
    Case("never_answers", never_answers),
    Case("cannot_be_used", cannot_be_used),
    Case("read_again", read_again),
    Case("pam", pam),
    Case("pam_later", pam_later),
    Case("down_root", down_root),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
