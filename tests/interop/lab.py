"""A laboratory of network namespaces for end-to-end tests.

    with Lab() as lab:                  client ─────── wire ─────── server
        net = lab.three_hosts()         .2       .1     |  .1       .2
        server = net.server.start(      198.51.100.0/24 | 203.0.113.0/24
            "server", ADIT, "s.conf")   2001:db8:c::/64 | 2001:db8:5::/64
        server.wait_for("Completed")                    |
                                                        a router; a Relay may run here

Every host is a namespace called adit-PID-N-NAME. Leaving the `with` block removes them, also after
an exception, SIGTERM or SIGINT; what a killed run left behind is swept away by the next one.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).resolve().parent
ADIT = Path(os.environ.get("ADIT", HERE.parents[1] / "build" / "adit")).resolve()
STOCK = Path(os.environ.get("OPENVPN") or shutil.which("openvpn") or "/usr/sbin/openvpn")
NAMESPACES = Path("/run/netns")
NAMESPACE_FILES = Path("/etc/netns")  # what "ip netns exec" lays over /etc
PREFIX = "adit-"
PATIENT_INTERVAL = 0.5  # seconds between pings where each answer is waited for
POLL_SECONDS = 0.02

Wanted = TypeVar("Wanted")
_labs = itertools.count(1)


class Failure(AssertionError):
    """What a test expected did not happen."""


class Interrupted(SystemExit):
    """SIGTERM or SIGINT, as an exception, so that every `with` block tidies up."""


def check(condition: object, message: str) -> None:
    if not condition:
        raise Failure(message)


def until(probe: Callable[[], Wanted], seconds: float, what: str) -> Wanted:
    """Asks `probe` again and again until it answers with something true."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise Failure(f"{what}: not within {seconds:g} s")
        time.sleep(POLL_SECONDS)


def why_not(beside_stock: bool = True) -> str:
    """Why no laboratory can be built here; empty if it can. beside_stock: it needs that too."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun is missing"
    for tool in ("ip", "ping", "openssl"):
        if not shutil.which(tool):
            return f"the program {tool} is missing"
    if not os.access(ADIT, os.X_OK):
        return f"{ADIT} is missing: build it, or set ADIT"
    if beside_stock and not STOCK.exists():
        return f"{STOCK} is missing: install the openvpn package, or set OPENVPN"
    return ""


class Process:
    """A program that runs in a host, with its output in a file."""

    def __init__(self, name: str, popen: subprocess.Popen, log: Path):
        self.name = name
        self.popen = popen
        self.log = log

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def text(self, since: int = 0) -> str:
        with self.log.open("rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace")

    def mark(self) -> int:
        """The end of the log as it is now, for `since`."""
        return self.log.stat().st_size

    def matches(self, pattern: str, since: int = 0) -> list[str]:
        """All log lines in which the regular expression is found."""
        wanted = re.compile(pattern)
        return [line for line in self.text(since).splitlines() if wanted.search(line)]

    def wait_for(self, pattern: str, seconds: float = 15, since: int = 0, count: int = 1) -> str:
        """Waits for a log line and returns it; fails at once when the program has ended."""

        def probe() -> str:
            alive = self.running
            lines = self.matches(pattern, since)
            if len(lines) >= count:
                return lines[count - 1]
            check(alive, f"{self.name} ended with {self.popen.returncode} before /{pattern}/")
            return ""

        try:
            return until(probe, seconds, f"{self.name} logs /{pattern}/ {count}x")
        except Failure as failure:
            raise Failure(f"{failure}; it ends:\n{self.tail()}") from None

    def tail(self, lines: int = 12) -> str:
        return "\n".join("    " + line for line in self.text().splitlines()[-lines:])

    def command(self, line: str) -> None:
        """Writes a line to the program's standard input (start it with stdin=True)."""
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def send_signal(self, number: int) -> None:
        if self.running:
            self.popen.send_signal(number)

    def wait(self, seconds: float = 10) -> int:
        """Its exit status."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {seconds:g} s") from None

    def stop(self, number: int = signal.SIGTERM, seconds: float = 10) -> int:
        self.send_signal(number)
        return self.wait(seconds)

    def kill(self) -> None:
        if self.running:
            self.popen.kill()
        self.popen.wait()


@dataclass(frozen=True)
class PingResult:
    sent: int
    received: int

    @property
    def ratio(self) -> float:
        return self.received / self.sent if self.sent else 0.0


class Host:
    """One namespace: its own devices, addresses, routes and firewall."""

    def __init__(self, name: str, namespace: str, folder: Path):
        self.name = name
        self.namespace = namespace
        self.folder = folder
        self.processes: list[Process] = []

    def wrap(self, command: Iterable[object]) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, *map(str, command)]

    def run(self, *command: object, seconds: float = 20, fails: bool = False) -> str:
        """Runs a program to its end and returns its output. fails: it is allowed to; what it said
        on standard error then follows."""
        try:
            done = subprocess.run(
                self.wrap(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=seconds,
                cwd=self.folder,
            )
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name}: {command[0]} did not end within {seconds:g} s") from None
        output, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        words = " ".join(map(str, command))
        told = f"{self.name}: {words}: {done.returncode}\n{output}{errors}"
        check(fails or done.returncode == 0, told)
        return output + errors if fails else output

    def start(self, name: str, *command: object, stdin: bool = False) -> Process:
        """Starts a program; its output goes to NAME.log in the laboratory's folder."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                self.wrap(command),
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,  # a Ctrl-C is for us: we end them in order
            )
        process = Process(name, popen, log)
        self.processes.append(process)
        return process

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def ping(
        self, address: str, count: int = 3, size: int = 56, interval: float = 0.05, wait: float = 2
    ) -> PingResult:
        """The program waits for the last answers no longer than for one interval once it has others:
        when only such are missing, it is asked once more, with more patience."""
        words = ["-n", "-c", count, "-i", interval, "-W", wait, "-s", size, address]
        text = self.run("ping", *words, seconds=count * interval + wait + 10, fails=True)
        found = re.search(r"(\d+) packets transmitted, (\d+) received", text)
        if not found:
            return PingResult(count, 0)
        answered = {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", text)}
        patient = interval >= PATIENT_INTERVAL or count == 1
        late = 0 < len(answered) < count and answered == set(range(1, len(answered) + 1))
        if late and not patient:
            return self.ping(address, count, size, PATIENT_INTERVAL, wait)
        return PingResult(int(found[1]), int(found[2]))

    def gets_through(self, address: str, size: int) -> bool:
        """Whether a ping of this size is answered, at the latest when hosts have learnt from the
        tunnel ("packet too big", one host after the other) what fits the path."""
        return any(self.ping(address, 1, size=size, wait=1).received for _ in range(4))

    def sysctl(self, name: str, value: object) -> None:
        self.run("sysctl", "-q", "-w", f"{name}={value}")

    def devices(self) -> list[str]:
        return [link["ifname"] for link in json.loads(self.run("ip", "-j", "link", "show"))]

    def addresses(self, device: str) -> list[str]:
        """Addresses with prefix lengths, without the link-local ones."""
        shown = json.loads(self.run("ip", "-j", "addr", "show", "dev", device, fails=True) or "[]")
        infos = [info for link in shown for info in link.get("addr_info", [])]
        return [f"{i['local']}/{i['prefixlen']}" for i in infos if i.get("scope") != "link"]


@dataclass(frozen=True)
class ThreeHosts:
    client: Host
    wire: Host
    server: Host
    client4: str = "198.51.100.2"
    client6: str = "2001:db8:c::2"
    wire4: str = "198.51.100.1"  # as the client sees it
    wire6: str = "2001:db8:c::1"
    server4: str = "203.0.113.2"
    server6: str = "2001:db8:5::2"


class Lab:
    """Hosts and the links between them, for the length of a `with` block.

    folder  where logs and configuration files go; by default a temporary one, removed at the end
    """

    def __init__(self, folder: Path | None = None):
        self.temporary = folder is None
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.number = next(_labs)
        self.hosts: list[Host] = []
        self.old_handlers: dict[int, object] = {}

    def __enter__(self) -> Lab:
        interrupts_as_exceptions(self.old_handlers)
        sweep()
        return self

    def __exit__(self, *_: object) -> None:
        for number in self.old_handlers:
            signal.signal(number, signal.SIG_IGN)
        self.remove()
        for number, handler in self.old_handlers.items():
            signal.signal(number, handler)

    def remove(self) -> None:
        processes = [process for host in self.hosts for process in host.processes]
        for process in processes:  # all at once, as some take their time
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 2
        for process in processes:
            try:
                process.popen.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
        for host in self.hosts:
            remove_namespace(host.namespace)
        self.hosts = []
        if self.temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def host(self, name: str) -> Host:
        host = Host(name, f"{PREFIX}{os.getpid()}-{self.number}-{name}", self.folder)
        self.hosts.append(host)
        give_resolv_conf(host.namespace)
        ip_batch(f"netns add {host.namespace}")
        ip_batch("link set lo up", namespace=host.namespace)
        return host

    def link(self, a: Host, b: Host, *networks: tuple[str, str]) -> None:
        """A cable between two hosts. networks: pairs of addresses with lengths, a's and b's.

        The device in a is called after b, and the other way round.
        """
        ip_batch(
            f"link add {b.name} netns {a.namespace} type veth peer name {a.name} netns {b.namespace}"
        )
        for host, device, mine in ((a, b.name, 0), (b, a.name, 1)):
            lines = [f"link set {device} up"]
            for pair in networks:
                nodad = " nodad" if ":" in pair[mine] else ""
                lines.append(f"addr add {pair[mine]} dev {device}{nodad}")
            ip_batch(*lines, namespace=host.namespace)

    def three_hosts(self) -> ThreeHosts:
        """client — wire — server, as drawn above. The wire is a router."""
        net = ThreeHosts(self.host("client"), self.host("wire"), self.host("server"))
        self.link(
            net.client,
            net.wire,
            (f"{net.client4}/24", f"{net.wire4}/24"),
            (f"{net.client6}/64", f"{net.wire6}/64"),
        )
        self.link(
            net.wire,
            net.server,
            ("203.0.113.1/24", f"{net.server4}/24"),
            ("2001:db8:5::1/64", f"{net.server6}/64"),
        )
        for host, via4, via6 in (
            (net.client, net.wire4, net.wire6),
            (net.server, "203.0.113.1", "2001:db8:5::1"),
        ):
            lines = (f"route add default via {via}" for via in (via4, via6))
            ip_batch(*lines, namespace=host.namespace)
        net.wire.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        return net


def ip_batch(*lines: str, namespace: str = "") -> None:
    """Several ip commands in one process."""
    where = ["-n", namespace] if namespace else []
    text = "\n".join(lines) + "\n"
    done = subprocess.run(
        ["ip", *where, "-batch", "-"], input=text.encode(), capture_output=True, timeout=20
    )
    check(done.returncode == 0, f"ip: {text}{done.stderr.decode()}")


def give_resolv_conf(namespace: str) -> None:
    """A file of its own: a client under test may write it."""
    folder = NAMESPACE_FILES / namespace
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")


def remove_namespace(name: str) -> None:
    """Ends what still runs in the namespace, and deletes it."""
    found = subprocess.run(["ip", "netns", "pids", name], capture_output=True, timeout=10)
    for pid in map(int, found.stdout.split()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    subprocess.run(["ip", "netns", "del", name], capture_output=True, timeout=10)
    shutil.rmtree(NAMESPACE_FILES / name, ignore_errors=True)


def sweep() -> None:
    """Removes what runs left behind that were killed: namespaces and folders of dead processes."""
    left = [*NAMESPACES.glob(PREFIX + "*"), *NAMESPACE_FILES.glob(PREFIX + "*")]
    for path in (*left, *Path(tempfile.gettempdir()).glob(PREFIX + "*")):
        owner = re.match(rf"{PREFIX}(\d+)-", path.name)
        if not owner or Path("/proc", owner[1]).exists():
            continue
        if path.parent in (NAMESPACES, NAMESPACE_FILES):
            remove_namespace(path.name)
        else:
            shutil.rmtree(path, ignore_errors=True)


def interrupts_as_exceptions(old_handlers: dict[int, object]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return

    def interrupted(number: int, _: object) -> None:
        raise Interrupted(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        old_handlers[number] = signal.signal(number, interrupted)


# ---- transfers ----


@dataclass(frozen=True)
class TransferResult:
    sent: int  # by the host that opened the connection
    received: int
    seconds: float


class Transfer:
    """A TCP connection that carries random bytes one way or both, checked at both ends."""

    def __init__(
        self, opener: Process, listener: Process, up: int, down: int, timed: bool = False
    ):
        self.opener = opener
        self.listener = listener
        self.up = up
        self.down = down
        self.timed = timed  # up and down are the most, not the sizes

    @property
    def running(self) -> bool:
        return self.opener.running or self.listener.running

    def finish(self, seconds: float = 60) -> TransferResult:
        deadline = time.monotonic() + seconds
        ends = []
        for process in (self.opener, self.listener):
            try:
                status = process.wait(max(0.1, deadline - time.monotonic()))
            except Failure:
                process.kill()
                raise Failure(f"transfer: not done within {seconds:g} s") from None
            check(status == 0, f"transfer failed:\n{process.tail(4)}")
            ends.append(json.loads(process.text().splitlines()[-1]))
        opener, listener = ends
        for here, there, size, way in (
            (opener, listener, self.up, "up"),
            (listener, opener, self.down, "down"),
        ):
            whole = self.timed or here["sent"] == size
            check(whole and here["sent"] == there["received"], f"transfer {way}: {here}, {there}")
            same = here["sent_sha256"] == there["received_sha256"]
            check(same, f"transfer {way}: what arrived is not what was sent")
        return TransferResult(opener["sent"], opener["received"], opener["seconds"])


_transfers = itertools.count(1)


def start_transfer(
    opener: Host,
    listener: Host,
    address: str,
    up: int = 0,
    down: int = 0,
    rate: int = 0,
    seconds: float = 0,
) -> Transfer:
    """Starts one: `up` bytes from the opener to the listener, `down` bytes back, at the same time.

    address  of the listener, as the opener reaches it
    rate     bytes a second each way, at most; 0 is unlimited
    seconds  both ends stop sending after that time, if not before; 0 is unlimited
    """
    script = HERE / "transfer.py"
    name = f"transfer{next(_transfers)}"
    # Without what a site adds: nothing of it is used, and of many transfers it is a third of the cost.
    words = [sys.executable, "-I", "-S", script, "--rate", rate, "--seconds", seconds]
    waiting = listener.start(
        f"{name}-{listener.name}", *words, "listen", address, "--send", down, "--receive", up
    )
    port = waiting.wait_for(r"^listening \d+").split()[1]
    calling = opener.start(
        f"{name}-{opener.name}", *words, "connect", address, port, "--send", up, "--receive", down
    )
    return Transfer(calling, waiting, up, down, seconds > 0)


def transfer(
    opener: Host,
    listener: Host,
    address: str,
    size: int,
    direction: str = "up",
    rate: int = 0,
    seconds: float = 60,
) -> TransferResult:
    """Moves `size` bytes up (opener to listener), down, or both ways at once, and checks them."""
    check(direction in ("up", "down", "both"), f"no such direction: {direction}")
    up = size if direction != "down" else 0
    down = size if direction != "up" else 0
    return start_transfer(opener, listener, address, up, down, rate).finish(seconds)
