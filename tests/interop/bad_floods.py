"""A stranger who sends 50,000 packets a second to a server whose tunnel is in use."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from keys import Keys
from lab import ADIT, Host, Lab, Process, check, start_transfer
from relay import built_program
from runner import Bench, Case
from scene import GATEWAY, Scene
from tunnel import COMPLETED, PORT, Setup, client_config

RATE = 50_000  # packets a second
SECONDS = {"noise": 10, "stolen": 6}
GROWTH_KIB = 2048
LOG_BYTES = 16_384
TRANSFER_BYTES_PER_SECOND = 250_000  # each way
LEAST_ANSWERS = 0.8  # a machine that is busy elsewhere loses packets before any program sees them

CATCH = """
import socket, sys
catcher = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
catcher.bind(("127.0.0.1", 1194))
print("listening", flush=True)
open(sys.argv[1], "wb").write(catcher.recv(4096))
"""


def resident_kib(process: Process) -> int:
    text = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    check(found, f"{process.name} has no memory")
    return int(found[1])


def steal_first_packet(host: Host, setup: Setup, keys: Keys) -> Path:
    """The hard reset of a client that has the right key, and was led astray."""
    path = host.folder / "stolen.bin"
    thief = host.start("thief", sys.executable, "-c", CATCH, path)
    thief.wait_for("listening")
    config = host.write("victim.conf", client_config(setup, keys, "127.0.0.1"))
    victim = host.start("victim", ADIT, config)
    check(thief.wait() == 0, "nobody sent a first packet")
    victim.stop()
    return path


@dataclass
class Measured:
    rate: int
    answers: float
    growth_kib: int
    log_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.rate} packets/s, {self.answers:.0%} of the pings answered, "
            f"memory {self.growth_kib:+d} KiB, log {self.log_bytes} bytes"
        )


def under_flood(scene: Scene, stranger: Host, words: list[object], seconds: int) -> Measured:
    """The good client moves data and pings while the stranger sends."""
    server = scene.server
    memory, log = resident_kib(server), server.mark()
    flood = stranger.start("flood", *words)
    busy = seconds - 1  # of them the tunnel is in use
    size, rate = busy * TRANSFER_BYTES_PER_SECOND, TRANSFER_BYTES_PER_SECOND
    way = (scene.good_host, scene.net.server, GATEWAY)
    moving = start_transfer(*way, up=size, down=size, rate=rate)
    pings = scene.good_host.ping(GATEWAY, count=10 * busy, interval=0.1)
    check(flood.wait(seconds + 10) == 0, f"the flood failed:\n{flood.tail()}")
    moving.finish()
    sent = json.loads(flood.text())["rate"]
    growth = resident_kib(server) - memory
    return Measured(sent, pings.ratio, growth, server.mark() - log)


def run_flood(bench: Bench, setup: Setup, kind: str) -> None:
    program = built_program("flood", bench.folder)
    with Lab(bench.folder) as lab:
        scene = Scene(lab, setup, bench.keys)
        scene.begin()
        stranger = scene.net.client
        words: list[object] = [program, scene.net.server4, PORT, RATE, SECONDS[kind]]
        if kind == "stolen":
            words.append(steal_first_packet(stranger, setup, bench.keys))
        measured = under_flood(scene, stranger, words, SECONDS[kind])
        print(f"        {bench.folder.name}: {measured}", flush=True)
        check(measured.answers >= LEAST_ANSWERS, f"the tunnel suffered: {measured}")
        check(measured.growth_kib <= GROWTH_KIB, f"the server grew: {measured}")
        check(measured.log_bytes <= LOG_BYTES, f"the server talks too much: {measured}")
        scene.tunnel.start_client().wait_for(COMPLETED, 20)  # a new one may still come
        scene.tunnel.client.stop()
        scene.end()


def cases() -> list[Case]:
    """The noise meets a server that has to look at every packet; the thief one that answers."""
    noise = Setup(client="stock", wrapping="tls-auth")
    stolen = Setup(client="stock", wrapping="tls-crypt")
    made = []
    for kind, setup in (("noise", noise), ("stolen", stolen)):
        name = f"flood-of-{kind}-packets"
        columns = {"what is wrong": name, "server": "adit", "client": "adit"}
        made.append(Case(name, partial(run_flood, setup=setup, kind=kind), {"stock"}, columns))
    return made
