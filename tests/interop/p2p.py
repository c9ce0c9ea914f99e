#!/usr/bin/env python3
"""TLS point to point: two ends with an ifconfig each, nobody pushes and nobody pulls.

Each case brings the tunnel up, pings both families both ways, moves data both ways with checksums
while a new key is negotiated, reads the statistics of both ends, says goodbye, and comes back: the
end that listens goes on living and takes its peer once more.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from lab import Lab, check, until
from runner import Bench, Case, main
from status import parse_statistics, read_whole
from tunnel import COMPLETED, Setup, Tunnel

MEBIBYTE = 1 << 20
SIZE_BYTES = 8 * MEBIBYTE  # each way
RENEG_SECONDS = 4
RENEG_BYTES = 3_000_000
# Long enough that the new key falls into the transfer, whichever way it is asked for.
TRANSFER_SECONDS = {"bytes": 3, "sec": 5}
LISTENS = r"Listening for|link local"


@dataclass(frozen=True)
class Pair:
    """Who listens, who calls, and over what. trigger: who asks for the new key, and why."""

    server: str
    client: str
    transport: str
    wrapping: str
    cipher: str
    trigger: tuple[str, str]
    authority: str = "adit"

    @property
    def name(self) -> str:
        return f"{self.server}-server_{self.client}-client_{self.transport}_{self.wrapping}"

    def setup(self) -> Setup:
        who, why = self.trigger
        line = f"reneg-sec {RENEG_SECONDS}" if why == "sec" else f"reneg-bytes {RENEG_BYTES}"
        return Setup(
            server=self.server,
            client=self.client,
            transport=self.transport,
            wrapping=self.wrapping,
            cipher=self.cipher,
            point_to_point=True,
            authority=self.authority,
            server_extra=(line,) if who == "server" else (),
            client_extra=(line,) if who == "client" else (),
        )


# Stock looks at its count of bytes only when something else wakes it: it asks by the clock.
PAIRS = (
    Pair("adit", "stock", "udp4", "plain", "AES-256-GCM", ("server", "bytes")),
    Pair("adit", "stock", "udp6", "tls-crypt", "CHACHA20-POLY1305", ("client", "sec"), "openssl"),
    Pair("adit", "stock", "tcp4", "tls-auth", "AES-256-CBC", ("server", "bytes")),
    Pair("adit", "stock", "tcp6", "tls-crypt-v2", "AES-128-GCM", ("server", "sec"), "openssl"),
    Pair("stock", "adit", "udp4", "tls-auth", "AES-128-GCM", ("client", "sec"), "openssl"),
    Pair("stock", "adit", "udp6", "tls-crypt-v2", "AES-256-CBC", ("client", "bytes")),
    Pair("stock", "adit", "tcp4", "tls-crypt", "AES-256-GCM", ("server", "sec"), "openssl"),
    Pair("stock", "adit", "tcp6", "plain", "CHACHA20-POLY1305", ("client", "bytes")),
    Pair("adit", "adit", "udp4", "tls-crypt-v2", "CHACHA20-POLY1305", ("client", "bytes")),
    Pair("adit", "adit", "tcp6", "tls-auth", "AES-256-GCM", ("server", "bytes"), "openssl"),
)


def move_data(tunnel: Tunnel, pair: Pair) -> None:
    """Both ways at once, one over each inner family, while a new key is negotiated."""
    marks = tunnel.marks()
    rate = SIZE_BYTES // TRANSFER_SECONDS[pair.trigger[1]]
    transfers = [
        tunnel.start_up(SIZE_BYTES, inner6=False, rate=rate),
        tunnel.start_down(SIZE_BYTES, inner6=True, rate=rate),
    ]
    tunnel.wait_renegotiated(marks)
    check(any(t.running for t in transfers), "the new key came after the transfers, not during")
    for transfer in transfers:
        transfer.finish()


def check_statistics(tunnel: Tunnel, name: str) -> None:
    """Every counter of this end has seen the transfers, and none counts what was not there."""

    def probe() -> dict[str, int]:
        text = read_whole(tunnel.net.server.folder / name)
        numbers = parse_statistics(text) if text else {}
        return numbers if numbers and min(numbers.values()) >= SIZE_BYTES else {}

    numbers = until(probe, 6, f"{name} counts {SIZE_BYTES} bytes each way")
    for way in ("read", "write"):
        inside, outside = numbers[f"TUN/TAP {way} bytes"], numbers[f"TCP/UDP {way} bytes"]
        check(max(inside, outside) < 3 * SIZE_BYTES, f"{name} counts too much: {numbers}")


def come_back(tunnel: Tunnel, since: int) -> None:
    """The end that listens has begun anew: the same peer may enter again."""
    tunnel.server.wait_for(LISTENS, 10, since)
    mark = tunnel.server.mark()
    tunnel.start_client().wait_for(COMPLETED, 20)
    tunnel.server.wait_for(COMPLETED, 20, mark)
    tunnel.ping_all()


def run_pair(pair: Pair, bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), pair.setup(), bench.keys)
        tunnel.start()
        tunnel.ping_all()
        move_data(tunnel, pair)
        tunnel.ping_all()
        check_statistics(tunnel, "server-status.txt")
        check_statistics(tunnel, "client-status.txt")
        mark = tunnel.server.mark()
        tunnel.say_goodbye()
        tunnel.check_logs()
        come_back(tunnel, mark)
        tunnel.say_goodbye()
        tunnel.stop_server()
        tunnel.check_logs()


def run_killed(bench: Bench, client: str) -> None:
    """A peer that died without a word comes from another port; the end that listens takes it."""
    with Lab(bench.folder) as lab:
        setup = Setup(client=client, wrapping="tls-auth", point_to_point=True)
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        tunnel.ping_all()
        tunnel.client.kill()
        mark = tunnel.server.mark()
        tunnel.start_client().wait_for(COMPLETED, 15)
        tunnel.server.wait_for(r"Peer Connection Initiated with", since=mark)
        tunnel.ping_all()
        restarts = tunnel.server.matches("process restarting")
        check(not restarts, f"the server had to begin anew: {restarts}")
        tunnel.say_goodbye()
        tunnel.stop_server()
        tunnel.check_logs()


def case_of(pair: Pair) -> Case:
    columns = {
        "listens": pair.server,
        "calls": pair.client,
        "transport": pair.transport,
        "wrapping": pair.wrapping,
        "cipher": pair.cipher,
        "new key": " ".join(pair.trigger),
    }
    return Case(pair.name, lambda bench: run_pair(pair, bench), columns=columns)


def killed_case(client: str) -> Case:
    columns = {"listens": "adit", "calls": client, "transport": "udp4", "wrapping": "tls-auth"}
    name = f"killed-{client}-client_comes_back"
    return Case(name, lambda bench: run_killed(bench, client), columns=columns)


def all_cases() -> list[Case]:
    return [*map(case_of, PAIRS), *map(killed_case, ("stock", "adit"))]


if __name__ == "__main__":
    sys.exit(main(__doc__, all_cases()))
