"""The lexer beside stock's, on generated files: words, quotes, escapes, comments, blocks, line ends.

Both programs say what "echo msg ..." holds, with a blank between two words; so no word here has one.
Stock stops at the first mistake, adit tells of all of them and starts nothing: what stands above the
mistake is then read once more without the rest.
"""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor

from lab import check
from option_samples import BASES
from option_trials import END, WORKERS, Pen
from runner import Bench

SEED = 20261126
FILES = 120
LONGEST_LINE = 254  # what stock can hold

LETTERS = "abcXYZ019-_./:,=%+@~^!?*()[]{}&$|é"
TRAPS = ['"', "'", "\\\\", '\\"', "\\\t", "#", ";", "\\ "]
BLANKS = [" ", "\t", "  ", " \t ", "\v", "\f", "\\\t", "\\ "]
MISTAKES = ["a\\b", '"open', "'open", 'x "y', "\\", '"a\\n"', "z \\'"]


class Writer:
    """Files by chance, and for a number always the same one."""

    def __init__(self, number: int):
        self.chance = random.Random(SEED + number)

    def text(self) -> bytes:
        chance = self.chance
        lines = [self.line() for _ in range(chance.randint(3, 14))]
        if chance.random() < 0.4:
            lines.insert(chance.randrange(len(lines)), f"echo msg {chance.choice(MISTAKES)}")
        lines = [line for line in lines if len(line.encode()) <= LONGEST_LINE]
        end = chance.choice(["\n", "\n", "\r\n"])
        text = end.join(lines) + (end if chance.random() < 0.7 else "")
        mark = "\ufeff" if chance.random() < 0.2 else ""
        return (mark + text).encode()

    def line(self) -> str:
        chance = self.chance
        kind = chance.random()
        if kind < 0.08:
            return chance.choice(["", " ", "\t", "# a 'comment", "; another \"one", "  # \\x"])
        if kind < 0.16:
            return self.block()
        words = [self.word() for _ in range(chance.randint(0, 6))]
        begin = chance.choice(["", "", " ", "\t", "--"])
        separated = "".join(chance.choice(BLANKS) + word for word in words)
        comment = chance.choice(["", "", "", " # \"c", "\t; 'c", " ;#"])
        return f"{begin}echo msg{separated}{comment}"

    def word(self) -> str:
        chance = self.chance
        plain = "".join(chance.choice(LETTERS) for _ in range(chance.randint(1, 8)))
        kind = chance.random()
        if kind < 0.4:
            return plain
        if kind < 0.55:
            return plain[:1] + chance.choice(TRAPS[:6]) + plain
        if kind < 0.7:
            return '"' + plain.replace("c", "\\\\").replace("b", '\\"').replace("a", "#") + '"'
        if kind < 0.85:
            return "'" + plain.replace("c", "\\").replace("b", '"').replace("a", ";") + "'"
        return chance.choice(['""', "''", '"a"b', "'a''b'", "a#b", "a;b", "\\\\\\\\", "#", ";"])

    def block(self) -> str:
        chance = self.chance
        inside = ["x", " y", "", "# no comment", '"', "<ca>", "</cert>", "a </ca>", "\\q"]
        lines = [chance.choice(inside) for _ in range(chance.randint(0, 3))]
        opening = chance.choice(["<ca>", " <ca>", "<ca> ", "<ca> # c"])
        closing = chance.choice(["</ca>", " </ca>", "\t</ca>", "</ca> rest", "</ca>rest", "</ca>", ""])
        return "\n".join([opening, *lines, closing])


def said_by(pen: Pen, who: str, name: str, text: bytes) -> tuple[list[str], int]:
    """What was echoed, and the line of the first mistake; 0: there is none."""
    folder = pen.folder / f"{name}-{who}"
    folder.mkdir()
    rest = "\n" + (BASES["client"] + END).format(**{**pen.files, "folder": folder})
    config = folder / "config"
    config.write_bytes(text + rest.encode())
    answer = pen.judged(who, config)
    echoed = re.findall(r"^(?:\S+ \S+ )?ECHO:(.*)$", answer.said, re.M)
    if answer.verdict == "accepted":
        return echoed, 0
    line, endless = first_mistake(answer.said)
    if who == "adit" and line > 1:
        above = b"\n".join(text.split(b"\n")[: line - 1])
        echoed, _ = said_by(pen, who, f"{name}-above", above)
    return echoed, -1 if endless else line


def first_mistake(said: str) -> tuple[int, bool]:
    """Its line, and whether it is a block without an end: of that stock names no line."""
    for line in said.splitlines():
        found = re.search(r"config:(\d+)", line)
        if "Endtag" in line or found and re.search(r"Options (error|warning):", line):
            return int(found[1]) if found else 0, "Endtag" in line
    return 0, False


def lexer(bench: Bench) -> None:
    pen = Pen(bench)

    def compare(number: int) -> str:
        text = Writer(number).text()
        stock, ours = (said_by(pen, who, f"file{number}", text) for who in ("stock", "adit"))
        return "" if stock == ours else f"seed {SEED + number}: {text!r}\n stock {stock}\n adit  {ours}"

    with ThreadPoolExecutor(WORKERS) as pool:
        differences = list(filter(None, pool.map(compare, range(FILES))))
    check(not differences, f"{len(differences)} files\n" + "\n".join(differences[:5]))
