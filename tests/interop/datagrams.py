"""One end of checked UDP bursts; tests start it in a host, see offloads.py.

usage: datagrams.py listen ADDRESS
       datagrams.py connect ADDRESS PORT

The listening end prints "listening PORT" and answers each burst with its SHA-256. The connecting end
sends bursts of many sizes, half of them with UDP_SEGMENT, so that they enter the tunnel as one packet;
a burst that is not answered, or wrongly, is a failure. It prints how many datagrams it has sent.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import socket
import struct
import sys

UDP_SEGMENT = 103
WAIT_SECONDS = 5
LONGEST_SILENCE = 30
SIZES = (*range(16, 40), 100, 255, 511, 512, 999, 1000, 1001, 1200)
HEAD = struct.Struct("!IHH")  # burst, number in it, how many


def listen(address: str) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as here:
        here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        here.bind((address, 0))
        print(f"listening {here.getsockname()[1]}", flush=True)
        here.settimeout(LONGEST_SILENCE)
        current, parts = -1, {}
        while True:
            datagram, sender = here.recvfrom(65536)
            burst, number, count = HEAD.unpack_from(datagram)
            if count == 0:
                return 0
            if burst != current:
                current, parts = burst, {}
            parts[number] = datagram
            if list(parts) == list(range(count)):  # all, and in their order
                digest = hashlib.sha256(b"".join(parts.values())).digest()
                here.sendto(struct.pack("!I", burst) + digest, sender)


def connect(address: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    source = random.Random(port)
    sent = 0
    with socket.socket(family, socket.SOCK_DGRAM) as here:
        here.connect((address, port))
        here.settimeout(WAIT_SECONDS)
        for burst, (size, together) in enumerate((size, way) for size in SIZES for way in (0, 1)):
            count = 1 + source.randrange(30)
            bodies = [source.randbytes(size - HEAD.size) for _ in range(count)]
            if together:  # the last may be shorter
                bodies[-1] = bodies[-1][: source.randrange(len(bodies[-1]) + 1)]
            datagrams = [HEAD.pack(burst, i, count) + body for i, body in enumerate(bodies)]
            here.setsockopt(socket.SOL_UDP, UDP_SEGMENT, size if together else 0)
            for message in [b"".join(datagrams)] if together else datagrams:
                here.send(message)
            wanted = struct.pack("!I", burst) + hashlib.sha256(b"".join(datagrams)).digest()
            if here.recv(100) != wanted:
                print(f"datagrams: burst {burst} of {count} times {size} bytes came wrongly")
                return 1
            sent += count
        here.setsockopt(socket.SOL_UDP, UDP_SEGMENT, 0)
        here.send(HEAD.pack(0, 0, 0))
    print(f"sent {sent}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("listen", "connect"))
    parser.add_argument("address")
    parser.add_argument("port", type=int, nargs="?")
    arguments = parser.parse_args()
    try:
        if arguments.what == "listen":
            return listen(arguments.address)
        return connect(arguments.address, arguments.port)
    except OSError as error:
        print(f"datagrams: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
