#!/usr/bin/env python3
"""Sizes between adit and stock openvpn: `fragment`, held to its limit on the wire; and the MTU of
devices, what is pushed, the MSS of TCP inside as it arrives."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, replace

from lab import HERE, Host, Lab, ThreeHosts, check, until
from runner import Bench, Case, main
from tunnel import Setup, Tunnel

IP_AND_UDP = 28
SIZE_BYTES = 2 << 20
FIGURES = HERE.parent / "vectors" / "data" / "mtu-figures.json"
SYN = HERE / "syn.py"
PING_SIZES = (56, 400, 500, 1000, 1472)  # 1472: a whole tun-mtu


@dataclass(frozen=True)
class Cutting:
    server: str
    client: str
    cipher: str
    line: str
    largest: int  # IP packet that may leave
    more: tuple[str, ...] = ()  # on both sides

    @property
    def name(self) -> str:
        words = [self.server, self.client, self.cipher, *self.line.split()[1:], *self.more]
        return re.sub(r"[^\w-]", "_", "-".join(words))


CUTTINGS = (
    Cutting("adit", "stock", "AES-256-GCM", "fragment 500", 500 + IP_AND_UDP),
    Cutting("stock", "adit", "AES-256-GCM", "fragment 500", 500 + IP_AND_UDP),
    Cutting("adit", "stock", "AES-256-CBC", "fragment 700 mtu", 700),
    Cutting("stock", "adit", "AES-256-CBC", "fragment 700 mtu", 700),
    Cutting("adit", "stock", "CHACHA20-POLY1305", "fragment 1300", 1300 + IP_AND_UDP, ("comp-lzo no",)),
    Cutting("stock", "adit", "AES-128-GCM", "fragment 1300", 1300 + IP_AND_UDP, ("compress stub",)),
    Cutting("adit", "adit", "AES-256-GCM", "fragment 300", 300 + IP_AND_UDP),
)


def watch(host: Host, largest: int) -> None:
    """Drops and counts what comes from the other end and is larger: it must never come. The device
    sends datagrams one by one: a train of them would be measured as a whole."""
    host.run("ip", "link", "set", "dev", "wire", "gso_max_segs", 1)
    words = "-p udp -m multiport --ports 1194 -m length --length".split()
    host.run("iptables", "-A", "INPUT", *words, f"{largest + 1}:65535", "-j", "DROP")


def too_large(host: Host) -> int:
    found = re.search(r"^\s*(\d+)\s+\d+ DROP", host.run("iptables", "-L", "INPUT", "-vnx"), re.M)
    check(found is not None, f"{host.name}: the rule is gone")
    return int(found[1])


def ping_sizes(net: ThreeHosts, tunnel: Tunnel) -> None:
    for host, address in tunnel.paths():
        for size in PING_SIZES:
            if ":" in address and size > 1400:
                size = 1452
            result = host.ping(address, 3, size=size)
            check(result.received == 3, f"{host.name}: ping {address} with {size} bytes is lost")


def run_cutting(cutting: Cutting, bench: Bench) -> None:
    lines = (cutting.line, *cutting.more)
    setup = Setup(cutting.server, cutting.client, cipher=cutting.cipher)
    setup = replace(setup, server_extra=lines, client_extra=lines)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        for host in (net.server, net.client):
            watch(host, cutting.largest)
        ping_sizes(net, tunnel)
        tunnel.start_up(SIZE_BYTES).finish()
        tunnel.start_down(SIZE_BYTES, inner6=True).finish()
        for host in (net.server, net.client):
            check(too_large(host) == 0, f"{host.name} got packets above {cutting.largest} bytes")
        for process in (tunnel.server, tunnel.client):
            errors = process.matches(r"FRAG_IN error|FRAG_OUT error|nothing will get through")
            check(not errors, f"{process.name}: {errors[:3]}")


def fragment_on_one_side(bench: Bench) -> None:
    """Nothing gets through, and our end says why."""
    told = r"{} uses \"fragment\" and {} does not"
    for server, client, ours, text in (
        ("adit", "stock", ("server_extra",), told.format("this side", "the peer")),
        ("stock", "adit", ("server_extra",), told.format("the peer", "this side")),
    ):
        setup = replace(Setup(server, client), **{ours[0]: ("fragment 500",)})
        with Lab(bench.folder) as lab:
            tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
            tunnel.start()
            (tunnel.server if server == "adit" else tunnel.client).wait_for(text)


# ---- the figures ----


def device_mtu(host: Host) -> int:
    links = json.loads(host.run("ip", "-j", "link", "show"))
    return next(link["mtu"] for link in links if link["ifname"].startswith("tun"))


def arriving_mss(sender: Host, source: str, receiver: Host, target: str) -> int:
    """What a SYN with the largest MSS has when it comes out of the tunnel."""
    family = 6 if ":" in target else 4
    catcher = receiver.start(f"catch-{receiver.name}{family}", SYN, "catch", "tun0", family)
    catcher.wait_for("^ready")

    def probe() -> str:
        sender.run(SYN, "send", "tun0", source, target)
        return "".join(catcher.matches(r"^mss \d+")[:1])

    try:
        return int(until(probe, 15, f"a SYN for {target}").split()[1])
    finally:
        catcher.kill()


def arriving_both(tunnel: Tunnel, from_server: bool) -> tuple[int, int]:
    """The MSS over IPv4 and IPv6 of what one end sends."""
    net, inside = tunnel.net, tunnel.inside
    ends4, ends6 = (inside.server4, inside.client4), (inside.server6, inside.client6)
    hosts = (net.server, net.client)
    if not from_server:
        hosts, ends4, ends6 = hosts[::-1], ends4[::-1], ends6[::-1]
    four = arriving_mss(hosts[0], ends4[0], hosts[1], ends4[1])
    return four, arriving_mss(hosts[0], ends6[0], hosts[1], ends6[1])


CBC = ("cipher AES-256-CBC", "data-ciphers AES-256-CBC", "auth SHA256")
ROWS = (  # of FIGURES: transport, cipher, lines
    ("udp4", "AES-256-GCM", ()),
    ("udp6", "AES-256-CBC", (*CBC, "tun-mtu-extra 32")),
    ("udp6", "AES-256-CBC", (*CBC, "mssfix 1301")),
    ("udp4", "AES-256-GCM", ("compress stub", "fragment 1300")),
    ("tcp4", "AES-256-CBC", (*CBC, "tun-mtu 1400")),
)


def figures(transport: str, lines: tuple[str, ...]) -> dict[str, int]:
    for row in json.loads(FIGURES.read_text())["rows"]:
        if row["proto"] == transport and row["lines"] == list(lines):
            return row
    raise KeyError(f"{FIGURES.name} has no row {transport} {lines}")


def run_figures(row: tuple[str, str, tuple[str, ...]], ours: str, bench: Bench) -> None:
    """Our end has the lines; the other has them too, and a mssfix that leaves packets alone."""
    transport, cipher, lines = row
    wanted = figures(transport, lines)
    other = (*lines, "mssfix 0")
    server = ours == "server"
    setup = Setup(
        "adit" if server else "stock", "stock" if server else "adit", transport, cipher=cipher,
        server_extra=lines if server else other, client_extra=other if server else lines,
    )
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        for host in (tunnel.net.server, tunnel.net.client):
            found = device_mtu(host)
            check(found == wanted["device_mtu"], f"{host.name}: MTU {found}, not {wanted}")
        named = any(re.match("tun-mtu|link-mtu|mssfix|fragment", line) for line in lines)
        if transport.startswith("udp") and not named:  # before, TCP is told less
            (tunnel.server if server else tunnel.client).wait_for("Path MTU: 1500 to the peer")
        found = arriving_both(tunnel, from_server=server)
        check(found == (wanted["mss4"], wanted["mss6"]), f"MSS {found}, not {wanted}")


# Its lines on both sides: stock's own figure for the device, but pushed and clamped too.
OBSOLETE = r"link-mtu 1320 is obsolete: using tun-mtu 1295"


def run_link_mtu(ours: str, bench: Bench) -> None:
    server = ours == "server"
    lines = ("link-mtu 1320",)  # leaves room for IPv6 inside
    setup = Setup("adit" if server else "stock", "stock" if server else "adit")
    setup = replace(setup, server_extra=lines, client_extra=lines)
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        told = (tunnel.server if server else tunnel.client).matches(OBSOLETE)
        check(len(told) == 1, f"told {len(told)} times: {told}")
        check(("and pushing it" in told[0]) == server, told[0])
        for host in (tunnel.net.server, tunnel.net.client):
            check(device_mtu(host) == 1295, f"{host.name}: MTU {device_mtu(host)}")
        found = arriving_both(tunnel, from_server=server)
        check(found == (1255, 1235), f"MSS {found}")
        tunnel.ping_all()


def pushed_mtu(bench: Bench) -> None:
    """A client takes it; too large a one is cut, and the client says what to do, as stock does."""
    cure = {"adit": r'using 1600.*add "tun-mtu-max 1700"', "stock": "please add tun-mtu-max 1700"}
    for server, client in (("adit", "stock"), ("stock", "adit")):
        for size, largest, lines in ((1700, 1600, ()), (1700, 1700, ("tun-mtu-max 1700",))):
            setup = Setup(server, client, server_extra=(f"tun-mtu {size}",), client_extra=lines)
            with Lab(bench.folder) as lab:
                tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
                tunnel.start()
                mtus = device_mtu(tunnel.net.server), device_mtu(tunnel.net.client)
                check(mtus == (size, largest), f"{server}, {client}: devices have {mtus}")
                told = tunnel.client.matches(cure[client])
                check(bool(told) == (largest < size), f"the {client} client says {told}")


def figure_cases() -> list[Case]:
    made = []
    for ours in ("server", "client"):
        for row in ROWS:
            name = "-".join(["figures", ours, row[0], row[1], *row[2][-1:]])
            made.append(
                Case(
                    re.sub(r"[^\w-]", "_", name),
                    lambda bench, r=row, o=ours: run_figures(r, o, bench),
                    columns={ours: "adit", "line": " ".join(row[2][-2:])},
                )
            )
        made.append(Case(f"link_mtu-{ours}", lambda bench, o=ours: run_link_mtu(o, bench)))
    return [*made, Case("pushed_mtu", pushed_mtu)]


def cases() -> list[Case]:
    made = [
        Case(
            cutting.name,
            lambda bench, c=cutting: run_cutting(c, bench),
            columns={"server": cutting.server, "client": cutting.client, "line": cutting.line},
        )
        for cutting in CUTTINGS
    ]
    return [*made, Case("fragment_on_one_side", fragment_on_one_side), *figure_cases()]


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
