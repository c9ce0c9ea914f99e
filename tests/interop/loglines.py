#!/usr/bin/env python3
"""Log lines that other software matches: the same happens to stock and to adit, and their lines are the
same, after times, ports and numbers are masked. fail2ban's own program reads both logs with the
expressions of its public recipe, and finds as much in one as in the other.
"""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path

import loglines_client
import loglines_server
from beside_stock import both, masked
from foreign import unpacked
from keys import call
from lab import Lab, check
from loglines_stage import Scene, Stage
from runner import Bench, Case, main


def lines_of(scene: Scene, program: str, bench: Bench) -> list[str]:
    with Lab(bench.folder / program) as lab:
        stage = Stage(lab, lab.three_hosts(), bench.keys, bench.folder, program, scene.side)
        scene.play(stage)
        if stage.own.running:
            stage.own.stop()
        return [masked(line) for line in stage.own.text().splitlines()]


def found(lines: list[str], pattern: str) -> list[str]:
    """Without what is said again and again."""
    matching = [line for line in lines if re.search(pattern, line)]
    return list(dict.fromkeys(matching))


def compare(scene: Scene, bench: Bench) -> None:
    stock, ours = both(lambda program: lines_of(scene, program, bench))
    (bench.folder / "diff").write_text("\n".join(difflib.unified_diff(stock, ours, n=0)))
    told = []
    for pattern in scene.lines:
        wanted, got = found(stock, pattern), found(ours, pattern)
        check(wanted, f"stock does not say /{pattern}/")
        if wanted != got:
            told.append(f"/{pattern}/\nstock: {wanted}\nours:  {got}")
    check(not told, "\n".join(told))
    if scene.banned:
        logs = [bench.folder / program / "server.log" for program in ("stock", "adit")]
        stock, ours = map(fail2ban_finds, logs)
        check(stock == ours, f"fail2ban finds\n{stock}in stock's, and\n{ours}in ours")
        total = sum(map(int, re.findall(r"\[(\d+)\]", stock)))
        check(total == scene.banned, f"fail2ban finds {total}, expected {scene.banned}:\n{stock}")


# The expressions of the public recipe, as it is copied from host to host.
FILTER = r"""[Definition]
failregex = ^ TLS Error: incoming packet authentication failed from \[AF_INET\]<HOST>:\d+$
            ^ TLS Error: tls-crypt unwrapping failed from \[AF_INET\]<HOST>:\d+$
            ^ <HOST>:\d+ Connection reset, restarting
            ^ <HOST>:\d+ TLS Auth Error
            ^ <HOST>:\d+ TLS Error: TLS handshake failed$
            ^ <HOST>:\d+ VERIFY ERROR
ignoreregex =
"""
DEBIANS_PYTHON = "/usr/bin/python3"


def fail2ban_finds(log: Path) -> str:
    """Each expression that is found, with how often."""
    tree = unpacked("fail2ban")
    recipe = log.parent / "openvpn.conf"
    recipe.write_text(FILTER)
    words = (DEBIANS_PYTHON, tree / "usr/bin/fail2ban-regex", "-c", tree / "etc/fail2ban", log, recipe)
    said = call(*words, env={"PYTHONPATH": str(tree / "usr/lib/python3/dist-packages")})
    check("Failregex:" in said, f"fail2ban-regex says\n{said}")
    return "".join(f"{found}\n" for found in re.findall(r"\|  +\d+\) (\[\d+\] .*)", said))


def case(name: str, scene: Scene) -> Case:
    return Case(name, lambda bench: compare(scene, bench))


SCENES = {**loglines_server.SCENES, **loglines_client.SCENES}
CASES = [case(name, scene) for name, scene in SCENES.items()]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
