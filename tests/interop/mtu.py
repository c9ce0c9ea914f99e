#!/usr/bin/env python3
"""Paths that are narrower than they look: with no option set the tunnel finds out, and fits.

The wire lets packets through up to a size. Larger ones vanish, as on a broken switch (a hole at
layer 2: pieces vanish too), or at a router whose answers are filtered (layer 3), or they are
answered. Both ends believe in 1500.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import replace
from functools import partial

from lab import Host, Lab, ThreeHosts, check, until
from runner import Bench, Case, main
from tunnel import COMPLETED, Setup, Tunnel

TRANSFER_BYTES = 20 << 20
SHORT_TRANSFER_BYTES = 4 << 20
SIZES = (1500, 1440, 1380, 1300, 1240, 1200)
FOUND = r"Path MTU: (\d+) to the peer, (\d+) from it, found by probing"
STEP = 4  # it is found to within so many bytes
ROOM_FOR_A_TAG = 4  # what arrives at a link may be larger by a VLAN tag
TCP4, TCP6 = "iptables", "ip6tables"


# ---- narrow paths ----


def single_packets(net: ThreeHosts) -> None:
    """The wire sees packets as a wire does, not trains of them that the kernel cuts at the last."""
    for host in (net.client, net.server):
        host.run("ip", "link", "set", "wire", "gso_max_segs", 1)


def hole(net: ThreeHosts, up: int, down: int) -> None:
    """Larger packets vanish in the wire, without a word; up: from the client to the server."""
    single_packets(net)
    for table in (TCP4, TCP6):
        net.wire.run(table, "-F", "FORWARD")
        for device, size in (("client", up), ("server", down)):
            rule = ("-i", device, "-m", "length", "--length", f"{size + 1}:65535", "-j", "DROP")
            net.wire.run(table, "-A", "FORWARD", *rule)


def narrow_link(net: ThreeHosts, size: int, answers: bool) -> None:
    """The router's link to the server takes less than the others. It says so, or its words are lost;
    what comes from the server too large never gets through."""
    single_packets(net)
    net.wire.run("ip", "link", "set", "server", "mtu", size)
    if not answers:
        net.wire.run(TCP4, "-A", "OUTPUT", "-p", "icmp", "--icmp-type", "3/4", "-j", "DROP")
        words = ("-p", "icmpv6", "--icmpv6-type", "packet-too-big", "-j", "DROP")
        net.wire.run(TCP6, "-A", "OUTPUT", *words)


def count_pieces(net: ThreeHosts) -> None:
    """Outer fragments that pass the wire, from now on."""
    net.wire.run(TCP4, "-t", "mangle", "-A", "FORWARD", "-f", "-j", "RETURN")
    net.wire.run(TCP6, "-t", "mangle", "-A", "FORWARD", "-m", "frag", "--fragmore", "-j", "RETURN")


def pieces(net: ThreeHosts) -> int:
    counts = []
    for table in (TCP4, TCP6):
        shown = net.wire.run(table, "-t", "mangle", "-vnxL", "FORWARD")
        found = re.search(r"^\s*(\d+)\s+\d+ RETURN", shown, re.M)
        check(found is not None, f"{table}: the counting rule is gone")
        counts.append(int(found[1]))
    return sum(counts)


# ---- what must be true ----


def found_by(tunnel: Tunnel, name: str, since: int) -> tuple[int, int]:
    """What one end says last of the way to the other and back."""
    process = tunnel.server if name == "server" else tunnel.client
    process.wait_for(FOUND, 15, since)
    to, back = re.search(FOUND, process.matches(FOUND, since)[-1]).groups()
    return int(to), int(back)


def wait_found(
    tunnel: Tunnel, up: int, down: int, since: tuple[int, int], slack: int = 0
) -> None:
    """Each adit has found both ways: a log may tell of steps on the way there."""
    for name, mark, ways in (("server", since[0], (down, up)), ("client", since[1], (up, down))):
        if getattr(tunnel.setup, name) != "adit":
            continue

        def right() -> bool:
            pairs = zip(found_by(tunnel, name, mark), ways)
            return all(size - STEP <= seen <= size + slack for seen, size in pairs)

        until(right, 40, f"the {name} finds {ways[0]} and {ways[1]}")


def move(tunnel: Tunnel, size: int) -> None:
    """Both ways, over both inner families, at the same time."""
    transfers = [tunnel.start_up(size), tunnel.start_down(size, inner6=True)]
    for transfer in transfers:
        transfer.finish(40)


def setup_for(roles: tuple[str, str], transport: str = "udp4") -> Setup:
    """Stock's handshake needs 1250 bytes unless it is told; ours needs 1200."""
    told = [("max-packet-size 1200",) if role == "stock" else () for role in roles]
    return Setup(*roles, transport=transport, server_extra=told[0], client_extra=told[1])


# ---- the cases ----


def every_size(roles: tuple[str, str], transport: str, bench: Bench) -> None:
    """A client connects over paths of several sizes; data passes at once, and nothing in pieces."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, setup_for(roles, transport), bench.keys)
        tunnel.start_server()
        for size in SIZES:
            hole(net, size, size)
            count_pieces(net)
            marks = (tunnel.server.mark(), 0)
            tunnel.start_client().wait_for(COMPLETED)
            move(tunnel, TRANSFER_BYTES if size == 1300 else SHORT_TRANSFER_BYTES)
            wait_found(tunnel, size, size, marks)
            seen = pieces(net)
            check(seen == 0, f"path of {size}: {seen} outer fragments")
            check(tunnel.client.stop() == 0, "the client does not end with 0")


def both_ways_differ(roles: tuple[str, str], bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        hole(net, 1300, 1440)
        tunnel = Tunnel(net, setup_for(roles), bench.keys)
        tunnel.start()
        move(tunnel, SHORT_TRANSFER_BYTES)
        wait_found(tunnel, 1300, 1440, (0, 0))


def router(roles: tuple[str, str], answers: bool, bench: Bench) -> None:
    """One link on the way is narrow."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        narrow_link(net, 1340, answers)
        tunnel = Tunnel(net, setup_for(roles), bench.keys)
        tunnel.start()
        move(tunnel, SHORT_TRANSFER_BYTES)
        # Once a stock peer's kernel has heard of the link, it cuts what is larger, and that arrives.
        cuts = answers and "stock" in roles
        wait_found(tunnel, 1340, 1340, (0, 0), 1500 - 1340 if cuts else ROOM_FOR_A_TAG)


def shrinks(roles: tuple[str, str], bench: Bench) -> None:
    """Under way: both ends find out, and what runs goes on, also what a stock end sends: it never
    learns of the path, but whoever sends through it is told by us."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, Setup(*roles), bench.keys)  # a stock end with its usual, large MSS
        tunnel.start()
        wait_found(tunnel, 1500, 1500, (0, 0))
        rate = TRANSFER_BYTES // 10
        transfers = [
            start(TRANSFER_BYTES, rate=rate, inner6=inner6)
            for start in (tunnel.start_up, tunnel.start_down)
            for inner6 in (False, True)
        ]
        time.sleep(1)  # they are in full flow
        marks = tunnel.marks()
        # IPv6 knows nothing below 1280: of ours it is cut, of a stock end's it would be lost.
        size = 1340 if "stock" in roles else 1300
        hole(net, size, size)
        wait_found(tunnel, size, size, marks)
        check(all(t.running for t in transfers), "it was over before the path changed")
        for transfer in transfers:
            transfer.finish(30)


def network_says_so(roles: tuple[str, str], transport: str, bench: Bench) -> None:
    """A router that answers: what it says is looked at at once, rather than at the next look."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        setup = setup_for(roles, transport)
        more = {"client_extra": (*setup.client_extra, "verb 4")}
        tunnel = Tunnel(net, replace(setup, **more), bench.keys)
        tunnel.start()
        wait_found(tunnel, 1500, 1500, (0, 0))
        mark = tunnel.client.mark()
        narrow_link(net, 1340, answers=True)
        words = ("ping", "-n", "-q", "-i0.2", "-w8", "-M", "dont", "-s", 1350)
        pings = net.client.start("pings", *words, tunnel.inside.server4)
        tunnel.client.wait_for(r"the network says 1340", 5, mark)
        tunnel.client.wait_for(r"Path MTU: 13[34]\d to the peer", 2, mark)
        pings.wait()


def routes_know(roles: tuple[str, str], bench: Bench) -> None:
    """A client's host learns from its routes what fits, before it tries; and that more does."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        hole(net, 1300, 1300)
        setup = setup_for(roles)
        pushed = (*setup.server_extra, 'push "route 192.168.77.0 255.255.255.0"')
        tunnel = Tunnel(net, replace(setup, server_extra=pushed), bench.keys)
        tunnel.start()
        wait_found(tunnel, 1300, 1300, (0, 0))
        inside, narrow = tunnel.inside, r" mtu 124\d"

        def shown(to: str) -> str:
            return net.client.run("ip", "route", "get", to)

        until(lambda: re.search(narrow, shown("192.168.77.1")), 5, "a pushed route has an MTU")
        check(re.search(narrow, shown(inside.server4)), shown(inside.server4))
        check(" mtu 1280" in shown(inside.server6), shown(inside.server6))
        words = ("ping", "-n", "-c1", "-W2", "-M", "do", "-s", 1472, inside.server4)
        said = net.client.run(*words, fails=True)
        check(re.search(r"message too long, mtu=124\d", said), f"the first try:\n{said}")
        hole(net, 1500, 1500)
        pings = net.client.start("pings", "ping", "-q", "-i0.2", "-w20", inside.server4)
        until(lambda: " mtu 144" in shown(inside.server4), 20, "the path is wide again")
        pings.kill()
        check(tunnel.client.stop() == 0, "the client does not end with 0")


def large_packets_inside(bench: Bench) -> None:
    """What may be cut is cut; what may not is answered with the size that fits."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        hole(net, 1300, 1300)
        tunnel = Tunnel(net, setup_for(("adit", "adit")), bench.keys)
        tunnel.start()
        wait_found(tunnel, 1300, 1300, (0, 0))
        inside = tunnel.inside
        for host, address in ((net.client, inside.server4), (net.server, inside.client4)):
            whole = host.run("ping", "-n", "-c3", "-i0.1", "-W2", "-M", "dont", "-s", 1400, address)
            check(" 0% packet loss" in whole, whole)
            words = ("ping", "-n", "-c2", "-i0.1", "-W1", "-M", "do", "-s", 1400, address)
            said = host.run(*words, fails=True)
            check(re.search(r"mtu ?= ?12[45]\d", said), said)


def set_by_hand(bench: Bench) -> None:
    """Sizes that a file names are obeyed, and nothing is asked."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        lines = ("mssfix 1200 mtu",)
        setup = Setup("adit", "adit", server_extra=lines, client_extra=lines)
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        hole(net, 1300, 1300)
        move(tunnel, SHORT_TRANSFER_BYTES)
        for end in (tunnel.server, tunnel.client):
            check(not end.matches("Path MTU"), f"the {end.name} looked for a size of its own")


def comes_again(bench: Bench) -> None:
    """A stock client cannot know how narrow its way is: the second time it is told a tun-mtu."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        hole(net, 1400, 1400)
        tunnel = Tunnel(net, setup_for(("adit", "stock")), bench.keys)
        tunnel.start()
        wait_found(tunnel, 1400, 1400, (0, 0))
        check(tunnel.client.matches(r"PUSH_REPLY.*,tun-mtu 1500"), "it was told of more at once")
        check(tunnel.client.stop() == 0, "the client does not end with 0")
        tunnel.start_client().wait_for(COMPLETED)
        told = tunnel.client.wait_for(r"PUSH_REPLY.*,tun-mtu \d+")
        size = int(re.search(r"tun-mtu (\d+)", told)[1])
        check(1300 < size < 1400, told)
        words = ("ping", "-n", "-c3", "-i0.1", "-W2", "-M", "dont", "-s", 1400)
        said = net.client.run(*words, tunnel.inside.server4)
        check(" 0% packet loss" in said, said)
        # IPv6 is never cut on the way: the server's first answer is too large, the others are not.
        said = net.client.run(*words, tunnel.inside.server6)
        check(re.search(r" [23] received", said), said)


def over_tcp(roles: tuple[str, str], bench: Bench) -> None:
    """The segments of either end are small enough, whoever made the connection."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        hole(net, 1220, 1220)
        tunnel = Tunnel(net, Setup(*roles, transport="tcp4"), bench.keys)
        tunnel.start()
        move(tunnel, SHORT_TRANSFER_BYTES)


ROLES = (("adit", "stock"), ("stock", "adit"), ("adit", "adit"))


def all_cases() -> list[Case]:
    cases = []
    for roles, transport in zip(ROLES, ("udp4", "udp6", "udp4")):
        name = f"{roles[0]}-server_{roles[1]}-client"
        cases.append(Case(f"every_size_{name}_{transport}", partial(every_size, roles, transport)))
        cases.append(Case(f"over_tcp_{name}", partial(over_tcp, roles)))
        cases.append(Case(f"both_ways_differ_{name}", partial(both_ways_differ, roles)))
        for answers in (True, False):
            word = "answers" if answers else "silent"
            cases.append(Case(f"router_{word}_{name}", partial(router, roles, answers)))
        cases.append(Case(f"shrinks_{name}", partial(shrinks, roles)))
    for roles, transport in (("stock", "adit"), "udp4"), (("adit", "adit"), "udp6"):
        name = f"network_says_so_{roles[0]}-server_{transport}"
        cases.append(Case(name, partial(network_says_so, roles, transport)))
    for roles in ROLES[1:]:
        cases.append(Case(f"routes_know_{roles[0]}-server", partial(routes_know, roles)))
    runs = (comes_again, large_packets_inside, set_by_hand)
    return cases + [Case(run.__name__, run) for run in runs]


if __name__ == "__main__":
    sys.exit(main(__doc__, all_cases()))
