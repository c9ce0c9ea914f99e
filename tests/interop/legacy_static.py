"""Static-key mode (`secret`): two ends without TLS, adit and stock openvpn on either side."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lab import Host, Lab, Process, ThreeHosts, check
from runner import Bench, Case
from tunnel import COMPLETED, PORT, PROGRAMS, TROUBLE

SIZES = {4: (1, 507, 1472), 6: (1, 507, 1452)}
LISTENER, CALLER = ("10.7.0.1", "fd00:7::1"), ("10.7.0.2", "fd00:7::2")
DEPRECATED = r"WARNING: In \S+\.conf:\d+: static-key mode is deprecated"
TRANSFER_BYTES = 2 << 20


@dataclass(frozen=True)
class Pair:
    """Who waits, who calls. directions: of the key, listener first; lines: of both ends."""

    listener: str
    caller: str
    transport: str
    lines: tuple[str, ...]
    directions: tuple[str, str] = ("0", "1")
    inline: bool = False
    keepalive: str = "2 8"

    @property
    def name(self) -> str:
        words = [self.listener, self.caller, self.transport, *self.lines]
        return "static-" + re.sub(r"\W+", "_", "_".join(words))[:70]


PAIRS = (
    Pair("adit", "stock", "udp4", ("cipher AES-256-CBC", "auth SHA256")),
    Pair("stock", "adit", "udp4", ("auth SHA1",), ("", "")),  # BF-CBC, as ever
    Pair("adit", "stock", "tcp4", ("cipher DES-EDE3-CBC", "auth SHA1"), ("1", "0")),
    Pair("stock", "adit", "tcp4", ("cipher AES-128-CBC", "auth SHA512", "comp-lzo no")),
    Pair("adit", "stock", "udp6", ("cipher none", "auth SHA256")),
    Pair("stock", "adit", "udp6", ("cipher AES-256-CBC", "auth none", "fragment 900"), ("", "")),
    Pair("adit", "stock", "udp4", ("cipher AES-128-CBC", "comp-lzo", "allow-compression yes")),
    Pair("adit", "adit", "udp4", ("cipher AES-128-CBC", "auth SHA256"), inline=True),
)


def config(pair: Pair, program: str, listens: bool, remote: str, key: str) -> str:
    mine, theirs = (LISTENER, CALLER) if listens else (CALLER, LISTENER)
    role = {True: "-server", False: "-client"}[listens] if pair.transport[:3] == "tcp" else ""
    direction = pair.directions[0 if listens else 1]
    lines = [
        "dev tun",
        f"proto {pair.transport}{role}",
        f"ifconfig {mine[0]} {theirs[0]}",
        f"ifconfig-ipv6 {mine[1]}/64 {theirs[1]}",
        f"keepalive {pair.keepalive}",
        "verb 3",
        *pair.lines,
    ]
    if pair.inline:
        lines += [f"<secret>\n{key}</secret>", f"key-direction {direction}"]
        lines.append("allow-deprecated-insecure-static-crypto")
    else:
        lines.append(f"secret static.key {direction}")
    if program == "stock" and not any(line.startswith("cipher") for line in pair.lines):
        lines.append("providers legacy default")
    lines += [f"lport {PORT}"] if listens else [f"remote {remote} {PORT}", "nobind"]
    return "\n".join([*lines, ""])


class StaticTunnel:
    listener: Process
    caller: Process

    def __init__(self, net: ThreeHosts, pair: Pair, key: str):
        self.net = net
        self.pair = pair
        self.key = key
        for host in (net.server, net.client):
            host.write("static.key", key)

    def start_listener(self) -> None:
        self.listener = self.start(self.net.server, self.pair.listener, True)
        self.listener.wait_for(r"Listening for|link local")

    def start_caller(self) -> None:
        self.caller = self.start(self.net.client, self.pair.caller, False)

    def start(self, host: Host, program: str, listens: bool) -> Process:
        remote = self.net.server6 if self.pair.transport.endswith("6") else self.net.server4
        name = "listener" if listens else "caller"
        path = host.write(f"{name}.conf", config(self.pair, program, listens, remote, self.key))
        return host.start(name, PROGRAMS[program], "--cd", host.folder, "--config", path)

    def ping_sizes(self) -> None:
        for host, (four, six) in ((self.net.client, LISTENER), (self.net.server, CALLER)):
            for address, sizes in ((four, SIZES[4]), (six, SIZES[6])):
                for size in sizes:
                    answered = host.gets_through(address, size)
                    check(answered, f"{host.name}: ping {address} with {size} is lost")

    def ends(self) -> list[tuple[str, Process]]:
        return [(self.pair.listener, self.listener), (self.pair.caller, self.caller)]


def run_pair(pair: Pair, bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = StaticTunnel(net, pair, bench.keys.static("adit").read_text())
        tunnel.start_listener()
        tunnel.start_caller()
        for _, end in tunnel.ends():
            end.wait_for(COMPLETED, 30)
        tunnel.ping_sizes()
        for program, end in tunnel.ends():
            if program == "adit":
                check(len(end.matches(DEPRECATED)) == 1, f"{end.name}: {end.tail(30)}")
            bad = [line for line in end.text().splitlines() if TROUBLE.search(line)]
            check(not bad, f"{end.name}: {bad[:4]}")


def another_caller(bench: Bench) -> None:
    """The end that names no remote follows its peer to another port, and outlives its silence."""
    pair = replace(PAIRS[0], keepalive="1 3")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = StaticTunnel(net, pair, bench.keys.static("adit").read_text())
        tunnel.start_listener()
        for silence in (False, True):
            mark = tunnel.listener.mark()
            tunnel.start_caller()
            tunnel.caller.wait_for(COMPLETED, 30)
            tunnel.ping_sizes()
            tunnel.caller.kill()
            if silence:
                tunnel.listener.wait_for(r"Inactivity timeout \(--ping-restart\)", 30, mark)
                tunnel.listener.wait_for(r"link local", 30, mark)
        tunnel.start_caller()
        tunnel.caller.wait_for(COMPLETED, 30)


def strings_are_compared(bench: Bench) -> None:
    """Each end asks the other for its options string, by data packets, and tells the difference."""
    pair = Pair("adit", "stock", "udp4", ("cipher AES-256-CBC", "auth SHA256", "verb 7"))
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = StaticTunnel(net, pair, bench.keys.static("adit").read_text())
        tunnel.start_listener()
        path = net.client.folder / "caller.conf"
        text = config(pair, "stock", False, net.server4, "") + "tun-mtu 1400\n"
        net.client.write("caller.conf", text)
        tunnel.caller = net.client.start(
            "caller", PROGRAMS["stock"], "--cd", net.client.folder, "--config", path
        )
        told = r"WARNING: '{}' is used inconsistently, local='{} {}', remote='{} {}'"
        for end, mine, theirs in ((tunnel.listener, 1500, 1400), (tunnel.caller, 1400, 1500)):
            for word, more in (("tun-mtu", 0), ("link-mtu", 72)):
                end.wait_for(told.format(word, word, mine + more, word, theirs + more), 40)
            check(len(end.matches(r"WARNING: '\S+' is")) % 2 == 0, f"{end.name}: {end.tail(20)}")


def static_cases() -> list[Case]:
    made = [
        Case(
            pair.name,
            lambda bench, p=pair: run_pair(p, bench),
            columns={"server": pair.listener, "client": pair.caller, "cipher": pair.lines[0]},
        )
        for pair in PAIRS
    ]
    return [
        *made,
        Case("static-another_caller", another_caller),
        Case("static-strings_are_compared", strings_are_compared),
    ]
