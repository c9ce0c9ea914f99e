#!/usr/bin/env python3
"""Old data channels beside stock openvpn: weak ciphers and digests, peers that cannot negotiate,
static-key mode, compression.

Each case brings a tunnel up, pings both families both ways with packets of several sizes, a whole
tun-mtu among them, and reads in the logs what was agreed on and that adit told what is weak, once.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace

from lab import Lab, ThreeHosts, check
from legacy_compression import compression_cases
from legacy_static import static_cases
from runner import Bench, Case, main
from tunnel import COMPLETED, HANDSHAKE, Setup, Tunnel

PING_SIZES = (1, 507, 1472)  # 1472: a whole tun-mtu
PING_SIZES6 = (1, 507, 1452)
MEBIBYTE = 1 << 20
STOCK_NEEDS = ("providers legacy default",)  # adit loads what it needs by itself
OLD = ("BF-CBC", "CAST5-CBC")  # ciphers of OpenSSL's legacy provider


@dataclass(frozen=True)
class Old:
    """A cipher and a digest. both: lines of both ends. told: what adit's log says, once each."""

    cipher: str
    auth: str
    told: tuple[str, ...] = ()
    server: str = "adit"
    client: str = "stock"
    transport: str = "udp4"
    point_to_point: bool = False
    both: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        kind = "p2p_" if self.point_to_point else ""
        words = f"{self.server}-{self.client}_{kind}{self.transport}_{self.cipher}_{self.auth}"
        return re.sub(r"[^\w-]", "_", words)

    def lines(self, program: str) -> tuple[str, ...]:
        needs = STOCK_NEEDS if program == "stock" and self.cipher in OLD else ()
        return (f"data-ciphers {self.cipher}", f"auth {self.auth}", *needs, *self.both)

    def setup(self) -> Setup:
        return Setup(
            self.server,
            self.client,
            self.transport,
            cipher=self.cipher,
            point_to_point=self.point_to_point,
            server_extra=self.lines(self.server),
            client_extra=self.lines(self.client),
        )


WEAK_BLOCKS = r"{} is weak: its blocks of 64 bits do not last long"
SHA1 = r"SHA1 is an old digest"
CLEAR = r'with the cipher "none" everything in the tunnel travels in clear text'
UNSIGNED = r'with "auth none" anybody on the way can change packets unnoticed'

OLDS = (
    Old("BF-CBC", "SHA1", (WEAK_BLOCKS.format("BF-CBC"), SHA1)),
    Old("BF-CBC", "SHA1", (WEAK_BLOCKS.format("BF-CBC"), SHA1), "stock", "adit"),
    Old("DES-EDE3-CBC", "SHA256", (WEAK_BLOCKS.format("DES-EDE3-CBC"),)),
    Old("DES-EDE3-CBC", "SHA512", (WEAK_BLOCKS.format("DES-EDE3-CBC"),), "stock", "adit", "tcp4"),
    Old("AES-128-CBC", "SHA1", (SHA1,), transport="tcp4"),
    Old("AES-128-CBC", "SHA512", (), "stock", "adit"),
    Old("AES-256-CBC", "SHA512", (), transport="udp6"),
    Old("AES-256-CBC", "SHA1", (SHA1,), "stock", "adit"),
    Old("AES-256-CBC", "none", (UNSIGNED,)),
    Old("AES-128-CBC", "none", (UNSIGNED,), "stock", "adit", "tcp4"),
    Old("none", "SHA256", (CLEAR,)),
    Old("none", "SHA1", (CLEAR, SHA1), "stock", "adit"),
    Old("none", "none", (CLEAR, UNSIGNED), transport="tcp4"),
    Old("BF-CBC", "SHA1", (WEAK_BLOCKS.format("BF-CBC"), SHA1), point_to_point=True),
    Old("none", "SHA1", (CLEAR, SHA1), "stock", "adit", point_to_point=True),
    Old("CAST5-CBC", "SHA256", (WEAK_BLOCKS.format("CAST5-CBC"),), "adit", "adit"),
)


def ping_sizes(net: ThreeHosts, tunnel: Tunnel) -> None:
    for host, address in tunnel.paths():
        for size in PING_SIZES6 if ":" in address else PING_SIZES:
            answered = host.gets_through(address, size)
            check(answered, f"{host.name}: ping {address} with {size} bytes is lost")


def check_told(tunnel: Tunnel, told: tuple[str, ...]) -> None:
    """adit says what is weak, once and with the line; it says nothing else of that kind."""
    for end, program in ((tunnel.server, tunnel.setup.server), (tunnel.client, tunnel.setup.client)):
        if program != "adit":
            continue
        for words in told:
            lines = end.matches(words)
            check(len(lines) == 1, f"{end.name} says {len(lines)} times: {words}")
            check(re.search(r"WARNING: In \S+\.conf:\d+: ", lines[0]), f"no place: {lines[0]}")
        warnings = len(end.matches(r"WARNING: In \S+:\d+: "))
        check(warnings == len(told), f"{end.name}: {warnings} warnings:\n{end.text()}")


def run_old(old: Old, bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, old.setup(), bench.keys)
        tunnel.start()
        ping_sizes(net, tunnel)
        check_told(tunnel, old.told)
        tunnel.check_logs()


def small_blocks_do_not_last(bench: Bench, server: str, client: str) -> None:
    """adit asks for new keys when 64 MiB went over the link; nobody told it to."""
    old = Old("BF-CBC", "SHA256", (), server, client)
    never = ("reneg-bytes 0",)  # for stock: it does not ask by itself
    setup = old.setup()
    if server == "stock":
        setup = replace(setup, server_extra=(*setup.server_extra, *never))
    else:
        setup = replace(setup, client_extra=(*setup.client_extra, *never))
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        ours = tunnel.server if server == "adit" else tunnel.client
        tunnel.start_up(40 * MEBIBYTE, rate=25 * MEBIBYTE).finish()
        check(len(ours.matches(HANDSHAKE)) == 1, "new keys before 64 MiB")
        marks = tunnel.marks()
        tunnel.start_down(30 * MEBIBYTE, rate=20 * MEBIBYTE).finish()
        tunnel.wait_renegotiated(marks)
        tunnel.start_up(30 * MEBIBYTE, rate=20 * MEBIBYTE).finish()
        count = len(ours.matches(HANDSHAKE))
        check(count == 2, f"{count} handshakes: each key has its own 64 MiB")


def cipher_of_one_client(bench: Bench) -> None:
    """The server offers what is usual; for one client its file names an old cipher."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        folder = net.server.folder / "ccd"
        folder.mkdir()
        (folder / "client1").write_text("data-ciphers BF-CBC\n")
        setup = Setup(
            client="stock",
            cipher="BF-CBC",
            server_extra=("data-ciphers AES-256-GCM", f"client-config-dir {folder}"),
            client_extra=("data-ciphers AES-256-GCM:BF-CBC", "auth SHA256", *STOCK_NEEDS),
        )
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        ping_sizes(net, tunnel)
        told = tunnel.server.matches(r":\d\d WARNING: In \S+/ccd/client1:1: .*BF-CBC is weak")
        check(len(told) == 1, f"at the start it says: {told}")


# ---- peers as old as 2.3, as far as today's stock can be told to be one ----


@dataclass(frozen=True)
class Ancient:
    """How negotiation ends with a peer that does not do it. extra lines of each end."""

    name: str
    server: str
    client: str
    server_lines: tuple[str, ...]
    client_lines: tuple[str, ...]
    cipher: str  # that both agree on; empty: adit refuses
    told: str = ""  # a line of adit's
    point_to_point: bool = False


OLD_BY_DEFAULT = (*STOCK_NEEDS, "compat-mode 2.3.0", "auth SHA1")
# What a server before 2.4 does not push, this client does not hear.
DEAF = ('pull-filter ignore "cipher"',)

ANCIENTS = (
    Ancient(
        "client_of_2_3",
        "adit",
        "stock",
        ("data-ciphers AES-256-GCM:BF-CBC", "auth SHA1"),
        ("data-ciphers BF-CBC", "cipher BF-CBC", *OLD_BY_DEFAULT),
        "BF-CBC",
    ),
    Ancient(
        "server_of_2_3_tells_its_cipher",
        "stock",
        "adit",
        ("data-ciphers BF-CBC", "cipher BF-CBC", *OLD_BY_DEFAULT),
        ("data-ciphers AES-256-GCM:BF-CBC", "auth SHA1", *DEAF),
        "BF-CBC",
    ),
    Ancient(
        "server_of_2_3_for_compat_mode",
        "stock",
        "adit",
        ("data-ciphers BF-CBC", "cipher BF-CBC", *OLD_BY_DEFAULT),
        ("data-ciphers AES-256-GCM", "compat-mode 2.3.0", "auth SHA1", *DEAF),
        "BF-CBC",
    ),
    Ancient(
        "server_that_tells_nothing_and_the_fallback",
        "stock",
        "adit",
        ("data-ciphers AES-256-CBC", "disable-occ", "auth SHA1"),
        (
            "data-ciphers AES-256-GCM:AES-256-CBC",
            "data-ciphers-fallback AES-256-CBC",
            "auth SHA1",
            *DEAF,
        ),
        "AES-256-CBC",
    ),
    Ancient(
        "server_with_a_cipher_we_do_not_offer",
        "stock",
        "adit",
        ("data-ciphers BF-CBC:AES-256-GCM", "cipher BF-CBC", *OLD_BY_DEFAULT),
        ("data-ciphers AES-256-GCM", "auth SHA1", *DEAF),
        "",
        r"pushed no cipher and announces BF-CBC, which is not in our data-ciphers",
    ),
    Ancient(
        "peer_of_2_3_point_to_point",
        "adit",
        "stock",
        ("data-ciphers AES-256-GCM:AES-256-CBC", "auth SHA1"),
        ("data-ciphers AES-256-CBC", "cipher AES-256-CBC", "compat-mode 2.3.0", "auth SHA1"),
        "AES-256-CBC",
        point_to_point=True,
    ),
)


def run_ancient(ancient: Ancient, bench: Bench) -> None:
    setup = Setup(
        ancient.server,
        ancient.client,
        cipher=ancient.cipher or "AES-256-GCM",
        point_to_point=ancient.point_to_point,
        server_extra=ancient.server_lines,
        client_extra=ancient.client_lines,
    )
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, setup, bench.keys)
        if ancient.cipher:
            tunnel.start_server()
            tunnel.start_client().wait_for(COMPLETED, 20)
            ours = tunnel.server if ancient.server == "adit" else tunnel.client
            ours.wait_for(rf"Data Channel: cipher '{ancient.cipher}'")
            ping_sizes(net, tunnel)
            return
        tunnel.start_server()
        tunnel.start_client().wait_for(ancient.told, 20)


def cases() -> list[Case]:
    made = [
        Case(
            old.name,
            lambda bench, o=old: run_old(o, bench),
            columns={"server": old.server, "client": old.client, "cipher": old.cipher},
        )
        for old in OLDS
    ]
    made += [Case(a.name, lambda bench, a=a: run_ancient(a, bench)) for a in ANCIENTS]
    made.append(Case("cipher_of_one_client", cipher_of_one_client))
    made += [
        Case(
            f"small_blocks_do_not_last_{server}-{client}",
            lambda bench, s=server, c=client: small_blocks_do_not_last(bench, s, c),
        )
        for server, client in (("adit", "stock"), ("stock", "adit"))
    ]
    return [*made, *static_cases(), *compression_cases()]


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
