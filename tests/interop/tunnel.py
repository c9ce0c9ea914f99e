"""A tunnel between two hosts: its configuration files, its life, and what must be true of it.

    with Lab() as lab:
        tunnel = Tunnel(lab.three_hosts(), Setup(server="adit", client="stock"), keys)
        tunnel.start()
        tunnel.ping_all()
        tunnel.say_goodbye()
        tunnel.check_logs()
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from keys import Keys
from lab import ADIT, STOCK, Host, Process, ThreeHosts, Transfer, check, start_transfer, until
from status import Row, Status, parse_statistics, parse_status, read_whole

PROGRAMS = {"adit": ADIT, "stock": STOCK}
PORT = 1194
TRANSPORTS = ("udp4", "udp6", "tcp4", "tcp6")
WRAPPINGS = ("plain", "tls-auth", "tls-crypt", "tls-crypt-v2")
CIPHERS = ("AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC")
TOPOLOGIES = ("subnet", "net30")

COMPLETED = r"Initialization Sequence Completed"
HANDSHAKE = r"Control Channel: TLSv1\.\d, cipher"  # once for every key that is negotiated
LEFT = {
    "udp": r"SIGTERM\[soft,(delayed|remote)-exit\] received, client-instance exiting",
    "tcp": r"SIGUSR1\[soft,connection-reset\] received, client-instance restarting",
}
LEFT_PEER = {  # point to point
    "udp": r"SIGUSR1\[soft,remote-exit\] received, process restarting",
    "tcp": r"SIGUSR1\[soft,connection-reset\] received, process restarting",
}
TROUBLE = re.compile(
    r"Decrypt packet error|[Rr]eplay|bad packet ID|HMAC authentication failed|cipher final failed"
    r"|out of sync|unwrap|TLS Error|TLS_ERROR|VERIFY ERROR|ERROR|Fatal|[Aa]ssert|exception"
    r"|Recursive routing|bad source address|Cannot |cannot |failed|Options error|terminate called"
)
# What stock says of a control packet that came twice, and what it says next.
REPLAYED = re.compile(r"bad packet ID \(may be a replay\)|tls-crypt unwrap error: packet replay")
OF_A_REPLAY = re.compile(
    r"TLS Error: (incoming packet authentication|tls-crypt unwrapping) failed"
    r"|tls-crypt unwrap error: packet replay"
)
# Known lines that only look like trouble: stock warns of the option that hides replays, and learns
# by ICMP that a client has gone.
HARMLESS = re.compile(r"mute-replay-warnings|ECONNREFUSED|EHOSTUNREACH|cipher negotiation failed in")


@dataclass(frozen=True)
class Setup:
    """What a tunnel is made of. extra: further lines of configuration."""

    server: str = "adit"  # a key of PROGRAMS
    client: str = "adit"
    transport: str = "udp4"
    wrapping: str = "plain"
    cipher: str = "AES-256-GCM"
    topology: str = "subnet"
    point_to_point: bool = False
    status_version: int = 2
    authority: str = "adit"  # who made the certificates
    key_makers: tuple[str, str] = ("adit", "adit")  # static and server key, tls-crypt-v2 client key
    server_extra: tuple[str, ...] = ()
    client_extra: tuple[str, ...] = ()

    @property
    def tcp(self) -> bool:
        return self.transport.startswith("tcp")

    @property
    def outer6(self) -> bool:
        return self.transport.endswith("6")


@dataclass(frozen=True)
class Inside:
    """Addresses in the tunnel."""

    server4: str
    server6: str
    client4: str
    client6: str


def inside_of(setup: Setup) -> Inside:
    if setup.point_to_point:
        return Inside("10.9.0.1", "fd00:9::1", "10.9.0.2", "fd00:9::2")
    client4 = "10.8.0.2" if setup.topology == "subnet" else "10.8.0.6"
    return Inside("10.8.0.1", "fd00:8::1", client4, "fd00:8::1000")


# ---- configuration files ----


def wrapping_lines(setup: Setup, keys: Keys, server: bool) -> list[str]:
    if setup.wrapping == "tls-auth":
        return [f"tls-auth {keys.static(setup.key_makers[0])} {0 if server else 1}"]
    if setup.wrapping == "tls-crypt":
        return [f"tls-crypt {keys.static(setup.key_makers[0])}"]
    if setup.wrapping == "tls-crypt-v2":
        pair = keys.crypt_v2(*setup.key_makers)
        return [f"tls-crypt-v2 {pair.server if server else pair.client}"]
    return []


def common_lines(setup: Setup, keys: Keys, server: bool) -> list[str]:
    name = "server" if server else "client1"
    identity = keys.identity(setup.authority, name)
    role = ("-server" if server else "-client") if setup.tcp else ""
    lines = [
        "dev tun",
        f"proto {setup.transport}{role}",
        f"ca {identity.ca}",
        f"cert {identity.cert}",
        f"key {identity.key}",
        "verb 3",
        *wrapping_lines(setup, keys, server),
    ]
    if setup.cipher.endswith("CBC"):
        lines.append("auth SHA256")
    return lines


def point_to_point_lines(setup: Setup, server: bool) -> list[str]:
    a, b = inside_of(setup), ("server", "client") if server else ("client", "server")
    mine, theirs = b
    return [
        "tls-server" if server else "tls-client",
        f"ifconfig {getattr(a, mine + '4')} {getattr(a, theirs + '4')}",
        f"ifconfig-ipv6 {getattr(a, mine + '6')}/64 {getattr(a, theirs + '6')}",
        "keepalive 5 30",
    ]


def server_config(setup: Setup, keys: Keys) -> str:
    lines = common_lines(setup, keys, server=True)
    lines += [f"lport {PORT}", "dh none", f"data-ciphers {setup.cipher}"]
    if setup.point_to_point:
        lines += point_to_point_lines(setup, server=True)
    else:
        lines += [
            f"topology {setup.topology}",
            "server 10.8.0.0 255.255.255.0",
            "server-ipv6 fd00:8::/64",
            "keepalive 5 30",
            f"status-version {setup.status_version}",
        ]
    return "\n".join([*lines, "status server-status.txt 1", *setup.server_extra, ""])


def client_config(setup: Setup, keys: Keys, remote: str) -> str:
    """It offers every cipher: which one is taken is the server's choice."""
    lines = common_lines(setup, keys, server=False)
    lines += ["nobind", f"remote {remote} {PORT}", "remote-cert-tls server"]
    lines += [f"data-ciphers {':'.join(CIPHERS)}", "connect-retry 1 5"]
    lines += point_to_point_lines(setup, server=False) if setup.point_to_point else ["client"]
    if not setup.tcp:
        lines.append("explicit-exit-notify 1")
    return "\n".join([*lines, "status client-status.txt 1", *setup.client_extra, ""])


# ---- the tunnel ----


class Tunnel:
    """Both ends. remote: where the client finds the server, if not directly (a relay)."""

    server: Process
    client: Process

    def __init__(self, net: ThreeHosts, setup: Setup, keys: Keys, remote: str = ""):
        self.net = net
        self.setup = setup
        self.keys = keys
        self.remote = remote or (net.server6 if setup.outer6 else net.server4)
        self.inside = inside_of(setup)

    def start_server(self) -> Process:
        path = self.net.server.write("server.conf", server_config(self.setup, self.keys))
        self.server = self.net.server.start("server", PROGRAMS[self.setup.server], path)
        ready = r"(Listening for|link local)" if self.setup.point_to_point else COMPLETED
        self.server.wait_for(ready)
        return self.server

    def start_client(self) -> Process:
        if self.setup.outer6:
            self.await_neighbours()
        config = client_config(self.setup, self.keys, self.remote)
        path = self.net.client.write("client.conf", config)
        self.client = self.net.client.start("client", PROGRAMS[self.setup.client], path)
        return self.client

    def await_neighbours(self) -> None:
        """Two resets that waited together for a neighbour's address would get two answers with the
        same packet id, and stock logs the second as a replay."""
        answered = lambda: self.net.client.ping(self.net.server6, 1).received  # noqa: E731
        until(answered, 10, f"the way to {self.net.server6}")

    def start(self, seconds: float = 20) -> None:
        """Both ends, up to the moment when both say that the tunnel is there."""
        self.start_server()
        self.start_client().wait_for(COMPLETED, seconds)
        if self.setup.point_to_point:
            self.server.wait_for(COMPLETED, seconds)
        name = self.setup.cipher
        shown = r"(none|\[null-cipher\])" if name == "none" else re.escape(name)
        chosen = rf"Data Channel: cipher '{shown}'"
        for end in (self.server, self.client):
            end.wait_for(chosen)

    def paths(self) -> list[tuple[Host, str]]:
        """Who can reach which address through the tunnel."""
        net, inside = self.net, self.inside
        return [
            (net.client, inside.server4),
            (net.client, inside.server6),
            (net.server, inside.client4),
            (net.server, inside.client6),
        ]

    def ping_all(self, count: int = 3, least: float = 1.0) -> None:
        """Both families both ways. least: the share of answers that is enough."""
        for host, address in self.paths():
            result = host.ping(address, count)
            said = f"{result.received} of {result.sent} answers"
            check(result.ratio >= least, f"ping {address} from the {host.name}: {said}")

    def start_up(self, size: int, inner6: bool = False, rate: int = 0) -> Transfer:
        """A transfer from the client to the server."""
        net, to = self.net, self.inside.server6 if inner6 else self.inside.server4
        return start_transfer(net.client, net.server, to, up=size, rate=rate)

    def start_down(self, size: int, inner6: bool = False, rate: int = 0) -> Transfer:
        """A transfer from the server to the client, opened by the client."""
        net, to = self.net, self.inside.server6 if inner6 else self.inside.server4
        return start_transfer(net.client, net.server, to, down=size, rate=rate)

    def marks(self) -> tuple[int, int]:
        return self.server.mark(), self.client.mark()

    def wait_renegotiated(self, since: tuple[int, int], seconds: float = 20) -> None:
        """Both logs show that another key was negotiated after the marks."""
        for end, mark in zip((self.server, self.client), since):
            end.wait_for(HANDSHAKE, seconds, mark)

    # ---- status ----

    def status_path(self) -> Path:
        return self.net.server.folder / "server-status.txt"

    def server_status(self, wanted: Callable[[Status], object], what: str) -> Status:
        """The server's status file as soon as it says what is wanted."""

        def probe() -> Status | None:
            text = read_whole(self.status_path())
            status = parse_status(text) if text else None
            return status if status and wanted(status) else None

        return until(probe, 6, f"the server's status shows {what}")

    def check_status(self, least_bytes: int) -> None:
        """The client is in it with its addresses, its cipher and what it has moved."""

        def moved(status: Status) -> bool:
            row = status.client("client1")
            counts = [int(row[f"Bytes {way}"]) for way in ("Received", "Sent")] if row else [0]
            return min(counts) >= least_bytes

        status = self.server_status(moved, f"client1 with {least_bytes} bytes each way")
        wanted_version = self.setup.status_version
        check(status.version == wanted_version, f"status: version {status.version}")
        self.check_row(status.client("client1") or {})
        addresses = {self.inside.client4, self.inside.client6}
        check(status.addresses("client1") == addresses, f"status: routes {status.routes}")
        self.check_statistics("client-status.txt", least_bytes)

    def check_row(self, row: Row) -> None:
        seen = row["Real Address"]
        wanted = r"[0-9a-f:]+" if self.setup.outer6 else r"[0-9.]+:\d+"
        check(re.fullmatch(wanted, seen), f"status: real address {seen}")
        if self.setup.status_version == 1:
            return
        expected = {
            "Virtual Address": self.inside.client4,
            "Virtual IPv6 Address": self.inside.client6,
            "Username": "UNDEF",
            "Peer ID": "0",
            "Data Channel Cipher": self.setup.cipher,
        }
        found = {name: row[name] for name in expected}
        check(found == expected, f"status: {found}, expected {expected}")

    def check_statistics(self, name: str, least_bytes: int) -> None:
        def probe() -> bool:
            text = read_whole(self.net.client.folder / name)
            numbers = parse_statistics(text) if text else {}
            return bool(numbers) and min(numbers.values()) >= least_bytes

        until(probe, 6, f"{name} counts {least_bytes} bytes each way")

    # ---- the end ----

    def say_goodbye(self) -> None:
        """The client leaves, and the server notices without waiting for a timeout."""
        kind = "tcp" if self.setup.tcp else "udp"
        mark = self.server.mark()
        status = self.client.stop()
        check(status == 0, f"the client ends with {status}:\n{self.client.tail()}")
        wanted = r"SIGTERM\[hard,\] received" if self.setup.tcp else r"exit-with-notification\]"
        check(self.client.matches(wanted), f"the client's last words:\n{self.client.tail(4)}")
        left = LEFT_PEER if self.setup.point_to_point else LEFT
        self.server.wait_for(left[kind], 9, mark)
        # Stock writes its status only when something wakes it, and now nothing does.
        if self.setup.server == "adit" and not self.setup.point_to_point:
            self.server_status(lambda status: not status.clients, "no client any more")

    def stop_server(self) -> None:
        status = self.server.stop()
        check(status == 0, f"the server ends with {status}:\n{self.server.tail()}")
        for host in (self.net.server, self.net.client):
            left = [name for name in host.devices() if name.startswith("tun")]
            check(not left, f"the {host.name} left its device {left}")

    def trouble(self, allowed: str = "", repeats: bool = False) -> list[str]:
        """Lines of either log that a healthy tunnel does not write. repeats: the road brings packets
        twice, and stock may say of a control packet that it is a replay."""
        lines = []
        for end in (self.server, self.client):
            before = ""
            for line in end.text().splitlines():
                consequence = repeats and REPLAYED.search(before) and OF_A_REPLAY.search(line)
                before = line
                if not TROUBLE.search(line) or HARMLESS.search(line) or consequence:
                    continue
                if not (allowed and re.search(allowed, line)):
                    lines.append(f"{end.name}: {line}")
        return lines

    def check_logs(self, allowed: str = "", repeats: bool = False) -> None:
        lines = self.trouble(allowed, repeats)
        check(not lines, "lines that should not be there:\n" + "\n".join(lines[:8]))
