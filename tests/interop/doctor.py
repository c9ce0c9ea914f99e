#!/usr/bin/env python3
"""adit doctor: what it shows of a healthy server and of a broken one, on either side, and what it
reads in the logs of adit and stock that all end with the same timeout."""

from __future__ import annotations

import json
import signal
import sys
from functools import partial
from typing import Any

from handshakes import DIRECTION, FAULTS, REFUSED, Fault
from join import LAN, LAN_HOST, give, two_sites
from lab import ADIT, STOCK, Host, Lab, Process, check, until
from machine import Machine
from runner import Bench, Case, main

COMPLETED = "Initialization Sequence Completed"
ENDPOINT = ("--endpoint", "203.0.113.2")
QUICK = ("--throughput", "0.3")

Report = dict[str, Any]
Stage = dict[str, str]


# ---- what cases share ----


def report_of(host: Host, *words: object, seconds: float = 40) -> Report:
    """adit doctor ... --json. Its exit status must fit what it says."""
    script = f'{ADIT} doctor "$@"; echo "status $?"'
    text = host.run("sh", "-c", script, "doctor", *words, "--json", seconds=seconds, fails=True)
    document, _, status = text.rpartition("status ")
    check(status.strip() in ("0", "1"), f"adit doctor could not begin:\n{text}")
    report = json.loads(document)
    failed = any(stage["state"] == "failed" for stage in report["stages"])
    check(report["failed"] == failed == (status.strip() == "1"), f"status {status}: {text}")
    for stage in report["stages"]:
        check(stage["evidence"], f"{stage['id']} has no evidence")
        cured = stage["state"] != "failed" or stage.get("cure")
        check(cured, f"{stage['id']} has no cure: {stage}")
    return report


def stage_of(report: Report, name: str) -> Stage:
    found = [stage for stage in report["stages"] if stage["id"] == name]
    check(found, f"no stage {name}: {[stage['id'] for stage in report['stages']]}")
    return found[0]


def expect(report: Report, name: str, state: str, *words: str) -> Stage:
    stage = stage_of(report, name)
    check(stage["state"] == state, f"{name} should be {state}: {stage}")
    for word in words:
        said = stage["evidence"] + stage.get("cure", "")
        check(word in said, f"{name} does not say {word!r}: {stage}")
    return stage


def all_green(report: Report) -> None:
    bad = [stage for stage in report["stages"] if stage["state"] != "ok"]
    check(not bad, f"not green: {bad}")


# ---- logs that end with the same line ----


def read_log(host: Host, process: Process, role: str, allowed: tuple[str, ...], word: str) -> None:
    """Waits until the log tells it: one side takes longer than the other."""

    def told() -> list[Stage]:
        report = report_of(host, "--log", process.log)
        check(f"of a {role}" in report["subject"], f"taken for another log: {report['subject']}")
        failed = [stage for stage in report["stages"] if stage["state"] == "failed"]
        return [one for one in failed if one["evidence"].startswith(tuple(f"{a}:" for a in allowed))]

    found = until(told, 12, f"the {role}'s log ({process.log}) is taken for {allowed}")
    sure = found[0]["evidence"].startswith((f"{REFUSED}:", f"{DIRECTION}:"))
    check(not sure or word in found[0]["evidence"], f"{word!r} is not in {found}")


def cause(fault: Fault, bench: Bench) -> None:
    """The logs of adit and of stock, of both sides, and a look from the client's host."""
    for server, client in (("adit", "stock"), ("stock", "adit")):
        with Lab(bench.folder / f"{server}-{client}") as lab:
            net = lab.three_hosts()
            tunnel = fault.begin(net, server, client, bench.keys)
            stage, word = fault.live
            if stage:
                words = (net.client.folder / "client.conf", "--patience", 2)
                report = report_of(net.client, *words)
                expect(report, stage, "failed", word)
                expect(report, "tunnel-address", "not tested")
            tunnel.client.wait_for("TLS key negotiation failed|TLS handshake failed|SIGUSR1")
            if server == "stock" and fault.drop:
                unheard = report_of(net.server, "--log", tunnel.server.log)
                expect(unheard, "packet", "failed", "no client got in", "kill -USR2")
                tunnel.server.send_signal(signal.SIGUSR2)
            for role, end, allowed in (
                ("server", tunnel.server, fault.server_says),
                ("client", tunnel.client, fault.client_says),
            ):
                host = net.server if role == "server" else net.client
                read_log(host, end, role, allowed, fault.word if role == fault.word_by else "")


# ---- servers ----


def healthy(bench: Bench) -> None:
    """Everything is green, with a packet that was forwarded; nobody is disturbed."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab, systemd=False)
        server, client = sites.server, sites.gateway
        process = server.serve("--lan", LAN, *ENDPOINT)
        profile = give(server, client, "client1")
        tunnel = client.start("stock", STOCK, "--config", profile)
        tunnel.wait_for(COMPLETED)
        report = report_of(server)
        all_green(report)
        expect(report, "lan 192.168.1.0/24", "ok", LAN_HOST, "through the tunnel")
        expect(report, "largest-packet", "ok", "1500 bytes")
        expect(report, "throughput", "ok", "Mbit/s")
        expect(report, "firewall", "ok", "inet adit")
        check("adit-doctor" in " ".join(report["notes"]), f"who tested? {report['notes']}")
        check(not tunnel.matches("Restart|restarting"), "the test disturbed a client")
        serials = server.run("sh", "-c", "ls /etc/adit/pki/certs_by_serial | wc -l")
        report_of(server, *QUICK)
        again = server.run("sh", "-c", "ls /etc/adit/pki/certs_by_serial | wc -l")
        check(serials == again, "each test issues another certificate")
        tunnel.stop()
        report = report_of(client, profile, "--host", LAN_HOST, *QUICK)
        all_green(report)
        expect(report, "network 192.168.1.0/24", "ok", "through the tunnel")
        text = server.adit("doctor", *QUICK)
        check("\033" not in text, "colours without a terminal")
        check(" ok" in text.splitlines()[-2] and "FAILED" not in text, f"the table:\n{text}")
        check(process.running, "the server has ended")


def forwarding(bench: Bench) -> None:
    """What keeps packets from the network behind the server is named, with its cure."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab, systemd=False)
        server, name = sites.server, "lan 192.168.1.0/24"
        server.serve("--lan", LAN, *ENDPOINT)
        server.run("iptables", "-P", "FORWARD", "DROP")
        report = report_of(server, "--throughput", 0)
        expect(report, "firewall", "failed", "policy drop", "FORWARD", "iptables")
        expect(report, name, "failed", f"{LAN_HOST} answers this host", "policy drop", "FORWARD")
        expect(report, "tunnel-address", "ok")
        expect(report, "throughput", "not tested", "not asked for")
        server.run("iptables", "-P", "FORWARD", "ACCEPT")
        server.sysctl("net.ipv4.ip_forward", 0)
        report = report_of(server, "--throughput", 0)
        expect(report, "forwarding", "failed", "net.ipv4.ip_forward")
        expect(report, name, "failed", "forwards nothing", "sysctl")
        server.sysctl("net.ipv4.ip_forward", 1)
        sites.lan.run("ip", "route", "del", "default")
        expect(report_of(server, "--throughput", 0), name, "failed", "route", "10.8.0.0/24")
        sites.lan.run("ip", "link", "set", "server", "down")
        report = report_of(server, "--throughput", 0)
        expect(report, name, "not tested", "--host")
        check(not report["failed"], f"nothing has failed: {report}")


def rules_gone(bench: Bench) -> None:
    """The rules of adit up are missing; the server is not running; its port has another."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab, systemd=False)
        server = sites.server
        process = server.serve("--lan", LAN, *ENDPOINT)
        server.run("nft", "delete", "table", "inet", "adit")
        report = report_of(server, "--throughput", 0)
        expect(report, "firewall", "failed", "not loaded", "adit firewall load")
        stranger = give(server, sites.gateway, "client1")
        text = sites.gateway.read(stranger) + "verify-x509-name nobody name\n"
        refused = sites.gateway.write("refused.ovpn", text)
        sites.gateway.start("refused", ADIT, refused).wait_for("X509NAME")
        notes = " ".join(report_of(server, "--throughput", 0)["notes"])
        check("198.51.100.2: certificate refused" in notes, f"not told of the client: {notes}")
        process.kill()
        report = report_of(server, "--patience", 2)
        expect(report, "process", "failed", "no program holds udp 1194")
        expect(report, "port", "failed", "refuses")
        expect(report, "handshake", "not tested")
        expect(report, "lan 192.168.1.0/24", "not tested")


def stock_server(bench: Bench) -> None:
    """A stock server on its own host, and from a client's."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab, systemd=False)
        server = sites.server
        server.serve("--lan", LAN, *ENDPOINT).kill()
        server.run("ip", "link", "del", "tun0", fails=True)
        stock = server.start("stock", STOCK, "--cd", "/etc/adit", "--config", "server.conf")
        stock.wait_for(COMPLETED)
        report = report_of(server, *QUICK)
        expect(report, "process", "ok", "openvpn (pid")
        all_green(report)
        all_green(report_of(sites.gateway, give(server, sites.gateway, "client1"), *QUICK))


def nowhere(bench: Bench) -> None:
    """A client whose server has no name, no route, no program."""
    with Lab(bench.folder) as lab:
        sites = two_sites(lab, systemd=False)
        client: Machine = sites.gateway
        sites.server.serve("--lan", LAN, *ENDPOINT).kill()
        path = give(sites.server, client, "client1")
        text = client.read(path)

        def look(remote: str) -> Report:
            profile = client.write("x.ovpn", text.replace("203.0.113.2", remote))
            return report_of(client, profile, "--patience", 2)

        expect(look("no-such-host.invalid"), "name", "failed", "no-such-host.invalid")
        report = look("203.0.113.2")
        expect(report, "route", "ok", "198.51.100.1")
        expect(report, "port", "failed", "no program listens there")
        client.run("ip", "route", "del", "default")
        expect(look("203.0.113.2"), "route", "failed", "no route")
        gone = client.run(ADIT, "doctor", "/no/such.ovpn", fails=True)
        check("/no/such.ovpn" in gone, f"which file? {gone}")


CASES = [
    *(Case(name, partial(cause, fault)) for name, fault in FAULTS.items()),
    Case("healthy", healthy),
    Case("forwarding", forwarding),
    Case("rules-gone", rules_gone),
    Case("stock-server", stock_server),
    Case("nowhere", nowhere),
]


if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
