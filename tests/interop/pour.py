#!/usr/bin/env python3
"""UDP datagrams at a steady rate, until it is ended.

usage: pour.py ADDRESS BYTES RATE    each of so many bytes, RATE bytes a second of them
"""

from __future__ import annotations

import socket
import sys
import time

DISCARD = 9
UDP_SEGMENT = 103
MOST_SEGMENTS = 40  # that enter the tunnel as one packet
STEP_SECONDS = 0.002


def pour(address: str, size: int, rate: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    together = max(1, min(MOST_SEGMENTS, int(rate * STEP_SECONDS / size)))
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        out.connect((address, DISCARD))
        if together > 1:
            out.setsockopt(socket.SOL_UDP, UDP_SEGMENT, size)
        message = bytes(size * together)
        print("pouring", flush=True)
        due = time.monotonic()
        while True:
            due += len(message) / rate
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                out.send(message)
            except (BlockingIOError, ConnectionRefusedError):
                pass  # nobody listens; the device's queue is full


def main(words: list[str]) -> int:
    if len(words) != 3:
        print(__doc__)
        return 2
    pour(words[0], int(words[1]), int(words[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
