#!/usr/bin/env python3
"""`passtos` and `shaper`, ours beside stock's, as they are seen outside the tunnel: the TOS of outer
packets, and how much leaves in a second."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, replace
from functools import partial

from features import push
from lab import HERE, Host, Lab, check, until
from runner import Bench, Case, main
from tunnel import Setup, Tunnel

# ---- passtos ----

TOS = HERE / "tos.py"
FIRST_SIZE, STEP = 300, 40  # the sizes tell the datagrams apart
SEALED = 24  # AES-256-GCM with a peer id
LONG_ID = 4  # more, where both ends know the format of 2.7
IP4, IP6, UDP = 20, 40, 8
ECN = 0x03

INNER = (  # address family, TOS; every IPv6 datagram follows one of IPv4 with the same class
    (4, 0xB8), (4, 0x00), (4, 0x20), (4, 0x23), (4, 0x01), (4, 0x68), (6, 0x68), (4, 0xB8), (6, 0xB8),
)


def outer_tos(tunnel: Tunnel, from_server: bool) -> list[int]:
    """Of the outer packet of each of INNER, which one end sends, as the router sees it."""
    net, inside = tunnel.net, tunnel.inside
    host = net.server if from_server else net.client
    targets = {4: inside.client4, 6: inside.client6}
    if not from_server:
        targets = {4: inside.server4, 6: inside.server6}
    outer = 6 if tunnel.setup.outer6 else 4
    watch = net.wire.start(f"watch-{host.name}", TOS, "watch", host.name, outer)
    watch.wait_for("^ready")
    seen = []
    for number, (family, tos) in enumerate(INNER):
        size = FIRST_SIZE + number * STEP
        inner = size + UDP + (IP4 if family == 4 else IP6)
        length = inner + SEALED + UDP + (IP6 if tunnel.setup.outer6 else IP4)
        if tunnel.setup.tcp:
            length += 2 + 20 + 12 - UDP  # its length, and TCP with timestamps
        host.run(TOS, "send", targets[family], tos, size)
        line = watch.wait_for(rf"^tos \d+ ({length}|{length + LONG_ID})$", 5)
        seen.append(int(line.split()[1]))
    watch.kill()
    return seen


def both_ways(lab: Lab, setup: Setup, bench: Bench) -> list[list[int]]:
    tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
    tunnel.start()
    tunnel.ping_all(1)
    return [outer_tos(tunnel, from_server) for from_server in (True, False)]


def passes_tos(transport: str, lines: tuple[str, ...], bench: Bench) -> None:
    """The same inner packets through stock's tunnel and through ours."""
    base = Setup("stock", "stock", transport, server_extra=lines, client_extra=lines)
    found = {}
    for name in ("stock", "adit"):
        with Lab(bench.folder / name) as lab:
            found[name] = both_ways(lab, replace(base, server=name, client=name), bench)
    if not transport.endswith("6"):
        check(found["adit"] == found["stock"], f"{found}")
        return
    # Stock leaves outer IPv6 alone; ours has the class, without ECN.
    check(not any(map(any, found["stock"])), f"stock: {found['stock']}")
    wanted = [tos & ~ECN if lines else 0 for _, tos in INNER]
    check(found["adit"] == [wanted, wanted], f"adit: {found['adit']}")


# ---- shaper ----

POUR = HERE / "pour.py"
PAYLOAD = 1300
BOUND = {"adit": 0.05, "stock": 0.15}
MEASUREMENTS = 5  # the next only if the one before was off: others use this machine too
OUTER = {"udp4": IP4 + UDP, "udp6": IP6 + UDP, "tcp4": IP4 + 20}


@dataclass(frozen=True)
class Rate:
    """beside_stock: it holds that rate, too. Above, its pauses come to less than a millisecond, and it
    does not make them."""

    bytes_per_second: int
    transport: str = "udp4"
    payload: int = PAYLOAD
    pushed: bool = False
    beside_stock: bool = False
    seconds: float = 3

    @property
    def name(self) -> str:
        words = [str(self.bytes_per_second), self.transport, str(self.payload)]
        return "-".join(words + (["pushed"] if self.pushed else []))


RATES = (
    Rate(10_000, beside_stock=True, seconds=6),
    Rate(100_000, beside_stock=True),
    Rate(100_000, payload=100),
    Rate(100_000, "tcp4", beside_stock=True),
    Rate(1_000_000, "udp6"),
    Rate(5_000_000, pushed=True),
    Rate(10_000_000, "tcp4"),
    Rate(25_000_000),  # twice that and stock, which counts what arrives, is at its own end
)


def arrived(host: Host) -> tuple[int, int, float]:
    """Packets that came out of the tunnel, their bytes, and when."""
    links = json.loads(host.run("ip", "-s", "-j", "link", "show"))
    counts = next(link for link in links if link["ifname"].startswith("tun"))["stats64"]["rx"]
    return counts["packets"], counts["bytes"], time.monotonic()


def rate_on_link(tunnel: Tunnel, rate: Rate) -> float:
    """Bytes a second: what comes out at stock's end, which counts each packet, and what was around
    it."""
    packets, size, start = arrived(tunnel.net.server)
    time.sleep(rate.seconds)
    later_packets, later_size, end = arrived(tunnel.net.server)
    around = (later_packets - packets) * (SEALED + OUTER[rate.transport])
    return (later_size - size + around) / (end - start)


def shaped(lab: Lab, client: str, rate: Rate, bench: Bench) -> Tunnel:
    """The client is held to the rate, and much more is poured into its end."""
    line = f"shaper {rate.bytes_per_second}"
    setup = Setup("stock", client, rate.transport, point_to_point=not rate.pushed)
    if rate.pushed:
        setup = replace(setup, server_extra=push(line))
    else:
        setup = replace(setup, client_extra=(line,))
    tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
    tunnel.start(60)
    flood = 2 * rate.bytes_per_second
    pour = tunnel.net.client.start("pour", POUR, tunnel.inside.server4, rate.payload, flood)
    pour.wait_for("^pouring")
    begun = arrived(tunnel.net.server)[0]
    until(lambda: arrived(tunnel.net.server)[0] > begun, 10, "the first packet is through")
    time.sleep(0.5)
    return tunnel


def holds_rate(rate: Rate, bench: Bench) -> None:
    for client in ("adit", "stock") if rate.beside_stock else ("adit",):
        with Lab(bench.folder / client) as lab:
            tunnel = shaped(lab, client, rate, bench)
            for _ in range(MEASUREMENTS):
                found = rate_on_link(tunnel, rate)
                if abs(found / rate.bytes_per_second - 1) < BOUND[client]:
                    break
            else:
                check(False, f"{client} sends {found:.0f} bytes a second")
            told = f"Output Traffic Shaping initialized at {rate.bytes_per_second} bytes per second"
            tunnel.client.wait_for(told)


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / 100


def sleeps_while_held(bench: Bench) -> None:
    """A tun full of packets that may not go yet keeps nobody awake, and a goodbye is not held up."""
    with Lab(bench.folder) as lab:
        tunnel = shaped(lab, "adit", Rate(10_000), bench)
        before = cpu_seconds(tunnel.client.pid)
        time.sleep(3)
        used = cpu_seconds(tunnel.client.pid) - before
        check(used < 0.5, f"{used:.2f} s of CPU in 3 s")
        check(tunnel.client.stop() == 0, "it does not end in order")


TCP_RATE, TCP_BYTES = 1_000_000, 3 << 20


def tcp_settles(bench: Bench) -> None:
    """TCP inside finds the rate: not faster, and not much slower."""
    lines = (f"shaper {TCP_RATE}",)
    with Lab(bench.folder) as lab:
        setup = Setup("stock", "adit", point_to_point=True, client_extra=lines)
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        begin = time.monotonic()
        tunnel.start_up(TCP_BYTES).finish(40)  # both ends: the sender alone is done sooner
        seconds = time.monotonic() - begin
        least = TCP_BYTES / TCP_RATE
        check(0.95 * least < seconds < 1.6 * least, f"{TCP_BYTES} bytes took {seconds:.2f} s")
        down = tunnel.start_down(TCP_BYTES).finish(40).seconds
        check(down < least, f"the other way is not shaped, but took {down:.2f} s")


def cases() -> list[Case]:
    made = [
        Case(f"passtos-{transport}", partial(passes_tos, transport, ("passtos",)))
        for transport in ("udp4", "udp6", "tcp4")
    ]
    made.append(Case("passtos-off", partial(passes_tos, "udp4", ())))
    made += [Case(f"shaper-{rate.name}", partial(holds_rate, rate)) for rate in RATES]
    return [*made, Case("sleeps_while_held", sleeps_while_held), Case("tcp_settles", tcp_settles)]


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
