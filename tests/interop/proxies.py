#!/usr/bin/env python3
"""Clients whose server can be reached through a proxy only: the distribution's tinyproxy, squid and
dante, with every way to say who one is. What is said is the same with stock and with adit.

    client ─────── wire ─────── server        the wire forwards nothing: the proxy runs there
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from lab import Host, Lab, Process, ThreeHosts, check, transfer, until
from manager import SOCKET, Manager, compare_dialogues
from proxy_servers import (
    DANTE,
    PASSWORD,
    SQUID,
    TINYPROXY,
    USER,
    start_dante,
    start_squid,
    start_tinyproxy,
)
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS
from two_ends import masked

PROXY = "198.51.100.1"
SERVER = "203.0.113.2"
GATEWAY = "10.8.0.1"
SAID = re.compile(
    r"HTTP proxy|Proxy-Auth|[Pp]roxy requires|PROXY AUTH|NTLM|SOCKS|[Ss]ocks|recv_line"
    r"|TCP connection|link (local|remote)|process restarting|Restart pause"
)
MASKS = (
    (re.compile(r'nonce="[^"]*"'), "NONCE"),
    (re.compile(r"NTLM [A-Za-z0-9+/=]{20,}"), "NTLM BYTES"),
    (re.compile(r"Date: [^']*"), "DATE"),
    (re.compile(r"(send UDP to \[AF_INET\][0-9.]*):\d+"), r"\1:PORT"),
)
# What stock alone says: the answer to a challenge, from which a password can be found; and that it
# has waited for more of a page than there was.
STOCKS_OWN = re.compile(
    r"^auth string|^recv_line: .* \(errno|^Send to HTTP proxy: 'Proxy-Authorization"
    r"|disables data channel offload|^NOTICE: dual-stack"
    r"|\.conf:\d+|runs out in"
)
ADITS_OWN = re.compile(r"^Send to HTTP proxy: 'Proxy-Authorization: \w+ \[...\]'")


class Site:
    """A server of the program named, and a client that has no way to it but a proxy's."""

    def __init__(self, lab: Lab, bench: Bench, server: str = "stock", proto: str = "tcp4"):
        self.net: ThreeHosts = lab.three_hosts()
        self.lab, self.bench, self.proto = lab, bench, proto
        self.net.wire.sysctl("net.ipv4.ip_forward", 0)
        own = bench.keys.identity("openssl", "server")
        lines = [
            *identity(own),
            f"proto {proto}" + ("-server" if proto.startswith("tcp") else ""),
            f"local {SERVER}",
            "dh none",
            "topology subnet",
            "server 10.8.0.0 255.255.255.0",
            "keepalive 1 6",
        ]
        conf = self.net.server.write("server.conf", "\n".join([*lines, ""]))
        self.server = self.net.server.start("server", PROGRAMS[server], conf)
        self.server.wait_for(COMPLETED)

    def start_client(self, program: str, *lines: str, remote: str = SERVER) -> Process:
        own = self.bench.keys.identity("openssl", "client1")
        all_lines = [
            *identity(own),
            "client",
            f"proto {self.proto}" + ("-client" if self.proto.startswith("tcp") else ""),
            f"remote {remote} 1194",
            "nobind",
            "connect-retry 1 1",
            *lines,
        ]
        conf = self.net.client.write(f"{program}.conf", "\n".join([*all_lines, ""]))
        return self.net.client.start(f"client-{program}", PROGRAMS[program], conf)

    def reaches(self) -> None:
        check(self.net.client.ping(GATEWAY, count=5).ratio == 1.0, "the tunnel carries nothing")


def identity(own: object) -> list[str]:
    return [f"ca {own.ca}", f"cert {own.cert}", f"key {own.key}", "dev tun", "verb 3"]


def own_masks(line: str) -> str:
    """Without what differs between any two connections."""
    for pattern, name in MASKS:
        line = pattern.sub(name, line)
    return masked(line)


def told(client: Process) -> list[str]:
    lines = [own_masks(line) for line in client.text().splitlines()]
    return [
        line
        for line in lines
        if SAID.search(line) and not STOCKS_OWN.search(line) and not ADITS_OWN.search(line)
    ]


def same(told_by: dict[str, list[str]]) -> None:
    ours, theirs = told_by["adit"], told_by["stock"]
    shown = ["\n      ".join(lines) for lines in (ours, theirs)]
    check(ours == theirs, "adit  {}\nstock {}".format(*shown))


def by_both(site: Site, *lines: str, up: bool = True, until_said: str = "") -> None:
    """Each program in turn; the lines about the proxy are the same."""
    told_by = {}
    for program in ("stock", "adit"):
        client = site.start_client(program, *lines)
        client.wait_for(until_said or COMPLETED)
        if up:
            site.reaches()
        told_by[program] = told(client) if up else told(client)[:12]
        client.stop()
    same(told_by)


def authfile(host: Host, password: str = PASSWORD) -> Path:
    return host.write("who", f"{USER}\n{password}\n")


def plain_http(bench: Bench) -> None:
    """CONNECT and nothing else, with headers of the user's; a transfer each way."""
    with Lab(bench.folder) as lab:
        site = Site(lab, bench)
        start_tinyproxy(site.net.wire, PROXY)
        extra = ("http-proxy-option VERSION 1.1", "http-proxy-option AGENT house/1")
        by_both(site, f"http-proxy {PROXY} {TINYPROXY}", *extra)
        site.start_client("adit", f"http-proxy {PROXY} {TINYPROXY}").wait_for(COMPLETED)
        transfer(site.net.client, site.net.server, GATEWAY, 5_000_000, "both")


def http_password(bench: Bench) -> None:
    """A user name and a password from a file and from a block; wrong ones are refused again and
    again, with a pause between."""
    with Lab(bench.folder) as lab:
        site = Site(lab, bench, server="adit")
        start_tinyproxy(site.net.wire, PROXY, password=True)
        right = authfile(site.net.client, "secret")
        line = f"http-proxy {PROXY} {TINYPROXY}"
        by_both(site, f"{line} {right} basic")
        block = f"<http-proxy-user-pass>\n{USER}\nsecret\n</http-proxy-user-pass>"
        by_both(site, f"{line} auto", block)
        wrong = site.net.client.write("wrong", f"{USER}\nMisgue55\n")
        client = site.start_client("adit", f"{line} {wrong}")
        client.wait_for(r"SIGUSR1\[soft,HTTP proxy error\] received, process restarting", count=2)
        client.wait_for(r"HTTP proxy returned bad status")  # 401: it is tinyproxy's own word
        check("Misgue55" not in client.text(), "a password is in the log")
        client.stop()
        client = site.start_client("adit", line)
        client.wait_for(r"HTTP proxy: no support for proxy authentication method")


def squid_schemes(bench: Bench, scheme: str, *lines: str) -> None:
    with Lab(bench.folder) as lab:
        site = Site(lab, bench)
        start_squid(site.net.wire, PROXY, scheme)
        by_both(site, *(line.format(who=authfile(site.net.client)) for line in lines))


def squid_basic(bench: Bench) -> None:
    """Basic, found out by itself."""
    squid_schemes(
        bench, "basic", f"http-proxy {PROXY} {SQUID} auto", "http-proxy-user-pass {who}"
    )


def squid_digest(bench: Bench) -> None:
    """Digest, where no plain password may be sent."""
    squid_schemes(
        bench, "digest", f"http-proxy {PROXY} {SQUID} auto-nct", "http-proxy-user-pass {who}"
    )


def squid_ntlm(bench: Bench) -> None:
    """NTLMv2: three messages on one connection, past the page that squid sends with its challenge.
    (Stock needs OpenSSL's legacy provider for it.)"""
    squid_schemes(
        bench,
        "ntlm",
        f"http-proxy {PROXY} {SQUID} {{who}} ntlm2",
        "providers legacy default",
    )


def no_plain_passwords(bench: Bench) -> None:
    """auto-nct where the proxy takes Basic alone: refused by us, and said so."""
    with Lab(bench.folder) as lab:
        site = Site(lab, bench)
        start_squid(site.net.wire, PROXY, "basic")
        who = authfile(site.net.client)
        lines = (f"http-proxy {PROXY} {SQUID} auto-nct", f"http-proxy-user-pass {who}")
        by_both(site, *lines, up=False, until_said="Restart pause")


def socks_tcp(bench: Bench) -> None:
    """SOCKS5 over TCP, without and with a password, to a server of ours."""
    with Lab(bench.folder) as lab:
        site = Site(lab, bench, server="adit")
        open_one = start_dante(site.net.wire, PROXY, "203.0.113.1")
        by_both(site, f"socks-proxy {PROXY} {DANTE}")
        open_one.stop()
        start_dante(site.net.wire, PROXY, "203.0.113.1", password=True, name="dante2")
        by_both(site, f"socks-proxy {PROXY} {DANTE} {authfile(site.net.client)}")
        by_both(
            site, f"socks-proxy {PROXY} {DANTE}", up=False, until_said="Restart pause"
        )


def socks_udp(bench: Bench) -> None:
    """Datagrams through a relay: carried whole, each way; with its end the client begins anew. The kill
    switch lets it out, too."""
    with Lab(bench.folder) as lab:
        site = Site(lab, bench, proto="udp4")
        dante = start_dante(site.net.wire, PROXY, "203.0.113.1")
        by_both(site, f"socks-proxy {PROXY} {DANTE}")
        client = site.start_client("adit", f"socks-proxy {PROXY} {DANTE}", "kill-switch")
        client.wait_for(COMPLETED)
        check(client.matches("kill-switch: closed"), "the kill switch is open")
        transfer(site.net.client, site.net.server, GATEWAY, 3_000_000, "both")
        check(site.net.client.ping(GATEWAY, 3, size=1400).received == 3, "large packets are lost")
        mark = client.mark()
        os.killpg(dante.pid, signal.SIGKILL)  # its children serve on where it ends in order
        dante.kill()
        client.wait_for(r"SIGUSR1\[soft,socks-error\] received, process restarting", since=mark)
        start_dante(site.net.wire, PROXY, "203.0.113.1", name="dante2")
        client.wait_for(COMPLETED, since=mark)
        site.reaches()
        check(client.stop() == 0, "the client ends in disorder")


def marked(bench: Bench) -> None:
    """bind-dev and mark hold for the relay's datagrams, and with us for the connection to the proxy
    as well: what is to go another way than all else should go that way as a whole."""
    with Lab(bench.folder) as lab:
        site = Site(lab, bench, proto="udp4")
        start_dante(site.net.wire, PROXY, "203.0.113.1")
        for program, kept in (("stock", "udp"), ("adit", "{ tcp, udp }")):
            rules = (
                "flush ruleset\ntable ip t {\n chain c {\n type filter hook output priority 0\n"
                f"meta mark 7 accept\n ip daddr {PROXY} meta l4proto {kept} drop\n }}\n}}\n"
            )
            site.net.client.run("nft", "-f", site.net.client.write("rules.nft", rules))
            client = site.start_client(
                program, f"socks-proxy {PROXY} {DANTE}", "mark 7", "bind-dev wire"
            )
            client.wait_for(COMPLETED)
            bound = site.net.client.run("ss", "-Htun", "state", "all")
            ends = [line for line in bound.splitlines() if "%wire" in line]
            for kind in ("udp", "tcp") if program == "adit" else ("udp",):
                check(any(line.startswith(kind) for line in ends), f"{program}: {bound}")
            check(client.matches("Using bind-dev wire"), f"{program} does not tell of the device")
            client.stop()


def no_proxy_there(bench: Bench) -> None:
    """A proxy that does not listen, one whose name nobody knows, one that says no."""
    with Lab(bench.folder) as lab:
        site = Site(lab, bench)
        by_both(site, f"http-proxy {PROXY} 9", up=False, until_said="Restart pause")
        start_squid(site.net.wire, PROXY, "")
        for program in ("stock", "adit"):
            client = site.start_client(
                program, f"http-proxy {PROXY} {SQUID}", "connect-retry-max 1", remote="192.0.2.9"
            )
            client.wait_for("HTTP proxy returned bad status", 30)
            client.stop()


def random_names(bench: Bench) -> None:
    """remote-random-hostname: nobody answers here, and the name that was asked for is told."""
    found = {}
    own = bench.keys.identity("openssl", "client1")
    lines = [*identity(own), "client", "nobind", "remote-random-hostname", "resolv-retry 0"]
    with Lab(bench.folder) as lab:
        host = lab.host("alone")
        for program in ("stock", "adit"):
            for remote in ("vpn.example", "192.0.2.9"):
                text = "\n".join([*lines, f"remote {remote}", ""])
                conf = host.write(f"{program}-{remote}.conf", text)
                client = host.start(f"{program}-{remote}", PROGRAMS[program], conf)
                wanted = r"Cannot resolve host address: [0-9a-f]{12}\.vpn\.example:1194 \(\w+"
                if remote == "192.0.2.9":
                    wanted = "WARNING: ignoring --remote-random-hostname because the host"
                line = re.search(wanted, client.wait_for(wanted))
                found.setdefault(program, []).append(re.sub("[0-9a-f]{12}", "LABEL", line[0]))
                client.kill()
    check(found["adit"] == found["stock"], f"{found}")


Talk = Callable[[Site, Manager, Process], dict[str, list[str]]]


def managed(bench: Bench, start_proxy: Callable[[Site], Process], proto: str, talk: Talk) -> None:
    def dialogue(program: str) -> dict[str, list[str]]:
        folder = bench.folder / program
        with Lab(folder) as lab:
            os.chdir(folder)
            site = Site(lab, bench, proto=proto)
            start_proxy(site)
            client = site.start_client(
                program,
                f"management {SOCKET} unix",
                "management-hold",
                "management-query-proxy",
                "management-query-passwords",
            )
            with Manager(SOCKET) as manager:
                manager.ask("state on")
                manager.send("hold release")
                manager.expect("^SUCCESS: hold release")
                return talk(site, manager, client)

    compare_dialogues(dialogue)


def up_to(manager: Manager, pattern: str, *lines: str) -> list[str]:
    for line in lines:
        manager.send(line)
    return [masked(line) for line in manager.collect(pattern, 15)]


CONNECTED = r"^>STATE:.*,CONNECTED,"


def managed_http(bench: Bench) -> None:
    """The manager names an HTTP proxy, which wants to know who it is; then once more, after a
    restart, when that is remembered."""

    def talk(site: Site, manager: Manager, client: Process) -> dict[str, list[str]]:
        said = {"asked": [manager.expect("^>PROXY")]}
        said["named"] = up_to(manager, "^>PASSWORD", f"proxy HTTP {PROXY} {SQUID} nct")
        said["name"] = up_to(manager, "^SUCCESS", f'username "HTTP Proxy" {USER}')
        said["password"] = up_to(manager, CONNECTED, f'password "HTTP Proxy" "{PASSWORD}"')
        said["password"] = [re.sub(r"198\.51\.100\.2,\d+", "HERE", l) for l in said["password"]]
        site.reaches()
        manager.ask("hold off")
        said["again"] = up_to(manager, "^>PROXY", "signal SIGUSR1")
        again = up_to(manager, CONNECTED, f"proxy HTTP {PROXY} {SQUID}")
        said["remembered"] = [re.sub(r"198\.51\.100\.2,\d+", "HERE", line) for line in again]
        return said

    managed(bench, lambda site: start_squid(site.net.wire, PROXY, "digest"), "tcp4", talk)


def managed_socks(bench: Bench) -> None:
    """The manager names a SOCKS proxy for a connection by UDP, where no HTTP proxy will do."""

    def talk(site: Site, manager: Manager, client: Process) -> dict[str, list[str]]:
        said = {"asked": [manager.expect("^>PROXY")]}
        said["http"] = manager.ask(f"proxy HTTP {PROXY} {SQUID}")
        client.wait_for("HTTP proxy support only works for TCP based connections")
        said["socks"] = up_to(manager, CONNECTED, f"proxy SOCKS {PROXY} {DANTE}")
        site.reaches()
        return said

    managed(bench, lambda site: start_dante(site.net.wire, PROXY, "203.0.113.1"), "udp4", talk)


def managed_nonsense(bench: Bench) -> None:
    """What is no answer is one all the same, as with stock: no proxy."""

    def talk(site: Site, manager: Manager, client: Process) -> dict[str, list[str]]:
        said = {"asked": [manager.expect("^>PROXY")]}
        site.net.wire.sysctl("net.ipv4.ip_forward", 1)
        said["nonsense"] = up_to(manager, CONNECTED, "proxy FAX")
        said["nonsense"] = [re.sub(r"198\.51\.100\.2,\d+", "HERE", l) for l in said["nonsense"]]
        client.wait_for("Bad proxy command")
        return said

    managed(bench, lambda site: start_dante(site.net.wire, PROXY, "203.0.113.1"), "tcp4", talk)


def asked_for_passwords(bench: Bench) -> None:
    """A password for a proxy of the configuration: of a SOCKS proxy it is asked each time."""

    def dialogue(program: str) -> dict[str, list[str]]:
        folder = bench.folder / program
        with Lab(folder) as lab:
            os.chdir(folder)
            site = Site(lab, bench)
            start_dante(site.net.wire, PROXY, "203.0.113.1", password=True)
            lines = (f"management {SOCKET} unix", "management-query-passwords")
            site.start_client(program, f"socks-proxy {PROXY} {DANTE} stdin", *lines)
            said = {}
            with Manager(SOCKET) as manager:
                for word in ("wrong", PASSWORD):
                    said[word] = [manager.expect("^>PASSWORD")]
                    said[word] += manager.order(f'username "SOCKS Proxy" {USER}')
                    said[word] += manager.order(f'password "SOCKS Proxy" "{word}"')
                until(lambda: site.net.client.ping(GATEWAY, 1).received, 10, "a tunnel")
        return said

    compare_dialogues(dialogue)


CASES = [
    Case("plain-http", plain_http),
    Case("http-password", http_password),
    Case("squid-basic", squid_basic),
    Case("squid-digest", squid_digest),
    Case("squid-ntlm", squid_ntlm),
    Case("no-plain-passwords", no_plain_passwords),
    Case("socks-tcp", socks_tcp),
    Case("socks-udp", socks_udp),
    Case("marked", marked),
    Case("no-proxy-there", no_proxy_there),
    Case("random-names", random_names),
    Case("managed-http", managed_http),
    Case("managed-socks", managed_socks),
    Case("managed-nonsense", managed_nonsense),
    Case("asked-for-passwords", asked_for_passwords),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
