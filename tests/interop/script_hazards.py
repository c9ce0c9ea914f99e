"""Scripts that hang, crash, leave children or print for ever: cases of scripts.py. Of one client;
what happens to the others meanwhile is measured.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from features import completed, credentials, reaches, second_client, start_second
from lab import Host, Lab, Process, check, until
from runner import Bench
from script_records import Recorder
from tunnel import COMPLETED, Setup, Tunnel

HANGING = 7
LIMIT = 3  # seconds a program may take, as hand-window says
PINGS_A_SECOND = 50
LONGEST = 100.0  # milliseconds a packet may take beside a script; a stall would last seconds
MOST_LATE = PINGS_A_SECOND // 2  # of all; a busy machine may hold up one moment, too
# How long the scripts of each case sleep, in seconds; no other run on this machine has these.
SLEEPERS = ("misbehaving", "connect", "end", "many")
MARKS = {case: f"8639{number}.{os.getpid()}" for number, case in enumerate(SLEEPERS)}

KILLED = rf"it did not end within {LIMIT} s and was killed"
MARK = MARKS["misbehaving"]
WRONG = (
    # what the script does, and the one line that says so
    ("hangs", f"/bin/sleep {MARK}", KILLED),
    ("hangs with children", f"( /bin/sleep {MARK} ) & /bin/sleep {MARK}", KILLED),
    ("does not listen", f"trap '' TERM INT HUP; while :; do /bin/sleep {MARK}; done", KILLED),
    ("prints for ever", "while :; do echo again and again; done", KILLED),
    ("crashes", "kill -SEGV $$", r"external program did not exit normally \(signal 11\)"),
    ("leaves children", f"/bin/sleep {MARK} & exit 1", "TLS Auth Error: Auth Username/Password"),
)


@dataclass(frozen=True)
class Pings:
    """A ping that goes on while something happens."""

    process: Process

    @classmethod
    def start(cls, host: Host, address: str) -> Pings:
        words = ("-n", "-i", 1 / PINGS_A_SECOND, "-W", 1, address)
        return cls(host.start("pings", "ping", *words))

    def check_steady(self, what: str) -> None:
        self.process.stop(2)  # SIGINT: it sums up
        times = [float(found) for found in re.findall(r"time=([\d.]+)", self.process.text())]
        sent = re.search(r"(\d+) packets transmitted, (\d+) received", self.process.text())
        check(sent and len(times) > PINGS_A_SECOND, f"{what}: no pings")
        lost = int(sent[1]) - int(sent[2]) if sent else 0
        print(f"{what}: {len(times)} pings, longest {max(times):.1f} ms, {lost} lost", flush=True)
        late = sum(time >= LONGEST for time in times)
        check(lost <= 1 and late <= MOST_LATE, f"{what}: {late} late, {max(times)} ms, {lost} lost")


def sleepers(case: str) -> list[int]:
    """Programs of a case's scripts that still run, known by how long they sleep."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if MARKS[case].encode() in words:
            found.append(int(path.parent.name))
    return found


def ends_with(log: Path, pattern: str, since: int) -> bool:
    """Whether one of the last lines matches; there may be a flood before them."""
    with log.open("rb") as file:
        file.seek(max(since, log.stat().st_size - 65536))
        return bool(re.search(pattern, file.read().decode(errors="replace")))


def tunnel_of_ann(bench: Bench, lab: Lab, *lines: str) -> tuple[Tunnel, Host]:
    """A server with these lines and ann as its client, neither started; and the host of others."""
    net = lab.three_hosts()
    other = second_client(lab, net)
    good = credentials(bench.folder, "ann", "secret")
    setup = Setup("adit", "stock", server_extra=lines, client_extra=(good,))
    return Tunnel(net, setup, bench.keys), other


def misbehaving_scripts(bench: Bench) -> None:
    """Each kind in turn, for one user; the other one's packets and handshakes go on."""
    scripts = Recorder(bench.folder / "scripts")
    cases = "".join(f'"{name}") {body};;\n' for name, body, _ in WRONG)
    body = f'case "$username" in\n{cases}esac'
    verify = scripts.line("auth-user-pass-verify", "via-env", body=body)
    lines = ("script-security 2", f"hand-window {LIMIT}", verify)
    with Lab(bench.folder) as lab:
        tunnel, other = tunnel_of_ann(bench, lab, *lines)
        tunnel.start()
        pings = Pings.start(tunnel.net.client, tunnel.inside.server4)
        for number, (name, _, line) in enumerate(WRONG):
            login = credentials(bench.folder, name, "x", f"login{number}")
            mark = tunnel.server.mark()
            client = start_second(tunnel, other, extra=(login, "connect-retry 60 60"))
            log = tunnel.server.log
            until(lambda: ends_with(log, line, mark), LIMIT + 4, f"{name}: /{line}/")
            client.kill()
        pings.check_steady("beside misbehaving scripts")
        newcomer = start_second(tunnel, other, extra=tunnel.setup.client_extra)
        completed(newcomer, seconds=5)
        left = sleepers("misbehaving")
        check(len(left) == 1, f"{left} run on; only what was left on purpose may")
        os.kill(left[0], 9)
        tunnel.ping_all()


def hanging_connect(bench: Bench) -> None:
    """client-connect hangs for one client: others come and go meanwhile, and it ends."""
    scripts = Recorder(bench.folder / "scripts")
    hangs = f'[ "$common_name" = client2 ] && /bin/sleep {MARKS["connect"]}'
    hooks = ("client-connect", "learn-address", "client-disconnect")
    lines = ["script-security 2", f"hand-window {LIMIT}"]
    lines += [scripts.line(hook, body=hangs if hook == "client-connect" else "") for hook in hooks]
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, Setup("adit", "stock", server_extra=tuple(lines)), bench.keys)
        tunnel.start_server()
        hanging = start_second(tunnel, other, extra=("connect-retry 60 60",))
        until(lambda: sleepers("connect"), 5, "the script hangs")
        began = time.monotonic()
        tunnel.start_client().wait_for(COMPLETED, 5)
        reaches(net.client, tunnel.inside.server4, "while another's script hangs")
        took = time.monotonic() - began
        check(sleepers("connect"), "the script has ended too early for this test")
        tunnel.say_goodbye()
        scripts.wait("client-disconnect")
        order = [record.hook for record in scripts.all() if record.env["common_name"] == "client1"]
        wanted = ["client-connect", "learn-address", "learn-address", "client-disconnect"]
        check(order[:4] == wanted, f"the programs of one client are called as {order}")
        tunnel.server.wait_for(KILLED, LIMIT + 4)
        until(lambda: not sleepers("connect"), 2, "the hanging program is gone")
        hanging.stop()
        check(tunnel.server.stop() == 0, "the server does not end with 0")
        print(f"another client came in within {took:.2f} s", flush=True)


def many_hanging(bench: Bench) -> None:
    """As many checks hang as run at a time, and more: others are let in none the less."""
    scripts = Recorder(bench.folder / "scripts")
    body = f'[ "$username" = ann ] || exec /bin/sleep {MARKS["many"]}'
    verify = scripts.line("auth-user-pass-verify", "via-env", body=body)
    with Lab(bench.folder) as lab:
        tunnel, other = tunnel_of_ann(bench, lab, "script-security 2", "duplicate-cn", verify)
        tunnel.start_server()
        for number in range(HANGING):
            login = credentials(bench.folder, f"user{number}", "x", f"login{number}")
            start_second(tunnel, other, extra=(login, f"dev tun{number + 1}"))
            scripts.wait("auth-user-pass-verify", number + 1)
        until(lambda: len(sleepers("many")) == HANGING, 2, f"{HANGING} scripts hang")
        began = time.monotonic()
        tunnel.start_client().wait_for(COMPLETED, 5)
        took = time.monotonic() - began
        check(len(sleepers("many")) == HANGING, "they do not hang any more")
        print(f"beside {HANGING} that hang another came in within {took:.2f} s", flush=True)


def end_while_hanging(bench: Bench) -> None:
    """A server that is told to end does not wait for a program that nobody needs any more."""
    scripts = Recorder(bench.folder / "scripts")
    line = scripts.line("client-connect", body=f"/bin/sleep {MARKS['end']}")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        setup = Setup("adit", "stock", server_extra=("script-security 2", line))
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start_server()
        tunnel.start_client()
        scripts.wait("client-connect")
        began = time.monotonic()
        check(tunnel.server.stop() == 0, "the server does not end with 0")
        check(time.monotonic() - began < 3, "the server waited for it")
        check(not sleepers("end"), "the program outlives the server")


RUNS = (misbehaving_scripts, hanging_connect, many_hanging, end_while_hanging)
