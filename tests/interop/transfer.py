"""One end of a checked TCP transfer; tests start it in a host, see lab.transfer().

usage: transfer.py [--rate N] [--seconds S] listen ADDRESS --send N --receive N
       transfer.py [--rate N] [--seconds S] connect ADDRESS PORT --send N --receive N

The listening end prints "listening PORT". Both end with a line of JSON: what was sent and received,
each with its SHA-256. A connection on which nothing moves for a while is a failure. With --seconds
the numbers are the most that is sent: an end stops after that time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import socket
import sys
import threading
import time

CHUNK_BYTES = 65536
IDLE_SECONDS = 20


class Sender(threading.Thread):
    def __init__(self, connection: socket.socket, size: int, rate: int, seconds: float):
        super().__init__(daemon=True)
        self.connection = connection
        self.size = size
        self.rate = rate
        self.seconds = seconds or float("inf")
        self.sent = 0
        self.digest = hashlib.sha256()
        self.error = ""

    def run(self) -> None:
        try:
            self.send_all()
            self.connection.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.error = str(error)

    def send_all(self) -> None:
        source = random.Random(self.size)
        start = time.monotonic()
        while self.sent < self.size and time.monotonic() - start < self.seconds:
            chunk = source.randbytes(min(CHUNK_BYTES, self.size - self.sent))
            self.connection.sendall(chunk)
            self.digest.update(chunk)
            self.sent += len(chunk)
            if self.rate:
                time.sleep(max(0.0, start + self.sent / self.rate - time.monotonic()))


def receive_all(connection: socket.socket) -> tuple[int, str]:
    """Up to the other end's farewell."""
    received = 0
    digest = hashlib.sha256()
    buffer = bytearray(CHUNK_BYTES)
    while count := connection.recv_into(buffer):
        digest.update(memoryview(buffer)[:count])
        received += count
    return received, digest.hexdigest()


def open_connection(arguments: argparse.Namespace) -> socket.socket:
    if arguments.what == "connect":
        return socket.create_connection((arguments.address, arguments.port), IDLE_SECONDS)
    family = socket.AF_INET6 if ":" in arguments.address else socket.AF_INET
    with socket.create_server((arguments.address, 0), family=family) as listener:
        listener.settimeout(IDLE_SECONDS)
        print(f"listening {listener.getsockname()[1]}", flush=True)
        return listener.accept()[0]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rate", type=int, default=0, help="bytes a second, at most")
    parser.add_argument("--seconds", type=float, default=0, help="stop sending then")
    ways = parser.add_subparsers(dest="what", required=True)
    for name in ("listen", "connect"):
        way = ways.add_parser(name)
        way.add_argument("address")
        if name == "connect":
            way.add_argument("port", type=int)
        way.add_argument("--send", type=int, default=0)
        way.add_argument("--receive", type=int, default=0)
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    try:
        with open_connection(arguments) as connection:
            connection.settimeout(IDLE_SECONDS)
            start = time.monotonic()
            sender = Sender(connection, arguments.send, arguments.rate, arguments.seconds)
            sender.start()
            received, digest = receive_all(connection)
            sender.join()
            seconds = time.monotonic() - start
    except OSError as error:
        print(f"transfer: {error}")
        return 1
    if sender.error:
        print(f"transfer: sent {sender.sent} of {sender.size} bytes: {sender.error}")
        return 1
    result = {
        "sent": sender.sent,
        "sent_sha256": sender.digest.hexdigest(),
        "received": received,
        "received_sha256": digest,
        "seconds": round(seconds, 3),
    }
    print(json.dumps(result))
    return 0 if arguments.seconds or received == arguments.receive else 1


if __name__ == "__main__":
    sys.exit(main())
