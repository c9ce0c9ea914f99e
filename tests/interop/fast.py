#!/usr/bin/env python3
"""The fast data plane under load: lanes, full rate, floods, retreats, with stock openvpn around it.

What is asserted is order, content and who suffers, never a rate of its own; latency is held against
stock's beside it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial

from ask import process_status
from crowd import DISORDER, OPTION, SERVER4, SERVER6, Crowd
from fast_floods import flood_cases
from fast_pace import pace_cases
from features import profile_folder
from lab import Host, Lab, Process, Transfer, check, start_transfer
from offloads import carry_everything
from relay import Relay
from runner import Bench, Case, main
from tunnel import HANDSHAKE, Setup, Tunnel

MEGABYTE = 1 << 20
NETWORK4, NETWORK6 = "192.168.20", "fd20:"  # behind client1
LANES = 3
RENEGOTIATION_SECONDS = 5


# ---- several pairs of lanes ----


def lanes_setup(bench: Bench, transport: str) -> Setup:
    iroutes = f"iroute {NETWORK4}.0 255.255.255.0\niroute-ipv6 {NETWORK6}:/64\n"
    ccd = profile_folder(bench.folder, client1=iroutes)
    lines = (f"data-lanes {LANES}", "client-to-client", "duplicate-cn", f"client-config-dir {ccd}")
    lines += (f"route {NETWORK4}.0 255.255.255.0", f"route-ipv6 {NETWORK6}:/64", "verb 4")
    lines += (f"reneg-sec {RENEGOTIATION_SECONDS}",)
    return Setup(transport=transport, server_extra=lines, client_extra=("verb 4",))


def office_behind(lab: Lab, gateway: Host) -> Host:
    office = lab.host("office")
    four = (f"{NETWORK4}.10/24", f"{NETWORK4}.1/24")
    lab.link(office, gateway, four, (f"{NETWORK6}:10/64", f"{NETWORK6}:1/64"))
    office.run("ip", "route", "add", "default", "via", f"{NETWORK4}.1")
    office.run("ip", "-6", "route", "add", "default", "via", f"{NETWORK6}:1")
    gateway.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    return office


def ways_to_office(crowd: Crowd) -> None:
    """The network is a route of the server, and of the others by hand."""
    for member in crowd.members[1:]:
        device = next(name for name in member.host.devices() if name.startswith("tun"))
        member.host.run("ip", "route", "replace", f"{NETWORK4}.0/24", "dev", device)
        member.host.run("ip", "-6", "route", "replace", f"{NETWORK6}:/64", "dev", device)


def load_of_all(crowd: Crowd, office: Host) -> list[Transfer]:
    """Every client with the server, two pairs of clients, and both ways into the network; all at
    the same time, in both families."""
    rate = 2 * MEGABYTE
    size = 8 * rate
    moving = [
        crowd.transfer(member, six=number % 2 == 1, size=size, rate=rate)
        for number, member in enumerate(crowd.members[:3])
    ]
    first, second, third = crowd.members[:3]
    for way in (
        (first.host, third.host, third.address6),
        (second.host, first.host, first.address4),
        (crowd.net.server, office, f"{NETWORK4}.10"),
        (second.host, office, f"{NETWORK6}:10"),
    ):
        moving.append(start_transfer(*way, up=size // 2, down=size // 2, rate=rate // 2))
    return moving


def check_lanes(crowd: Crowd) -> None:
    lanes = crowd.status()["lanes"]
    check(len(lanes) == LANES, f"adit status: {len(lanes)} pairs of lanes")
    for way in ("up", "down"):
        packets = [lane[way]["packets"] for lane in lanes]
        busy = [count for count in packets if count > 1000]
        check(len(busy) > 1, f"adit status: packets {way}: {packets}")


def many_lanes(transport: str, bench: Bench) -> None:
    """Four clients under load on three pairs of lanes; new keys all the time; one floats, one
    leaves and comes back."""
    with Lab(bench.folder) as lab:
        crowd = Crowd(lab, bench, lanes_setup(bench, transport))
        net, six = crowd.net, transport.endswith("6")
        ends = (net.wire6, net.server6) if six else (net.wire4, net.server4)
        relay = Relay.start(bench.relay_program, net.wire, *ends)
        crowd.begin()
        for program, remote in (("adit", ""), ("stock", ends[0]), ("adit", ""), ("stock", "")):
            crowd.join(program, remote=remote)
        office = office_behind(lab, crowd.members[0].host)
        ways_to_office(crowd)
        crowd.ping_each_other()
        mark = crowd.server.mark()
        moving = load_of_all(crowd, office)
        relay.rebind()
        crowd.server.wait_for(r"peer \d+ \(client2\) floated from", 10, mark)
        crowd.come_back(crowd.members[3])
        relay.rebind()
        crowd.transfer(crowd.members[3], six=True, size=MEGABYTE, rate=0).finish(30)
        for running in moving:
            running.finish(40)
        for member in crowd.members[:3]:
            again = len(member.process.matches(HANDSHAKE))
            check(again > 1, f"{member.process.name}: no new key in all that time")
        crowd.ping_each_other()
        check_lanes(crowd)
        crowd.check_drops()
        crowd.check_logs()


# ---- full rate ----

FULL_MOST = 100 << 30
FULL_LEAST = 10 * MEGABYTE


@dataclass(frozen=True)
class Full:
    server: str
    client: str
    transport: str = "udp4"
    seconds: int = 8  # each way
    renew: int = RENEGOTIATION_SECONDS

    @property
    def name(self) -> str:
        return f"full-rate-{self.server}-{self.client}-{self.transport}"


FULL = (
    Full("adit", "stock"),
    Full("stock", "adit"),
    Full("adit", "stock", "tcp4", 4, 3),
    Full("stock", "adit", "tcp6", 4, 3),
)


def check_acknowledgements(end: Process) -> None:
    """Of those that stock's kernel sent one by one, several came in a turn."""
    replaced = sum(lane["down"]["replaced_acknowledgements"] for lane in process_status(end)["lanes"])
    check(replaced > 100, f"{end.name}: a later acknowledgement replaced only {replaced}")


def full_rate(full: Full, bench: Bench) -> None:
    """As fast as it goes, first one way, then the other, with new keys on the way: packet ids leave
    in order, as stock's log at verb 4 shows."""
    lines = ("verb 4", f"reneg-sec {full.renew}")
    ends = {"server_extra": lines, "client_extra": lines}
    with Lab(bench.folder) as lab:
        setup = Setup(full.server, full.client, full.transport, **ends)
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        marks = tunnel.marks()
        for way, address in (("up", tunnel.inside.server4), ("down", tunnel.inside.server6)):
            run = start_transfer(
                tunnel.net.client,
                tunnel.net.server,
                address,
                seconds=full.seconds,
                **{way: FULL_MOST},
            )
            result = run.finish(full.seconds + 20)
            moved = result.sent + result.received
            rate = moved * 8e-6 / result.seconds
            print(f"        {bench.folder.name}: {way} {rate:.0f} Mbit/s", flush=True)
            check(moved > FULL_LEAST, f"{way}: only {moved} bytes")
        for end, program in ((tunnel.server, full.server), (tunnel.client, full.client)):
            if program == "adit":
                check_acknowledgements(end)
        tunnel.wait_renegotiated(marks)
        tunnel.ping_all(5)
        for end in (tunnel.server, tunnel.client):
            told = end.matches(DISORDER)
            check(not told, f"{end.name}: {told[:3]}")
        tunnel.check_logs(OPTION)


def full_rate_lanes(bench: Bench) -> None:
    """Two stock clients, each both ways as fast as it goes, on several pairs of lanes."""
    lines = (f"data-lanes {LANES}", "duplicate-cn", f"reneg-sec {FULL[2].renew}", "verb 4")
    with Lab(bench.folder) as lab:
        crowd = Crowd(lab, bench, Setup(server_extra=lines, client_extra=("verb 4",)))
        crowd.begin()
        members = [crowd.join("stock"), crowd.join("stock")]
        most = {"up": FULL_MOST, "down": FULL_MOST, "seconds": 6}
        for running in [
            start_transfer(members[0].host, crowd.net.server, SERVER4, **most),
            start_transfer(members[1].host, crowd.net.server, SERVER6, **most),
        ]:
            result = running.finish(40)
            moved = min(result.sent, result.received)
            check(moved > FULL_LEAST // 5, f"only {moved} bytes one way")
        for member in members:
            check(len(member.process.matches(HANDSHAKE)) > 1, f"{member.process.name}: no new key")
        check_lanes(crowd)
        crowd.check_drops()
        crowd.check_logs()


# ---- forced retreats ----

RETREATS = {
    # name: lines of adit's server, lines of adit's client; the other end of "-" is stock
    "all-off": (("udp-offload off", "tun-offload off", "crypto-engine openssl"), "-"),
    "all-off-client": ("-", ("udp-offload off", "tun-offload off", "crypto-engine openssl")),
    "no-trains-client": ("-", ("udp-offload off", "tun-offload no-uso")),
    "no-tso-three-lanes": (("data-lanes 3", "tun-offload no-tso", "udp-offload off"), "-"),
    "different-ends": (("udp-offload off", "crypto-engine openssl"), ("tun-offload off",)),
}


def retreat(name: str, bench: Bench) -> None:
    mine, theirs = RETREATS[name]
    setup = Setup(
        "stock" if mine == "-" else "adit",
        "stock" if theirs == "-" else "adit",
        server_extra=() if mine == "-" else mine,
        client_extra=() if theirs == "-" else theirs,
    )
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        carry_everything(tunnel)
        for lines, process in ((mine, tunnel.server), (theirs, tunnel.client)):
            if lines != "-":
                check_retreat(lines, process_status(process))
        tunnel.check_logs()
        tunnel.say_goodbye()
        tunnel.stop_server()


def check_retreat(lines: tuple[str, ...], status: dict) -> None:
    """adit status tells what was forbidden, and the counters agree."""
    link = status["link_offloads"]
    if "udp-offload off" in lines:
        check(not link["gso"] and not link["gro"], f"status: {link}")
        for lane in status["lanes"]:
            told = lane["link"]
            check(told["packets_written"] == told["writes"], f"a train left: {told}")
    if "crypto-engine openssl" in lines:
        check("openssl" in status["crypto"].lower(), f"status: {status['crypto']}")
    told = status["device"]["offloads"]
    for line in lines:
        if line.startswith("tun-offload"):
            check(not told["uso"], f"status: {told}")
            check(told["tso"] == line.endswith("no-uso"), f"status: {told}")
        if line.startswith("data-lanes"):
            check(len(status["lanes"]) == int(line.split()[1]), f"status: {status['lanes']}")


def cases() -> list[Case]:
    made = [
        Case(f"many-lanes-{transport}", partial(many_lanes, transport), relay=True)
        for transport in ("udp4", "udp6")
    ]
    made += [Case(full.name, partial(full_rate, full)) for full in FULL]
    made.append(Case("full-rate-lanes", full_rate_lanes))
    made = [*pace_cases(), *made, *flood_cases()]  # the longest first
    made += [Case(f"retreat-{name}", partial(retreat, name)) for name in RETREATS]
    return made


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
