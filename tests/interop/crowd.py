"""A server with several clients, each on a host of its own, both families inside and outside.

    with Lab(bench.folder) as lab:
        crowd = Crowd(lab, bench, Setup(server_extra=("client-to-client",)))
        crowd.begin()
        ours, stock = crowd.join("adit"), crowd.join("stock")
        crowd.check_logs()
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ask import process_status
from lab import Host, Lab, Process, Transfer, check, start_transfer
from features import tunnel_addresses
from runner import Bench
from tunnel import COMPLETED, HARMLESS, PROGRAMS, TROUBLE, Setup, Tunnel, client_config

SERVER4, SERVER6 = "10.8.0.1", "fd00:8::1"
DISORDER = r"PID_ERR|bad packet ID|late packet|duplicate packet|Authenticate/Decrypt"
OPTION = r"us=\d+   \w+ = "  # stock prints all its options at verb 4
UP_SECONDS = 25
NEVER_DROPPED = ("bad tag", "replayed")


def is_trouble(line: str) -> bool:
    bad = TROUBLE.search(line) or re.search(DISORDER, line)
    return bool(bad) and not HARMLESS.search(line) and not re.search(OPTION, line)


@dataclass
class Member:
    """A client that is up."""

    host: Host
    program: str  # a key of PROGRAMS
    process: Process
    address4: str = ""
    address6: str = ""

    @property
    def addresses(self) -> tuple[str, str]:
        return self.address4, self.address6


class Crowd:
    """All but the first have one certificate: with more than two, the server needs duplicate-cn."""

    def __init__(self, lab: Lab, bench: Bench, setup: Setup):
        self.lab = lab
        self.bench = bench
        self.setup = setup
        self.net = lab.three_hosts()
        self.tunnel = Tunnel(self.net, setup, bench.keys)
        self.members: list[Member] = []
        self.starts = 0

    @property
    def server(self) -> Process:
        return self.tunnel.server

    def begin(self) -> None:
        self.tunnel.start_server()

    def host(self) -> Host:
        """A further host at the wire."""
        number = 100 + len(self.lab.hosts)
        host = self.lab.host(f"h{number}")
        four = (f"198.51.{number}.2/24", f"198.51.{number}.1/24")
        six = (f"2001:db8:{number}::2/64", f"2001:db8:{number}::1/64")
        self.lab.link(host, self.net.wire, four, six)
        host.run("ip", "route", "add", "default", "via", f"198.51.{number}.1")
        host.run("ip", "-6", "route", "add", "default", "via", f"2001:db8:{number}::1")
        return host

    def start(self, program: str, host: Host, remote: str = "") -> Process:
        """A client program; its first has the name client1, all others are client2."""
        self.starts += 1
        name = "client1" if self.starts == 1 else "client2"
        who = self.bench.keys.identity(self.setup.authority, name)
        own = (f"cert {who.cert}", f"key {who.key}", f"status {host.name}-status.txt 1")
        config = client_config(self.setup, self.bench.keys, remote or self.tunnel.remote)
        path = host.write(f"{host.name}.conf", "\n".join([config, *own, ""]))
        return host.start(f"{host.name}-{program}-{self.starts}", PROGRAMS[program], path)

    def join(self, program: str, host: Host | None = None, remote: str = "") -> Member:
        host = host or self.host()
        member = Member(host, program, self.start(program, host, remote))
        self.settle(member)
        self.members.append(member)
        return member

    def settle(self, member: Member) -> None:
        """Waits until it is up, and learns its addresses."""
        member.process.wait_for(COMPLETED, UP_SECONDS)
        found = tunnel_addresses(member.host)
        check(len(found) == 2, f"{member.host.name} has {found}")
        member.address6, member.address4 = sorted(found, key=lambda address: ":" not in address)

    def come_back(self, member: Member) -> None:
        """It leaves in order, and a new one takes its place."""
        check(member.process.stop() == 0, f"it did not leave well:\n{member.process.tail()}")
        member.process = self.start(member.program, member.host)
        self.settle(member)

    def transfer(self, member: Member, six: bool, size: int, rate: int) -> Transfer:
        """Between a client and the server, both ways at once."""
        to = SERVER6 if six else SERVER4
        return start_transfer(member.host, self.net.server, to, up=size, down=size, rate=rate)

    def ping_each_other(self) -> None:
        pairs = [(a, b) for a in self.members for b in self.members if a is not b]
        for a, b in pairs:
            for address in b.addresses:
                got = a.host.ping(address, 2).received
                check(got > 0, f"{a.process.name} does not reach {b.process.name} ({address})")

    # ---- what must be true of it ----

    def processes(self) -> list[Process]:
        """Every OpenVPN that ran, also those that have left."""
        names = tuple(f"-{program}-" for program in PROGRAMS)
        ran = [p for host in self.lab.hosts for p in host.processes]
        return [p for p in ran if p is self.tunnel.server or any(n in p.name for n in names)]

    def check_logs(self) -> None:
        told = [
            f"{process.name}: {line}"
            for process in self.processes()
            for line in process.text().splitlines()
            if is_trouble(line)
        ]
        check(not told, "lines that should not be there:\n" + "\n".join(told[:8]))

    def status(self) -> dict:
        return process_status(self.tunnel.server)

    def check_drops(self) -> None:
        """Nothing was refused as forged or repeated: by no lane, and of no peer."""
        status = self.status()
        ways = [way["drops"] for lane in status["lanes"] for way in (lane["up"], lane["down"])]
        for drops in (*ways, status["drops"], *(peer["drops"] for peer in status["peers"])):
            found = {name: drops[name] for name in NEVER_DROPPED if drops.get(name)}
            check(not found, f"adit status: dropped {found}; lanes: {status['lanes']}")
