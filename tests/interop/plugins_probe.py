"""The plugin of the tests (../plugins/probe.c), and what it was told: of plugins.py."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from keys import call
from lab import HERE, until
from runner import Bench

SOURCE = HERE.parent / "plugins" / "probe.c"
NAMES = {
    0: "up",
    1: "down",
    2: "route-up",
    3: "ipchange",
    4: "tls-verify",
    5: "auth",
    6: "client-connect",
    7: "client-disconnect",
    8: "learn-address",
    9: "client-connect-v2",
    10: "tls-final",
    12: "route-pre-down",
    13: "client-connect-defer",
    14: "client-connect-defer-v2",
}
NO_REST = ("arg", "env", "call", "file")


def built(bench: Bench, name: str = "probe", *words: str) -> Path:
    """The probe in one of its shapes: "-DAPI=1"."""
    path = bench.folder / f"{name}.so"
    if not path.exists():
        compile_library(path, *words, SOURCE, "-lcrypto", "-lpthread")
        bench.folder.chmod(0o755)
    return path


def compile_library(path: Path, *words: object) -> None:
    compiler = shutil.which("gcc") or shutil.which("clang-14") or "cc"
    call(compiler, "-shared", "-fPIC", "-o", path, *words)


@dataclasses.dataclass(frozen=True)
class Told:
    """One call of a plugin."""

    name: str
    arguments: list[str]
    env: dict[str, str]
    rest: list[str]  # contexts, certificates


def told(path: Path) -> list[Told]:
    text = path.read_text() if path.exists() else ""
    return [told_of(block.splitlines()) for block in text.split("end\n")[:-1]]


def told_of(lines: list[str]) -> Told:
    pairs = [line.partition(" ")[::2] for line in lines]
    words = [value for kind, value in pairs if kind == "arg"]
    env = dict(value.partition("=")[::2] for kind, value in pairs if kind == "env")
    rest = [f"{kind} {value}" for kind, value in pairs if kind not in NO_REST]
    name = pairs[0][1]
    return Told(NAMES[int(name)] if name.isdigit() else name, words[1:], env, rest)


def calls(path: Path, name: str) -> list[Told]:
    return [one for one in told(path) if one.name == name]


def wait_call(path: Path, name: str, count: int = 1, seconds: float = 10) -> Told:
    what = f"the plugin is told of {name} {count}x"
    return until(lambda: calls(path, name)[count - 1 :], seconds, what)[0]


def line(library: Path | str, *words: object) -> str:
    return " ".join(["plugin", str(library), *(f'"{word}"' for word in words)])
