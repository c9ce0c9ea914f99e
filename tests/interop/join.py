#!/usr/bin/env python3
"""adit join and adit leave: a client, the gateway of a site, and that the host is afterwards as it
was, byte for byte.

    office ─── gateway ─── wire ─── server ─── lan          the gateway joins, the office is behind it
    192.168.20.10                              192.168.1.10
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
from dataclasses import dataclass

from lab import ADIT, STOCK, Host, Lab, Process, check, ip_batch
from machine import Look, Machine, contains, does_not_reach, reaches
from runner import Bench, Case, main

COMPLETED = "Initialization Sequence Completed"
LAN, LAN_HOST = "192.168.1.0/24", "192.168.1.10"
OFFICE, OFFICE_HOST = "192.168.20.0/24", "192.168.20.10"
LOOSE = """client
dev tun
remote 192.0.2.1
ca ca.crt
cert a.crt
key a.key
remote-cert-tls server
"""
ENDPOINT = ("--endpoint", "203.0.113.2")


# ---- what cases share ----


@dataclass
class Sites:
    server: Machine
    gateway: Machine
    lan: Host
    office: Host
    before: Look  # of the gateway


def behind(lab: Lab, gateway: Host, name: str, network: str = "192.168.20") -> Host:
    """A host behind a gateway, which is its router."""
    host = lab.host(name)
    lab.link(gateway, host, (f"{network}.1/24", f"{network}.10/24"))
    ip_batch(f"route add default via {network}.1", namespace=host.namespace)
    return host


def two_sites(lab: Lab, systemd: bool = True) -> Sites:
    net = lab.three_hosts()
    lan = behind(lab, net.server, "lan", "192.168.1")
    office = behind(lab, net.client, "office")
    gateway = Machine(net.client, systemd)
    return Sites(Machine(net.server, systemd=False), gateway, lan, office, gateway.look())


def give(server: Machine, gateway: Machine, name: str) -> str:
    """Carries a profile from the server to the gateway; its path there."""
    gateway.write(f"{name}.ovpn", server.read(f"/etc/adit/clients/{name}.ovpn"))
    return str(gateway.folder / f"{name}.ovpn")


def add_site(server: Machine, process: Process, name: str, *words: object) -> None:
    mark = process.mark()
    server.adit("site", "add", name, *words)
    process.wait_for("Configuration read again", since=mark)


def left(sites: Sites, *words: object) -> None:
    sites.gateway.adit("leave", *words)
    sites.gateway.check_same(sites.before, "after leave")
    check(sites.gateway.files("/etc/adit").count("\n") == 1, "leave left files in /etc/adit")


# ---- cases ----


def routed_site(bench: Bench) -> None:
    """Both ends ours: the server knows the way back, nothing is hidden, and a test proves it."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab)
        process = sites.server.serve("--lan", LAN, *ENDPOINT)
        add_site(sites.server, process, "office", "--lan", OFFICE)
        profile = give(sites.server, sites.gateway, "office")
        said = sites.gateway.adit("join", profile)
        contains(said, "gateway of   192.168.20.0/24 (routed)", "network 192.168.1.0/24",
                 "tunnel address", "10.8.0.1 answers", "throughput")
        check("FAILED" not in said, f"the test at the end failed:\n{said}")
        mode = sites.gateway.run("stat", "-c", "%a", "/etc/adit/joined/office.ovpn").strip()
        check(mode == "600", f"the profile has mode {mode}")
        reaches(sites.office, LAN_HOST)
        reaches(sites.lan, OFFICE_HOST)
        contains(sites.gateway.adit("join", profile, "--no-test"), "Nothing to change")
        tested = json.loads(sites.gateway.adit("doctor", "office", "--json", "--throughput", 0))
        states = {stage["id"]: stage["state"] for stage in tested["stages"]}
        check(states["handshake"] == states["firewall"] == "ok", f"{states}")
        left(sites, "office")


def hidden_site(bench: Bench) -> None:
    """SNAT: the server knows nothing of the office, whose hosts reach its networks all the same."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab)
        sites.server.serve("--lan", LAN, *ENDPOINT)
        profile = give(sites.server, sites.gateway, "client1")
        said = sites.gateway.adit("join", profile, "--lan", OFFICE, "--no-test")
        contains(said, "this host's address stands for it", "10.8.0.0/24")
        reaches(sites.office, LAN_HOST)
        does_not_reach(sites.lan, OFFICE_HOST)
        left(sites)


def stock_server(bench: Bench) -> None:
    """The far end is stock openvpn with the configuration that adit made."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab)
        process = sites.server.serve("--lan", LAN, *ENDPOINT)
        add_site(sites.server, process, "office", "--lan", OFFICE)
        process.stop(signal.SIGTERM)
        stock = sites.server.start("stock", STOCK, "--cd", "/etc/adit", "--config", "server.conf")
        stock.wait_for(COMPLETED)
        sites.server.sysctl("net.ipv4.ip_forward", 1)
        said = sites.gateway.adit("join", give(sites.server, sites.gateway, "office"))
        check("FAILED" not in said, f"the test at the end failed:\n{said}")
        reaches(sites.office, LAN_HOST)
        reaches(sites.lan, OFFICE_HOST)
        left(sites)


def mapped_sites(bench: Bench) -> None:
    """Two sites with the same addresses see each other under others."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab)
        other = Machine(lab.host("other"))
        wire = next(host for host in lab.hosts if host.name == "wire")
        lab.link(other, wire, ("192.0.2.2/24", "192.0.2.1/24"))
        ip_batch("route add default via 192.0.2.1", namespace=other.namespace)
        branch = behind(lab, other, "branch")
        process = sites.server.serve(*ENDPOINT)
        add_site(sites.server, process, "office", "--lan", OFFICE, "--map", "10.77.1.0/24")
        add_site(sites.server, process, "branch", "--lan", OFFICE, "--map", "10.77.2.0/24")
        sites.gateway.adit("join", give(sites.server, sites.gateway, "office"), "--no-test")
        other.adit("join", give(sites.server, other, "branch"), "--no-test")
        reaches(sites.office, "10.77.2.10")
        reaches(branch, "10.77.1.10")
        left(sites)


def client(bench: Bench) -> None:
    """A client and nothing more changes neither rules nor sysctls; --dry-run changes nothing."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab)
        sites.server.serve("--lan", LAN, *ENDPOINT)
        profile = give(sites.server, sites.gateway, "client1")
        said = sites.gateway.adit("join", profile, "--dry-run")
        contains(said, "/etc/adit/joined/client1.ovpn", "adit-client@client1.service")
        check("BEGIN" not in said, "--dry-run shows keys")
        sites.gateway.check_same(sites.before, "after --dry-run")
        told = json.loads(sites.gateway.adit("join", profile, "--json"))
        check(told["changed"] and told["unit"] == "adit-client@client1.service", f"{told}")
        now = sites.gateway.look()
        check(now.rules == sites.before.rules, f"rules for a client:\n{now.rules}")
        check(now.sysctls == sites.before.sysctls, "sysctls for a client")
        reaches(sites.gateway, LAN_HOST)
        left(sites)
        contains(sites.gateway.refuses("leave", "client1"), "has not joined", "client1")


def files_beside(bench: Bench) -> None:
    """A configuration of old, with its keys beside it: they go along."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab)
        sites.server.serve("--lan", LAN, *ENDPOINT)
        text = sites.server.read("/etc/adit/clients/client1.ovpn")
        folder = sites.gateway.folder / "openvpn"
        folder.mkdir()
        for name, held in re.findall(r"<([a-z0-9-]+)>\n(.*?)</\1>\n", text, re.DOTALL):
            (folder / f"{name}.txt").write_text(held)
            text = text.replace(f"<{name}>\n{held}</{name}>", f"{name} {name}.txt")
        check("BEGIN" not in text and "ca ca.txt" in text, f"not taken apart:\n{text}")
        (folder / "office.conf").write_text(text)
        said = sites.gateway.adit("join", folder / "office.conf")
        check("FAILED" not in said, f"the test at the end failed:\n{said}")
        shutil.rmtree(folder)
        reaches(sites.gateway, LAN_HOST)
        left(sites)


def foreground(bench: Bench) -> None:
    """--no-service needs no systemd, and leaves at its end."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab, systemd=False)
        sites.server.serve("--lan", LAN, *ENDPOINT)
        profile = give(sites.server, sites.gateway, "client1")
        contains(sites.gateway.refuses("join", profile), "systemd", "--no-service")
        sites.gateway.check_same(sites.before, "after a refusal")
        words = ("join", profile, "--lan", OFFICE, "--no-service")
        process = sites.gateway.start("join", ADIT, *words)
        process.wait_for("not tested|\\d+ ok")
        check(not process.matches("FAILED"), f"the test failed:\n{process.text()}")
        reaches(sites.office, LAN_HOST)
        check(process.stop(signal.SIGINT) == 0, f"Ctrl-C is no failure:\n{process.tail()}")
        sites.gateway.check_same(sites.before, "after Ctrl-C")


def two_owners(bench: Bench) -> None:
    """Forwarding that a server here wants as well goes back with the last of the two."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab, systemd=False)
        sites.server.serve("--lan", LAN, *ENDPOINT)
        profile = give(sites.server, sites.gateway, "client1")
        server = sites.gateway.serve("--network", "10.9.0.0/24", "--lan", OFFICE)
        words = ("join", profile, "--lan", OFFICE, "--no-service", "--no-test")
        client = sites.gateway.start("join", ADIT, *words)
        client.wait_for(COMPLETED)
        server.stop(signal.SIGINT)
        reaches(sites.office, LAN_HOST)
        client.stop(signal.SIGINT)
        sites.gateway.check_same(sites.before, "after both have gone")


def refusals(bench: Bench) -> None:
    """What is in the way is told before anything is changed."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab)
        sites.server.serve("--lan", OFFICE, *ENDPOINT)
        profile = give(sites.server, sites.gateway, "client1")
        said = sites.gateway.refuses("join", profile)
        contains(said, "the far side offers 192.168.20.0/24", "this host lies in", "--map",
                 "Nothing was changed")
        loose = sites.gateway.write("loose.ovpn", LOOSE)
        said = sites.gateway.refuses("join", loose)
        contains(said, "loose.ovpn:4: ca ca.crt: ", "loose.ovpn:6: key a.key: ")
        server = sites.gateway.write("server.ovpn", "dev tun\nserver 10.8.0.0 255.255.255.0\n")
        sites.gateway.refuses("join", server)
        sites.gateway.check_same(sites.before, "after refusals")


CASES = [
    Case("routed-site", routed_site),
    Case("hidden-site", hidden_site),
    Case("stock-server", stock_server),
    Case("mapped-sites", mapped_sites),
    Case("client", client),
    Case("files-beside", files_beside),
    Case("foreground", foreground),
    Case("two-owners", two_owners),
    Case("refusals", refusals),
]


if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
