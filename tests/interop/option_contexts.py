"""Options from elsewhere: sent by a server, and in the file of one client; those which do not belong
there, and those which change the program that takes them."""

from __future__ import annotations

import re
import signal

from lab import Failure, check, until
from option_samples import LINES, samples, specification
from runner import Bench
from tunnel import COMPLETED
from two_ends import PAIRS, TwoEnds

TOLD = re.compile(
    r"option '(\S+?)' cannot be used in this context|"
    r"\(s\) in \S+?:\d+: (\S+)|"
    r"(?:pushed option )?\"(\S+)\" is ignored|"
    r"--(\S+?)(?:: | is only | was removed )|"
    r"REMOVED OPTION: --([^ ,]+)|"
    r"[Uu]nrecognized option: \"(\S+)"
)


def misplaced(column: str) -> list[str]:
    """Those which may not stand there, as they would stand in a file."""
    return [
        sample.line.replace("{", "").replace("}", "").replace(",", " ")
        for sample in samples(LINES)
        if specification()[sample.name][column] == "n" and sample.name != "connection"
    ]


def names_told(text: str) -> set[str]:
    return {next(filter(None, found.groups())).strip('"') for found in TOLD.finditer(text)}


def pushed_and_ccd(bench: Bench) -> None:
    """Each is told of, by its name, and the client comes up all the same."""
    for where in ("pushable", "ccd"):
        lines = misplaced(where)
        for pair in (("stock", "stock"), *PAIRS):
            check_told(bench, pair, where, lines)


def check_told(bench: Bench, pair: tuple[str, str], where: str, lines: list[str]) -> None:
    folder = bench.folder / "-".join((where, *pair))
    with TwoEnds(folder, bench.keys, *pair) as ends:
        extra = []
        if where == "ccd":
            (folder / "ccd").mkdir(parents=True)
            (folder / "ccd/client1").write_text("\n".join([*lines, ""]))
            extra = [f"client-config-dir {folder / 'ccd'}"]
        else:
            extra = ["push '{}'".format(line.replace("'", "")) for line in lines]
        ends.start_server(*extra)
        ends.start_client()
        ends.client.wait_for(COMPLETED, 20)
        teller = ends.server if where == "ccd" else ends.client
        names = {line.split()[0] for line in lines}
        if pair[1] == "adit" and where == "pushable":
            names.discard("block-outside-dns")  # it acts on it
        left = lambda: sorted(names - names_told(teller.text()))  # noqa: E731
        try:
            until(lambda: not left(), 5, "all are told of")
        except Failure as failure:
            raise Failure(f"{pair}, {where}: nothing is said of {left()}") from failure


PUSHED = (
    "verb 4",
    "mute 0",
    "sndbuf 120000",
    "rcvbuf 130000",
    "persist-tun",
    "echo msg hello there",
    "echo for managers only",
)


def pushed_settings(bench: Bench) -> None:
    """What a server pushes reaches the process itself: how much it logs, the buffers of its socket, what
    it keeps over a restart."""
    seen = {}
    sizes = r"R=\[\d+->(\d+)\] S=\[\d+->(\d+)\]"
    for client in ("stock", "adit"):
        with TwoEnds(bench.folder / client, bench.keys, "stock", client) as ends:
            ends.start_server(*(f'push "{line}"' for line in PUSHED))
            own = ("echo msg at the start", "connect-retry 1 1")
            ends.start_client(*own).wait_for(COMPLETED)
            device = ends.host.run("ip", "-o", "link", "show", "type", "tun")
            mark = ends.client.mark()
            ends.client.send_signal(signal.SIGUSR1)
            ends.client.wait_for(COMPLETED, since=mark)
            kept = device == ends.host.run("ip", "-o", "link", "show", "type", "tun")
            check(kept, f"{client}: the device is another one")
            restart = ends.client.text(mark)
            moved = re.search("Closing TUN|TUN/TAP device \\S+ opened", restart)
            check(not moved, f"{client}: {restart}")
            text = ends.client.text()
            wordy = bool(re.search(r"^\S+ \S+ us=\d+ ", text, re.M))
            resized = ("260000", "240000") in re.findall(sizes, text)
            seen[client] = (wordy, resized, re.findall(r"ECHO(?:-PULL)?:.*", text))
    check(seen["stock"] == seen["adit"], f"{seen}")
    check(seen["stock"][:2] == (True, True), f"{seen}")
