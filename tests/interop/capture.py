"""Packets that come in by a device, as they come, a line for each:

    capture = start_capture(net.wire, "client")
    capture.matches("^ip 198.51.100.2 203.0.113.2 17 1194$")    source, destination, protocol, port
    capture.matches("^ip6 ")                                    the same, and the first byte inside
    capture.matches("^arp$")                                    others: "kind 88b5"
"""

from __future__ import annotations

import sys

from lab import Host, Process

PROGRAM = """
import os, socket, struct, sys
def tell(*words):  # whole, or a reader finds half of it
    os.write(1, (' '.join(map(str, words)) + '\\n').encode())
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.bind((sys.argv[1], 0))
tell('ready')
def port(packet, protocol, at):
    return struct.unpack('!H', packet[at + 2:at + 4])[0] if protocol in (6, 17) else 0
while True:
    packet, (_, kind, way, *_) = s.recvfrom(65536)
    if way == socket.PACKET_OUTGOING: continue
    if kind == 0x0800:
        ends = [socket.inet_ntoa(packet[at:at + 4]) for at in (12, 16)]
        tell('ip', *ends, packet[9], port(packet, packet[9], (packet[0] & 15) * 4))
    elif kind == 0x86dd:
        ends = [socket.inet_ntop(socket.AF_INET6, packet[at:at + 16]) for at in (8, 24)]
        tell('ip6', *ends, packet[6], port(packet, packet[6], 40), packet[40])
    else: tell('arp' if kind == 0x0806 else f'kind {kind:x}')
"""


def start_capture(host: Host, device: str) -> Process:
    capture = host.start("capture", sys.executable, "-c", PROGRAM, device)
    capture.wait_for("ready")
    return capture
