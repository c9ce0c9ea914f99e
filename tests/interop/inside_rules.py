#!/usr/bin/env python3
"""What happens to packets inside beside being carried: client-nat, block-ipv6, the tunnel's own.

What a client does is done with a stock client and with adit, to a stock server, and must end alike.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable
from typing import TypeVar

from beside_stock import both
from capture import start_capture
from features import push
from lab import Host, Lab, ThreeHosts, check, until
from runner import Bench, Case, main
from tunnel import COMPLETED, PORT, Setup, Tunnel

DIGEST = """
import hashlib, socket, sys
s = socket.create_server((sys.argv[1], 5000))
print('ready', flush=True)
peer, where = s.accept()
digest = hashlib.sha256()
while data := peer.recv(65536): digest.update(data)
peer.sendall(f'{where[0]} {digest.hexdigest()}'.encode())
"""
SEND = """
import hashlib, socket, sys
data = bytes(i * 7 % 251 for i in range(200_000))
s = socket.create_connection((sys.argv[1], 5000), 10)
s.sendall(data)
s.shutdown(socket.SHUT_WR)
seen, digest = s.recv(1000).decode().split()
print(seen, digest == hashlib.sha256(data).hexdigest())
"""

Told = TypeVar("Told")


def same_talk(bench: Bench, setup: Setup, talk: Callable[[ThreeHosts], Told]) -> Told:
    """talk(net) returns what is to be the same; the tunnel stands."""

    def play(program: str) -> Told:
        with Lab(bench.folder / program) as lab:
            net = lab.three_hosts()
            Tunnel(net, dataclasses.replace(setup, client=program), bench.keys).start()
            return talk(net)

    stock, ours = both(play)
    check(ours == stock, f"adit: {ours}\nstock: {stock}")
    return ours


def give_address(host: Host, address: str) -> None:
    host.run("ip", "addr", "add", f"{address}/32", "dev", "lo")


def client_nat(bench: Bench) -> None:
    """Pings and a connection under other addresses, both ways; checksums are whole."""
    lines = (
        "client-nat snat 10.1.0.0 255.255.0.0 10.2.0.0",
        "client-nat dnat 10.50.0.0 255.255.0.0 10.60.0.0",
        "route 10.50.0.0 255.255.0.0",
    )
    setup = Setup(
        server="stock",
        client_extra=lines,
        server_extra=("route 10.2.0.0 255.255.0.0", "client-config-dir ccd"),
    )

    def talk(net: ThreeHosts) -> dict[str, object]:
        give_address(net.client, "10.1.0.5")
        give_address(net.server, "10.60.0.7")
        capture = start_capture(net.server, "tun0")
        out = net.client.run("ping", "-c1", "-W2", "-I", "10.1.0.5", "10.50.0.7", fails=True)
        back = net.server.run("ping", "-c1", "-W2", "-I", "10.60.0.7", "10.2.0.5", fails=True)
        seen = until(lambda: capture.matches("^ip "), 5, "something comes out")
        listener = net.server.start("digest", sys.executable, "-c", DIGEST, "10.60.0.7")
        listener.wait_for("ready")
        moved = net.client.run(sys.executable, "-c", SEND, "10.50.0.7").strip()
        return {
            "out": re.findall(r"(\d) received", out) + re.findall(r"from (\S+):", out),
            "back": re.findall(r"(\d) received", back) + re.findall(r"from (\S+):", back),
            "seen": sorted(set(seen)),
            "moved": moved,
        }

    for program in ("stock", "adit"):
        folder = bench.folder / program / "ccd"
        folder.mkdir(parents=True)
        (folder / "client1").write_text("iroute 10.2.0.0 255.255.0.0\n")
    told = same_talk(bench, setup, talk)
    check(told["moved"].endswith(" True"), f"what was sent arrives changed: {told}")


def block_ipv6(bench: Bench) -> None:
    """The client's own programs are told at once; IPv4 goes on."""

    def talk(net: ThreeHosts) -> dict[str, object]:
        said = net.client.run("ping", "-6", "-c1", "-W2", "fd00:8::1", fails=True)
        kinds = re.findall(r"Destination unreachable: [A-Za-z ]+|\d+ errors|\d received", said)
        return {"v6": kinds, "v4": net.client.ping("10.8.0.1", 2).received}

    told = same_talk(bench, Setup(server="stock", client_extra=("block-ipv6",)), talk)
    check("Destination unreachable: No route" in told["v6"] and told["v4"] == 2, f"{told}")


def pushed_block_ipv6(bench: Bench) -> None:
    setup = Setup(server="stock", server_extra=push("block-ipv6"))

    def talk(net: ThreeHosts) -> list[str]:
        said = net.client.run("ping", "-6", "-c1", "-W2", "fd00:8::1", fails=True)
        return re.findall(r"Destination unreachable: [A-Za-z ]+", said)

    check(same_talk(bench, setup, talk), "the client hears nothing")


def block_ipv6_at_server(bench: Bench) -> None:
    """The server tells its clients, as the manual of stock has it; stock 2.6.14 itself is silent."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        setup = Setup(server="adit", client="stock", server_extra=("block-ipv6",))
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start_server()
        tunnel.start_client().wait_for(COMPLETED)
        said = net.client.run("ping", "-6", "-c1", "-W2", "fd00:8::77", fails=True)
        check("Destination unreachable: No route" in said, f"the client hears:\n{said}")
        check(net.client.ping("10.8.0.1", 2).received == 2, "IPv4 does not go on")


SEND_BY_TUNNEL = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'tun0')
s.sendto(b'x', (sys.argv[1], int(sys.argv[2])))
"""


def own_packets(bench: Bench) -> None:
    """What would carry the tunnel and comes out of it is told and dropped, other services of that
    host are reached; and not with allow-recursive-routing. source: 2.7 compares ports, too."""
    for own, dropped in (((), True), (("allow-recursive-routing",), False)):
        with Lab(bench.folder / str(dropped)) as lab:
            net = lab.three_hosts()
            setup = Setup(server="stock", client="adit", client_extra=own)
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start_server()
            client = tunnel.start_client()
            client.wait_for(COMPLETED)
            capture = start_capture(net.server, "tun0")
            for port in (PORT, PORT + 1):
                net.client.run(sys.executable, "-c", SEND_BY_TUNNEL, net.server4, port)
            to_server = rf"^ip \S+ {net.server4} 17 "
            last = rf"{to_server}{PORT + 1}$"
            until(lambda: capture.matches(last), 5, "it comes out at the server")
            ports = [int(line.split()[-1]) for line in capture.matches(to_server)]
            check(ports == [PORT, PORT + 1][dropped:], f"datagrams to {ports} come out")
            told = "Recursive routing detected, drop tun packet to"
            if dropped:
                client.wait_for(told, 5)
            else:
                check(not client.matches(told), f"it says that it drops:\n{client.tail()}")


CASES = [
    Case("client_nat", client_nat),
    Case("block_ipv6", block_ipv6),
    Case("pushed_block_ipv6", pushed_block_ipv6),
    Case("block_ipv6_at_server", block_ipv6_at_server),
    Case("own_packets", own_packets),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
