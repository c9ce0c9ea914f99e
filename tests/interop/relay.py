"""The UDP relay of relay.cpp, as a test sees it.

    relay = Relay.start(net.wire, "198.51.100.1", net.server4, "loss=0.01,delay=5")
    relay.weather("both", "clear")
    relay.rebind()                # the server now sees the client come from another port
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from lab import ADIT, HERE, Failure, Host, Process, check, until

PORT = 1194


def relay_program(folder: Path) -> Path:
    return built_program("relay", folder)


def built_program(name: str, folder: Path) -> Path:
    """A C++ program of ours: $ADIT_NAME, or beside adit, or compiled into the folder now."""
    variable = f"ADIT_{name.upper()}"
    beside = (ADIT.parent / "tests" / name, ADIT.parent / name, folder / name)
    candidates = [Path(os.environ[variable])] if variable in os.environ else list(beside)
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return candidate
    compiler = shutil.which("g++") or shutil.which("clang++-14") or shutil.which("c++")
    check(compiler, f"{name} is not built and there is no compiler: set {variable}")
    folder.mkdir(parents=True, exist_ok=True)
    words = [compiler, "-std=c++20", "-O2", "-o", folder / name, HERE / f"{name}.cpp"]
    done = subprocess.run(list(map(str, words)), capture_output=True, timeout=120)
    check(done.returncode == 0, f"{name}.cpp does not compile:\n{done.stderr.decode()}")
    return folder / name


def endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Relay:
    def __init__(self, process: Process):
        self.process = process

    @classmethod
    def start(
        cls,
        program: Path,
        host: Host,
        listen: str,
        forward: str,
        weather: str = "clear",
        seed: int = 1,
        port: int = PORT,
    ) -> Relay:
        ends = (endpoint(listen, port), endpoint(forward, port))
        words = (program, "--seed", seed, "--both", weather, *ends)
        process = host.start("relay", *words, stdin=True)
        process.wait_for("^relaying$")
        return cls(process)

    def command(self, line: str) -> str:
        mark = self.process.mark()
        self.process.command(line)
        self.process.wait_for("^(ok|error) ", 5, mark)
        whole = lambda: re.match(r"(.*)\n", self.process.text(mark))  # noqa: E731
        answer = until(whole, 5, f"the relay answers {line} to the end")[1]
        if not answer.startswith("ok "):
            raise Failure(f"relay: {answer}")
        return answer

    def weather(self, direction: str, weather: str) -> None:
        self.command(f"{direction} {weather}")

    def rebind(self) -> None:
        self.command("rebind")

    def stats(self) -> dict[str, int]:
        """Counters like "up received" and "down lost"."""
        text = self.command("stats")
        counters = {}
        for way, numbers in re.findall(r"(up|down): ((?:\w+=\d+ ?)+)", text):
            for name, number in re.findall(r"(\w+)=(\d+)", numbers):
                counters[f"{way} {name}"] = int(number)
        return counters
