#!/usr/bin/env python3
"""Ethernet frames as they are, for tests of tap devices.

    frames.py send DEVICE TO TAG:MARK...     TAG: four hex digits, or - for none
    frames.py hear DEVICE SECONDS            prints "MARK FROM TAG" of each that was sent so
    frames.py dhcp DEVICE ROUTER MARK        sends the acknowledgement of a DHCP server to all; of
                                             such "hear" prints the options in place of the tag

The kernel takes a tag out of what comes in, and tells it beside the frame (PACKET_AUXDATA).
"""

from __future__ import annotations

import re
import socket
import struct
import sys
import time
from pathlib import Path

SOL_PACKET, PACKET_AUXDATA, OUTGOING = 263, 8, 4
TAG_VALID = 0x10
TYPE = bytes.fromhex("88b5")  # for experiments
MARK = re.compile(rb"mark-([a-z0-9-]+);")


def own_address(device: str) -> bytes:
    text = Path(f"/sys/class/net/{device}/address").read_text()
    return bytes.fromhex(text.strip().replace(":", ""))


def send(device: str, to: str, words: list[str]) -> None:
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((device, 0))
    own = own_address(device)
    for word in words:
        tag, mark = word.split(":")
        tagged = b"" if tag == "-" else bytes.fromhex("8100" + tag)
        head = bytes.fromhex(to.replace(":", "")) + own + tagged + TYPE
        raw.send(head + f"mark-{mark};".encode() + bytes(50))
        time.sleep(0.01)  # each alone, and in order


def checksum(data: bytes) -> int:
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def dhcp(device: str, router: str, mark: str) -> None:
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((device, 0))
    own = own_address(device)
    source, everybody = socket.inet_aton(router), b"\xff" * 4
    boot = b"\x02\x01\x06\x00" + bytes(104) + f"mark-{mark};".encode().ljust(128, b"\0")
    options = bytes.fromhex("63825363 350105 3604c0a80801 0304") + source
    options += bytes.fromhex("0104ffffff00ff")
    message = boot + options
    length = struct.pack("!H", 8 + len(message))
    pseudo = source + everybody + b"\0\x11" + length
    ports = struct.pack("!HH", 67, 68)
    udp = ports + length + struct.pack("!H", checksum(pseudo + ports + length + b"\0\0" + message))
    ip = b"\x45\0" + struct.pack("!H", 28 + len(message)) + bytes.fromhex("0000000040110000")
    ip += source + everybody
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    raw.send(b"\xff" * 6 + own + b"\x08\x00" + ip + udp + message)


def options_of(frame: bytes) -> str:
    """Of a DHCP message, with its length and whether its checksum holds."""
    udp = frame[34:]
    pseudo = frame[26:34] + b"\0\x11" + udp[4:6]
    holds = checksum(pseudo + udp) == 0
    return f"{udp[8 + 236:].hex()},{len(frame)},{'good' if holds else 'bad'}"


def hear(device: str, seconds: float) -> None:
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    raw.bind((device, 0))
    raw.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    print("listening", flush=True)
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        raw.settimeout(left)
        try:
            frame, beside, _, source = raw.recvmsg(2048, 256)
        except TimeoutError:
            return
        found = MARK.search(frame)
        if not found or source[2] == OUTGOING:
            continue
        tag = frame[14:16].hex() if frame[12:14] == b"\x81\x00" else "-"
        for level, kind, data in beside:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, *_, tci, _ = struct.unpack("IIIHHHH", data)
                tag = f"{tci:04x}" if status & TAG_VALID else tag
        if frame[12:14] == b"\x08\x00":
            tag = options_of(frame)
        print(found[1].decode(), frame[6:12].hex(":"), tag, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1] == "dhcp":
        dhcp(*sys.argv[2:5])
    else:
        hear(sys.argv[2], float(sys.argv[3]))
