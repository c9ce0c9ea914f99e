#!/usr/bin/env python3
"""Every option in stock and in adit, up to where options have been judged: alone in a client and in a
server, in the company it is used in, with words that are wrong, with too few and too many; sent by a
server and in the file of one client. Both take it or both refuse it; where not, option_differences.py
says why. And what is made of the table is as the table is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from keys import call
from lab import ADIT, check
from option_contexts import pushed_and_ccd, pushed_settings
from option_differences import LATER, MORE_WORDS, REFUSED, TAKEN, TOLD, UNREAD, Reasons
from option_lexer import lexer
from option_samples import LINES, TYPICAL, Sample, configuration, samples, specification
from option_trials import Answer, Pen, Trial, rows_of_table
from option_wrong import WRONG
from runner import Bench, Case, main

ROOT = Path(__file__).resolve().parents[2]
Asked = list[tuple[Trial, Answer, Answer]]


# ---- what is asked ----


def alone(chosen: Iterable[Sample], role: str) -> list[Trial]:
    return [Trial(one, f"alone, {role}", configuration(one, role)) for one in chosen]


def accompanied(chosen: Iterable[Sample]) -> list[Trial]:
    """Beside what it is for, in a file as people write it."""
    return [
        Trial(one, f"in company, {one.role}", configuration(one, one.role, one.role in TYPICAL, True))
        for one in chosen
    ]


def in_wrong_words(chosen: Iterable[Sample]) -> list[Trial]:
    return [Trial(one, f"wrong, {one.role}", configuration(one, one.role, False, True)) for one in chosen]


# ---- what is made of the answers ----


def reason_for(trial: Trial, reasons: Reasons, used: set[str]) -> str:
    for reason, keys in reasons.items():
        for key in keys:
            if key in (trial.sample.name, trial.sample.line, trial.name):
                used.add(key)
                return reason
    return ""


def unknown_to_stock(name: str) -> bool:
    """New in 2.7, or ours."""
    row = specification().get(name)
    return row is None or ("unknown" in row["behaviour_2.6.14"] and "accepted" in row["behaviour_2.7.6"])


def judge(asked: Asked, taken: Reasons, refused: Reasons) -> None:
    """taken: what adit takes and stock does not; refused: the other way round."""
    used: set[str] = set()
    strange = []
    for trial, stock, ours in asked:
        if stock.verdict == ours.verdict:
            continue
        adit_takes = ours.verdict in ("accepted", "0")
        if adit_takes and unknown_to_stock(trial.sample.name):
            continue
        if not reason_for(trial, taken if adit_takes else refused, used):
            strange.append(f"{trial.name}: stock {stock}; adit {ours}")
    check(not strange, f"{len(strange)} differences without a reason:\n" + "\n".join(strange))
    listed = {key for reasons in (taken, refused) for keys in reasons.values() for key in keys}
    idle = sorted(listed - used)
    check(not idle, f"take these out of option_differences.py, for there is no difference: {idle}")


def check_refusals(asked: Asked) -> None:
    """A refusal names the line, or says what is missing, and what to do."""
    for trial, _, ours in asked:
        if ours.verdict != "refused":
            continue
        check(ours.errors, f"{trial.name}: refused without a word:\n{ours.said}")
        own = [line for line in ours.errors if f"config:{trial.last_line}:" in line]
        for line in own:
            if " yet: " in line:
                continue
            check(" - " in line or ";" in line or "use" in line, f"no cure: {line}")


# ---- the cases ----


def table(bench: Bench) -> None:
    pen = Pen(bench)
    chosen = samples(LINES)
    missing = set(specification()) - {one.name for one in chosen}
    check(not missing, f"no sample of {missing}")
    tools = [one for one in chosen if one.role == "tool"]
    rest = [one for one in chosen if one.role != "tool"]
    trials = [trial for role in ("client", "server", "static") for trial in alone(rest, role)]
    asked = pen.ask_both(trials + accompanied(rest + tools))
    judge(asked, TAKEN, REFUSED)
    check_refusals(asked)



def wrong_words(bench: Bench) -> None:
    asked = Pen(bench).ask_both(in_wrong_words(samples(WRONG)))
    judge(asked, LATER, TOLD)
    check_refusals(asked)
    refused = [trial for trial, stock, _ in asked if stock.verdict == "refused"]
    check(len(refused) > len(asked) / 2, "most of the wrong words are right")


def counts(bench: Bench) -> None:
    """One word too few, and one too many, of every option that counts them: neither takes any."""
    lines = []
    for name, row in sorted(specification().items()):
        if row["min"] == "-" or "2.7" in row["args"] or name in TOOLS:
            continue
        if int(row["min"]) > 0:
            lines.append(" ".join([name, *["1"] * (int(row["min"]) - 1)]))
        if int(row["max"]) < UNLIMITED:
            lines.append(" ".join([name, *["1"] * (int(row["max"]) + 1)]))
    pen = Pen(bench)
    for who in ("stock", "adit"):
        rest = [line for line in lines if who == "adit" or line not in MORE_WORDS]
        while rest:
            rest = rest[refused_at_once(pen, who, rest) :]


UNLIMITED = 15
TOOLS = ("help", "version", "connection", "setenv")


def refused_at_once(pen: Pen, who: str, lines: list[str]) -> int:
    """How many of them one process got through; the last may have ended it. Fails if one is taken."""
    text = "setenv FORWARD_COMPATIBLE 1\n" + "\n".join(lines) + "\n"
    said = pen.ask(who, Trial(Sample("counts", "client", ()), "counts", text)).said
    told = {int(number) - 2 for number in re.findall(r"config:(\d+):", said)}
    silent = [number for number in range(len(lines)) if number not in told]
    if not silent:
        return len(lines)
    first = silent[0]
    last_words = [line for line in said.splitlines() if "Use --help" not in line][-1]
    check(max(told, default=-1) < first, f"{who} takes {lines[first]!r}")
    check(lines[first].split()[0] in last_words, f"{who} stops at {lines[first]!r}: {last_words}")
    return first + 1


def generated(bench: Bench) -> None:
    """docs/options.md is the table's; the manual and the completions have every option there is."""
    page = call(ADIT, "generate", "options")
    stored = (ROOT / "docs/options.md").read_text()
    check(page == stored, "docs/options.md is old: adit generate options >docs/options.md")
    call(ADIT, "generate", "man", bench.folder)
    manual = (bench.folder / "adit.8").read_text().replace("\\-", "-")
    completions = {shell: call(ADIT, "generate", "completion", shell) for shell in ("bash", "zsh", "fish")}
    for name, row in rows_of_table().items():
        check(f"`{name}" in page, f"{name} is not in docs/options.md")
        check(f"\\fB--{name}" in manual, f"{name} is not in the manual")
        check(row["state"] == "implemented" or row["note"] in page.replace("\\", ""), f"no reason: {name}")
        if name == "help":
            continue  # adit's own
        offered = row["state"] == "implemented" and "command line" in row["where"]
        word = {"bash": f" --{name} ", "zsh": f"'--{name}:", "fish": f" -l {name} "}
        for shell, script in completions.items():
            found = word[shell] in script.replace('"', " ")
            check(found == offered, f"{shell}: --{name} is {'' if found else 'not '}offered")
    asks = f'source /dev/stdin; COMP_WORDS=(adit --auth-retry ""); COMP_CWORD=2; _adit; echo "${{COMPREPLY[*]}}"'
    heard = subprocess.run(["bash", "-c", asks], input=completions["bash"], capture_output=True, text=True)
    check(heard.stdout == "none nointeract interact\n", f"bash offers {heard}")


def nothing_forgotten(_: Bench) -> None:
    """What an option writes somebody reads: by its name, outside of the rows."""
    rooms = [path for path in (ROOT / "src").rglob("*.[ch]*") if not path.name.startswith("rows_")]
    text = "".join(path.read_text() for path in rooms if not path.name.endswith("config.h"))
    headers = (ROOT / "src/options").glob("*config.h")
    fields = set().union(*(fields_of(path.read_text()) for path in headers))
    check(len(fields) > 300, f"only {len(fields)} fields were found")
    unread = {name for name in fields if not re.search(rf"(?:\.|->|::){name}\b", text)}
    strange = unread - {name for names in UNREAD for name in names.split(", ")}
    check(not strange, f"an option says it and nobody listens: {sorted(strange)}")


def fields_of(header: str) -> set[str]:
    """The members of all structures."""
    found = set()
    header = re.sub(r"//.*", "", header)
    for line in re.findall(r"^\s+((?:[\w:]+(?:<[^;=]*>)?)\s+[^;()]*);", header, re.M):
        names = line[line.rindex(">") + 1 :] if "<" in line else line.partition(" ")[2]
        bare = re.sub(r"=[^,]*", "", re.sub(r"\{[^}]*\}", "", names))
        found |= {words[-1] for words in map(str.split, bare.split(",")) if words}
    return {name for name in found if re.fullmatch(r"[a-z_0-9]+", name)}


CASES = [
    Case("nothing-forgotten", nothing_forgotten),
    Case("table", table),
    Case("wrong-words", wrong_words),
    Case("counts", counts),
    Case("contexts", pushed_and_ccd),
    Case("pushed-settings", pushed_settings),
    Case("lexer", lexer),
    Case("generated", generated),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
