#!/usr/bin/env python3
"""The management interface while a tunnel stands or comes up: who is let in, what a client tells of
its way, managers that misbehave. What adit says is what stock says, see management.py.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import Lab, ThreeHosts, check, until
from management import network_of
from manager import SOCKET, Manager, compare, compare_dialogues, end, masked
from runner import Bench, Case, main
from tunnel import COMPLETED, Setup, Tunnel


@contextmanager
def three_hosts(folder: Path) -> Iterator[ThreeHosts]:
    """Hosts for a tunnel; the sockets lie in the folder."""
    with Lab(folder) as lab:
        os.chdir(folder)
        yield lab.three_hosts()


def start_logged_in(
    net: ThreeHosts, bench: Bench, program: str, *lines: str, client: tuple[str, ...] = ()
) -> Tunnel:
    """A server that asks its manager about everybody; its client is still to be started."""
    setup = Setup(
        program,
        "stock",
        server_extra=(f"management {SOCKET} unix", "management-client-auth", *lines),
        client_extra=("auth-user-pass login", "auth-retry nointeract", "reneg-sec 0", *client),
    )
    net.client.write("login", "ann\nsecret\n")
    tunnel = Tunnel(net, setup, bench.keys)
    tunnel.start_server()
    return tunnel


def server_decides(bench: Bench) -> None:
    """management-client-auth: a client refused, then one let in with an address and a route."""

    def dialogue(program: str) -> dict[str, list[str]]:
        with three_hosts(bench.folder / program) as net:
            tunnel = start_logged_in(net, bench, program)
            with Manager(SOCKET) as manager:
                return decide(manager, tunnel)

    compare_dialogues(dialogue)


WANTED = {"n_clients", "password", "username", "common_name", "untrusted_ip", "untrusted_port"}
WANTED |= {"IV_VER", "X509_0_CN", "tls_serial_0", "daemon_pid", "dev"}


def names_of(lines: list[str]) -> set[str]:
    """Of the variables of an event."""
    return {line.split(",", 1)[1].split("=")[0] for line in lines if ":ENV," in line and "=" in line}


def decide(manager: Manager, tunnel: Tunnel) -> dict[str, list[str]]:
    said = {}
    tunnel.start_client()
    kid = manager.expect("^>CLIENT:CONNECT,0,").split(",")[2]
    told = manager.collect("^>CLIENT:ENV,END")
    missing = WANTED - names_of(told)
    check(not missing, f"CONNECT does not tell {missing}: {told}")
    check(">CLIENT:ENV,password=secret" in told, "the password is not told")
    said["deny wrong"] = manager.ask("client-deny 7 7 why")
    said["deny"] = manager.order(f'client-deny 0 {kid} "no reason" "go away"')
    tunnel.client.wait_for(r"AUTH_FAILED,go away", 15)
    line = manager.expect("^>CLIENT:CONNECT,1,", 30)
    kid = line.split(",")[2]
    manager.collect("^>CLIENT:ENV,END")
    said["key"] = [kid]
    route = 'push "route 10.77.0.0 255.255.255.0"'
    said["auth"] = manager.order(f"client-auth 1 {kid}", route, "END")
    said["address"] = [manager.expect("^>CLIENT:ADDRESS"), manager.expect("^>CLIENT:ADDRESS")]
    said["established"] = [manager.expect("^>CLIENT:ESTABLISHED").split(",")[0]]
    told = manager.collect("^>CLIENT:ENV,END")
    check("common_name" in names_of(told), f"ESTABLISHED tells too little: {told}")
    tunnel.client.wait_for(COMPLETED)
    tunnel.ping_all()
    check("10.77.0.0/24" in tunnel.net.client.run("ip", "route"), "the route did not come")
    manager.ask("bytecount 1")
    said["count"] = [re.sub(r"\d+", "N", manager.expect("^>BYTECOUNT_CLI:1,"))]
    manager.ask("bytecount 0")
    said["nclients"] = manager.ask("nclients")
    said["kill"] = manager.order("kill client1")
    return said


def client_states(bench: Bench) -> None:
    """What a client tells on its way up, and how it asks for its user."""

    def dialogue(program: str) -> dict[str, list[str]]:
        with three_hosts(bench.folder / program) as net:
            setup = Setup(
                "stock",
                program,
                transport="tcp4",
                server_extra=('push "echo hello world"', "push \"route 10.77.0.0 255.255.255.0\""),
                client_extra=(
                    f"management {SOCKET} unix",
                    "management-hold",
                    "management-query-remote",
                ),
            )
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start_server()
            tunnel.start_client()
            with Manager(SOCKET) as manager:
                manager.ask("state on", "echo on", "bytecount 0")
                said = {"states": states_up(manager)}
                tunnel.ping_all()
                status = manager.ask("status")
                said["status"] = [re.sub(r"\d+$", "N", line) for line in masked(status)]
                manager.ask("hold off")
                said["again"] = states_again(manager)
                said["end"] = end(manager)
                return said

    compare_dialogues(dialogue)


def shown(line: str) -> str:
    return re.sub(r",(\d{4,5})\b(?=$|,)", ",PORT", line)


def is_step(line: str) -> bool:
    """GET_CONFIG is a matter of luck with stock: the options may come first."""
    return line.startswith((">STATE", ">ECHO")) and "GET_CONFIG" not in line


def states_up(manager: Manager) -> list[str]:
    manager.send("hold release")
    manager.expect("^>REMOTE:")
    manager.send("remote ACCEPT")
    lines = manager.collect(">STATE:.*,CONNECTED,", 20)
    return [shown(line) for line in masked(lines) if is_step(line)]


def states_again(manager: Manager) -> list[str]:
    manager.send("signal SIGUSR1")
    lines = manager.collect("^>REMOTE:", 20)
    manager.send("remote ACCEPT")
    lines += manager.collect(">STATE:.*,CONNECTED,", 20)
    return [shown(line) for line in masked(lines) if is_step(line)]


def challenge(bench: Bench) -> None:
    """A server that asks back, then lets wait: what either manager hears, whoever is adit."""

    def dialogue(server: str, client: str) -> dict[str, list[str]]:
        with three_hosts(bench.folder / f"{server}-{client}") as net:
            setup = Setup(
                server,
                client,
                server_extra=("management s.sock unix", "management-client-auth"),
                client_extra=(
                    f"management {SOCKET} unix",
                    "management-query-passwords",
                    "management-up-down",
                    "auth-user-pass",
                    "auth-retry interact",
                    'static-challenge "Enter PIN" 0',
                ),
            )
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start_server()
            tunnel.start_client()
            with Manager(Path("s.sock")) as above, Manager(SOCKET) as below:
                return ask_back(above, below, tunnel)

    theirs = dialogue("stock", "stock")
    for pair in (("stock", "adit"), ("adit", "stock")):
        ours = dialogue(*pair)
        for key, lines in theirs.items():
            compare(ours[key], lines, f"{key}, server {pair[0]}, client {pair[1]}")


def log_in(below: Manager, password: str) -> list[str]:
    asked = below.expect("^>PASSWORD:Need")
    below.send('username "Auth" "ann"')
    below.send(f'password "Auth" "{password}"')
    return [asked]


def key_of(above: Manager, client: int) -> str:
    line = above.expect(f"^>CLIENT:(CONNECT|REAUTH),{client},", 30)
    above.collect("^>CLIENT:ENV,END")
    return line.split(",")[2]


def ask_back(above: Manager, below: Manager, tunnel: Tunnel) -> dict[str, list[str]]:
    said = {}
    below.send("state on")
    said["need"] = log_in(below, "SCRV1:c2VjcmV0:MTIzNA==")
    line = above.expect("^>CLIENT:CONNECT,0,")
    told = above.collect("^>CLIENT:ENV,END")
    check(">CLIENT:ENV,password=SCRV1:c2VjcmV0:MTIzNA==" in told, f"no answer in {told}")
    crv1 = "CRV1:R,E:ID7:YW5u:Enter token"
    said["deny"] = above.order(f'client-deny 0 {line.split(",")[2]} "asks" "{crv1}"')
    said["failed"] = [below.expect("^>PASSWORD:Verification Failed", 20)]
    said["need again"] = log_in(below, "CRV1::ID7::4711")
    key = key_of(above, 1)
    said["pending"] = above.order(f"client-pending-auth 1 {key} WEB_AUTH::https://sso.test 20")
    said["waits"] = [below.expect(">STATE:.*AUTH_PENDING", 20)]
    said["info"] = [below.expect("^>INFOMSG:")]
    said["answer"] = below.order("cr-response Zm9v")
    said["heard"] = [above.expect("^>CLIENT:CR_RESPONSE,1,")]
    above.expect("^>CLIENT:ENV,END")
    said["nt"] = above.order(f"client-auth-nt 1 {key}")
    above.expect("^>CLIENT:ESTABLISHED,1")
    said["up"] = [below.expect("^>UPDOWN:UP", 20), below.expect("^>UPDOWN:ENV,END")]
    below.expect(">STATE:.*,CONNECTED,SUCCESS", 20)
    tunnel.ping_all()
    said["kill"] = above.order("client-kill 1 HALT")
    said["halted"] = [below.expect("^>NOTIFY:", 20)]
    below.expect(">STATE:.*,EXITING,", 20)
    return said


def renewal(bench: Bench) -> None:
    """New keys are decided about as well; the end of a client is told with its traffic."""

    def dialogue(program: str) -> dict[str, list[str]]:
        with three_hosts(bench.folder / program) as net:
            tunnel = start_logged_in(net, bench, program, "reneg-sec 3 3")
            tunnel.start_client()
            said = {}
            with Manager(SOCKET) as manager:
                said["connect"] = [manager.expect("^>CLIENT:CONNECT,0,")]
                key = said["connect"][0].split(",")[2]
                manager.collect("^>CLIENT:ENV,END")
                said["first"] = manager.order(f"client-auth-nt 0 {key}")
                manager.expect("^>CLIENT:ESTABLISHED")
                manager.collect("^>CLIENT:ENV,END")
                said["reauth"] = [manager.expect("^>CLIENT:REAUTH,0,", 20)]
                key = said["reauth"][0].split(",")[2]
                told = manager.collect("^>CLIENT:ENV,END")
                check(">CLIENT:ENV,password=secret" in told, "REAUTH does not tell the password")
                said["variables"] = sorted(names_of(told))
                manager.ask("env-filter 1")
                said["second"] = manager.order(f"client-auth-nt 0 {key}")
                # stock loses some between two keys
                tunnel.ping_all(least=1.0 if program == "adit" else 0.3)
                said["end"] = manager.order("client-kill 0")
                said["gone"] = [manager.expect("^>CLIENT:DISCONNECT,0", 20)]
                told = manager.collect("^>CLIENT:ENV,END")
                said["filtered"] = sorted(names_of(told))
                missing = {"bytes_sent", "bytes_received", "time_duration"} - names_of(told)
                check(not missing, f"DISCONNECT does not tell {missing}")
            return said

    compare_dialogues(dialogue)


def late_consent(bench: Bench) -> None:
    """Who is decided about later than hand-window after new keys keeps the tunnel, and gets them."""

    def dialogue(program: str) -> dict[str, list[str]]:
        least = 1.0 if program == "adit" else 0.3  # stock loses some between two keys
        with three_hosts(bench.folder / program) as net:
            # a client sends with an old key for as long as its own hand-window, once that is as old
            tunnel = start_logged_in(
                net, bench, program, "reneg-sec 8 8", "hand-window 3", client=("hand-window 7",)
            )
            tunnel.start_client()
            with Manager(SOCKET) as manager:
                manager.order(f"client-auth-nt 0 {key_of(manager, 0)}")
                key = key_of(manager, 0)
                time.sleep(5)
                tunnel.ping_all(least=least)
                said = {"consent": manager.order(f"client-auth-nt 0 {key}")}
                time.sleep(3)
                tunnel.ping_all(least=least)  # with the new key, either way
            return said

    compare_dialogues(dialogue)


def route_error(bench: Bench) -> None:
    """CONNECTED,ROUTE_ERROR where the host does not take a route."""

    def dialogue(program: str) -> dict[str, list[str]]:
        with three_hosts(bench.folder / program) as net:
            setup = Setup(
                "stock",
                program,
                server_extra=('push "route 10.77.0.0 255.255.255.0 10.99.99.99"',),
                client_extra=(f"management {SOCKET} unix", "management-hold"),
            )
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start_server()
            tunnel.start_client()
            with Manager(SOCKET) as manager:
                manager.ask("state on")
                manager.send("hold release")
                lines = manager.collect(">STATE:.*,CONNECTED,", 20)
                return {"states": [shown(line) for line in masked(lines) if is_step(line)]}

    compare_dialogues(dialogue)


def bytes_moved(manager: Manager) -> tuple[int, int]:
    told = " ".join(manager.ask("load-stats"))
    found = re.findall(r"bytesin=(\d+),bytesout=(\d+)", told)
    check(len(found) == 1, f"no counters in {told}")
    return int(found[0][0]), int(found[0][1])


def check_goes_on(before: tuple[int, int], manager: Manager, what: str) -> None:
    now = bytes_moved(manager)
    check(min(before) > 1000, f"nothing was counted: {before}")
    check(all(a <= b for a, b in zip(before, now)), f"{what}: from {before} to {now}")


def counters(bench: Bench) -> None:
    """Bytes are counted on when the tunnel begins anew, and when clients have gone."""
    for program in ("stock", "adit"):
        with three_hosts(bench.folder / program) as net:
            setup = Setup(
                program,
                program,
                server_extra=("management s.sock unix",),
                client_extra=(f"management {SOCKET} unix",),
            )
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start()
            tunnel.ping_all()
            with Manager(Path("s.sock")) as above, Manager(SOCKET) as below:
                before = bytes_moved(below)
                below.order("signal SIGUSR1")
                tunnel.client.wait_for(COMPLETED, count=2)
                check_goes_on(before, below, f"{program}, client")
                below.send("bytecount 1")
                told = below.expect("^>BYTECOUNT:").split(":")[1].split(",")
                check(int(told[0]) >= before[0], f"{program}: {told} after {before}")
                below.send("signal SIGTERM")
                tunnel.client.wait()
                before = bytes_moved(above)
                above.ask("kill client1")
                until(lambda: above.ask("nclients") == ["SUCCESS: nclients=0"], 20, "it has gone")
                check_goes_on(before, above, f"{program}, client gone")
                before = bytes_moved(above)
                above.order("signal SIGUSR1")
                tunnel.server.wait_for(COMPLETED, count=2)
                check_goes_on(before, above, f"{program}, server anew")


def through_tunnel(bench: Bench) -> None:
    """management tunnel: either end is managed from the other, while the tunnel stands."""
    extra = ("management tunnel 7505", "management-hold")
    listening = r"MANAGEMENT: TCP Socket listening on \[AF_INET\]{}:7505"
    with three_hosts(bench.folder) as net:
        setup = Setup("adit", "adit", server_extra=extra, client_extra=extra)
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        tunnel.server.wait_for(listening.format(tunnel.inside.server4))
        tunnel.client.wait_for(listening.format(tunnel.inside.client4))
        with network_of(tunnel.client), Manager((tunnel.inside.server4, 7505)) as manager:
            check("SUCCESS: nclients=1" in manager.ask("nclients"), "the server does not tell")
        for count in (2, 3):
            with network_of(tunnel.server), Manager((tunnel.inside.client4, 7505)) as manager:
                check(",CONNECTED,SUCCESS," in " ".join(manager.ask("state")), "no state is told")
                manager.order("signal SIGUSR1")
            tunnel.client.wait_for(listening.format(tunnel.inside.client4), count=count)
        tunnel.ping_all()
        check(tunnel.client.stop() == 0 and tunnel.server.stop() == 0, "it does not end well")


# ---- clients that misbehave ----


def broken_clients(bench: Bench) -> None:
    """One that sends a megabyte without a line end, one that never reads, one that sends noise: the
    tunnel goes on and the next client is served."""
    with three_hosts(bench.folder) as net:
        extra = (f"management {SOCKET} unix",)
        tunnel = Tunnel(net, Setup("adit", "stock", server_extra=extra), bench.keys)
        tunnel.start()
        with Manager(SOCKET) as manager:
            manager.socket.settimeout(5)
            manager.socket.sendall(b"x" * (1 << 20))
            manager.socket.settimeout(0.05)
            check(manager.ask("")[-1].startswith("ERROR: unknown command"), "the line was taken")
            tunnel.ping_all()
        with Manager(SOCKET) as manager:
            manager.socket.sendall(bytes(range(256)) * 64 + b"\n")
            manager.ask("version")
        with Manager(SOCKET) as manager:
            manager.socket.settimeout(5)
            for _ in range(20):  # answers that nobody reads, more than may wait
                try:
                    manager.socket.sendall(b"test 100000\n" * 10)
                except OSError:
                    break
            tunnel.ping_all()
            with Manager(SOCKET) as other:
                other.expect(">INFO:OpenVPN", 20)
                other.ask("status 3")
        check(tunnel.server.running, tunnel.server.tail())


CASES = [
    Case("server-decides", server_decides),
    Case("client-states", client_states),
    Case("challenge", challenge),
    Case("renewal", renewal),
    Case("late-consent", late_consent),
    Case("route-error", route_error),
    Case("counters", counters),
    Case("through-tunnel", through_tunnel),
    Case("broken-clients", broken_clients),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
