"""Compression, where both sides ask for it: what one end sends compressed the other end reads."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab import Host, Lab, check
from runner import Bench, Case
from tunnel import Setup, Tunnel

PINGS, PING_BYTES = 20, 1000
INSIDE_BYTES = PINGS * (PING_BYTES + 28)
SENDS = "allow-compression yes"
READS = "allow-compression asym"
TOLD = r"WARNING: In \S+\.conf:\d+: what is compressed before it is encrypted may betray"


@dataclass(frozen=True)
class Squeeze:
    """server_sends, client_sends: whose packets get shorter on the way."""

    name: str
    server: str
    client: str
    server_lines: tuple[str, ...]
    client_lines: tuple[str, ...]
    server_sends: bool = True
    client_sends: bool = True
    transport: str = "udp4"


def both(
    line: str, server: str, client: str, transport: str = "udp4", more: tuple[str, ...] = ()
) -> Squeeze:
    name = re.sub(r"\W+", "_", "_".join([f"{server}-{client}", line, *more]))
    lines = (SENDS, line, *more)
    return Squeeze(name, server, client, lines, lines, transport=transport)


PUSHED = (SENDS, "compress lz4-v2", 'push "compress lz4-v2"')
SQUEEZES = (
    both("comp-lzo yes", "adit", "stock"),
    both("comp-lzo adaptive", "stock", "adit", "tcp4"),
    both("compress lz4", "adit", "stock", "tcp4"),
    both("compress lz4", "stock", "adit", more=("fragment 500",)),
    both("compress lz4-v2", "adit", "stock"),
    both("compress lz4-v2", "stock", "adit"),
    both("comp-lzo yes", "adit", "adit"),
    Squeeze("pushed_and_allowed", "stock", "adit", PUSHED, (SENDS,)),
    Squeeze("pushed_and_only_read", "stock", "adit", PUSHED, (), client_sends=False),
    Squeeze("pushed_by_us", "adit", "stock", PUSHED, (SENDS,)),
    Squeeze(
        "asked_for_and_only_read",
        "adit",
        "stock",
        (READS, "compress lz4"),
        (SENDS, "compress lz4"),
        server_sends=False,
    ),
)


def count_bytes(host: Host, transport: str) -> None:
    words = f"-A OUTPUT -p {transport[:3]} -m multiport --ports 1194 -j ACCEPT"
    host.run("iptables", *words.split())


def bytes_out(host: Host) -> int:
    found = re.search(r"^\s*\d+\s+(\d+) ACCEPT", host.run("iptables", "-L", "OUTPUT", "-vnx"), re.M)
    check(found is not None, f"{host.name}: the rule is gone")
    return int(found[1])


def run_squeeze(squeeze: Squeeze, bench: Bench) -> None:
    setup = Setup(
        squeeze.server,
        squeeze.client,
        squeeze.transport,
        server_extra=squeeze.server_lines,
        client_extra=squeeze.client_lines,
    )
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        tunnel.ping_all()
        ends = ((net.server, squeeze.server_sends), (net.client, squeeze.client_sends))
        for host, _ in ends:
            count_bytes(host, squeeze.transport)
        words = f"-n -q -c {PINGS} -i 0.02 -W 3 -s {PING_BYTES} -p cafe {tunnel.inside.server4}"
        text = net.client.run("ping", *words.split())
        check(f" {PINGS} received" in text, f"pings were lost:\n{text}")
        for host, sends in ends:
            out = bytes_out(host)
            shorter = out < INSIDE_BYTES // 2
            check(shorter == sends, f"the {host.name} sent {out} bytes for {INSIDE_BYTES} inside")
        tunnel.start_up(1 << 20).finish()
        tunnel.start_down(1 << 20, inner6=True).finish()
        check_told(tunnel, squeeze)


def check_told(tunnel: Tunnel, squeeze: Squeeze) -> None:
    ends = (
        (squeeze.server, tunnel.server, squeeze.server_lines),
        (squeeze.client, tunnel.client, squeeze.client_lines),
    )
    for program, end, lines in ends:
        if program == "adit":
            count = len(end.matches(TOLD))
            check(count == (SENDS in lines), f"{end.name} told {count} times of the danger")


def compression_cases() -> list[Case]:
    return [
        Case(
            f"compression-{squeeze.name}",
            lambda bench, s=squeeze: run_squeeze(s, bench),
            columns={"server": squeeze.server, "client": squeeze.client},
        )
        for squeeze in SQUEEZES
    ]
