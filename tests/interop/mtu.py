#!/usr/bin/env python3
"""Paths that are narrower than they look: the tunnel finds out, with no option set.

The wire lets packets through up to a size and drops larger ones: silently as a broken switch does
(hole2), silently as a router whose ICMP is filtered (hole3), or with an answer (icmp).
"""

from __future__ import annotations

import sys

from lab import Host, Lab, ThreeHosts, check
from runner import Bench, Case, main
from tunnel import Setup, Tunnel


def narrow(net: ThreeHosts, size: int) -> None:
    rule = ("-m", "length", "--length", f"{size + 1}:65535", "-j", "DROP")
    for table in ("iptables", "ip6tables"):
        net.wire.run(table, "-A", "FORWARD", *rule)


def one(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        narrow(net, 1300)
        tunnel = Tunnel(net, Setup("stock", "adit", client_extra=("verb 4",)), bench.keys)
        tunnel.start()
        tunnel.client.wait_for("Path MTU")
        t = [tunnel.start_up(5 << 20), tunnel.start_down(5 << 20)]
        for x in t:
            print(x.finish())


def two(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        narrow(net, 1300)
        tunnel = Tunnel(net, Setup("adit", "stock", server_extra=("verb 4",)), bench.keys)
        tunnel.start()
        tunnel.server.wait_for("Path MTU")
        t = [tunnel.start_up(5 << 20), tunnel.start_down(5 << 20)]
        for x in t:
            print(x.finish())


RUNS = (one, two)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
