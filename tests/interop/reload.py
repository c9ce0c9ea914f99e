#!/usr/bin/env python3
"""What changes while a server runs: its certificate, whom it lets in, dates, what the host allows; and
what the service manager hears. Stock clients, and nobody of them is disturbed.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from ask import ask, process_status
from features import FAILED, completed, reaches, second_client, start_second
from keys import Keys, call
from reload_config import CASES as CONFIGURATION
from lab import ADIT, Host, Lab, Process, check, until
from runner import Bench, Case, main
from tunnel import COMPLETED, Setup, Tunnel

NAMES = (("server", "server"), ("server", "renewed"), ("client", "one"), ("client", "two"))
SIX_MEBIBYTES = 6 << 20
TWO_MEBIBYTES_A_SECOND = 2 << 20
REVOKED_SECONDS = 2.0
DAY = 86_400

# A list that runs out within seconds: only the authority's own tool is that quick.
OPENSSL_CA = """[ca]
default_ca = tree
[tree]
database = {tree}/index.txt
default_md = sha256
"""


class Tree:
    """A PKI of this case alone, and the files that the server has in use."""

    def __init__(self, bench: Bench):
        self.pki = bench.folder / "pki"
        self.live = bench.folder / "live"
        self.live.mkdir()
        call(ADIT, "pki", "init", "--dir", self.pki)
        for kind, name in NAMES:
            call(ADIT, "pki", kind, name, "--dir", self.pki)
            given = (self.pki / f"issued/{name}.crt", self.pki / f"private/{name}.key")
            for source, target in zip(given, self.pair(name)):  # the tree sets revoked ones aside
                shutil.copy(source, target)
        self.use("server")

    def pair(self, name: str) -> tuple[Path, Path]:
        return self.live / f"{name}-given.crt", self.live / f"{name}-given.key"

    def use(self, name: str) -> None:
        """As a careful tool does it: each file at once, but one after the other."""
        for source, target in zip(self.pair(name), ("server.crt", "server.key")):
            fresh = self.live / f"{target}.new"
            shutil.copy(source, fresh)
            fresh.rename(self.live / target)

    def revoke(self, name: str) -> None:
        call(ADIT, "pki", "revoke", name, "--dir", self.pki)

    def server_lines(self, *more: str) -> tuple[str, ...]:
        own = (f"cert {self.live}/server.crt", f"key {self.live}/server.key")
        return (f"ca {self.pki}/ca.crt", *own, f"crl-verify {self.pki}/crl.pem", *more)

    def client_lines(self, name: str) -> tuple[str, ...]:
        cert, key = self.pair(name)
        return f"ca {self.pki}/ca.crt", f"cert {cert}", f"key {key}"

    def tunnel(self, lab: Lab, keys: Keys, *server: str, client: tuple[str, ...] = ()) -> Tunnel:
        lines = (*self.client_lines("one"), *client)
        setup = Setup("adit", "stock", server_extra=self.server_lines(*server), client_extra=lines)
        return Tunnel(lab.three_hosts(), setup, keys)

    def start_two(self, tunnel: Tunnel, host: Host) -> Process:
        return start_second(tunnel, host, "client2", self.client_lines("two"))


# ---- certificates ----


def renewed_certificate(bench: Bench) -> None:
    """A new pair is taken up while bytes flow: for who comes, and for renegotiations; nobody goes."""
    tree = Tree(bench)
    with Lab(bench.folder) as lab:
        tunnel = tree.tunnel(lab, bench.keys, client=("reneg-sec 4",))
        tunnel.start()
        transfer = tunnel.start_down(SIX_MEBIBYTES, rate=TWO_MEBIBYTES_A_SECOND)
        tree.use("renewed")
        tunnel.server.wait_for(r"Certificates: loaded again .*CN=renewed", 3)
        other = second_client(lab, tunnel.net)
        newcomer = tree.start_two(tunnel, other)
        newcomer.wait_for(r"VERIFY OK: depth=0, CN=renewed")
        completed(newcomer)
        transfer.finish(30)
        tunnel.client.wait_for(r"VERIFY OK: depth=0, CN=renewed")
        check(len(tunnel.client.matches(COMPLETED)) == 1, "the session did not last")
        check(not tunnel.server.matches(r"not used"), "half a pair was told of")
        tunnel.ping_all()


def half_a_pair(bench: Bench) -> None:
    """A certificate whose key does not come: the old pair serves on, and one line says so."""
    tree = Tree(bench)
    with Lab(bench.folder) as lab:
        tunnel = tree.tunnel(lab, bench.keys)
        tunnel.start_server()
        shutil.copy(tree.pair("renewed")[0], tree.live / "server.crt")
        tunnel.server.wait_for(r"changed certificate files are not used.*does not belong to", 8)
        tunnel.start_client().wait_for(r"VERIFY OK: depth=0, CN=server")
        completed(tunnel.client)
        check(len(tunnel.server.matches(r"files are not used")) == 1, "told more than once")
        shutil.copy(tree.pair("renewed")[1], tree.live / "server.key")
        tunnel.server.wait_for(r"Certificates: loaded again .*CN=renewed", 4)


# ---- revocation ----


def revoked(bench: Bench) -> None:
    """`adit pki revoke` ends a session under traffic within two seconds, and it cannot come back."""
    tree = Tree(bench)
    with Lab(bench.folder) as lab:
        tunnel = tree.tunnel(lab, bench.keys)
        tunnel.start()
        other = second_client(lab, tunnel.net)
        bystander = tree.start_two(tunnel, other)
        completed(bystander)
        pour = Path(__file__).with_name("pour.py")
        tunnel.net.client.start("pour", sys.executable, pour, "10.8.0.1", 1000, 500_000)
        tree.revoke("one")
        begun = time.monotonic()
        tunnel.client.wait_for(FAILED + ",certificate revoked", REVOKED_SECONDS + 1)
        passed = time.monotonic() - begun
        check(passed <= REVOKED_SECONDS, f"it took {passed:.1f} s")
        tunnel.server.wait_for(r"one/.*certificate revoked: CN=one, serial=\d+: its session ends")
        tunnel.client.wait()
        again = tunnel.start_client()
        refused = r"\d VERIFY ERROR: depth=0, error=certificate revoked: CN=one, serial=\d+$"
        tunnel.server.wait_for(refused)  # the handshake itself
        check(not again.matches(COMPLETED), "it came back")
        reaches(other, "10.8.0.1", "who was not meant stays")
        check(len(bystander.matches(COMPLETED)) == 1, "the bystander had to come again")


def revoked_as_nobody(bench: Bench) -> None:
    """The same when the server has another user by now and the list is for everybody to read; of the
    key, which is not, one line tells."""
    tree = Tree(bench)
    for folder in (tree.pki, tree.live, bench.folder, bench.folder.parent):
        folder.chmod(0o755)
    with Lab(bench.folder) as lab:
        tunnel = tree.tunnel(lab, bench.keys, "user nobody")
        tunnel.start()
        told = tunnel.server.wait_for(r"cannot be read any more: key ", 8)
        check("leave out" in told, told)
        tree.revoke("one")
        (tree.pki / "crl.pem").chmod(0o644)
        tunnel.client.wait_for(FAILED, 5)
        check(len(tunnel.server.matches(r"read any more")) == 1, "told more than once")


def revoked_server(bench: Bench) -> None:
    """A client that keeps a list: it leaves a server that the list names by now."""
    tree = Tree(bench)
    server = tree.server_lines()[:3]
    client = (*tree.client_lines("one"), f"crl-verify {tree.pki}/crl.pem")
    setup = Setup("stock", "adit", server_extra=server, client_extra=client)
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        mark = tunnel.client.mark()
        tree.revoke("server")
        tunnel.client.wait_for(r"certificate revoked: CN=server, .*: the connection ends", 3, mark)
        tunnel.client.wait_for(r"error=certificate revoked: CN=server, serial=\d+$", 10, mark)
        check(not tunnel.client.matches(COMPLETED, mark), "it came back to the server")


def revoked_in_a_folder(bench: Bench) -> None:
    """`crl-verify DIR dir`: a file named after the serial number ends the session."""
    tree = Tree(bench)
    folder = bench.folder / "revoked-serials"
    folder.mkdir()
    words = ("openssl", "x509", "-noout", "-serial", "-in", tree.pair("one")[0])
    serial = int(subprocess.run(words, capture_output=True, text=True).stdout.split("=")[1], 16)
    with Lab(bench.folder) as lab:
        tunnel = tree.tunnel(lab, bench.keys, f"crl-verify {folder} dir")
        tunnel.start()
        (folder / str(serial)).touch()
        tunnel.client.wait_for(FAILED, 3)
        tunnel.server.wait_for(r"certificate revoked: CN=one, serial=\d+: its session ends")


def garbage_list(bench: Bench) -> None:
    """A broken list is refused aloud, and the old one goes on counting."""
    tree = Tree(bench)
    tree.revoke("two")
    with Lab(bench.folder) as lab:
        tunnel = tree.tunnel(lab, bench.keys)
        tunnel.start()
        crl = tree.pki / "crl.pem"
        good = crl.read_bytes()
        crl.write_text("-----BEGIN X509 CRL-----\nnonsense\n-----END X509 CRL-----\n")
        tunnel.server.wait_for(r"the changed CRL is not used, the former one stays", 6)
        refused = tree.start_two(tunnel, second_client(lab, tunnel.net))
        tunnel.server.wait_for(r"error=certificate revoked: CN=two")
        check(not refused.matches(COMPLETED), "the old list does not count any more")
        tunnel.ping_all()
        crl.write_bytes(good)
        tunnel.server.wait_for(r"CRL: loaded again", 3)


def list_renewed(bench: Bench) -> None:
    """A list that nearly runs out is made anew where the authority lies beside it."""
    tree = Tree(bench)
    config = bench.folder / "ca.cnf"
    config.write_text(OPENSSL_CA.format(tree=tree.pki))
    words = ("openssl", "ca", "-gencrl", "-config", config, "-crlsec", 6)
    by = ("-keyfile", tree.pki / "private/ca.key", "-cert", tree.pki / "ca.crt")
    with Lab(bench.folder) as lab:
        tunnel = tree.tunnel(lab, bench.keys)
        call(*words, *by, "-out", tree.pki / "crl.pem")
        tunnel.start_server()
        tunnel.server.wait_for(r"CRL: a new one was made in ", 8)
        tunnel.server.wait_for(r"CRL: loaded again", 3)
        lists = [d for d in process_status(tunnel.server)["dates"] if "crl" in d["what"]]
        check(lists and lists[0]["until"] > time.time() + 100 * DAY, f"until when: {lists}")
        tunnel.start_client()
        completed(tunnel.client)


# ---- dates and the host ----


def dates(bench: Bench) -> None:
    """Certificates with a few days left are told of at the start, at both ends; `adit status` has the
    nearest date."""
    soon = bench.folder / "soon"
    server = bench.keys.issue("server", "server", soon, 77, days=5)
    client = bench.keys.issue("client1", "client", soon, 78, days=20)
    own = lambda who: (f"cert {who.cert}", f"key {who.key}")  # noqa: E731
    setup = Setup(
        "adit", "adit", authority="openssl", server_extra=own(server), client_extra=own(client)
    )
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        for end, left in ((tunnel.server, "[45]"), (tunnel.client, "(19|20)")):
            line = end.wait_for(rf"cert .*runs out in {left} days, on 20", 3)
            check("renew it" in line, line)
        table = ask("status", tunnel.server.pid)
        check("nearest date: " in table and "CN=server" in table, table)
        nearest = min(process_status(tunnel.client)["dates"], key=lambda date: date["until"])
        check(0 < nearest["until"] - time.time() < 21 * DAY, f"the nearest date: {nearest}")


def forwarding(bench: Bench) -> None:
    """Somebody turns forwarding off while routes are pushed: told once, and again when it is back."""
    extra = ('push "route 192.168.77.0 255.255.255.0"',)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        net.server.sysctl("net.ipv4.ip_forward", 1)
        tunnel = Tunnel(net, Setup("adit", "stock", server_extra=extra), bench.keys)
        tunnel.start_server()
        time.sleep(0.2)
        net.server.sysctl("net.ipv4.ip_forward", 0)
        line = tunnel.server.wait_for(r"net.ipv4.ip_forward was turned off", 12)
        check("sysctl -w net.ipv4.ip_forward=1" in line, line)
        net.server.sysctl("net.ipv4.ip_forward", 1)
        tunnel.server.wait_for(r"net.ipv4.ip_forward is on again", 12)
        check(len(tunnel.server.matches("turned off")) == 1, "told more than once")


# What `adit up` and `join` write outside of their folder is for this case alone.
ALONE = "mount -t tmpfs none /etc/sysctl.d; exec \"$@\""
UP = ("up", "--no-service", "--no-test", "--endpoint", "203.0.113.2", "--lan", "192.168.77.0/24")
JOIN = ("--no-service", "--no-test", "--lan", "192.168.88.0/24")


def set_up(host: Host, name: str, *words: object) -> Process:
    folder = ("--dir", host.folder / name)
    return host.start(name, "unshare", "-m", "sh", "-c", ALONE, "sh", ADIT, *words, *folder)


def rules(bench: Bench) -> None:
    """What `adit up` and `join` put on their hosts is watched: each thing that goes is told of once
    with its cure, and again when it is mended."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        server = set_up(net.server, "up", *UP)
        server.wait_for(COMPLETED, 25)
        gateway = set_up(net.client, "gateway", "join", bench.folder / "up/clients/client1.ovpn", *JOIN)
        gateway.wait_for(COMPLETED, 25)
        time.sleep(1.5)  # as it is now counts as right
        check(not gateway.matches(r"is gone|were changed"), f"from the start:\n{gateway.tail(20)}")
        net.client.run("nft", "delete", "table", "inet", "adit")
        check(not server.matches(r"is gone|were changed|not 1:"), f"from the start:\n{server.tail(20)}")
        net.server.sysctl("net.ipv4.ip_forward", 0)
        line = server.wait_for(r"net.ipv4.ip_forward is 0, not 1", 12)
        check("sysctl -w net.ipv4.ip_forward=1" in line, line)
        net.server.run("nft", "delete", "table", "inet", "adit")
        server.wait_for(r"chain server-\S+ of table inet adit is gone", 12)
        gateway.wait_for(r"chain join-client1-\S+ of table inet adit is gone", 12)
        net.server.sysctl("net.ipv4.ip_forward", 1)
        server.wait_for(r"no longer so: net.ipv4.ip_forward", 12)
        check(len(server.matches(r"ip_forward is 0.*sysctl -w")) == 1, "told more than once")
        gateway.stop()
        server.stop()


# ---- the service manager ----


class Manager:
    """What a service manager would hear."""

    def __init__(self, folder: Path):
        self.path = folder / "notify.sock"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        self.heard: list[str] = []

    def hear(self) -> list[str]:
        while True:
            try:
                self.heard.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return self.heard

    def count(self, line: str) -> int:
        return sum(line in message.split("\n") for message in self.hear())


def watchdog(bench: Bench) -> None:
    """Ready, alive twice a period also while a script keeps it waiting, and the end: as sd_notify has
    it. Reading the configuration again is told too."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        manager = Manager(bench.folder)
        slow = net.server.write("slow.sh", "#!/bin/sh\nsleep 1.5\n", mode=0o700)
        extra = ("script-security 2", f"up {slow}")
        tunnel = Tunnel(net, Setup("adit", "stock", server_extra=extra), bench.keys)
        plain = net.server.start
        variables = (f"NOTIFY_SOCKET={manager.path}", "WATCHDOG_USEC=400000")
        net.server.start = lambda name, *words, **more: plain(name, "env", *variables, *words, **more)
        tunnel.start_server()
        check(manager.count("READY=1") == 1, f"heard: {manager.heard}")
        check(manager.count("WATCHDOG=1") >= 5, f"not alive during a script: {manager.heard}")
        before = manager.count("WATCHDOG=1")
        until(lambda: manager.count("WATCHDOG=1") >= before + 5, 3, "it tells that it lives")
        check(manager.count("STATUS=Initialization Sequence Completed") == 1, f"{manager.heard}")
        tunnel.server.send_signal(1)
        until(lambda: manager.count("RELOADING=1") == 1, 5, "it tells that it reads again")
        until(lambda: manager.count("READY=1") == 2, 5, "it is ready again")
        check(tunnel.server.stop() == 0, "it does not end with 0")
        check(manager.count("STOPPING=1") == 1, f"heard: {manager.heard}")


CASES = [
    Case("renewed-certificate", renewed_certificate),
    Case("half-a-pair", half_a_pair),
    Case("revoked", revoked),
    Case("revoked-as-nobody", revoked_as_nobody),
    Case("revoked-in-a-folder", revoked_in_a_folder),
    Case("revoked-server", revoked_server),
    Case("garbage-list", garbage_list),
    Case("list-renewed", list_renewed),
    Case("dates", dates),
    Case("forwarding", forwarding),
    Case("rules", rules),
    Case("watchdog", watchdog),
    *CONFIGURATION,
]

if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(__doc__, CASES))
