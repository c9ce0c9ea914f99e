"""Somebody sends as fast as he can, inside or outside: others are served, and new ones let in."""

from __future__ import annotations

import json
import re
import sys
import time
from functools import partial
from pathlib import Path

from crowd import SERVER4, Crowd, Member
from lab import Host, Lab, Process, check, start_transfer, until
from relay import built_program
from runner import Bench, Case
from tunnel import COMPLETED, PORT, Setup

FULL = 10_000_000  # packets a second: more than anybody can
FLOOD_SECONDS = 7  # inside
OUTER_SECONDS = 6
QUIET_INTERVAL = 0.05
NEWCOMERS = {
    "tcp": ("stock", "adit", "stock", "adit", "stock"),
    "udp": ("stock", "adit", "stock", "adit", "stock"),
    "crossing": ("stock", "adit"),
}
HAND_WINDOW = 20
MOST_LOST = 0.05
FULL_FLOW = 5_000  # packets
GAP_SECONDS = 0.7

SINK = """
import socket, sys, time
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind((sys.argv[1], 9999))
print("sinking", flush=True)
time.sleep(60)
"""

# Takes the first large data packet (P_DATA_V2) that passes, with its UDP payload alone.
STEAL = """
import socket, sys
tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
tap.settimeout(10)
print("stealing", flush=True)
while True:
    packet = tap.recv(65536)
    head = (packet[0] & 15) * 4
    if packet[9] != 17 or packet[head + 2 : head + 4] != (1194).to_bytes(2, "big"):
        continue
    end = head + int.from_bytes(packet[head + 4 : head + 6], "big")
    payload = packet[head + 8 : end]
    if 200 < len(payload) <= 1500 and payload[0] >> 3 == 9:
        open(sys.argv[1], "wb").write(payload)
        break
"""


def endless_pings(host: Host, address: str = SERVER4) -> Process:
    name = f"pings-{host.name}"
    return host.start(name, "ping", "-n", "-q", "-i", QUIET_INTERVAL, address)


def lost_of(pings: Process) -> float:
    """Ends it; the share of pings without an answer."""
    pings.stop(2)
    found = re.search(r"(\d+) packets transmitted, (\d+) received", pings.text())
    check(found, f"ping says:\n{pings.text()}")
    sent, received = int(found[1]), int(found[2])
    check(sent > 40, f"only {sent} pings were sent")
    return max(0.0, 1 - (received + 1) / sent)  # the last may be under way


def check_answered(member: Member) -> None:
    got = member.host.ping(SERVER4).received
    check(got == 3, f"{member.process.name}: {got} of 3 answers")


def packets_down(crowd: Crowd) -> int:
    return sum(lane["down"]["packets"] for lane in crowd.status()["lanes"])


def udp_flood(crowd: Crowd, loud: Member, to: Host, address: str) -> Process:
    """Small datagrams through the tunnel to somebody who does not read them."""
    to.start("sink", sys.executable, "-c", SINK, address).wait_for("sinking")
    small = crowd.bench.folder / "small.bin"
    small.write_bytes(bytes(32))
    program = built_program("flood", crowd.bench.folder)
    return loud.host.start("flood", program, address, 9999, FULL, FLOOD_SECONDS, small)


def start_inner_flood(kind: str, crowd: Crowd, loud: Member, other: Member) -> Process:
    server = crowd.net.server
    if kind == "udp":
        return udp_flood(crowd, loud, server, SERVER4)
    if kind == "crossing":
        return udp_flood(crowd, loud, other.host, other.address4)
    way = (loud.host, server, SERVER4)
    return start_transfer(*way, up=100 << 30, seconds=FLOOD_SECONDS).opener


def inner_flood(kind: str, bench: Bench) -> None:
    """One client fills the tunnel. Others come, one after the other, and quiet ones are served.
    crossing: from client to client, as are the pings."""
    window = f"hand-window {HAND_WINDOW}"
    lines = ("duplicate-cn", "client-to-client", window)
    with Lab(bench.folder) as lab:
        crowd = Crowd(lab, bench, Setup(server_extra=lines, client_extra=(window,)))
        crowd.begin()
        loud, quiet, other = (crowd.join(program) for program in ("adit", "stock", "adit"))
        hosts = [crowd.host() for _ in NEWCOMERS[kind]]
        flood = start_inner_flood(kind, crowd, loud, other)
        until(lambda: packets_down(crowd) > FULL_FLOW, 10, "the flood flows")
        pings = endless_pings(quiet.host)
        waits = []
        for program, host in zip(NEWCOMERS[kind], hosts):
            time.sleep(GAP_SECONDS)  # the flood goes on
            asked = time.monotonic()
            crowd.join(program, host)
            if len(waits) == 0:
                crossing = endless_pings(host, quiet.address4)
            waits.append(round(time.monotonic() - asked, 1))
            check(flood.running, f"the flood ended before {program} was up: {waits}")
        check(flood.wait(FLOOD_SECONDS + 10) == 0, f"the flood failed:\n{flood.tail()}")
        lost = {"to the server": lost_of(pings), "between clients": lost_of(crossing)}
        told = f"up after {waits} s, pings lost: {lost}, flood: {flood.text().splitlines()[-1][:60]}"
        print(f"        {bench.folder.name}: {told}", flush=True)
        for way, share in lost.items():
            check(share <= MOST_LOST, f"{share:.0%} of the pings {way} were lost")
        for member in crowd.members:
            check_answered(member)
        crowd.check_drops()
        crowd.check_logs()


# ---- outside ----


def stolen_packet(crowd: Crowd, member: Member) -> Path:
    path = crowd.bench.folder / "stolen.bin"
    thief = crowd.net.wire.start("thief", sys.executable, "-c", STEAL, path)
    thief.wait_for("stealing")
    member.host.ping(SERVER4, 5, size=1000)
    check(thief.wait() == 0, f"nothing was stolen:\n{thief.tail()}")
    return path


def forged_packet(stolen: Path) -> Path:
    """The same, of an id that is not used yet, so that only its tag shows what it is."""
    packet = bytearray(stolen.read_bytes())
    packet[4:8] = (0x10000).to_bytes(4, "big")
    path = stolen.with_name("forged.bin")
    path.write_bytes(packet)
    return path


def flood_words(kind: str, crowd: Crowd, member: Member) -> list[object]:
    program = built_program("flood", crowd.bench.folder)
    words = [program, crowd.net.server4, PORT, FULL, OUTER_SECONDS]
    if kind == "noise":
        return words
    stolen = stolen_packet(crowd, member)
    return [*words, stolen if kind == "replays" else forged_packet(stolen)]


def outer_flood(kind: str, bench: Bench) -> None:
    """A stranger sends what he can to the server's port. Who is there goes on, who comes gets in."""
    window = f"hand-window {HAND_WINDOW}"
    setup = Setup(server_extra=("duplicate-cn", window), client_extra=(window,))
    with Lab(bench.folder) as lab:
        crowd = Crowd(lab, bench, setup)
        crowd.begin()
        first = crowd.join("stock")
        newcomer, stranger = crowd.host(), crowd.host()
        words = flood_words(kind, crowd, first)
        flood = stranger.start("flood", *words)
        moving = crowd.transfer(first, six=False, size=1_500_000, rate=300_000)
        asked = time.monotonic()
        crowd.join("stock", newcomer)
        took = time.monotonic() - asked
        check(flood.running, f"the flood ended before the new client was up, after {took:.1f} s")
        moving.finish(40)
        check(flood.wait(OUTER_SECONDS + 10) == 0, f"the flood failed:\n{flood.tail()}")
        told = json.loads(flood.text())
        said = f"{told['rate']} a second, up after {took:.1f} s"
        print(f"        {bench.folder.name}: {said}", flush=True)
        check_counted(kind, crowd, told["sent"])
        for member in crowd.members:
            check_answered(member)
            comings = len(member.process.matches(COMPLETED))
            check(comings == 1, f"{member.process.name} had to come {comings} times")


def check_counted(kind: str, crowd: Crowd, sent: int) -> None:
    """Nothing of it was taken for real, and it is counted as what it is."""
    status = crowd.status()
    addresses = [peer["real_address"] for peer in status["peers"]]
    check(len(addresses) == 2, f"adit status: peers {addresses}")
    if kind == "noise":
        return
    name = {"replays": "replayed", "forged": "bad tag"}[kind]
    counted = sum(lane["down"]["drops"].get(name, 0) for lane in status["lanes"])
    counted += sum(peer["drops"].get(name, 0) for peer in status["peers"])
    check(counted > min(1000, sent // 100), f"adit status: {counted} {name} of {sent}")


def flood_cases() -> list[Case]:
    made = [Case(f"inner-flood-{kind}", partial(inner_flood, kind)) for kind in NEWCOMERS]
    for kind in ("noise", "replays", "forged"):
        made.append(Case(f"outer-flood-{kind}", partial(outer_flood, kind)))
    return made
