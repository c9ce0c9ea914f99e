#!/usr/bin/env python3
"""A TCP SYN with the largest MSS there is, and what became of the MSS on its way.

usage: syn.py send DEVICE SOURCE TARGET     one SYN goes out by the device
       syn.py catch DEVICE FAMILY           prints the MSS of every such SYN that comes in by it
"""

from __future__ import annotations

import socket
import struct
import sys

LARGEST_MSS = 65535
ETHERTYPES = {4: 0x0800, 6: 0x86DD}
PORT = 7


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def syn(family: int, source: str, target: str) -> bytes:
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    ends = socket.inet_pton(kind, source) + socket.inet_pton(kind, target)
    tcp = struct.pack("!HHIIBBHHHBBH", PORT, PORT, 1, 0, 0x60, 2, 8192, 0, 0, 2, 4, LARGEST_MSS)
    if family == 4:
        pseudo = ends + struct.pack("!BBH", 0, 6, len(tcp))
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0)
        head = head[:10] + struct.pack("!H", checksum(head + ends))
    else:
        pseudo = ends + struct.pack("!IHBB", len(tcp), 0, 0, 6)
        head = struct.pack("!IHBB", 0x60000000, len(tcp), 6, 64)
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    return head + ends + tcp


def mss_of(packet: bytes, family: int) -> int | None:
    head = 20 if family == 4 else 40
    tcp = packet[head:]
    if packet[9 if family == 4 else 6] != 6 or len(tcp) < 24 or tcp[13] != 2:
        return None
    if struct.unpack("!H", tcp[2:4])[0] != PORT:
        return None
    return struct.unpack("!H", tcp[22:24])[0]


def packet_socket(device: str, family: int) -> socket.socket:
    """Whole packets of one family, in and out by the device."""
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # 0: deaf until it is bound
    packets.bind((device, ETHERTYPES[family]))
    return packets


def caught_mss(packets: socket.socket, family: int) -> int | None:
    """Of the next packet that comes in, if it is one of ours."""
    try:
        packet, about = packets.recvfrom(4096)
    except TimeoutError:
        return None
    return mss_of(packet, family) if about[2] != socket.PACKET_OUTGOING else None


def main(words: list[str]) -> int:
    if len(words) == 4 and words[0] == "send":
        device, source, target = words[1:]
        family = 6 if ":" in target else 4
        with packet_socket(device, family) as packets:
            packets.send(syn(family, source, target))
        return 0
    if len(words) == 3 and words[0] == "catch":
        with packet_socket(words[1], int(words[2])) as packets:
            print("ready", flush=True)
            while True:
                mss = caught_mss(packets, int(words[2]))
                if mss is not None:
                    print(f"mss {mss}", flush=True)
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
