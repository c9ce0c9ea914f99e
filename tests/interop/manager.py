"""A program that manages another one through its management interface.

    with Manager(path) as manager:
        manager.ask("state on")     the lines of the answer
        manager.expect(r">STATE:.*,CONNECTED,")
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

from lab import Failure, check, until

SOCKET = Path("m.sock")  # where the one that is managed listens
MARK = "pid"  # answered by everybody at once: what comes before is the answer to the last command
MASKS = (
    (re.compile(r"OpenVPN 2\.\d+[^\r\n]*"), "TITLE"),
    (re.compile(r"\b1[6-9]\d{8}\b"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "DATE"),
    (re.compile(r"pid=\d+"), "pid=N"),
)


def masked(lines: list[str]) -> list[str]:
    """Lines without what differs between any two runs."""
    out = []
    for line in lines:
        for pattern, name in MASKS:
            line = pattern.sub(name, line)
        out.append(line)
    return out


class Manager:
    def __init__(self, where: Path | tuple[str, int] | socket.socket, seconds: float = 10):
        """where: a unix socket's path (relative: they have to be short), a TCP address, or the
        connection itself."""
        self.rest = b""
        self.lines: list[str] = []

        def attempt() -> socket.socket | None:
            if isinstance(where, socket.socket):
                return where
            family = socket.AF_INET if isinstance(where, tuple) else socket.AF_UNIX
            made = socket.socket(family, socket.SOCK_STREAM)
            try:
                made.connect(where if isinstance(where, tuple) else str(where))
            except OSError:
                made.close()
                return None
            return made

        self.socket = until(attempt, seconds, f"somebody listens on {where}")
        self.socket.settimeout(0.05)

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, line: str) -> None:
        self.socket.sendall(line.encode("latin-1") + b"\r\n")

    def read(self) -> bool:
        """Takes in what there is. False: the other end has closed."""
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return True
        except ConnectionError:
            return False
        *whole, self.rest = (self.rest + data).split(b"\n")
        self.lines += [line.decode("latin-1").removesuffix("\r") for line in whole]
        return bool(data)

    def expect(self, pattern: str, seconds: float = 10) -> str:
        """The next line that matches; those before it are dropped."""
        deadline = time.monotonic() + seconds
        wanted = re.compile(pattern)
        seen: list[str] = []
        while True:
            while self.lines:
                line = self.lines.pop(0)
                seen.append(line)
                if wanted.search(line):
                    return line
            if time.monotonic() > deadline or not self.read() and not self.lines:
                raise Failure(f"no line like {pattern!r}; there were {seen[-12:]}")

    def collect(self, end: str, seconds: float = 10) -> list[str]:
        """The lines up to the one that matches, with it."""
        deadline = time.monotonic() + seconds
        found: list[str] = []
        while True:
            while self.lines:
                found.append(self.lines.pop(0))
                if re.search(end, found[-1]):
                    return found
            if time.monotonic() > deadline or not self.read() and not self.lines:
                raise Failure(f"no line like {end!r} after {found[-12:]}")

    def ask(self, *lines: str) -> list[str]:
        """Sends the lines of one command; what is said until the next command is answered."""
        for line in lines:
            self.send(line)
        self.send(MARK)
        return self.collect(r"^SUCCESS: pid=")[:-1]

    def order(self, *lines: str) -> list[str]:
        """Sends the lines of one command; its verdict. What comes of it is still to be read."""
        for line in lines:
            self.send(line)
        return [self.expect("^(SUCCESS|ERROR): ")]

    def closed(self, seconds: float = 5) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.read():
                return True
        return False


def end(manager: Manager) -> list[str]:
    manager.send("signal SIGTERM")
    return [manager.expect("SUCCESS: signal"), manager.expect(">STATE:.*EXITING")]


def compare(ours: list[str], theirs: list[str], what: str) -> None:
    ours, theirs = masked(ours), masked(theirs)
    check(ours == theirs, f"{what}:\n  adit  {ours}\n  stock {theirs}")


def compare_dialogues(dialogue: Callable[[str], dict[str, list[str]]]) -> None:
    """dialogue: talks to a program and returns what it said to each command."""
    ours, theirs = dialogue("adit"), dialogue("stock")
    different = [key for key in theirs if masked(ours.get(key, [])) != masked(theirs[key])]
    told = [(key, masked(ours.get(key, [])), masked(theirs[key])) for key in different]
    check(not told, "\n".join(f"{k!r}:\n  adit  {a}\n  stock {s}" for k, a, s in told))
