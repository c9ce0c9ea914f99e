#!/usr/bin/env python3
"""kill-switch: what leaves the client's host, as its neighbour on the wire captures it.

A program on the host sends to the world all the time, by IPv4 and IPv6, and asks a name server. From
the moment the client says that the switch is closed, the wire may see nothing but the tunnel's own
packets, and what finds neighbours; while the tunnel stands, while it is down, and after kill -9.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import replace

from capture import start_capture
from features import credentials, hosts_file, push
from lab import ADIT, Host, Lab, Process, ThreeHosts, check, until
from runner import Bench, Case, main
from tunnel import COMPLETED, PORT, Setup, Tunnel

WORLD = "192.0.2.77"
WORLD6 = "2001:db8:77::77"
CLOSED = "kill-switch: closed"

# Datagrams and connections to the world, ten times a second; one line a second that it still lives.
CHATTER = f"""
import socket, time
def send(family, to, port):
    s = socket.socket(family, socket.SOCK_DGRAM)
    try: s.sendto(b'leak', (to, port))
    except OSError: pass
    s.close()
def call(family, to):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setblocking(False)
    try: s.connect((to, 443))
    except OSError: pass
    s.close()
for turn in range(600):
    for family, to in ((socket.AF_INET, '{WORLD}'), (socket.AF_INET6, '{WORLD6}')):
        send(family, to, 9)
        call(family, to)
    send(socket.AF_INET, '198.51.100.1', 53)
    if turn % 5 == 0: print('turn', turn, flush=True)
    time.sleep(0.1)
"""

MLD, ROUTER_SOLICIT, NEIGHBOUR_SOLICIT, NEIGHBOUR_ADVERT = "143", "133", "135", "136"


def harmless(line: str, server: str, protocol: int) -> bool:
    kind, *words = line.split()
    if kind in ("arp", "ready"):
        return True
    if kind == "ip":
        return words[1:] == [server, str(protocol), str(PORT)]
    if kind != "ip6":
        return False
    _, to, inside, _, first = words
    if inside == "58":
        return first in (MLD, ROUTER_SOLICIT, NEIGHBOUR_SOLICIT, NEIGHBOUR_ADVERT)
    return inside == "0" and to == "ff02::16"  # MLD with a router alert


class Scene:
    """udp or tcp: how the tunnel's own packets go."""

    def __init__(self, bench: Bench, lab: Lab, transport: str, *own: str):
        self.net: ThreeHosts = lab.three_hosts()
        self.host: Host = self.net.client
        lines = push("redirect-gateway def1 ipv6")
        setup = Setup(
            server="stock",
            client="adit",
            transport=transport,
            server_extra=lines,
            client_extra=("kill-switch", *own),
        )
        self.protocol = 6 if setup.tcp else 17
        self.tunnel = Tunnel(self.net, setup, bench.keys)
        self.capture = start_capture(self.net.wire, "client")
        self.chatter: Process = self.host.start("chatter", sys.executable, "-c", CHATTER)
        until(lambda: self.leaks(0), 5, "without a switch everything is seen")
        self.tunnel.start_server()

    def leaks(self, since: int) -> list[str]:
        lines = self.capture.text(since).splitlines()
        return [line for line in lines if not harmless(line, self.net.server4, self.protocol)]

    def start(self) -> tuple[Process, int]:
        """The client, and the place in the capture from which on nothing may be seen."""
        client = self.tunnel.start_client()
        client.wait_for(CLOSED)
        self.settle()
        return client, self.capture.mark()

    def settle(self) -> None:
        """What was on its way when the switch closed has been captured."""
        mark = self.chatter.mark()
        self.chatter.wait_for("turn", since=mark, count=2)

    def nothing_leaks(self, since: int, when: str) -> None:
        self.settle()
        found = sorted(set(self.leaks(since)))
        check(not found, f"{when} these leave the host: {found[:6]}")

    def everything_leaves(self) -> None:
        mark = self.capture.mark()
        until(lambda: self.leaks(mark), 5, "everything leaves again")

    def table(self) -> str:
        return self.host.run("nft", "list", "ruleset")


def whole_life(transport: str, *own: str):
    def run(bench: Bench) -> None:
        """Connecting, up, the server gone, up again, and the end."""
        with Lab(bench.folder) as lab:
            scene = Scene(bench, lab, transport, *own)
            client, since = scene.start()
            client.wait_for(COMPLETED)
            scene.nothing_leaks(since, "while the tunnel stands")
            check(scene.host.ping("10.8.0.1", 2).received == 2, "the tunnel does not carry")
            scene.tunnel.server.kill()
            mark = client.mark()
            client.send_signal(signal.SIGUSR1)
            client.wait_for("process restarting", since=mark)
            stays = "tun0" in scene.host.devices()
            check(stays == ("persist-tun" in own), f"the device stays: {stays}")
            scene.nothing_leaks(since, "while the tunnel is down")
            scene.tunnel.start_server()
            client.wait_for(COMPLETED, since=mark, seconds=25)
            scene.nothing_leaks(since, "when the tunnel stands again")
            check(client.stop() == 0, "the client does not end well")
            check("kill-switch" not in scene.table(), f"left: {scene.table()}")
            scene.everything_leaves()

    return run


def after_a_crash(bench: Bench) -> None:
    """kill -9: it stays closed, and the next one takes it over, its server's name included."""
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, "udp4")
        with hosts_file(scene.host) as hosts:
            hosts.write_text(f"127.0.0.1 localhost\n{scene.net.server4} vpn.example\n")
            scene.tunnel.remote = "vpn.example"
            client, since = scene.start()
            client.wait_for(COMPLETED)
            client.kill()
            until(lambda: "tun0" not in scene.host.devices(), 5, "the device is gone")
            scene.nothing_leaks(since, "after kill -9")
            hosts.write_text("127.0.0.1 localhost\n")  # nobody could be asked for it either
            client, _ = scene.start()
            check(client.matches("still closed from before"), "it was not taken over")
            client.wait_for(COMPLETED)
            scene.nothing_leaks(since, "with the next one")
            check(client.stop() == 0, "the client does not end well")
            scene.everything_leaves()


def refused(bench: Bench) -> None:
    """A client that the server turns away leaves it closed; the command opens it."""
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, "udp4", credentials(bench.folder, "ann", "wrong"))
        scene.tunnel.server.stop()
        extra = ("script-security 2", 'auth-user-pass-verify "/bin/false" via-file')
        scene.tunnel.setup = replace(scene.tunnel.setup, server_extra=extra)
        scene.tunnel.start_server()
        client, since = scene.start()
        until(lambda: not client.running, 15, "the client gives up")
        check(client.matches("stays closed"), f"it does not say so:\n{client.tail()}")
        scene.nothing_leaks(since, "after the client gave up")
        said = scene.host.run(ADIT, "firewall", "unload", "--owner", "kill-switch")
        check("kill-switch" in said, f"the command says {said!r}")
        scene.everything_leaves()


def lan_allowed(bench: Bench) -> None:
    """allow-lan: the neighbour is reached, the world is not; and there is only one switch."""
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, "udp4")
        allowed = ("kill-switch allow-lan",)
        scene.tunnel.setup = replace(scene.tunnel.setup, client_extra=allowed)
        client, since = scene.start()
        client.wait_for(COMPLETED)
        check(scene.host.ping(scene.net.wire4, 2).received == 2, "the neighbour is not reached")
        scene.settle()
        near = (scene.net.wire4, scene.net.wire6)
        found = [line for line in scene.leaks(since) if not any(f" {n} " in line for n in near)]
        check(not found, f"these leave the host: {found[:6]}")
        second = scene.tunnel.start_client()
        second.wait_for("another adit on this host has it")
        check(second.wait() == 1, "the second client goes on without")
        scene.tunnel.client = client
        check(client.stop() == 0, "the client does not end well")


UNPRIVILEGED = ("user nobody", "group nogroup", "persist-tun")
CASES = [
    Case("udp", whole_life("udp4")),
    Case("tcp", whole_life("tcp4")),
    Case("rights_dropped", whole_life("udp4", *UNPRIVILEGED)),
    Case("crash", after_a_crash),
    Case("refused", refused),
    Case("allow_lan", lan_allowed),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
