#!/usr/bin/env python3
"""usage: nameserver.py ADDRESS FILE: a name server that answers each question for an IPv4 address with the
one in FILE as it is then, and any other question with none."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from pathlib import Path

HEADER = struct.Struct("!6H")
TYPE_A, CLASS_IN = 1, 1
ANSWER, NAME_OF_QUESTION = 0x8180, 0xC00C


def answer(question: bytes, address: bytes) -> bytes:
    """source: RFC 1035, 4.1"""
    number = HEADER.unpack_from(question)[0]
    end = question.index(b"\0", HEADER.size) + 5
    asked = question[HEADER.size : end]
    found = struct.unpack("!2H", asked[-4:]) == (TYPE_A, CLASS_IN)
    reply = HEADER.pack(number, ANSWER, 1, int(found), 0, 0) + asked
    if found:
        reply += struct.pack("!3HIH", NAME_OF_QUESTION, TYPE_A, CLASS_IN, 0, 4) + address
    return reply


def main() -> None:
    own, file = sys.argv[1], Path(sys.argv[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as desk:
        desk.bind((own, 53))
        print("ready", flush=True)
        while True:
            question, sender = desk.recvfrom(512)
            desk.sendto(answer(question, ipaddress.ip_address(file.read_text().strip()).packed), sender)


if __name__ == "__main__":
    main()
