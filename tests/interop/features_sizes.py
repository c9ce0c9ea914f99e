#!/usr/bin/env python3
"""Packets that are cut: `fragment` between adit and stock openvpn, held to its limit on the wire."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace

from lab import Host, Lab, ThreeHosts, check
from runner import Bench, Case, main
from tunnel import Setup, Tunnel

IP_AND_UDP = 28
SIZE_BYTES = 2 << 20
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
    """Drops and counts what comes from the other end and is larger: it must never come."""
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


def cases() -> list[Case]:
    made = [
        Case(
            cutting.name,
            lambda bench, c=cutting: run_cutting(c, bench),
            columns={"server": cutting.server, "client": cutting.client, "line": cutting.line},
        )
        for cutting in CUTTINGS
    ]
    return [*made, Case("fragment_on_one_side", fragment_on_one_side)]


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
