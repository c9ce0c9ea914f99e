#!/usr/bin/env python3
"""Ethernet frames as they are, for tests of tap devices.

    frames.py send DEVICE TO TAG:MARK...     TAG: four hex digits, or - for none
    frames.py hear DEVICE SECONDS            prints "MARK FROM TAG" of each that was sent so

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


def send(device: str, to: str, words: list[str]) -> None:
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((device, 0))
    own = bytes.fromhex(Path(f"/sys/class/net/{device}/address").read_text().strip().replace(":", ""))
    for word in words:
        tag, mark = word.split(":")
        tagged = b"" if tag == "-" else bytes.fromhex("8100" + tag)
        head = bytes.fromhex(to.replace(":", "")) + own + tagged + TYPE
        raw.send(head + f"mark-{mark};".encode() + bytes(50))
        time.sleep(0.01)  # each alone, and in order


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
        print(found[1].decode(), frame[6:12].hex(":"), tag, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        hear(sys.argv[2], float(sys.argv[3]))
