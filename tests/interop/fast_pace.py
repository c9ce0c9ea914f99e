"""Storms of handshakes beside a transfer, and latency beside stock's."""

from __future__ import annotations

import json
import re
import statistics

from crowd import Crowd
from lab import Host, Lab, check, start_transfer
from load import words, write_profile
from runner import Bench, Case
from tunnel import HANDSHAKE, Setup, Tunnel

STORM_SECONDS = 8
MOST_SENT_AGAIN = 0.02
ROUNDS = 2
ROUND_SECONDS = 2
MOST_SLOWER = 1.5


def tcp_segments(host: Host) -> tuple[int, int]:
    """Sent, and sent again, by this host."""
    lines = [line.split() for line in host.run("cat", "/proc/net/snmp").splitlines()]
    names, numbers = [line for line in lines if line[0] == "Tcp:"]
    row = dict(zip(names, numbers))
    return int(row["OutSegs"]), int(row["RetransSegs"])


def storm(bench: Bench) -> None:
    """Sessions come and go, everybody gets new keys every other second, and one transfer loses
    nothing."""
    lines = ("duplicate-cn", "max-clients 500", "reneg-sec 2")
    with Lab(bench.folder) as lab:
        crowd = Crowd(lab, bench, Setup(server_extra=lines))
        crowd.begin()
        member = crowd.join("stock")
        hosts = (member.host, crowd.net.server)
        before = [tcp_segments(host) for host in hosts]
        write_profile(crowd.net, crowd.setup, bench)
        rate = 3 << 20
        moving = crowd.transfer(member, six=True, size=STORM_SECONDS * rate, rate=rate)
        given = words(20, 50, "--seconds", STORM_SECONDS - 1)
        quietly = ("sh", "-c", '"$@" 2>progress.txt', "sh")
        load = crowd.net.client.start("load", *quietly, *given, "--json")
        check(load.wait(30) == 0, f"bench load:\n{load.tail()}")
        moving.finish(40)
        report = json.loads(load.text())
        check(report["connected"] == report["started"] > 50, f"{report}")
        new_keys = len(member.process.matches(HANDSHAKE))
        check(new_keys > 2, f"only {new_keys} keys")
        for host, (sent, again) in zip(hosts, before):
            now = tcp_segments(host)
            sent, again = now[0] - sent, now[1] - again
            print(
                f"        {bench.folder.name}: {host.name}: {again} of {sent} segments sent again; "
                f"{report['connected']} sessions",
                flush=True,
            )
            check(again <= sent * MOST_SENT_AGAIN, f"{host.name}: {again} of {sent} sent again")
        crowd.check_drops()
        told = member.process.matches(r"bad packet ID|[Rr]eplay|Authenticate/Decrypt|out of sync")
        check(not told, f"{told[:3]}")


# ---- latency under load ----


def latencies(host: Host, address: str) -> list[float]:
    """In milliseconds, of what was answered."""
    count = ROUND_SECONDS * 20 - 5
    said = host.run("ping", "-n", "-i", "0.05", "-c", count, address, seconds=20, fails=True)
    return [float(found) for found in re.findall(r"time=([\d.]+) ms", said)]


def one_round(program: str, bench: Bench) -> tuple[list[float], float]:
    """Latencies under one saturating stream, and how much it moved, in Mbit/s."""
    with Lab(bench.folder / program) as lab:
        tunnel = Tunnel(lab.three_hosts(), Setup(program, program), bench.keys)
        tunnel.start()
        net, to = tunnel.net, tunnel.inside.server4
        run = start_transfer(net.client, net.server, to, up=100 << 30, seconds=ROUND_SECONDS + 1)
        found = latencies(net.client, to)
        result = run.finish(ROUND_SECONDS + 30)
    check(len(found) > 20, f"{program}: {len(found)} pings were answered")
    return found, result.sent * 8e-6 / result.seconds


def latency(bench: Bench) -> None:
    """A stream fills the tunnel; a ping beside it takes hardly longer than with stock at both ends."""
    medians: dict[str, list[float]] = {"stock": [], "adit": []}
    for _ in range(ROUNDS):
        for program, known in medians.items():
            found, rate = one_round(program, bench)
            known.append(statistics.median(found))
            told = f"median {known[-1]:.2f} ms, worst {max(found):.1f} ms, {rate:.0f} Mbit/s"
            print(f"        {bench.folder.name}: {program}: {told}", flush=True)
    ours, theirs = (min(medians[program]) for program in ("adit", "stock"))
    check(ours <= theirs * MOST_SLOWER, f"median {ours} ms, stock's {theirs} ms")


def pace_cases() -> list[Case]:
    return [Case("storm", storm), Case("latency", latency)]
