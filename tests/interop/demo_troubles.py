"""The troubles of the demo: what is wrong with the path, and how the tunnel fares on it with the
old behaviour and with ours.

A new trouble is a row of TROUBLES. "then" and "now" are lines for both configuration files, beside
those of demo_sites; they say what differs, nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from demo_sites import CLIENTS, DATA_CENTRE, OFFICE, SERVER, Lines, Sites
from lab import HERE, Host
from relay import Relay, relay_program

MEASURE_SECONDS = 3
RATE = HERE / "rate.py"


@dataclass(frozen=True)
class Trouble:
    name: str
    told: str
    path: Callable[[Sites], AbstractContextManager[None]]
    then: Lines
    now: Lines


@dataclass(frozen=True)
class Rates:
    """Mbit/s of TCP between the hosts of the two sites."""

    up: float  # office to data centre
    down: float

    def __str__(self) -> str:
        return f"{self.up:3.0f} up, {self.down:3.0f} down"


# ---- paths ----


@contextmanager
def whole(_: Sites) -> Iterator[None]:
    """Nothing is wrong."""
    yield


@contextmanager
def hole(sites: Sites) -> Iterator[None]:
    """The cable between the routers takes 1300 bytes, and nobody is told of what it does not."""
    rule = "OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP".split()
    ends = ((sites.west, sites.east), (sites.east, sites.west))
    for host, other in ends:
        host.run("iptables", "-A", *rule)
        # Trains of datagrams would pass whole, whatever their size.
        host.run("ip", "link", "set", other.name, "gso_max_segs", 1)
        host.run("ip", "link", "set", other.name, "mtu", 1300)
    try:
        yield
    finally:
        for host, other in ends:
            host.run("ip", "link", "set", other.name, "mtu", 1500)
            host.run("iptables", "-D", *rule)


@contextmanager
def disorder(sites: Sites) -> Iterator[None]:
    """A relay on the way holds back some packets, so that others overtake them."""
    at = CLIENTS["office"][0].rsplit(".", 1)[0] + ".1"  # of the router, as the office sees it
    rule = f"PREROUTING -i {sites.clients['office'].name} -p udp --dport 1194 -j REDIRECT".split()
    weather = "delay=10,reorder=0.02:8"
    program = relay_program(sites.lab.folder)
    relay = Relay.start(program, sites.west, at, SERVER, weather)
    sites.west.run("iptables", "-t", "nat", "-A", *rule)
    try:
        yield
    finally:
        sites.west.run("iptables", "-t", "nat", "-D", *rule)
        relay.process.kill()


TROUBLES = (
    Trouble(
        "a path of 1300 bytes",
        "it drops what is larger, and tells nobody",
        hole,
        # A size set by hand, stock's own: the path is not looked at.
        then=Lines(("mssfix 1492 mtu",), ("mssfix 1492 mtu",)),
        now=Lines(),
    ),
    Trouble(
        "a path that reorders",
        "10 ms each way, and of 100 packets 2 come 8 ms late",
        disorder,
        then=Lines(("replay-window 64 15",), ("replay-window 64 15",)),
        now=Lines(),
    ),
)


# ---- measuring ----


def measure_one(sender: Host, receiver: Host, address: str) -> float:
    waiting = receiver.start("rate-receive", RATE, "receive", address, MEASURE_SECONDS)
    port = waiting.wait_for(r"^listening \d+").split()[1]
    calling = sender.start("rate-send", RATE, "send", address, port, MEASURE_SECONDS)
    moved = int(waiting.wait_for(r"^bytes \d+").split()[1])
    for process in (waiting, calling):
        process.kill()
    return moved * 8 / MEASURE_SECONDS / 1e6


def measure(sites: Sites) -> Rates:
    up = measure_one(sites.office, sites.data_centre, DATA_CENTRE)
    return Rates(up, measure_one(sites.data_centre, sites.office, OFFICE))


def fare(sites: Sites, lines: Lines) -> Rates:
    """A tunnel with these lines, from its start to its end."""
    sites.start_server(lines)
    sites.start_client("office", lines)
    try:
        return measure(sites)
    finally:
        sites.stop()
