#!/usr/bin/env python3
"""What monitors read: status files of server, client and point-to-point end, syslog, and every form of
the log, each beside stock's for the same tunnel.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import housekeeping_status
from beside_stock import both, masked, same
from housekeeping_status import wait_up, written
from lab import Lab, check, until
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, client_config, server_config


class Syslog:
    """A syslogd of the test's own; who is started with `within` sees it as /dev/log."""

    DEVICES = "null zero full random urandom net/tun"

    def __init__(self, lab: Lab):
        self.path = lab.folder / "log.socket"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.lines: list[str] = []
        self.devices = lab.folder / "devices"
        self.devices.mkdir()
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self) -> None:
        while True:
            self.lines.append(self.socket.recv(8192).decode(errors="replace").rstrip("\n\0"))

    def within(self, *command: object) -> tuple[str, ...]:
        old = self.devices
        script = f"""mount --rbind /dev {old}
mount -t tmpfs none /dev
mkdir /dev/net
for name in {self.DEVICES}; do touch /dev/$name; mount --bind {old}/$name /dev/$name; done
ln -s {self.path} /dev/log
exec "$@"
"""
        return ("sh", "-c", script, "sh", *map(str, command))

    def wait_for(self, pattern: str) -> None:
        heard = lambda: any(re.search(pattern, line) for line in list(self.lines))  # noqa: E731
        until(heard, 12, f"syslog hears /{pattern}/")


def forms(lines: list[str], pattern: str) -> dict[str, str]:
    """What stands before a text, of each text that comes once."""
    found: dict[str, str] = {}
    for line in lines:
        match = re.match(pattern, line)
        check(match, f"a line of another form: {line}")
        found.setdefault(masked(match[2]), match[1])
    return found


def same_forms(stock: dict[str, str], ours: dict[str, str], least: int) -> None:
    common = [text for text in stock if text in ours]
    differing = [
        f"{text}: stock {stock[text]!r}, ours {ours[text]!r}"
        for text in common
        if stock[text] != ours[text]
    ]
    check(not differing, "\n".join(differing))
    check(len(common) >= least, f"only {common} are in both")


def to_syslog(*own: str) -> Callable[[Bench], None]:
    """Its name, number and levels; nothing on standard output."""

    def run(bench: Bench) -> None:
        def play(program: str) -> dict[str, str]:
            with Lab(bench.folder / program) as lab:
                log = Syslog(lab)
                setup = Setup("stock", program, client_extra=("route 10.98.0.0 255.255.0.0", *own))
                tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
                tunnel.start_server()
                config = client_config(setup, bench.keys, tunnel.remote)
                path = tunnel.net.client.write("client.conf", config)
                process = tunnel.net.client.start("client", *log.within(PROGRAMS[program], path))
                log.wait_for(COMPLETED)
                pid = re.search(r"\[(\d+)\]: ", log.lines[-1])[1]  # of a daemon, not of its parent
                tunnel.net.client.run("kill", "-TERM", pid)
                log.wait_for("process exiting")
                check(process.wait() == 0, "it does not end with 0")
                check("Completed" not in process.text(), f"it also prints:\n{process.text()}")
                moment = re.compile(r"^(<\d+>)\w+ [ \d]\d [\d:]{8} ")
                lines = [moment.sub(r"\1", line) for line in log.lines]
                return forms(lines, r"(<\d+>\S+?)\[\d+\]: (.*)")

        same_forms(*both(play), 15)

    return run


def machine_readable(bench: Bench) -> None:
    """Seconds with six digits, flags, text: level and kind of each text are stock's. The highest byte
    is a number of stock's for "mute", of no use to others."""

    def play(program: str) -> dict[str, str]:
        with Lab(bench.folder / program) as lab:
            own = ("machine-readable-output", "route 10.98.0.0 255.255.0.0")
            tunnel = Tunnel(lab.three_hosts(), Setup("stock", program, client_extra=own), bench.keys)
            tunnel.start_server()
            tunnel.start_client().wait_for(COMPLETED)
            tunnel.client.stop()
            lines = tunnel.client.text().splitlines()
            begin = next(i for i, line in enumerate(lines) if re.match(r"\d{10}\.\d{6} ", line))
            found = forms(lines[begin:], r"\d{10}\.\d{6} ([0-9a-f]+) (.*)")
            return {text: f"{int(flags, 16) & 0xFFFFFF:x}" for text, flags in found.items()}

    same_forms(*both(play), 15)


FORMS = (
    ("--verb", 1),
    ("--verb", 0),
    ("--verb", 4),
    ("--verb", 3, "--suppress-timestamps"),
    ("--verb", 3, "--log", "words"),
    ("--verb", 3, "--log-append", "words"),
)
IN_FORM = re.compile(
    COMPLETED + "|SIGTERM.soft,exit-with-notification. received|UDPv4 link remote|^before|^-- file"
)


def plain_forms(bench: Bench) -> None:
    """Timestamps and none, microseconds from verb 4, a file begun or gone on with."""

    def play(program: str) -> list[str]:
        told = []
        with Lab(bench.folder / program) as lab:
            tunnel = Tunnel(lab.three_hosts(), Setup("stock", program), bench.keys)
            tunnel.start_server()
            client = tunnel.net.client
            config = client_config(tunnel.setup, bench.keys, tunnel.remote)
            path = client.write("client.conf", config)
            words = client.folder / "words"
            for number, own in enumerate(FORMS):
                words.write_text("before\n")
                process = client.start(f"client{number}", PROGRAMS[program], "--config", path, *own)
                wait_up(tunnel)
                process.stop()
                text = process.text() + "-- file\n" + words.read_text()
                told += [f"{own} {shape(x)}" for x in text.splitlines() if IN_FORM.search(x)]
        return told

    same(*both(play), "forms")


def shape(line: str) -> str:
    moment = re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", "MOMENT ", line)
    return re.sub(r"us=\d+ ", "us=N ", re.sub(r":\d+$", ":PORT", moment))


APART = """"$0" --errors-to-stderr --suppress-timestamps --verb 3 --client --dev tun \\
  --proto tcp-client --remote 203.0.113.2 9 --connect-retry-max 1 \\
  --ca "$1" --cert "$2" --key "$3" 2>errors >rest"""


def errors_apart(bench: Bench) -> None:
    """errors-to-stderr: what goes wrong on standard error, all else on standard output."""
    wanted = re.compile("All connections have been|TCP: connect to|Attempting to establish")

    def play(program: str) -> list[str]:
        with Lab(bench.folder / program) as lab:
            host = lab.three_hosts().client
            who = bench.keys.identity("adit", "client1")
            host.run("sh", "-c", APART, PROGRAMS[program], who.ca, who.cert, who.key, fails=True)
            told = []
            for name in ("errors", "rest"):
                lines = (lab.folder / name).read_text().splitlines()
                told += [f"{name}: {masked(line)}" for line in lines if wanted.search(line)]
            return told

    stock, ours = both(play)
    same(stock, ours, "errors and the rest")
    check(len(stock) == 3, f"{stock}")


def in_a_jail(bench: Bench) -> None:
    """chroot and user: client files and lists are those of the jail, the status file stays the
    one outside, a restart works with what is kept."""

    def play(program: str) -> list[str]:
        with Lab(bench.folder / program) as lab:
            jail = lab.folder / "jail"
            for name in ("ccd", "tmp"):
                (jail / name).mkdir(parents=True)
            (jail / "ccd/client1").write_text('push "route 10.97.0.0 255.255.0.0"\n')
            os.chown(jail, 65534, 65534)
            own = (f"chroot {jail}", "client-config-dir ccd", "tmp-dir /tmp")
            own = (*own, "user nobody", "group nogroup", "persist-tun", "persist-key")
            setup = Setup(program, "stock", server_extra=own)
            tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
            tunnel.start()
            tunnel.ping_all()
            told = [str(tunnel.client.matches(r"PUSH_REPLY.*route 10\.97") != [])]
            written(tunnel.status_path(), "client1")
            told.append(str(sorted(path.name for path in jail.iterdir())))
            lines = tunnel.server.matches(r"chroot to|UID set|GID set|Capabilities")
            told += [masked(line).replace(str(lab.folder), "") for line in lines]
            mark = tunnel.server.mark()
            tunnel.server.send_signal(signal.SIGUSR1)
            tunnel.server.wait_for(COMPLETED, since=mark)
            told.append(f"ends with {tunnel.server.stop()}")
            return told

    stock, ours = both(play)
    same(sorted(stock), sorted(ours), "in a jail")
    check(len(stock) == 7 and "True" in stock, f"{stock}")


def locked_memory(bench: Bench) -> None:
    """mlock: nothing of it is ever written to a disk; a host that forbids it is told so at the start.
    (Stock wants to raise the limit first, and ends where it may not.)"""
    with Lab(bench.folder) as lab:
        setup = Setup("adit", "stock", server_extra=("mlock",))
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        path = tunnel.net.server.write("server.conf", server_config(setup, bench.keys))
        tunnel.server = tunnel.net.server.start("server", PROGRAMS["adit"], path)
        tunnel.server.wait_for(r"mlockall call succeeded|cannot lock the memory \(mlock\)")
        if tunnel.server.matches("cannot lock"):
            check(tunnel.server.wait() == 1, "it goes on without")
            return
        tunnel.server.wait_for(COMPLETED)
        tunnel.start_client().wait_for(COMPLETED)
        status = Path(f"/proc/{tunnel.server.pid}/status").read_text()
        locked = int(re.search(r"VmLck:\s+(\d+)", status)[1])
        check(locked > 1000, f"locked: {locked} kB")
        tunnel.ping_all()


CASES = [
    *housekeeping_status.CASES,
    Case("syslog", to_syslog("syslog")),
    Case("syslog-name", to_syslog("syslog vpn-one")),
    Case("daemon-syslog", to_syslog("daemon vpn-two")),
    Case("machine-readable", machine_readable),
    Case("forms", plain_forms),
    Case("errors-to-stderr", errors_apart),
    Case("jail", in_a_jail),
    Case("mlock", locked_memory),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
