#!/usr/bin/env python3
"""Datagrams with a TOS or traffic class of one's choice, and what packets on a device have.

usage: tos.py send ADDRESS TOS BYTES    one UDP datagram of so many bytes
       tos.py watch DEVICE FAMILY       prints "tos TOS LENGTH" for every packet that comes in by it;
                                        the length is the IP packet's
"""

from __future__ import annotations

import socket
import struct
import sys

ETHERTYPES = {4: 0x0800, 6: 0x86DD}
DISCARD = 9


def send(address: str, tos: int, size: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        if family == socket.AF_INET6:
            out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
        else:
            out.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        out.sendto(bytes(size), (address, DISCARD))


def tos_and_length(packet: bytes, family: int) -> tuple[int, int]:
    if family == 4:
        return packet[1], struct.unpack_from("!H", packet, 2)[0]
    head, length = struct.unpack_from("!IH", packet)
    return head >> 20 & 0xFF, length + 40


def watch(device: str, family: int) -> None:
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)  # 0: deaf until it is bound
    packets.bind((device, ETHERTYPES[family]))
    print("ready", flush=True)
    while True:
        packet, about = packets.recvfrom(65536)
        if about[2] != socket.PACKET_OUTGOING:
            print("tos {} {}".format(*tos_and_length(packet, family)), flush=True)


def main(words: list[str]) -> int:
    if len(words) == 4 and words[0] == "send":
        send(words[1], int(words[2]), int(words[3]))
        return 0
    if len(words) == 3 and words[0] == "watch":
        watch(words[1], int(words[2]))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
