#!/usr/bin/env python3
"""Narrow paths with nothing set: how soon something gets through, and how fast the rest, beside the
best size set by hand. The links are slow enough that the path is what is measured, not this machine.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass, replace
from functools import partial

from lab import Lab, ThreeHosts, check
from mtu import hole, setup_for, single_packets
from runner import Bench, Case, main
from tunnel import COMPLETED, Setup, Tunnel

FIRST_BYTES = 64 << 10  # many full packets: not only what would fit everywhere
FIRST_SECONDS = 2.0
STOCK_HANDSHAKE = 1280  # path that its control packets need unless it is told; what tells it sets MSS
TRANSFER_BYTES = 20 << 20
LEAST_RATIO = 0.7
RATE = "120mbit"
RUNS = 3
MEASUREMENTS = 2  # the second only if the first was too slow: others use this machine too


@dataclass(frozen=True)
class Way:
    server: str
    client: str
    path: int
    transport: str = "udp4"

    @property
    def roles(self) -> tuple[str, str]:
        return self.server, self.client

    @property
    def setup(self) -> Setup:
        if self.path < STOCK_HANDSHAKE:
            return setup_for(self.roles, self.transport)
        return Setup(*self.roles, transport=self.transport)

    @property
    def name(self) -> str:
        return f"{self.server}-server_{self.client}-client_{self.path}_{self.transport}"


FIRST = tuple(
    Way(server, client, path, transport)
    for server, client in (("adit", "stock"), ("stock", "adit"), ("adit", "adit"))
    for path, transport in ((1500, "udp4"), (1380, "udp6"), (1200, "udp4"))
)
WHOLE = (
    Way("adit", "stock", 1400),
    Way("adit", "stock", 1200),
    Way("stock", "adit", 1300),
    Way("stock", "adit", 1500),
    Way("adit", "adit", 1300, "udp6"),
    Way("adit", "adit", 1200),
)


def slow(net: ThreeHosts) -> None:
    """Both links out of the wire carry so much and no more; what waits, waits in order."""
    for device in ("client", "server"):
        shape = ("rate", RATE, "burst", "32k", "latency", "40ms")
        net.wire.run("tc", "qdisc", "add", "dev", device, "root", "tbf", *shape)
    single_packets(net)  # tbf refuses what is larger than its burst


def first_bytes(way: Way, bench: Bench) -> None:
    """Large packets of TCP are through, both ways, soon after both ends have said that they are
    connected; the other end may say so later, that counts too."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        hole(net, way.path, way.path)
        tunnel = Tunnel(net, way.setup, bench.keys)
        for _ in range(MEASUREMENTS):
            tunnel.start_server()  # anew, for it would know the client's path
            tunnel.start_client().wait_for(COMPLETED)
            start = time.monotonic()
            for transfer in (tunnel.start_up(FIRST_BYTES), tunnel.start_down(FIRST_BYTES)):
                transfer.finish(20)
            taken = time.monotonic() - start
            check(tunnel.client.stop() == 0, "the client does not end with 0")
            if taken < FIRST_SECONDS:
                return
            tunnel.stop_server()
        check(False, f"not through within {FIRST_SECONDS} s: {taken:.2f} s")


def tunnel_over(lab: Lab, way: Way, lines: tuple[str, ...], bench: Bench) -> Tunnel:
    net = lab.three_hosts()
    slow(net)
    hole(net, way.path, way.path)
    base = way.setup
    setup = replace(
        base,
        server_extra=(*base.server_extra, *lines),
        client_extra=(*base.client_extra, *lines),
    )
    tunnel = Tunnel(net, setup, bench.keys)
    tunnel.start()
    return tunnel


def seconds_for(tunnel: Tunnel) -> tuple[float, float]:
    """Up, then down: each has the links to itself."""
    up = tunnel.start_up(TRANSFER_BYTES).finish(40).seconds
    return up, tunnel.start_down(TRANSFER_BYTES).finish(40).seconds


def ratios(alone: Tunnel, cured: Tunnel) -> list[float]:
    """Rate with nothing set to rate with the cure, each way; medians of runs in turn."""
    seconds = [(seconds_for(cured), seconds_for(alone)) for _ in range(RUNS)]
    ways = range(2)
    middle = lambda which, at: statistics.median(run[which][at] for run in seconds)  # noqa: E731
    return [middle(0, way) / middle(1, way) for way in ways]


def whole_rate(way: Way, bench: Bench) -> None:
    with Lab(bench.folder / "alone") as one, Lab(bench.folder / "cured") as other:
        alone = tunnel_over(one, way, (), bench)
        cured = tunnel_over(other, way, (f"mssfix {way.path} mtu",), bench)
        for _ in range(MEASUREMENTS):
            found = ratios(alone, cured)
            if min(found) >= LEAST_RATIO:
                return
        check(False, f"{found[0]:.2f} up, {found[1]:.2f} down of the rate that is set by hand")


def all_cases() -> list[Case]:
    cases = [Case(f"first_bytes_{way.name}", partial(first_bytes, way)) for way in FIRST]
    return cases + [Case(f"whole_{way.name}", partial(whole_rate, way)) for way in WHOLE]


if __name__ == "__main__":
    sys.exit(main(__doc__, all_cases()))
