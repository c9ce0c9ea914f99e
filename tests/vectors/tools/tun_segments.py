#!/usr/bin/env python3
"""Makes ../data/tun-segments.json: TCP and UDP packets as scapy makes them, one by one, and the large
packet of which they are the segments, as a kernel leaves it to the device (the checksum field holds
the sum of the pseudo-header alone). No test runs this; it needs python3-scapy.

usage: tun_segments.py > ../data/tun-segments.json
"""

from __future__ import annotations

import json
import random

from scapy import VERSION
from scapy.compat import raw
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, PadN
from scapy.packet import Packet, Raw
from scapy.utils import checksum

CHANCE = random.Random(2026)
TIME_STAMPS = [("NOP", None), ("NOP", None), ("Timestamp", (123456, 654321))]
ECN = 2


def extensions() -> Packet:
    return IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]) / IPv6ExtHdrDestOpt(
        options=[PadN(optdata=b"\0" * 4)]
    )


def network(v6: bool, extended: bool, number: int, tos: int) -> Packet:
    if v6:
        head = IPv6(src="fd00::1", dst="fd00::2", hlim=63, tc=tos, fl=0xABCDE)
        return head / extensions() if extended else head
    return IP(src="10.8.0.1", dst="192.0.2.33", ttl=63, tos=tos, flags="DF", id=65534 + number & 0xFFFF)


def pseudo_sum(head: bytes, v6: bool, protocol: int, length: int) -> int:
    addresses = head[8:40] if v6 else head[12:20]
    return 0xFFFF - checksum(addresses + length.to_bytes(4, "big") + protocol.to_bytes(4, "big"))


def case(name: str, v6: bool, udp: bool, sizes: list[int], flags: str = "A", extended=False, options=(), tos=0):
    protocol = 17 if udp else 6
    payload = CHANCE.randbytes(sum(sizes))
    first = 0xFFFFFF00

    def transport(at: int, said: str) -> Packet:
        if udp:
            return UDP(sport=5000, dport=53)
        return TCP(
            sport=5000, dport=443, seq=(first + at) & 0xFFFFFFFF, ack=99, window=501, flags=said, options=list(options)
        )

    segments, at = [], 0
    for number, size in enumerate(sizes):
        said = flags
        if number + 1 < len(sizes):
            said = said.replace("P", "").replace("F", "")
        if number > 0:
            said = said.replace("C", "")
        body = Raw(payload[at : at + size])
        segments.append(raw(network(v6, extended, number, tos) / transport(at, said) / body))
        at += size
    whole = bytearray(raw(network(v6, extended, 0, tos) / transport(0, flags) / Raw(payload)))
    start = (40 + (16 if extended else 0)) if v6 else 20
    field = 6 if udp else 16
    partial = pseudo_sum(whole, v6, protocol, len(whole) - start)
    whole[start + field : start + field + 2] = partial.to_bytes(2, "big")
    return {
        "name": name,
        "gso_type": 5 if udp else 4 if v6 else 1,
        "gso_size": sizes[0],
        "csum_start": start,
        "csum_offset": field,
        "hdr_len": len(whole) - len(payload),
        "joined": flags in ("A", "PA") and not extended,
        "whole": whole.hex(),
        "segments": [segment.hex() for segment in segments],
    }


def cases() -> list[dict]:
    made = []
    for v6 in (False, True):
        ip = "IPv6" if v6 else "IPv4"
        made += [
            case(f"{ip} TCP", v6, False, [100, 100, 100]),
            case(f"{ip} TCP, odd sizes, time stamps, PSH", v6, False, [101, 101, 7], "PA", options=TIME_STAMPS),
            case(f"{ip} TCP, ECN, last byte alone", v6, False, [77, 77, 1], tos=ECN),
            case(f"{ip} TCP, CWR, PSH and FIN", v6, False, [64, 64, 64], "FPAC"),
            case(f"{ip} UDP", v6, True, [120, 120, 120, 120]),
            case(f"{ip} UDP, odd sizes", v6, True, [33, 33, 33, 32], tos=0xB8),
        ]
    made.append(case("IPv6 TCP behind extension headers", True, False, [99, 99, 50], "PA", True))
    made.append(case("IPv6 UDP behind extension headers", True, True, [51, 51, 51], "A", True))
    return made


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "description": f"Segments as scapy {VERSION} makes them and the whole packet they come from; "
                "made by tests/vectors/tools/tun_segments.py.",
                "cases": cases(),
            },
            indent=1,
        )
    )
