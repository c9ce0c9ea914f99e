#!/usr/bin/env python3
"""Routes and redirect-gateway beside stock: the host before, during and after, and what scripts
hear.

In each case a stock server stands, and one after the other a stock client and adit come to it with
the same lines, on the same host. The host's routes and addresses must be the same every time, and
so must the variables that the route-up script is given.
"""

from __future__ import annotations

import dataclasses
import re
import sys

from lab import Host, Lab, ThreeHosts, check
from runner import Bench, Case, main
from tunnel import COMPLETED, Setup, Tunnel

TOLD = r"^(route_|net_gateway|redirect_gateway|foreign_option_|dns_)"
# What differs on purpose: the MTU that was found on the path, and as with 2.7 a broadcast address.
OURS = re.compile(r" (mtu|expires|brd) \S+")

LINES: dict[str, tuple[str, ...]] = {
    "redirect": ("redirect-gateway",),
    "redirect_def1": ("redirect-gateway def1",),
    "redirect_local": ("redirect-gateway local def1",),
    "redirect_autolocal": ("redirect-gateway autolocal def1",),
    "redirect_block_local": ("redirect-gateway def1 block-local",),
    "redirect_bypass": ("redirect-gateway def1 bypass-dhcp bypass-dns",),
    "redirect_ipv6": ("redirect-gateway def1 ipv6",),
    "redirect_only_ipv6": ("redirect-gateway ipv6 !ipv4",),
    "redirect_with_metric": ("route-metric 50", "redirect-gateway def1 ipv6"),
    "redirect_twice": ("redirect-gateway def1", "redirect-private ipv6"),
    "private": ("redirect-private",),
    "private_block_local": ("redirect-private block-local ipv6",),
    "block_local_without_ipv4": ("redirect-gateway ipv6 !ipv4 block-local",),
    "redirect_and_routes": (
        "redirect-gateway def1 ipv6 block-local",
        "route 10.81.0.0 255.255.0.0",
        "route-ipv6 fd81::/64",
    ),
    "keywords": (
        "route 10.81.0.0 255.255.0.0 vpn_gateway 5",
        "route 10.82.0.0 255.255.0.0 net_gateway",
        "route remote_host 255.255.255.255 net_gateway",
        "route net_gateway 255.255.255.255 net_gateway 7",
        "route vpn_gateway 255.255.255.255 default 8",
        "route 10.83.0.0 default default 9",
        "route 10.84.7.9",
    ),
    "metrics": (
        "route-metric 9",
        "route 10.85.0.0 255.255.0.0",
        "route 10.86.0.0 255.255.0.0 default 0",
        "route-ipv6 fd85::/64",
        "route-ipv6 fd86::/64 default 3",
    ),
    "ipv6": (
        "route-ipv6 fd81::/64",
        "route-ipv6 fd82::/64 fd00:8::1",
        "route-ipv6 fd83::/64 default 5",
        "route-ipv6 2001:db8:77::/48 2001:db8:c::1",
        "route-ipv6 fd84::/64 fd00:8::77 6",
    ),
    "gateway": (
        "route-gateway 10.8.0.9",
        "route 10.87.0.0 255.255.0.0",
        "route-ipv6-gateway fd00:8::9",
        "route-ipv6 fd87::/64",
    ),
    "dns": (
        "dhcp-option DNS 10.8.0.1",
        "dhcp-option DOMAIN office.example",
        "dns server 2 address 10.8.0.2:5353 fd00:8::2",
        "dns server 2 resolve-domains corp.example lab.example",
        "dns server 1 address 10.8.0.3 [fd00:8::3]:54",
        "dns server 1 dnssec optional",
        "dns search-domains a.example b.example",
    ),
}


def state(host: Host) -> dict[str, list[str]]:
    """Routes of both families and the tunnel's addresses."""
    shown = {
        "routes": host.run("ip", "-o", "route", "show"),
        "IPv6 routes": host.run("ip", "-6", "-o", "route", "show"),
        "addresses": host.run("ip", "-o", "addr", "show", "to", "0/0"),
    }
    found = {}
    for what, text in shown.items():
        lines = [OURS.sub("", line).strip() for line in text.splitlines()]
        lines = [" ".join(line.split()) for line in lines if "fe80::" not in line]
        found[what] = sorted(re.sub(r"^\d+: ", "", line) for line in lines)
    return found


def differences(ours: dict, theirs: dict) -> str:
    text = ""
    for what, lines in theirs.items():
        missing = [line for line in lines if line not in ours[what]]
        more = [line for line in ours[what] if line not in lines]
        if missing or more:
            text += f"\n{what}: stock alone {missing}, adit alone {more}"
    return text


class Stay:
    """One client's visit: what the host was like, and what the script was told."""

    def __init__(self, program: str, net: ThreeHosts, tunnel: Tunnel, bench: Bench):
        folder = bench.folder / program
        folder.mkdir()
        told = folder / "told"
        script = folder / "route-up.sh"
        lines = f"env | grep -E '{TOLD}' | sort > '{told}.new'\nmv '{told}.new' '{told}'\n"
        script.write_text(f"#!/bin/sh\n{lines}")
        script.chmod(0o700)
        extra = (*tunnel.setup.client_extra, "script-security 2", f"route-up '{script}'")
        setup = dataclasses.replace(tunnel.setup, client=program, client_extra=extra)
        before = state(net.client)
        visiting = Tunnel(net, setup, bench.keys, tunnel.remote)
        client = visiting.start_client()
        client.wait_for(COMPLETED)
        self.during = state(net.client)
        self.told = {"told": told.read_text().splitlines()}
        status = client.stop()
        check(status == 0, f"{program} ends with {status}:\n{client.tail()}")
        left = differences(state(net.client), before)
        check(not left, f"{program} leaves the host changed (stock: before, adit: after):{left}")


def compare(bench: Bench, net: ThreeHosts, setup: Setup, remote: str = "") -> None:
    tunnel = Tunnel(net, setup, bench.keys, remote)
    tunnel.start_server()
    theirs = Stay("stock", net, tunnel, bench)
    ours = Stay("adit", net, tunnel, bench)
    found = differences(ours.during, theirs.during) + differences(ours.told, theirs.told)
    check(not found, f"while the tunnel stands:{found}")


def beside_stock(name: str) -> Case:
    def run(bench: Bench) -> None:
        with Lab(bench.folder) as lab:
            compare(bench, lab.three_hosts(), Setup(server="stock", client_extra=LINES[name]))

    return Case(name, run)


def over_ipv6(bench: Bench) -> None:
    """The server is reached by IPv6, and the tunnel takes both families."""
    setup = Setup(
        server="stock", transport="udp6", client_extra=("redirect-gateway def1 ipv6",)
    )
    with Lab(bench.folder) as lab:
        compare(bench, lab.three_hosts(), setup)


def wide_route_over_ipv6(bench: Bench) -> None:
    """A route that covers the server has it kept beside the tunnel."""
    setup = Setup(server="stock", transport="udp6", client_extra=("route-ipv6 2000::/3",))
    with Lab(bench.folder) as lab:
        compare(bench, lab.three_hosts(), setup)


def neighbour_over_ipv6(bench: Bench) -> None:
    lines = ("redirect-gateway def1 ipv6",)
    setup = Setup(server="stock", transport="udp6", client_extra=lines)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        compare(bench, dataclasses.replace(net, server=net.wire, server6=net.wire6), setup)


def others_routes(bench: Bench) -> None:
    """Of networks that the tunnel wants as well."""
    lines = ("route 10.83.0.0 255.255.0.0", "route 10.84.0.0 255.255.0.0 default 5")
    lines += ("route 198.51.100.0 255.255.255.0 net_gateway", "route 10.83.0.0 255.255.0.0")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        for words in ("10.83.0.0/16 via", "10.84.0.0/16 metric 5 via"):
            net.client.run("ip", "route", "add", *words.split(), net.wire4)
        compare(bench, net, Setup(server="stock", client_extra=lines))


def net30(bench: Bench) -> None:
    lines = ("redirect-gateway def1", "route 10.81.0.0 255.255.0.0", "route vpn_gateway")
    with Lab(bench.folder) as lab:
        compare(
            bench,
            lab.three_hosts(),
            Setup(server="stock", topology="net30", client_extra=lines),
        )


def neighbour(bench: Bench) -> None:
    """The server is on the client's own network."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        near = dataclasses.replace(net, server=net.wire, server4=net.wire4)
        compare(
            bench,
            near,
            Setup(server="stock", client_extra=("redirect-gateway autolocal def1",)),
        )


CASES = [beside_stock(name) for name in LINES]
CASES += [
    Case("over_ipv6", over_ipv6),
    Case("wide_route_over_ipv6", wide_route_over_ipv6),
    Case("neighbour_over_ipv6", neighbour_over_ipv6),
    Case("others_routes", others_routes),
    Case("net30", net30),
    Case("neighbour", neighbour),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
