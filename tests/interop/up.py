#!/usr/bin/env python3
"""adit up, down, client and site on hosts with an /etc of their own: what they change, that it can be
undone byte for byte, also after kill -9, and that stock clients come in with the profiles."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

from lab import ADIT, STOCK, Host, Lab, Process, check, ip_batch, until
from machine import Machine, contains, does_not_reach, reaches
from runner import Bench, Case, main

COMPLETED = "Initialization Sequence Completed"
LAN, LAN_HOST = "192.168.1.0/24", "192.168.1.10"
OFFICE, OFFICE_HOST = "192.168.20.0/24", "192.168.20.10"
GATEWAY = "10.8.0.1"
QUIET = ("--yes", "--no-test")


# ---- what cases share ----


def machines(lab: Lab, systemd: bool = True) -> tuple[Machine, Host]:
    """A server with a LAN behind it, and a client of it."""
    net = lab.three_hosts()
    lan = lab.host("lan")
    lab.link(net.server, lan, ("192.168.1.1/24", f"{LAN_HOST}/24"))
    ip_batch("route add default via 192.168.1.1", namespace=lan.namespace)
    return Machine(net.server, systemd), net.client


def stock_client(client: Host, machine: Machine, name: str, *words: object) -> Process:
    """The profile as it was written, carried to the client."""
    file = client.write(f"{name}.ovpn", machine.read(f"/etc/adit/clients/{name}.ovpn"))
    return client.start(f"{name}-stock", STOCK, "--config", file, "--connect-retry", 1, *words)


# ---- cases ----


def service(bench: Bench) -> None:
    """A fresh host: up, a stock client, up again, down."""
    with Lab(bench.folder) as lab:
        server, client = machines(lab)
        before = server.look()
        said = server.adit("up", "--lan", LAN, "--yes")
        contains(said, "/etc/adit/clients/client1.ovpn", "adit join client1.ovpn", "handshake")
        check("FAILED" not in said, f"the test at the end failed:\n{said}")
        modes = server.run("stat", "-c", "%a", "/etc/adit/clients", "/etc/adit/clients/client1.ovpn")
        check(modes.split() == ["700", "600"], f"modes {modes}")
        tunnel = stock_client(client, server, "client1")
        tunnel.wait_for(COMPLETED)
        reaches(client, GATEWAY)
        reaches(client, LAN_HOST)
        names = [one["name"] for one in json.loads(server.adit("client", "list", "--json"))]
        check(names == ["client1"], f"the test at the end left a client: {names}")
        now, files = server.look(), server.files("/etc/adit")
        said = server.adit("up", *QUIET)
        contains(said, "Nothing to change")
        check(not now.differences(server.look()), "a second run changed something")
        later = server.files("/etc/adit")
        check(without_logs(files) == without_logs(later), "a second run changed /etc/adit")
        check(not tunnel.matches("restarting|Restart"), "a second run disturbed the client")
        kept = server.files("/etc/adit/pki/ca.crt", "/etc/adit/server.conf", "/etc/adit/clients")
        server.adit("down")
        server.check_same(before)
        later = server.files("/etc/adit/pki/ca.crt", "/etc/adit/server.conf", "/etc/adit/clients")
        check(kept == later, "down changed what it keeps")
        server.adit("down", "--purge", "--yes")
        check(server.run("ls", "-A", "/etc/adit") == "", "--purge left something")


def without_logs(files: str) -> list[str]:
    """What a running server writes by itself is no change."""
    return [line for line in files.splitlines() if not re.search(r"status\.log|ipp\.txt", line)]


def foreground(bench: Bench) -> None:
    """--no-service needs no systemd, and undoes rules and sysctls at its end."""
    with Lab(bench.folder) as lab:
        server, client = machines(lab, systemd=False)
        before = server.look()
        contains(server.refuses("up", *QUIET), "systemd", "--no-service", "Nothing was changed")
        server.check_same(before)
        process = server.serve("--lan", LAN)
        tunnel = stock_client(client, server, "client1")
        tunnel.wait_for(COMPLETED)
        reaches(client, LAN_HOST)
        check(process.stop(signal.SIGINT) == 0, "Ctrl-C is no failure")
        server.check_same(before)
        check(server.run("ls", "/etc/adit/server.conf") != "", "the configuration is gone")


def transports(bench: Bench) -> None:
    """Profiles for UDP and TCP, with a password, with a fixed address, for stock."""
    with Lab(bench.folder) as lab:
        server, client = machines(lab, systemd=False)
        process = server.serve("--lan", LAN, "--endpoint", "203.0.113.2")
        add = f"echo correct-horse | {ADIT} client add secret --password --ip 10.8.0.9"
        server.run("sh", "-c", add)
        contains(server.read("/etc/adit/clients/secret.ovpn"), "BEGIN ENCRYPTED PRIVATE KEY")
        password = client.write("password", "correct-horse\n")
        tunnel = stock_client(client, server, "secret", "--askpass", password)
        tunnel.wait_for(COMPLETED)
        reaches(client, LAN_HOST)
        tun = next(device for device in client.devices() if device.startswith("tun"))
        check(client.addresses(tun) == ["10.8.0.9/24"], f"address {client.addresses(tun)}")
        tunnel.stop()
        mark = process.mark()
        server.adit("up", "--no-service", *QUIET, "--proto", "tcp", "--port", 443)
        process.wait_for(COMPLETED, since=mark)
        tunnel = stock_client(client, server, "client1")
        tunnel.wait_for(COMPLETED)
        contains(tunnel.text(), "203.0.113.2:443", "TCP")
        reaches(client, LAN_HOST)
        printed = server.adit("client", "export", "client1", "-o", "-")
        check(printed == server.read("/etc/adit/clients/client1.ovpn"), "-o - prints the profile")
        names = [one["name"] for one in json.loads(server.adit("client", "list", "--json"))]
        check(sorted(set(names) & {"client1", "secret"}) == ["client1", "secret"], f"{names}")


def stock_server(bench: Bench) -> None:
    """Stock openvpn runs the configuration as it stands."""
    with Lab(bench.folder) as lab:
        server, client = machines(lab, systemd=False)
        options = ("--lan", LAN, "--full-tunnel", "--dns", "192.168.1.1", "--network6", "fd08::/64")
        server.serve(*options).stop(signal.SIGTERM)
        server.adit("client", "add", "fixed", "--ip", "10.8.0.7")
        stock = server.start("stock", STOCK, "--cd", "/etc/adit", "--config", "server.conf")
        stock.wait_for(COMPLETED)
        check(not stock.matches("WARNING|DEPRECATED|Options error"), f"stock warns:\n{stock.text()}")
        tunnel = stock_client(client, server, "fixed")
        tunnel.wait_for(COMPLETED)
        contains(tunnel.text(), "route 192.168.1.0 255.255.255.0", "dhcp-option DNS 192.168.1.1",
                 "redirect-gateway def1 ipv6", "ifconfig-ipv6 fd08::7/64", "ifconfig 10.8.0.7")
        reaches(client, GATEWAY)


def in_the_way(bench: Bench) -> None:
    """Everything in the way is told with its cure, and nothing has been changed."""
    with Lab(bench.folder) as lab:
        server, _ = machines(lab, systemd=False)
        server.run("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1")
        blocker = server.start("blocker", sys.executable, "-c", "import socket,time;"
                               "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
                               "s.bind(('0.0.0.0',1194));print('bound',flush=True);time.sleep(99)")
        blocker.wait_for("bound")
        before, files = server.look(), server.files("/etc/adit")
        said = server.refuses("up", *QUIET, "--network", "203.0.113.0/24", "--network6", "fd08::/64")
        contains(said, "systemd", "--no-service", f"taken by python3 (pid {blocker.pid})", "--port",
                 "203.0.113.0/24 overlaps", "--network, such as 10.8.0.0/24", "no IPv6",
                 "Nothing was changed")
        contains(server.refuses("up", "--network", "10.8.0.1/24"), "meant is 10.8.0.0/24")
        server.check_same(before)
        check(files == server.files("/etc/adit"), "a refused command wrote to /etc/adit")
        said = server.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ADIT, "up",
                          "--no-service", *QUIET, fails=True)
        contains(said, "root", "sudo")
        server.serve("--port", 1195)  # without IPv6 it works all the same


def dry_run(bench: Bench) -> None:
    """--dry-run tells every change and makes none."""
    with Lab(bench.folder) as lab:
        server, _ = machines(lab)
        before, files = server.look(), server.files("/etc/adit", "/run/systemd/system")
        said = server.adit("up", "--dry-run", "--lan", LAN)
        contains(said, "write /etc/adit/server.conf", "+ port 1194", "net.ipv4.ip_forward = 1",
                 "inet adit", "adit-server@server.service", "client1.ovpn", "enabled active",
                 "/etc/sysctl.d/60-adit-server.conf")
        check(not before.differences(server.look()), "--dry-run changed the host")
        after = server.files("/etc/adit", "/run/systemd/system")
        check(files == after, f"--dry-run wrote files:\n{after}")


def killed(bench: Bench) -> None:
    """kill -9 at any moment: down restores the host, and so does up, then down."""
    with Lab(bench.folder) as lab:
        server, _ = machines(lab)
        before = server.look()
        words = server.wrap([ADIT, "up", *QUIET, "--lan", LAN])
        started = time.monotonic()
        server.run(*[ADIT, "up", *QUIET, "--lan", LAN])
        whole = time.monotonic() - started
        server.adit("down", "--purge", "--yes")
        server.check_same(before)
        rounds = 12
        for number in range(rounds):
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(whole * (number + 0.5) / rounds)
            process.kill()
            process.wait()
            time.sleep(0.3)  # a systemctl that it started lives on, and must be heard
            when = f"after kill -9 at {number + 0.5}/{rounds} of {whole:.2f} s"
            if number % 2:
                server.adit("up", *QUIET, "--lan", LAN)
                until(server.has_tun, 5, f"there is a server {when}")
            server.adit("down", *(("--purge", "--yes") if number % 4 < 2 else ()))
            server.check_same(before, when)
            check(not server.has_tun(), f"a server is left {when}")


def revoked(bench: Bench) -> None:
    """A revoked client's session ends under traffic, and it cannot come back."""
    with Lab(bench.folder) as lab:
        server, client = machines(lab, systemd=False)
        process = server.serve("--lan", LAN)
        tunnel = stock_client(client, server, "client1")
        tunnel.wait_for(COMPLETED)
        flow = client.start("flow", "ping", "-n", "-i", "0.05", GATEWAY)
        flow.wait_for("icmp_seq=5 ")
        mark = process.mark()
        server.adit("client", "revoke", "client1")
        until(lambda: not answers(client), 3, "the session of the revoked client ends")
        process.wait_for(r"VERIFY ERROR|revoked", since=mark)
        time.sleep(1.5)
        does_not_reach(client, GATEWAY)
        shown = json.loads(server.adit("client", "show", "client1", "--json"))
        check(shown["state"] == "revoked" and shown["profile"] is None, f"{shown}")


def second_tries(bench: Bench) -> None:
    """What failed half-way can be asked for again; a profile goes into a pipe as it is."""
    with Lab(bench.folder) as lab:
        server, _ = machines(lab, systemd=False)
        server.serve("--lan", LAN)
        add = ("client", "add", "second", "--ip", "10.8.0.50")
        server.refuses(*add, "-o", server.folder)
        server.adit(*add)
        set_aside = "/etc/adit/clients/second.ovpn.revoked"
        server.run("mkdir", set_aside)
        server.refuses("client", "revoke", "second")
        server.run("rmdir", set_aside)
        server.adit("client", "revoke", "second")
        shown = json.loads(server.adit("client", "show", "second", "--json"))
        check(shown["state"] == "revoked" and shown["profile"] is None, f"{shown}")
        link = server.folder / "stdout"
        link.symlink_to("/proc/self/fd/1")
        profile = server.adit("client", "export", "client1", "-o", link)
        check("<key>" in profile and link.is_symlink(), f"it printed:\n{profile}")


def renewed(bench: Bench) -> None:
    """After a renewal both profiles are good, until the overlap is over; then the old one is refused."""
    with Lab(bench.folder) as lab:
        server, client = machines(lab, systemd=False)
        process = server.serve("--lan", LAN)
        old = server.read("/etc/adit/clients/client1.ovpn")
        told = json.loads(server.adit("client", "renew", "client1", "--new-key", "--json"))
        new = server.read("/etc/adit/clients/client1.ovpn")
        check(old != new, f"the profile is the old one: {told}")
        for name, text in (("old", old), ("new", new)):
            file = client.write(f"{name}.ovpn", text)
            tunnel = client.start(name, STOCK, "--config", file, "--connect-retry", 1)
            tunnel.wait_for(COMPLETED)
            reaches(client, LAN_HOST)
            tunnel.stop()
        server.adit("client", "renew", "client1", "--new-key", "--overlap", 0)
        mark = process.mark()
        client.start("late", STOCK, "--config", client.folder / "new.ovpn", "--connect-retry", 1)
        process.wait_for(r"VERIFY ERROR.*revoked", since=mark)
        does_not_reach(client, LAN_HOST)


def answers(client: Host) -> bool:
    return client.ping(GATEWAY, 1, wait=0.2).received > 0


def sites(bench: Bench) -> None:
    """Networks behind a stock gateway: reached from both sides, forgotten when removed."""
    with Lab(bench.folder) as lab:
        server, gateway = machines(lab, systemd=False)
        office = lab.host("office")
        lab.link(gateway, office, ("192.168.20.1/24", f"{OFFICE_HOST}/24"))
        ip_batch("route add default via 192.168.20.1", namespace=office.namespace)
        gateway.sysctl("net.ipv4.ip_forward", 1)
        lan = next(host for host in lab.hosts if host.name == "lan")
        process = server.serve("--lan", LAN)
        mark = process.mark()
        contains(server.adit("site", "add", "office", "--lan", OFFICE), "has read it")
        process.wait_for("Configuration read again", since=mark)
        said = server.refuses("site", "add", "branch", "--lan", "192.168.20.0/25")
        contains(said, "192.168.20.0/25 overlaps the site office 192.168.20.0/24", "--map")
        tunnel = stock_client(gateway, server, "office")
        tunnel.wait_for(COMPLETED)
        reaches(office, LAN_HOST)
        reaches(lan, OFFICE_HOST)
        pushed = tunnel.matches("PUSH_REPLY")[0]
        check("route 192.168.20.0" not in pushed, "the site is told of its own network")
        listed = json.loads(server.adit("site", "list", "--json"))
        check(listed[0]["networks"] == [OFFICE], f"{listed}")
        mark = process.mark()
        server.adit("site", "remove", "office")
        process.wait_for("Configuration read again", since=mark)
        check(len(process.matches(COMPLETED)) == 1, "the server began anew")
        check(len(tunnel.matches(COMPLETED)) == 1, "the gateway had to come again")
        until(lambda: server.run("ip", "route", "get", OFFICE_HOST, fails=True).find("tun") < 0, 5,
              "the route to the office is gone")
        does_not_reach(lan, OFFICE_HOST)


CASES = [
    Case("service", service),
    Case("foreground", foreground),
    Case("transports", transports),
    Case("stock-server", stock_server),
    Case("in-the-way", in_the_way),
    Case("dry-run", dry_run),
    Case("killed", killed),
    Case("revoked", revoked),
    Case("second-tries", second_tries),
    Case("renewed", renewed),
    Case("sites", sites),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
