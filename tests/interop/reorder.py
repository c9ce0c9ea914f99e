#!/usr/bin/env python3
"""Networks that reorder, repeat and fragment: what is accepted, what is said, and what we send."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass

from ask import ask, process_status
from lab import Lab, Process, check, until
from relay import Relay
from runner import Bench, Case, main
from tunnel import Setup, Tunnel

SIZE_BYTES = 8 << 20
PINGS = 1500
LARGE_PINGS = 500
LOOK_SECONDS = 25  # late packets are told of within ten seconds
LATE = r'late packets \(max \d+ behind\) dropped; replay-window is 64, try "replay-window 1024"'
DUPLICATES = r"duplicate packets dropped.*likely cause: a duplicated link"


@dataclass
class Stormy:
    """A tunnel through a relay, and what its instances tell of themselves."""

    bench: Bench
    tunnel: Tunnel
    relay: Relay

    @classmethod
    def start(cls, bench: Bench, lab: Lab, setup: Setup) -> Stormy:
        os.environ["ADIT_STATUS_DIR"] = f"{bench.folder}/run"  # of this case alone
        net = lab.three_hosts()
        relay = Relay.start(bench.relay_program, net.wire, net.wire4, net.server4)
        tunnel = Tunnel(net, setup, bench.keys, remote=net.wire4)
        tunnel.start()
        return cls(bench, tunnel, relay)

    def pings(self, weather: str, count: int = PINGS, size: int = 56) -> str:
        """What ping says in the end. What the relay holds back comes as soon as all were sent."""
        before = self.relay.stats()["up received"]
        self.relay.weather("both", weather)
        words = ("ping", "-n", "-q", "-c", count, "-i", "0.002", "-W", 5, "-s", size)
        ping = self.tunnel.net.client.start("ping", *words, self.tunnel.inside.server4)
        sent = lambda: self.relay.stats()["up received"] >= before + count  # noqa: E731
        until(sent, 60, f"{count} pings")
        self.relay.weather("both", "clear")
        ping.wait(30)
        return ping.text()

    def peer_of(self, process: Process) -> dict:
        """The one peer an instance tells of."""
        (peer,) = process_status(process)["peers"]
        return peer


def loses_nothing(bench: Bench) -> None:
    """Ours at both ends, with no option set: hundreds of places of displacement and a tenth of all
    twice, and inside nothing is missing and nothing comes twice."""
    with Lab(bench.folder) as lab:
        storm = Stormy.start(bench, lab, Setup("adit", "adit"))
        said = storm.pings("displace=0.05:300,duplicate=0.1")
        check(f"{PINGS} received" in said and "duplicates" not in said, said)
        for end in (storm.tunnel.server, storm.tunnel.client):
            end.wait_for(DUPLICATES, LOOK_SECONDS)
            check(not end.matches("late packet"), f"{end.name} lost what it could take")
            seen = storm.peer_of(end)["reordering"]
            check(seen["late"] == 0 and seen["duplicates"] > 20, f"{end.name}: {seen}")
            check(seen["out_of_order_accepted"] > 20, f"{end.name}: {seen}")
            check(seen["deepest_accepted"] >= 250, f"{end.name}: {seen}")


def explains_late_packets(sender: str, bench: Bench) -> None:
    """A narrow window, and a client whose packets come 104 places late. The server has given up its
    rights and still says how it is."""
    extra = ("replay-window 64", "verb 4", "user nobody", "group nogroup")
    with Lab(bench.folder) as lab:
        storm = Stormy.start(bench, lab, Setup("adit", sender, server_extra=extra))
        server = storm.tunnel.server
        said = storm.pings("displace=0.05:104")
        check(f"{PINGS} received" not in said, f"nothing was refused: {said}")
        line = server.wait_for(LATE, LOOK_SECONDS)
        check("client1/" in line and "several paths or jitter" in line, line)
        server.wait_for(r"AEAD Decrypt error: bad packet ID \(may be a replay\): \[ #\d+ \] -- see")
        server.wait_for(r"PID_ERR replay-window backtrack occurred \[1\d\d\] \[SSL-\d\]")
        server.wait_for(r"PID_ERR large diff \[1\d\d\]")
        check(len(server.matches("late packets")) == 1, "more than one line a minute")
        peer = storm.peer_of(server)
        check(peer["name"] == "client1" and peer["cipher"] == "AES-256-GCM", f"{peer}")
        check(peer["reordering"]["late"] == peer["drops"]["late"] > 20, f"{peer}")
        check(peer["mtu"]["tun_mtu"] == 1500, f"{peer}")
        table = ask("status", server.pid)
        check(re.search(r"client1\s+up\s+\S+:\d+\s+10\.8\.0\.2 ", table), table)
        check(re.search(r"client1: dropped: .*\d+ late", table), table)
        story = ask("explain", server.pid)
        check("packets came late or twice" in story and "speaks for it" in story, story)
        folder = os.environ["ADIT_STATUS_DIR"]
        storm.tunnel.client.stop()
        story = ask("explain", "--running")
        check("packets came late or twice" in story, story)
        server.stop()
        check("no running adit" in ask("status", server.pid + 1, status=1), "another pid")
        told = ask("status", folder, status=1)
        check("no adit is running" in told and not os.listdir(folder), told)


def explains_fragments(bench: Bench) -> None:
    """Packets that are cut outside, and come late: the size is the cure, not the window."""
    extra = ("replay-window 64",)
    with Lab(bench.folder) as lab:
        storm = Stormy.start(bench, lab, Setup("adit", "stock", server_extra=extra))
        for host, device in ((storm.tunnel.net.wire, "server"), (storm.tunnel.net.client, "wire")):
            host.run("ip", "link", "set", device, "mtu", 1280)
        storm.pings("displace=0.05:104", LARGE_PINGS, size=1400)
        line = storm.tunnel.server.wait_for(LATE, LOOK_SECONDS)
        check(re.search(r"\d+ large packets came in outer fragments.*tun-mtu", line), line)
        check("several paths" not in line, line)
        peer = storm.peer_of(storm.tunnel.server)
        check(peer["reordering"]["in_outer_fragments"] >= LARGE_PINGS // 2, f"{peer}")


def keeps_its_order(server: str, client: str, bench: Bench) -> None:
    """On a clean path stock, which tells every step backwards at verb 4, has none to tell of us."""
    with Lab(bench.folder) as lab:
        lines = ("verb 4",)
        setup = Setup(server, client, server_extra=lines, client_extra=lines)
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        transfers = [tunnel.start_up(SIZE_BYTES), tunnel.start_down(SIZE_BYTES, inner6=True)]
        for transfer in transfers:
            transfer.finish()
        tunnel.ping_all()
        for end in (tunnel.server, tunnel.client):
            told = end.matches(r"PID_ERR|bad packet ID|late packet|duplicate packet")
            check(not told, f"{end.name}: {told[:3]}")


def cases() -> list[Case]:
    made = [
        Case("loses_nothing", loses_nothing, relay=True),
        Case("explains_fragments", explains_fragments, relay=True),
    ]
    for sender in ("stock", "adit"):
        name = f"explains_late_packets-{sender}"
        made.append(Case(name, lambda b, s=sender: explains_late_packets(s, b), relay=True))
    for server, client in (("adit", "stock"), ("stock", "adit")):
        name = f"keeps_its_order-{server}-{client}"
        made.append(Case(name, lambda bench, s=server, c=client: keeps_its_order(s, c, bench)))
    return made


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
