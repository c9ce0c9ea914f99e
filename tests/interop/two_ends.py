"""A server and a client on one host, by loopback: enough where only their words count.

    with TwoEnds(folder, keys, "stock", "adit") as ends:
        ends.start_server("auth-user-pass-verify verify.sh via-file")
        ends.start_client("auth-user-pass")          it has a terminal
        ends.terminal.answer("Enter Auth Username:", "ann")
        ends.client.wait_for(COMPLETED)
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import subprocess
import termios
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from keys import Keys
from lab import Failure, Host, Lab, Process, check, until
from manager import Manager
from runner import Bench
from tunnel import COMPLETED, PROGRAMS

Said = dict[str, list[str]]

PORT = 1194
PAIRS = (("stock", "adit"), ("adit", "stock"))  # server, client
MASKS = (
    (re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "), ""),
    (re.compile(r"\b127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r"SESS_ID_AT_[A-Za-z0-9+/]{80}"), "TOKEN"),
)


def masked(line: str) -> str:
    for pattern, name in MASKS:
        line = pattern.sub(name, line)
    return line


class Terminal:
    """What a process asks on its controlling terminal."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        self.seen = ""

    def close(self) -> None:
        for fd in (self.ours, self.theirs):
            os.close(fd)

    def take_control(self) -> None:
        """In the child, which leads its session."""
        fcntl.ioctl(self.theirs, termios.TIOCSCTTY, 0)

    def wait_for(self, text: str, seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            left = deadline - time.monotonic()
            ready = select.select([self.ours], [], [], max(0.0, left))[0]
            if not ready:
                raise Failure(f"the terminal does not say {text!r} but {self.seen!r}")
            self.seen += os.read(self.ours, 4096).decode(errors="replace")
        self.seen = self.seen.split(text, 1)[1]

    def answer(self, prompt: str, text: str, hidden: bool = False) -> None:
        """hidden: what is typed is not shown; what comes before that is so may be thrown away."""
        self.wait_for(prompt)
        if hidden:
            until(lambda: not termios.tcgetattr(self.theirs)[3] & termios.ECHO, 5, "silence")
        os.write(self.ours, text.encode() + b"\n")

    def log_in(self, name: str, password: str) -> None:
        self.answer("Enter Auth Username:", name)
        self.answer("Enter Auth Password:", password, hidden=True)


class TwoEnds:
    host: Host
    server: Process
    client: Process
    terminal: Terminal  # of the client that was started last

    def __init__(self, folder: Path, keys: Keys, server: str, client: str):
        self.folder = folder
        self.keys = keys
        self.programs = (server, client)
        self.lab = Lab(folder)
        self.terminals: list[Terminal] = []
        self.servers = 0

    def __enter__(self) -> TwoEnds:
        self.lab.__enter__()
        self.host = self.lab.host("both")
        return self

    def __exit__(self, *how: object) -> None:
        self.lab.__exit__(*how)
        for terminal in self.terminals:
            terminal.close()

    def common(self, name: str, without: tuple[str, ...]) -> list[str]:
        identity = self.keys.identity("openssl", name)
        lines = {
            "ca": f"ca {identity.ca}",
            "cert": f"cert {identity.cert}",
            "key": f"key {identity.key}",
        }
        return ["dev tun", "proto udp4", "verb 3"] + [
            line for option, line in lines.items() if option not in without
        ]

    def start_server(self, *lines: str, without: tuple[str, ...] = ()) -> Process:
        config = self.common("server", without)
        config += ["local 127.0.0.1", f"port {PORT}", "dh none", "topology subnet"]
        config += ["server 10.8.0.0 255.255.255.0", "keepalive 5 60", *lines]
        self.servers += 1
        self.server = self.start(f"server{self.servers}", self.programs[0], config)
        self.server.wait_for(COMPLETED)
        return self.server

    def start_client(
        self, *lines: str, without: tuple[str, ...] = (), name: str = "client1"
    ) -> Process:
        config = self.common(name, without)
        config += ["client", "nobind", f"remote 127.0.0.1 {PORT}", "connect-retry 1 5", *lines]
        self.terminal = Terminal()
        self.terminals.append(self.terminal)
        which = f"client{len(self.terminals)}"
        self.client = self.start(which, self.programs[1], config, self.terminal)
        return self.client

    def start(
        self, name: str, program: str, config: list[str], terminal: Terminal | None = None
    ) -> Process:
        path = self.host.write(f"{name}.conf", "\n".join([*config, ""]))
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                self.host.wrap((PROGRAMS[program], path)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
                pass_fds=(terminal.theirs,) if terminal else (),
                preexec_fn=terminal.take_control if terminal else None,
            )
        process = Process(name, popen, log)
        self.host.processes.append(process)
        return process

    def manager(self, name: str) -> Manager:
        return Manager(self.folder / name)


def dialogues(bench: Bench, talk: Callable[[TwoEnds], Said]) -> dict[tuple[str, str], Said]:
    """What is said in all pairs of programs, which talk at the same time."""

    def run(pair: tuple[str, str]) -> Said:
        with TwoEnds(bench.folder / "-".join(pair), bench.keys, *pair) as ends:
            return talk(ends)

    pairs = (("stock", "stock"), *PAIRS)
    with ThreadPoolExecutor(len(pairs)) as pool:
        return dict(zip(pairs, pool.map(run, pairs), strict=True))


def compare_pairs(bench: Bench, talk: Callable[[TwoEnds], Said]) -> None:
    """Whoever is adit, the same is said as between two stock programs."""
    told = dialogues(bench, talk)
    theirs = told[("stock", "stock")]
    different = [
        f"{key}, server and client {pair}:\n  {told[pair].get(key)}\n  stock {theirs[key]}"
        for pair in PAIRS
        for key in theirs
        if told[pair].get(key) != theirs[key]
    ]
    check(not different, "\n".join(different))


def said(process: Process, *patterns: str, since: int = 0) -> list[str]:
    """The lines that match one of the patterns, without what differs between any two runs."""
    wanted = re.compile("|".join(patterns))
    return [masked(line) for line in process.text(since).splitlines() if wanted.search(line)]
