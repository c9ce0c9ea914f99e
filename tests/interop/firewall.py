#!/usr/bin/env python3
"""adit firewall between other packet filters: real packets through a gateway.

In each situation a packet is dropped first, or rightly let through; the report names what drops it;
with our rules and the other tool's hook it passes; and once all is undone, every rule of every
filter is as it was.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

from firewall_hosts import (
    DATA,
    FAR,
    FAR6,
    LAN,
    LAN6,
    PORT,
    WORLD,
    WORLD6,
    Gateway,
    is_blocked,
    make_site,
    passes,
    reach,
    with_files_of_ufw,
    with_firewalld,
)
from lab import ADIT, Lab, check
from runner import Bench, Case, main

TUNNEL = ("--device", "tun0", "--tunnel", "10.8.0.0/24", "fd00:8::/64")
LANS = ("--lan", "192.168.1.0/24", "fd00:1::/64")
PLAN = (*TUNNEL, *LANS, "--far", "10.8.0.0/24", "--open", f"{PORT}/tcp")


def check_undone(before: str, gateway: Gateway, *plan: object) -> None:
    gateway.adit("unload", "--hooks", *plan)
    after = gateway.filters()
    check(after == before, f"not as it was:\n{before}\nbut:\n{after}")


def check_says(text: str, *parts: str) -> None:
    for part in parts:
        check(part in text, f"\"{part}\" is missing in:\n{text}")


def obstacles(gateway: Gateway, *plan: object) -> list[dict[str, str]]:
    return json.loads(gateway.adit("show", "--json", *plan))["obstacles"]


# ---- other filters ----


def fresh(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        site = make_site(lab, forward=False)
        gateway = site.gateway
        before = gateway.filters()
        is_blocked(site.far, LAN)
        told = gateway.check_text(*PLAN)
        check_says(told, "net.ipv4.ip_forward is 0", "sysctl -w net.ipv6.conf.all.forwarding=1")
        check_says(told, "chain server-forward of table inet adit is gone")
        gateway.adit("load", *PLAN)
        for cure in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            gateway.host.sysctl(cure, 1)
        gateway.host.sysctl("net.ipv4.conf.tun0.rp_filter", 2)
        check(gateway.check_text(*PLAN) == "", gateway.check_text(*PLAN))
        for source, address in ((site.far, LAN), (site.far, LAN6), (site.lan, FAR), (site.lan, FAR6)):
            passes(source, address)
        refused = site.far.run("ping", "-n", "-c1", "-W1", WORLD, fails=True)
        check_says(refused, "Packet filtered")
        gateway.run("nft", "flush", "ruleset")
        check_says(gateway.check_text(*PLAN), "chain server-input of table inet adit is gone")
        check_undone(before, gateway, *PLAN)
        names = gateway.run("cat", "/proc/net/ip_tables_names", "/proc/net/ip6_tables_names")
        check(names == "", f"the kernel was made to load {names}")


def docker(kind: str, owner: str):
    """An owner with a dot in its name is quoted where the rules are listed."""

    def run(bench: Bench) -> None:
        plan = (*PLAN, "--owner", owner)
        with Lab(bench.folder) as lab:
            site = make_site(lab)
            gateway = site.gateway
            gateway.run(f"iptables-{kind}-restore", DATA / "docker.rules")
            before = gateway.filters()
            is_blocked(site.far, LAN)
            check_says(gateway.check_text(*plan), f"iptables-{kind} -w -I DOCKER-USER -i tun0")
            gateway.adit("load", *plan)
            hooks = gateway.run(f"iptables-{kind}", "-S", "DOCKER-USER")
            gateway.adit("load", *plan)
            again = gateway.run(f"iptables-{kind}", "-S", "DOCKER-USER")
            check(hooks == again and hooks.count(f"adit-{owner}") == 2, f"{hooks}, then {again}")
            passes(site.far, LAN)
            passes(site.lan, FAR)
            check(obstacles(gateway, *plan) == [], "something is in the way though packets pass")
            check_undone(before, gateway, *plan)
            is_blocked(site.far, LAN)

    return run


def ufw(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        site = make_site(lab)
        gateway = site.gateway
        files = with_files_of_ufw(gateway)
        gateway.run("ufw", "--force", "enable")
        gateway.run("ufw", "allow", "22/tcp")
        gateway.run("ufw", "reload")  # the first start leaves some of its IPv6 rules out
        before = gateway.filters()
        written = {path.name: path.read_bytes() for path in files.glob("*.rules")}
        # It lets pings through by itself.
        check(reach(site.far, LAN, 80) == "blocked", "connections pass already")
        check(not site.opens(), "the port is open already")
        told = gateway.check_text(*PLAN)
        check_says(told, "ufw route allow in on tun0", f"ufw allow {PORT}/tcp")
        gateway.adit("load", "--hooks", *PLAN)
        for source, address in ((site.far, LAN), (site.far, LAN6), (site.lan, FAR), (site.lan, FAR6)):
            check(reach(source, address, 80) == "refused", f"{address} is not reached")
        check(site.opens(), "the port is still closed")
        check(gateway.check_text(*PLAN).count("ufw") == 0, gateway.check_text(*PLAN))
        check_undone(before, gateway, *PLAN)
        after = {path.name: path.read_bytes() for path in files.glob("*.rules")}
        check(after == written, f"ufw's files differ: {[n for n in after if after[n] != written[n]]}")


def firewalld(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        site = make_site(lab)
        gateway = site.gateway
        with_firewalld(gateway)
        before = gateway.filters()
        is_blocked(site.lan, FAR)
        check(not site.opens(), "the port is open already")
        told = gateway.check_text(*PLAN)
        check_says(told, "firewall-cmd --permanent --new-policy=adit-server-in")
        gateway.adit("load", "--hooks", *PLAN)
        passes(site.lan, FAR)
        passes(site.far, LAN)
        check(site.opens(), "the port is still closed")
        check(gateway.check_text(*PLAN).count("firewall-cmd") == 0, gateway.check_text(*PLAN))
        check_undone(before, gateway, *PLAN)
        is_blocked(site.lan, FAR)


def cured(load_rules, *named: str):
    """Filters without an official way in: the report names the rule, and its cure mends it."""

    def run(bench: Bench) -> None:
        with Lab(bench.folder) as lab:
            site = make_site(lab)
            gateway = site.gateway
            load_rules(gateway)
            before = gateway.filters()
            is_blocked(site.far, LAN)
            check(not site.opens(), "the port is open already")
            gateway.adit("load", "--hooks", *PLAN)
            is_blocked(site.far, LAN)
            found = obstacles(gateway, *PLAN)
            check_says(json.dumps(found), *named)
            for obstacle in found:
                check(obstacle["certain"], f"not certain: {obstacle}")
                gateway.run("sh", "-c", obstacle["cure"])
            passes(site.far, LAN)
            passes(site.lan, FAR)
            check(site.opens(), "the port is still closed")
            check(obstacles(gateway, *PLAN) == [], "something is in the way though packets pass")
            gateway.adit("unload", *PLAN)
            gateway.run("nft", "flush", "ruleset")
            load_rules(gateway)
            check(gateway.filters() == before, "the filter is another")

    return run


def load_legacy(gateway: Gateway) -> None:
    gateway.run("iptables-legacy-restore", DATA / "legacy.rules")


def load_plain(gateway: Gateway) -> None:
    gateway.run("nft", "-f", DATA / "plain.nft")


# ---- what the rules do ----


def snat(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        site = make_site(lab, lan_knows=False)
        gateway = site.gateway
        site.lan.run("ip", "route", "add", "10.8.0.9", "via", "192.168.1.1")
        site.far.run("ip", "addr", "add", "10.8.0.9/32", "dev", "gateway")
        plan = (*TUNNEL, "--lan", "192.168.1.0/24")
        gateway.adit("load", *plan)
        is_blocked(site.far, LAN)
        gateway.adit("load", *plan, "--snat")
        passes(site.far, LAN)
        site.far.run("ip", "route", "del", "192.168.1.10/32", "via", "10.8.0.1")
        passes(site.lan, "10.8.0.9")
        check_undone("", gateway, *plan)


def full_tunnel(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        site = make_site(lab)
        gateway = site.gateway
        plan = (*TUNNEL, *LANS, "--full-tunnel")
        is_blocked(site.far, WORLD)
        gateway.adit("load", *plan)
        passes(site.far, WORLD)
        passes(site.far, WORLD6)
        passes(site.far, LAN)
        seen = site.lan.start("seen", sys.executable, "-c", WHO_ASKS)
        seen.wait_for("ready")
        site.far.run(sys.executable, "-c", ASK, LAN)
        check_says(seen.wait_for("from"), f"from {FAR}")
        check_undone("", gateway, *plan)


WHO_ASKS = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7777))
print("ready", flush=True)
print("from", s.recvfrom(99)[1][0], flush=True)
"""
ASK = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (sys.argv[1], 7777))
"""


def denied(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        site = make_site(lab)
        gateway = site.gateway
        gateway.adit("load", *PLAN, "--deny", f"10.8.0.0/24={LAN}/32")
        is_blocked(site.far, LAN)
        passes(site.far, LAN6)
        passes(site.lan, FAR)  # they may begin; answers come back
        check_undone("", gateway, *PLAN)


def maps(bench: Bench) -> None:
    """lan A ── gateway A ══ hub ══ gateway B ── lan B: both LANs have the same addresses."""
    with Lab(bench.folder) as lab:
        hub = lab.host("tun0")
        for number, name in ((1, "a"), (2, "b")):
            gateway, lan = lab.host(f"gw{name}"), lab.host(f"lan{name}")
            lab.link(
                gateway, hub,
                (f"10.8.{number}.2/24", f"10.8.{number}.1/24"),
                (f"fd00:8:{number}::2/64", f"fd00:8:{number}::1/64"),
            )  # fmt: skip
            lab.link(
                gateway, lan,
                ("192.168.1.1/24", "192.168.1.10/24"), ("fd00:1::1/64", "fd00:1::10/64"),
            )  # fmt: skip
            for host, via4, via6 in (
                (lan, "192.168.1.1", "fd00:1::1"),
                (gateway, f"10.8.{number}.1", f"fd00:8:{number}::1"),
            ):
                host.run("ip", "route", "add", "default", "via", via4)
                host.run("ip", "-6", "route", "add", "default", "via", via6)
            hub.run("ip", "route", "add", f"10.99.{number}.0/24", "via", f"10.8.{number}.2")
            hub.run("ip", "-6", "route", "add", f"fd99:{number}::/64", "via", f"fd00:8:{number}::2")
            other = 3 - number
            Gateway(gateway).adit(
                "load", "--owner", f"join-{name}", "--device", "tun0",
                "--tunnel", f"10.8.{number}.0/24", f"fd00:8:{number}::/64",
                "--far", f"10.99.{other}.0/24", f"fd99:{other}::/64",
                "--map", f"192.168.1.0/24=10.99.{number}.0/24", f"fd00:1::/64=fd99:{number}::/64",
            )  # fmt: skip
            for host in (hub, gateway):
                host.sysctl("net.ipv4.ip_forward", 1)
                host.sysctl("net.ipv6.conf.all.forwarding", 1)
        hosts = {host.name: host for host in lab.hosts}
        for address in ("10.99.2.10", "fd99:2::10", "10.99.2.1"):
            passes(hosts["lana"], address)
        for address in ("10.99.1.10", "fd99:1::10", "10.99.1.1"):
            passes(hosts["lanb"], address)
        is_blocked(hosts["lana"], "10.99.2.77")
        seen = hosts["lanb"].start("seen", sys.executable, "-c", WHO_ASKS)
        seen.wait_for("ready")
        hosts["lana"].run(sys.executable, "-c", ASK, "10.99.2.10")
        check_says(seen.wait_for("from"), "from 10.99.1.10")


def two_owners(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        site = make_site(lab)
        gateway = site.gateway
        gateway.adit("load", *PLAN)
        alone = gateway.filters()
        join = ("--owner", "join-office", "--device", "tun7", "--tunnel", "10.77.0.0/24", *LANS)
        gateway.adit("load", *join, "--snat", "--map", "192.168.1.0/24=10.99.1.0/24")
        both = gateway.filters()
        check_says(both, "chain server-forward", "chain join-office-prerouting")
        passes(site.far, LAN)
        gateway.adit("load", *join)
        check("join-office-prerouting" not in gateway.filters(), "what is not wanted stays")
        gateway.adit("unload", "--owner", "join-office")
        check(gateway.filters() == alone, "the other owner's rules were touched")
        gateway.adit("unload", "--owner", "join-office")
        passes(site.far, LAN)
        gateway.run("nft", "add", "table", "inet", "theirs")
        gateway.adit("unload", *PLAN)
        check(gateway.filters() == "table inet theirs {\n}\n", gateway.filters())


def all_or_nothing(bench: Bench) -> None:
    """A chain that is in use elsewhere cannot be replaced: nothing else is, either."""
    with Lab(bench.folder) as lab:
        gateway = make_site(lab).gateway
        gateway.adit("load", *PLAN)
        gateway.run("nft", "add chain inet adit server-prerouting; add chain inet adit mine; "
                    "add rule inet adit mine jump server-prerouting")  # fmt: skip
        before = gateway.filters()
        told = gateway.adit("load", *PLAN, "--snat", "--deny", f"{FAR}={LAN}", fails=True)
        check_says(told, "cannot load the firewall rules", "delete chain inet adit server-prerouting")
        check(gateway.filters() == before, f"it was half done:\n{gateway.filters()}")


# ---- where there is no nf_tables ----

NETLINK, NETFILTER, EPROTONOSUPPORT = 16, 12, 93


def without_netfilter() -> None:
    """In the child: sockets of nf_tables are refused as by a kernel that does not know them."""
    load, equal, give = 0x20, 0x15, 0x06
    words = [
        (load, 0, 0, 0), (equal, 0, 5, 41),  # socket(...)
        (load, 0, 0, 16), (equal, 0, 3, NETLINK),
        (load, 0, 0, 32), (equal, 0, 1, NETFILTER),
        (give, 0, 0, 0x00050000 | EPROTONOSUPPORT), (give, 0, 0, 0x7FFF0000),
    ]  # fmt: skip
    program = b"".join(struct.pack("HBBI", *word) for word in words)
    room = ctypes.create_string_buffer(program)
    filter_ = struct.pack("HxxxxxxP", len(words), ctypes.addressof(room))
    library = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_seccomp, filter_mode = 38, 22, 2
    library.prctl(no_new_privileges, 1, 0, 0, 0)
    if library.prctl(set_seccomp, filter_mode, ctypes.create_string_buffer(filter_), 0, 0) != 0:
        os._exit(99)


def no_nftables(bench: Bench) -> None:
    del bench
    words = [str(ADIT), "firewall", "load", *PLAN]
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=without_netfilter)
    check(done.returncode == 1 and done.stderr.count("\n") == 1, f"{done}")
    check_says(done.stderr, "this kernel offers no nf_tables: Protocol not supported", "--no-firewall")


def no_rights(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        host = lab.host("gateway")
        words = ("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin")
        told = host.run(*words, ADIT, "firewall", "load", *PLAN, fails=True)
        check(told.count("\n") == 1, told)
        check_says(told, "Operation not permitted", "--cap-add NET_ADMIN")


def no_library(bench: Bench) -> None:
    """What is linked need not be there; what is loaded is missed in one line."""
    with Lab(bench.folder) as lab:
        host = lab.host("gateway")
        library = next(Path("/usr/lib").glob("*/libnftables.so.1")).resolve()
        hide = f"mount --bind /dev/null '{library}' && exec \"$@\""
        words = ("unshare", "-m", "sh", "-c", hide, "sh", ADIT)
        told = host.run(*words, "firewall", "load", *PLAN, fails=True)
        check(told.count("\n") == 1, told)
        check_says(told, "cannot load libnftables.so.1", "apt-get install libnftables1")
        check_says(host.run(*words, "--version", fails=True), "adit")


def bad_words(bench: Bench) -> None:
    del bench
    for words, told in (
        (("--lan", "192.168.1.0/33"), "\"192.168.1.0/33\" is not a network"),
        (("--map", "192.168.1.0/24=10.0.0.0/8"), "their sizes differ"),
        (("--map", "192.168.1.0/24"), "want two networks"),
        (("--open", "udp/1194"), "want a port"),
        (("--owner", "a b"), "name of a firewall chain"),
        (("--device", "tun0;"), "name of a network device"),
        (("--dir", "/nowhere"), "/nowhere/server.conf"),
    ):
        done = subprocess.run([str(ADIT), "firewall", "load", *words], capture_output=True, text=True)
        check(done.returncode == 1 and done.stdout == "", f"{words}: {done}")
        check(told in done.stderr and done.stderr.count("\n") == 1, f"{words}: {done.stderr}")


CASES = [
    Case("fresh", fresh),
    Case("docker_nft", docker("nft", "server")),
    Case("docker_legacy", docker("legacy", "join-office.example")),
    Case("ufw", ufw),
    Case("firewalld", firewalld),
    Case("legacy_rules", cured(load_legacy, "iptables-legacy", "policy drop in chain FORWARD")),
    Case("plain_nft", cured(load_plain, "nft table inet filter", "ip daddr 192.168.1.0/24")),
    Case("snat", snat),
    Case("full_tunnel", full_tunnel),
    Case("denied", denied),
    Case("maps", maps),
    Case("two_owners", two_owners),
    Case("all_or_nothing", all_or_nothing),
    Case("no_nftables", no_nftables),
    Case("no_rights", no_rights),
    Case("no_library", no_library),
    Case("bad_words", bad_words),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
