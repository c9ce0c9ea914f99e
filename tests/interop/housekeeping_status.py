"""Status files of server, client and point-to-point end, and the programs that read them: cases of
housekeeping.py.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from beside_stock import both, masked, same
from foreign import unpacked
from keys import call
from lab import Lab, Process, check, until
from runner import Bench, Case
from tunnel import COMPLETED, Setup, Tunnel

NAME = "Jörg Müller, 2"  # with a comma, and letters beyond ASCII
LOGIN = ("some,body", "pass word")
STATUS_MASKS = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "MOMENT"),
    (r"\b1\d{9}\b", "SECONDS"),
    (r"(\d+\.\d+\.\d+\.\d+):\d+", r"\1:PORT"),
    (r"OpenVPN 2\.6\.14 .*", "TITLE"),
    (r"(queue length.)\d+", r"\1N"),
    (r"(PORT(?:[,\t][0-9a-f.:]*[,\t][0-9a-f:]*)?[,\t])\d+([,\t])\d+", r"\1BYTES\2BYTES"),
    (r"(bytes,)\d+", r"\1BYTES"),
)


def status_lines(text: str) -> list[str]:
    """In an order of their own: rows come in that of a table of hashes. What stock notes of single
    addresses behind a client ("192.168.33.7C") adit does not need to note."""
    for pattern, instead in STATUS_MASKS:
        text = re.sub(pattern, instead, text)
    noted = re.compile(r"(^|[,\t])[0-9a-f.:]+C[,\t]")
    lines = [line for line in text.splitlines() if not noted.search(line)]
    rows = re.compile(r"^(ROUTING_TABLE|[0-9a-f]+[.:][0-9a-f.:/]*,)")
    first = next((i for i, line in enumerate(lines) if rows.match(line)), 0)
    rest = [line for line in lines if not rows.match(line)]
    return rest[:first] + sorted(filter(rows.match, lines)) + rest[first:]


def written(path: Path, wanted: str) -> str:
    def probe() -> str:
        text = path.read_text() if path.exists() else ""
        return text if wanted in text and text.endswith("END\n") else ""

    return until(probe, 8, f"{path.name} says {wanted}")


def own_client(bench: Bench, lab: Lab) -> tuple[str, ...]:
    """A certificate with that name, and a user name with a comma."""
    made = bench.keys.issue("jorg", "client", lab.folder / "jorg", serial=55, cn=NAME)
    login = lab.folder / "login"
    login.write_text("\n".join(LOGIN) + "\n")
    login.chmod(0o600)
    return (f"ca {made.ca}", f"cert {made.cert}", f"key {made.key}", f"auth-user-pass {login}")


def server_status(bench: Bench, version: int) -> Callable[[str], list[list[str]]]:
    def play(program: str) -> list[list[str]]:
        with Lab(bench.folder / program) as lab:
            ccd = lab.folder / "ccd"
            ccd.mkdir()
            routes = "iroute 192.168.33.0 255.255.255.0\niroute-ipv6 fd00:33::/48\n"
            (ccd / "DEFAULT").write_text(routes)
            server = (
                f"client-config-dir {ccd}",
                "route 192.168.33.0 255.255.255.0",
                "script-security 2",
                'auth-user-pass-verify "/bin/true" via-file',
            )
            setup = Setup(program, "stock", authority="openssl", status_version=version)
            setup = replace(setup, server_extra=server)
            tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
            tunnel.start_server()
            path = tunnel.status_path()
            told = [status_lines(written(path, "END"))]
            file = path.stat()
            check(file.st_mode & 0o777 == 0o600, f"{program}: mode {file.st_mode:o}")
            tunnel.setup = replace(setup, client_extra=own_client(bench, lab))
            tunnel.start_client().wait_for(COMPLETED)
            net = tunnel.net
            wait_up(tunnel)
            net.server.ping(tunnel.inside.client4, 2)
            text = written(path, "192.168.33.0/24")  # routes come after the name
            (lab.folder / "seen").write_text(text)
            told.append(status_lines(text))
            check(path.stat().st_ino == file.st_ino, f"{program}: the file is another one")
            mark = tunnel.server.mark()
            tunnel.server.send_signal(signal.SIGUSR2)
            tunnel.server.wait_for(r" END$", since=mark)
            told.append(status_lines(dumped(tunnel.server, mark)))
            return told

    return play


def dumped(process: Process, mark: int) -> str:
    """What SIGUSR2 brings into the log."""
    lines = [masked(line) for line in process.text(mark).splitlines()]
    return "\n".join(x for x in lines if not re.search("event_wait|Path MTU", x)) + "\n"


def server(version: int) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        stock, ours = both(server_status(bench, version))
        for a, b, when in zip(stock, ours, ("at first", "with a client", "in the log")):
            same(a, b, f"status {version}, {when}")
        check(any("J" in line and "192.168.33.0/24" in line for line in stock[1]), f"{stock[1]}")
        found = [readers(bench, version, program) for program in ("stock", "adit")]
        check(found[0] == found[1] and found[0]["users-status"] == "1.000000", f"readers: {found}")

    return run


def client_status(bench: Bench, point_to_point: bool) -> Callable[[str], list[list[str]]]:
    def play(program: str) -> list[list[str]]:
        with Lab(bench.folder / program) as lab:
            tunnel = Tunnel(
                lab.three_hosts(), Setup("stock", program, point_to_point=point_to_point), bench.keys
            )
            tunnel.start()
            tunnel.net.client.ping(tunnel.inside.server4)
            path = tunnel.net.client.folder / "client-status.txt"
            told = [status_lines(written(path, "read bytes"))]
            mark = tunnel.client.mark()
            tunnel.client.send_signal(signal.SIGUSR2)
            tunnel.client.wait_for(r" END$", since=mark)
            return [*told, status_lines(dumped(tunnel.client, mark))]

    return play


def client(point_to_point: bool) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        stock, ours = both(client_status(bench, point_to_point))
        for a, b in zip(stock, ours):
            same(a, b, "statistics")

    return run


# ---- programs that read it ----

COLLECTD = """BaseDir "{home}"
PIDFile "{home}/pid"
PluginDir "{tree}/usr/lib/collectd"
TypesDB "{tree}/usr/share/collectd/types.db"
Hostname "host"
Interval 1
LoadPlugin openvpn
LoadPlugin csv
<Plugin csv>
  DataDir "{home}/csv"
</Plugin>
<Plugin openvpn>
  StatusFile "{home}/status"
  CollectUserCount true
  CollectIndividualUsers true
  ImprovedNamingSchema true
</Plugin>
"""


def collectd_reads(text: str, home: Path) -> dict[str, str]:
    """What collectd's plug-in makes of a status file: name of a value, and the value."""
    tree = unpacked("collectd-core")
    home.mkdir()
    (home / "status").write_text(text)
    config = home / "collectd.conf"
    config.write_text(COLLECTD.format(home=home, tree=tree))
    words = [tree / "usr/sbin/collectd", "-f", "-C", config]
    with (home / "said").open("w") as said:
        daemon = subprocess.Popen(words, stdout=said, stderr=said)
    try:
        files = lambda: list((home / "csv").rglob("*-20*"))  # noqa: E731
        full = lambda: [path for path in files() if path.read_text().count("\n") > 1]  # noqa: E731
        until(lambda: len(full()) == len(files()) >= 2, 8, "collectd has written what it read")
    finally:
        daemon.terminate()
        daemon.wait(10)
    found = {}
    for path in (home / "csv").rglob("*-20*"):
        name = re.sub(r"-\d{4}-\d\d-\d\d$", "", path.name)
        found[name] = path.read_text().splitlines()[-1].split(",", 1)[1]
    return found


def munin_reads(text: str, home: Path) -> str:
    (home / "status").write_text(text)
    plugin = unpacked("munin-plugins-extra") / "usr/share/munin/plugins/openvpn"
    return call("perl", plugin, env={"statusfile": str(home / "status")}).strip()


def readers(bench: Bench, version: int, program: str) -> dict[str, str]:
    """A name with a comma is a trouble with stock too: here it is a plain one."""
    text = (bench.folder / program / "seen").read_text()
    text = re.sub(r"J.*?, 2", "client1", text).replace(LOGIN[0], "somebody")
    home = bench.folder / f"{program}-readers"
    found = collectd_reads(text, home)
    row = next(line for line in text.splitlines() if "client1" in line)
    numbers = re.findall(r"(?<=[,\t])\d+(?=[,\t])", row)[:2]
    told = f"{program}: of {row} collectd makes {found}"
    check(found.pop("if_octets-client1") == ",".join(numbers), told)
    if version == 1:
        found["munin"] = munin_reads(text, home)
    return found


def wait_up(tunnel: Tunnel) -> None:
    client = tunnel.net.client
    device = lambda: "tun0" in client.devices() and client.addresses("tun0")  # noqa: E731
    until(device, 8, "the tunnel is there")
    until(lambda: tunnel.net.client.ping(tunnel.inside.server4, 1).received, 5, "it carries packets")


CASES = (
    *(Case(f"status-{version}", server(version)) for version in (1, 2, 3)),
    Case("status-client", client(False)),
    Case("status-p2p", client(True)),
)
