#!/usr/bin/env python3
"""How much gets through a TCP connection in a given time; ends in time also when nothing does.

usage: rate.py receive ADDRESS SECONDS         prints "listening PORT", at the end "bytes N"
       rate.py send ADDRESS PORT SECONDS       as much as it can
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time

CHUNK_BYTES = 65536
PATIENCE_SECONDS = 5  # for the connection itself


def receive(address: str, seconds: float) -> int:
    total = 0
    with socket.create_server((address, 0)) as listener:
        listener.settimeout(PATIENCE_SECONDS)
        print(f"listening {listener.getsockname()[1]}", flush=True)
        try:
            with listener.accept()[0] as connection:
                end = time.monotonic() + seconds
                while (left := end - time.monotonic()) > 0:
                    connection.settimeout(left)
                    count = len(connection.recv(CHUNK_BYTES))
                    if count == 0:
                        break
                    total += count
        except OSError:
            pass  # nothing came, or nothing more
    print(f"bytes {total}", flush=True)
    return 0


def open_connection(address: str, port: int) -> socket.socket:
    """With the congestion control that nearly every host has, where this kernel has it."""
    connection = socket.create_connection((address, port), PATIENCE_SECONDS)
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    return connection


def send(address: str, port: int, seconds: float) -> int:
    try:
        with open_connection(address, port) as connection:
            connection.settimeout(seconds)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                connection.sendall(bytes(CHUNK_BYTES))
    except OSError:
        pass  # the receiver tells how far it came
    return 0


def main(words: list[str]) -> int:
    if len(words) == 3 and words[0] == "receive":
        return receive(words[1], float(words[2]))
    if len(words) == 4 and words[0] == "send":
        return send(words[1], int(words[2]), float(words[3]))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
