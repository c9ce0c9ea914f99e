"""Runs the cases of a test script: some at a time, each in a process of its own.

    def floats(bench: Bench) -> None:
        with Lab(bench.folder) as lab:
            ...

    if __name__ == "__main__":
        sys.exit(main(__doc__, [Case("floats", floats)]))

A case passes when it returns. Every script takes the same options (--help), prints a line per case
and a table, ends with the line "N passed, M failed", and exits with 1 if any failed. A case that
fails while others run beside it is tried once more alone, unless more than two have failed: this
machine's load is no verdict. Both verdicts are told, by name on the last line too. Logs of what failed are kept, in a folder that is
named at the end.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from keys import Keys
from lab import ADIT, interrupts_as_exceptions, sweep, why_not
from relay import relay_program

JOBS = 3
CASE_SECONDS = 90
TOTAL_SECONDS = 1200
END_SECONDS = 10  # for a case that was told to end
MOST_SECOND_TRIES = 2  # more than that is not bad luck
MESSAGE_FILE = "failure.txt"


@dataclass(frozen=True)
class Bench:
    """What a case finds prepared."""

    folder: Path  # its own, for logs
    keys: Keys
    relay_program: Path | None


@dataclass(frozen=True)
class Case:
    """relay: it needs the relay program. columns: what the table says about it."""

    name: str
    run: Callable[[Bench], None]
    relay: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    seconds: float = CASE_SECONDS


@dataclass
class Result:
    case: Case
    verdict: str  # passed, failed
    seconds: float = 0
    message: str = ""
    second_try: bool = False  # message is then that of the first


@dataclass
class Running:
    case: Case
    process: BaseProcess
    folder: Path
    started: float


def main(about: str | None, cases: Sequence[Case]) -> int:
    options = parse_options(about or "")
    chosen = [case for case in cases if wanted(case.name, options.only)]
    if options.list:
        print("\n".join(case.name for case in chosen))
        return 0
    obstacle = why_not()
    if obstacle:
        print(f"nothing was tested: {obstacle}")
        print("0 passed, 1 failed")
        return 1
    folder = options.folder or Path(tempfile.mkdtemp(prefix=f"interop-{Path(sys.argv[0]).stem}-"))
    folder.mkdir(parents=True, exist_ok=True)
    results = Run(options, folder).all(chosen)
    tidy(folder, results, options.keep)
    return report(results, folder, options)


def wanted(name: str, patterns: list[str]) -> bool:
    return not patterns or any(p in name or fnmatch.fnmatch(name, p) for p in patterns)


def parse_options(about: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="PATTERN", help="part of a name, or a glob"
    )
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"cases at a time ({JOBS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--folder", type=Path, help="where logs go")
    parser.add_argument("--keep", action="store_true", help="keep the logs of all cases")
    parser.add_argument(
        "--limit", type=float, default=TOTAL_SECONDS, help=f"seconds for everything ({TOTAL_SECONDS})"
    )
    return parser.parse_args()


class Run:
    def __init__(self, options: argparse.Namespace, folder: Path):
        self.options = options
        self.folder = folder
        self.deadline = time.monotonic() + options.limit
        self.running: list[Running] = []
        self.results: list[Result] = []
        self.keys = Keys(folder / "keys")
        self.relay: Path | None = None

    def all(self, cases: Sequence[Case]) -> list[Result]:
        interrupts_as_exceptions({})
        sweep()
        waiting = list(cases)
        self.prepare(waiting)
        try:
            self.work_off(waiting, self.options.jobs)
            if self.options.jobs > 1 and len(cases) > 1:
                self.try_again()
        finally:
            self.stop_all()
        order = [case.name for case in cases]
        return sorted(self.results, key=lambda result: order.index(result.case.name))

    def work_off(self, waiting: list[Case], jobs: int) -> None:
        while waiting or self.running:
            while waiting and len(self.running) < jobs:
                self.start(waiting.pop(0))
            self.look_after()
            time.sleep(0.05)

    def try_again(self) -> None:
        """The failed ones, one at a time; what they left the first time is kept."""
        failed = [result for result in self.results if result.verdict == "failed"]
        if len(failed) > MOST_SECOND_TRIES:
            return
        for first in failed:
            shutil.move(self.folder / first.case.name, self.folder / f"{first.case.name}.first")
            self.results.remove(first)
            self.work_off([first.case], 1)
            second = self.results[-1]
            if second.verdict == "passed":
                second.second_try, second.message = True, first.message

    def prepare(self, cases: Sequence[Case]) -> None:
        if cases:
            self.keys = Keys.take(self.folder / "keys")
        if any(case.relay for case in cases):
            self.relay = relay_program(self.folder)

    def start(self, case: Case) -> None:
        folder = self.folder / case.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        context = multiprocessing.get_context("fork")
        bench = Bench(folder, self.keys, self.relay)
        process = context.Process(target=run_case, args=(case, bench), name=case.name)
        process.start()
        self.running.append(Running(case, process, folder, time.monotonic()))

    def look_after(self) -> None:
        now = time.monotonic()
        for running in list(self.running):
            if running.process.is_alive():
                limit = min(running.started + running.case.seconds, self.deadline)
                if now < limit:
                    continue
                end(running.process)
                (running.folder / MESSAGE_FILE).write_text("no end in sight: it ran out of time\n")
            self.running.remove(running)
            self.collect(running, now - running.started)

    def collect(self, running: Running, seconds: float) -> None:
        running.process.join()
        failure = running.folder / MESSAGE_FILE
        if running.process.exitcode == 0:
            return self.add(Result(running.case, "passed", seconds))
        message = failure.read_text() if failure.exists() else "it died without a word"
        self.add(Result(running.case, "failed", seconds, message.strip()))

    def add(self, result: Result) -> None:
        self.results.append(result)
        first = f": {result.message.splitlines()[0]}" if result.message else ""
        print(f"{result.verdict:7} {result.seconds:5.1f} s  {result.case.name}{first}", flush=True)

    def stop_all(self) -> None:
        for running in self.running:
            running.process.terminate()
        for running in self.running:
            end(running.process)


def end(process: BaseProcess) -> None:
    process.terminate()
    process.join(END_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()


def run_case(case: Case, bench: Bench) -> None:
    """In the case's own process. Its laboratory turns signals into exceptions."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    status = 0
    try:
        case.run(bench)
    except SystemExit:
        status = 1
    except BaseException as error:  # noqa: BLE001: whatever it is, it is the verdict
        status = 1
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        trace = traceback.format_exc()
        (bench.folder / MESSAGE_FILE).write_text(f"{text}\n\n{trace}")
    os._exit(status)  # nothing of the parent's is ours to tidy up


def tidy(folder: Path, results: Sequence[Result], keep: bool) -> None:
    """What passed is not worth keeping."""
    if keep:
        return
    for result in results:
        if result.verdict != "failed":
            shutil.rmtree(folder / result.case.name, ignore_errors=True)
    if not any(result.verdict == "failed" or result.second_try for result in results):
        shutil.rmtree(folder, ignore_errors=True)


def report(results: Sequence[Result], folder: Path, options: argparse.Namespace) -> int:
    counts = {verdict: 0 for verdict in ("passed", "failed")}
    for result in results:
        counts[result.verdict] += 1
    print_table(results)
    for result in results:
        if result.message:
            told = "\n".join("  " + line for line in result.message.splitlines()[:16])
            print(f"\n{result.case.name}{' (first try)' if result.second_try else ''}\n{told}")
    if options.keep or any(result.message for result in results):
        print(f"\nlogs: {folder}")
    if options.json:
        options.json.write_text(json.dumps(as_json(results, counts), indent=2) + "\n")
    print(f"{counts['passed']} passed, {counts['failed']} failed{named(results)}")
    return 1 if counts["failed"] else 0


def named(results: Sequence[Result]) -> str:
    """What the last line says of single cases."""
    failed = [result.case.name for result in results if result.verdict == "failed"]
    again = [result.case.name for result in results if result.second_try]
    told = f": {' '.join(failed)}" if failed else ""
    return told + (f" (at the second try, alone: {' '.join(again)})" if again else "")


def print_table(results: Sequence[Result]) -> None:
    names = list(dict.fromkeys(name for result in results for name in result.case.columns))
    head = [*names, "seconds", "result"] if names else ["case", "seconds", "result"]
    rows = [head]
    for result in results:
        about = [result.case.columns.get(name, "") for name in names] or [result.case.name]
        rows.append([*about, f"{result.seconds:.1f}", result.verdict])
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()


def as_json(results: Sequence[Result], counts: dict[str, int]) -> dict[str, object]:
    cases = [
        {
            "name": result.case.name,
            **result.case.columns,
            "verdict": result.verdict,
            "seconds": round(result.seconds, 2),
            "message": result.message,
            "second_try": result.second_try,
        }
        for result in results
    ]
    return {"program": str(ADIT), **counts, "cases": cases}
