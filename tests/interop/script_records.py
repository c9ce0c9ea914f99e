"""Scripts that write down everything they are given, and records that can be compared.

    scripts = Recorder(folder / "stock")
    line = scripts.line("client-connect")             a line of configuration
    scripts.wait("client-connect").arguments
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import check, until

# The body may use $record, a path of this run's own, and ends the script as it likes.
SCRIPT = """#!/bin/sh
record={folder}/{hook}.$$
{{
/bin/cat /proc/$$/environ; printf '\\0'
for word; do printf 'argument %s\\0' "$word"; done
/bin/readlink /proc/$$/cwd; /bin/readlink /proc/$$/fd/0; umask
}} >"$record.part"
for file in "$1" "$metadata_file" "$peer_cert"; do
[ -f "$file" ] && /bin/cp "$file" "$record.file" && /usr/bin/stat -c %a "$file" >>"$record.part"
done
/bin/mv "$record.part" "$record.event"
{body}
exit {status}
"""

# What differs between any two runs.
OF_THE_RUN = {"daemon_pid", "daemon_start_time", "time_unix", "time_ascii", "bytes_received"}
OF_THE_RUN |= {"bytes_sent", "time_duration", "trusted_port", "untrusted_port"}
TEMPORARY = re.compile(r"\S*/openvpn_(\w+?)_+[0-9a-f]{16,32}\.tmp")
ARGUMENT = "argument "


@dataclass(frozen=True)
class Record:
    """One run of a script."""

    hook: str
    env: dict[str, str]
    arguments: list[str]
    surroundings: list[str]  # directory, standard input, umask, rights of its file
    moment: int
    file: bytes  # what the file it was pointed at said


class Recorder:
    """The scripts of one end, in a folder that anybody may write to."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)

    def script(self, hook: str, body: str = "", status: int = 0) -> Path:
        path = self.folder / f"{hook}.sh"
        folder = shlex.quote(str(self.folder))
        path.write_text(SCRIPT.format(folder=folder, hook=hook, body=body, status=status))
        path.chmod(0o755)
        return path

    def line(self, hook: str, *words: str, body: str = "", status: int = 0) -> str:
        """words: what follows the script in the configuration."""
        script = self.script(hook, body, status)
        return " ".join((hook, str(script), *words))

    def all(self, hook: str = "*") -> list[Record]:
        found = [record_of(path) for path in self.folder.glob(f"{hook}.*.event")]
        return sorted(found, key=lambda record: record.moment)

    def wait(self, hook: str, count: int = 1, seconds: float = 10) -> Record:
        """The record with that number, from 1."""
        what = f"{hook} is called {count}x"
        return until(lambda: self.all(hook)[count - 1 :], seconds, what)[0]


def record_of(path: Path) -> Record:
    env, _, rest = path.read_bytes().decode(errors="replace").partition("\0\0")
    parts = rest.split("\0")
    copy = path.with_suffix(".file")
    return Record(
        path.name.split(".")[0],
        dict(line.partition("=")[::2] for line in env.split("\0") if line),
        [part.removeprefix(ARGUMENT) for part in parts[:-1]],
        parts[-1].split(),
        path.stat().st_mtime_ns,
        copy.read_bytes() if copy.exists() else b"",
    )


def masked(text: str) -> str:
    """Temporary files without their random part."""
    return TEMPORARY.sub(r"FILE(\1)", text)


def compare(stock: Record, ours: Record, less: set[str], more: set[str]) -> None:
    """less, more: variables that are missing here, or are not there at stock, on purpose."""
    name = f"{stock.hook} {' '.join(map(masked, stock.arguments))}"
    pairs = [
        ("arguments", list(map(masked, stock.arguments)), list(map(masked, ours.arguments))),
        ("surroundings", stock.surroundings, ours.surroundings),
        ("file", stock.file, ours.file),
        ("missing", set(), set(stock.env) - set(ours.env) - less),
        ("beyond", set(), set(ours.env) - set(stock.env) - more),
    ]
    for variable in sorted((set(stock.env) & set(ours.env)) - OF_THE_RUN):
        values = masked(stock.env[variable]), masked(ours.env[variable])
        pairs.append((variable, *values))
    for what, theirs, mine in pairs:
        check(theirs == mine, f"{name}: {what} is {mine!r}, stock's is {theirs!r}")


def compare_all(
    stock: list[Record],
    ours: list[Record],
    less: set[str],
    more: Callable[[Record], set[str]],
) -> None:
    """The same scripts in the same order; more: what a script of stock's does not get."""
    order = [called(record) for record in stock], [called(record) for record in ours]
    check(order[0] == order[1], f"called are {order[1]}, with stock {order[0]}")
    for theirs, mine in zip(stock, ours):
        compare(theirs, mine, less, more(theirs))


def called(record: Record) -> str:
    return " ".join((record.hook, *map(masked, record.arguments)))
