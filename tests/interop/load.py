#!/usr/bin/env python3
"""adit bench: what it measures is there, and nothing is left behind.

adit bench load: many real sessions from one process, with adit and with stock as the server. All come
up, stay up longer than a silent client would, and take their leave; what fails is counted by its
reason. adit bench tunnel: two ends in namespaces of its own, which go with it, even when it is killed.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from features import credentials
from lab import ADIT, Lab, ThreeHosts, check, until
from runner import Bench, Case, main
from tunnel import LEFT, PROGRAMS, Setup, common_lines, server_config

CLIENTS = 200
RATE = {False: 100, True: 20}  # over TCP: stock lets only few connections wait
# A silent client is gone after 6 s, a silent server after 3.
KEEPALIVE = "keepalive 1 3"
HOLD = 8
GOODBYE = "exit message received by peer"

SHAPES = (
    ("udp4", "plain"),
    ("udp4", "tls-auth"),
    ("udp6", "tls-crypt"),
    ("udp4", "tls-crypt-v2"),
    ("tcp4", "plain"),
    ("tcp6", "tls-crypt-v2"),
)


def start_server(net: ThreeHosts, setup: Setup, bench: Bench) -> None:
    text = server_config(setup, bench.keys).replace("255.255.255.0", "255.255.0.0")
    text = text.replace("keepalive 5 30", KEEPALIVE)
    path = net.server.write("server.conf", text)
    server = net.server.start("server", PROGRAMS[setup.server], path)
    server.wait_for("Initialization Sequence Completed")


def crowd_setup(server: str, transport: str = "udp4", wrapping: str = "plain", *more: str) -> Setup:
    lines = ("duplicate-cn", "max-clients 1000", *more)
    return Setup(server=server, transport=transport, wrapping=wrapping, server_extra=lines)


def write_profile(net: ThreeHosts, setup: Setup, bench: Bench, *more: str, port: int = 1194) -> None:
    remote = net.server6 if setup.outer6 else net.server4
    lines = common_lines(setup, bench.keys, server=False)
    net.client.write("load.ovpn", "\n".join([*lines, "client", f"remote {remote} {port}", *more, ""]))


def served(lab: Lab, bench: Bench, setup: Setup, *more: str, port: int = 1194) -> ThreeHosts:
    """A server that runs, and a profile with these lines more for the clients."""
    net = lab.three_hosts()
    start_server(net, setup, bench)
    write_profile(net, setup, bench, *more, port=port)
    return net


def words(clients: int, rate: float, *more: object) -> list[object]:
    return [ADIT, "bench", "load", "--clients", clients, "--rate", rate, *more, "load.ovpn"]


def load(net: ThreeHosts, *given: object, status: int = 0, seconds: float = 40) -> dict:
    """Runs it to its end and returns what it says; the exit status is checked."""
    process = net.client.start("load", "sh", "-c", '"$@" 2>progress.txt', "sh", *given, "--json")
    code = process.wait(seconds)
    check(code == status, f"bench load ends with {code}:\n{process.tail()}")
    return json.loads(process.text())


def check_all_up(report: dict, clients: int, asked: float) -> None:
    wanted = {"started": clients, "connected": clients, "most_up": clients}
    wanted |= {"failed": 0, "lost": 0, "undecided": 0, "interrupted": False}
    found = {name: report[name] for name in wanted}
    check(found == wanted, f"{found}, expected {wanted}: {report}")
    latency = [report["latency_ms"][name] for name in ("p50", "p90", "p99", "max")]
    check(0 < latency[0] and latency == sorted(latency), f"latencies: {latency}")
    rate = report["handshakes_per_second"]
    check(0 < rate <= asked * 1.2, f"{rate} handshakes a second, asked for {asked}")
    check(report["own_cpu_seconds"] > 0, f"own CPU: {report}")


def crowd(bench: Bench, server: str, transport: str, wrapping: str) -> None:
    with Lab(bench.folder) as lab:
        setup = crowd_setup(server, transport, wrapping)
        net = served(lab, bench, setup)
        report = load(net, *words(CLIENTS, RATE[setup.tcp], "--hold", HOLD))
        check_all_up(report, CLIENTS, RATE[setup.tcp])
        left = LEFT["tcp" if setup.tcp else "udp"]
        if server == "stock" and not setup.tcp:
            left = GOODBYE  # it goes on for 5 s, and may find the client silent first
        net.server.processes[0].wait_for(left, 15, count=CLIENTS)


def going_on(bench: Bench, server: str) -> None:
    """With --seconds the oldest make room: more sessions than there are clients at one time."""
    with Lab(bench.folder) as lab:
        net = served(lab, bench, crowd_setup(server))
        report = load(net, *words(10, 40, "--seconds", 3))
        check(report["connected"] == report["started"] > 80, f"{report}")
        check(report["most_up"] == 10, f"{report['most_up']} at one time, expected 10")


def at_once(bench: Bench, server: str) -> None:
    """Without a rate: as fast as it goes, few handshakes at a time."""
    with Lab(bench.folder) as lab:
        net = served(lab, bench, crowd_setup(server))
        report = load(net, *words(100, 0))
        check(report["connected"] == 100 and report["failed"] == 0, f"{report}")
        check(report["handshakes_per_second"] > 60, f"{report}")


# ---- what fails ----


def failing(
    bench: Bench,
    server: str,
    transport: str,
    reason: str,
    client: Callable[[Bench], tuple[str, ...]],
    server_lines: tuple[str, ...] = (),
    port: int = 1194,
) -> None:
    """Twelve clients, and all fail; for this reason."""
    with Lab(bench.folder) as lab:
        setup = crowd_setup(server, transport, "plain", *server_lines)
        net = served(lab, bench, setup, *client(bench), port=port)
        report = load(net, *words(12, 50, "--patience", 4), status=1)
        check(report["failed"] == 12 and report["connected"] == 0, f"{report}")
        wanted = sum(count for told, count in report["failures"].items() if reason in told)
        least = 4 if reason == REFUSED else 12  # the kernel does not refuse every time
        check(wanted >= least, f"expected {reason!r}: {report['failures']}")


def nothing_more(_: Bench) -> tuple[str, ...]:
    return ()


def other_authority(bench: Bench) -> tuple[str, ...]:
    return (f"ca {bench.keys.identity('openssl', 'client1').ca}",)


def strange_certificate(bench: Bench) -> tuple[str, ...]:
    strange = bench.keys.identity("openssl", "client1")
    return (f"cert {strange.cert}", f"key {strange.key}")


def wrong_password(bench: Bench) -> tuple[str, ...]:
    return (credentials(bench.folder, "ann", "wrong"),)


def wrong_tls_auth(bench: Bench) -> tuple[str, ...]:
    return (f"tls-auth {bench.keys.static('stock')} 1",)


REFUSE = ("script-security 2", "auth-user-pass-verify /bin/false via-env")
REFUSED = "Connection refused"
SILENCE = "not connected within 4 s"
FAILURES = {
    # name: transport, reason (by server where they differ), lines of the client, lines of the server, port
    "wrong-ca": ("udp4", "VERIFY ERROR", other_authority, (), 1194),
    "strange-certificate": ("udp4", {"adit": "alert unknown ca", "stock": SILENCE}, strange_certificate, (), 1194),
    "wrong-password": ("udp4", "AUTH_FAILED", wrong_password, REFUSE, 1194),
    "wrong-password-tcp": ("tcp4", "AUTH_FAILED", wrong_password, REFUSE, 1194),
    "closed-port-udp": ("udp4", REFUSED, nothing_more, (), 1195),
    "closed-port-tcp": ("tcp4", REFUSED, nothing_more, (), 1195),
    "silence": ("udp4", SILENCE, wrong_tls_auth, (), 1194),
}


# ---- how it is used ----


def interrupted(bench: Bench) -> None:
    """Ctrl-C: the table so far, in words."""
    with Lab(bench.folder) as lab:
        net = served(lab, bench, crowd_setup("adit"))
        process = net.client.start("load", *words(500, 50))
        process.wait_for("of 500 up")
        server = net.server.processes[0]
        server.wait_for(r"Peer Connection Initiated", count=20)
        process.send_signal(signal.SIGINT)
        check(process.wait(5) == 1, f"exit status:\n{process.tail()}")
        said = process.text()
        check("; interrupted" in said, f"it does not say so:\n{said}")
        for row in ("started", "connected", "failed", "handshakes a second", "latency", "own CPU"):
            check(process.matches(rf"^{row} +\d"), f"no row {row}:\n{said}")
        connected = int(process.matches("^connected")[0].split()[1])
        check(20 <= connected < 500, f"{connected} connected")


def bad_use(bench: Bench) -> None:
    """Exit status 2, and a line that says what is wrong."""
    with Lab(bench.folder) as lab:
        host = lab.host("client")
        setup = crowd_setup("adit")
        server = host.write("server.ovpn", server_config(setup, bench.keys))
        for given, told in (
            (["missing.ovpn"], "missing.ovpn"),
            ([server], "is no client's profile"),
            (["--clients", 0, server], "--clients"),
            ([], "FILE"),
        ):
            process = host.start("bad", ADIT, "bench", "load", *given)
            code = process.wait(10)
            check(code == 2, f"{given}: {code}\n{process.tail()}")
            check(told in process.text(), f"{given}: {process.tail()}")


def in_memory(bench: Bench) -> None:
    """Every cipher both ways, both sizes; the path with every number of peers."""
    with Lab(bench.folder) as lab:
        host = lab.host("client")
        rows = json.loads(host.run("sh", "-c", f"{ADIT} bench --json 2>/dev/null", seconds=60))
        named = [row["what"] for row in rows]
        for cipher in ("AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC SHA256"):
            for verb in ("seal", "open"):
                check(named.count(f"{verb} {cipher}") == 2, f"{verb} {cipher}: {named}")
        peers = [name.split()[0] for name in named if name.endswith("installed")]
        check(peers == ["1", "100", "1000", "10000"], f"peers: {named}")
        check(all(10 < row["ns_per_packet"] < 1e6 for row in rows), f"{rows}")


def temporary(bench: Bench) -> Path:
    """A folder for temporary files of this case alone."""
    folder = bench.folder / "temporary"
    folder.mkdir(parents=True)
    return folder


def children_of(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def tunnel_measured(bench: Bench, proto: str, cipher: str) -> None:
    folder = temporary(bench)
    with Lab(bench.folder) as lab:
        host = lab.host("client")
        words = (ADIT, "bench", "tunnel", "--proto", proto, "--cipher", cipher, "--seconds", 0.6, "--json")
        shell = ("env", f"TMPDIR={folder}", "sh", "-c", '"$@" 2>progress.txt', "sh")
        process = host.start("tunnel", *shell, *words)
        check(process.wait(40) == 0, process.tail())
        said = json.loads(process.text())
        figures = {figure["what"]: figure["value"] for figure in said["figures"]}
        wanted = {"one TCP flow, up", "one TCP flow, down", "round trip, idle", "round trip beside a flow"}
        wanted |= {"UDP packets of 64 bytes", "UDP packets of 1372 bytes"}
        check(wanted <= set(figures), f"{figures}")
        check(all(value > 0 for value in figures.values()), f"{figures}")
        check(host.devices() == ["lo"], f"it changed its host: {host.devices()}")
    check(not list(folder.iterdir()), f"left behind: {list(folder.iterdir())}")


def tunnel_killed(bench: Bench, number: int) -> None:
    """Its processes go with it, and the namespaces with them."""
    folder = temporary(bench)
    with Lab(bench.folder) as lab:
        host = lab.host("client")
        process = host.start("tunnel", "env", f"TMPDIR={folder}", ADIT, "bench", "tunnel", "--seconds", 2)
        process.wait_for("one TCP flow")
        children = children_of(process.pid)
        check(len(children) == 3, f"children: {children}")
        process.send_signal(number)
        code = process.wait(10)
        check(code == (-number if number == signal.SIGKILL else 1), f"it ends with {code}")
        alive = lambda: [pid for pid in children if Path(f"/proc/{pid}").exists()]  # noqa: E731
        until(lambda: not alive(), 5, "its processes have gone")
    check(not list(folder.iterdir()), f"left behind: {list(folder.iterdir())}")


def cases() -> list[Case]:
    made = [Case("interrupted", interrupted), Case("bad-use", bad_use), Case("in-memory", in_memory)]
    for proto, cipher in (("udp", "AES-256-GCM"), ("tcp", "CHACHA20-POLY1305"), ("udp", "AES-256-CBC")):
        run = lambda bench, p=proto, c=cipher: tunnel_measured(bench, p, c)  # noqa: E731
        made.append(Case(f"tunnel-{proto}-{cipher}", run))
    ends = (("interrupted", signal.SIGINT), ("hung-up", signal.SIGHUP), ("killed", signal.SIGKILL))
    for name, number in ends:
        made.append(Case(f"tunnel-{name}", lambda bench, n=number: tunnel_killed(bench, n)))
    for server in PROGRAMS:
        for shape in SHAPES:
            run = lambda bench, s=server, a=shape: crowd(bench, s, *a)  # noqa: E731
            made.append(Case("-".join((server, *shape)), run))
        made.append(Case(f"{server}-at-once", lambda bench, s=server: at_once(bench, s)))
        made.append(Case(f"{server}-going-on", lambda bench, s=server: going_on(bench, s)))
        for name, (transport, told, client, lines, port) in FAILURES.items():
            reason = told if isinstance(told, str) else told[server]
            run = lambda b, s=server, t=transport, r=reason, c=client, l=lines, p=port: failing(  # noqa: E731, E741
                b, s, t, r, c, l, p
            )
            made.append(Case(f"{server}-{name}", run))
    return made


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
