#!/usr/bin/env python3
"""The management interface: the same dialogue with stock and with adit, line for line.

Times, dates, process numbers and titles are masked; everything else must be the same.
"""

from __future__ import annotations

import ctypes
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from keys import call
from lab import Lab, Process, check, until
from manager import Manager, masked
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel

SOCKET = Path("m.sock")
ANY_MODE = (
    "help",
    "version",
    "version 3",
    "state",
    "state x",
    "state on",
    "state off x",
    "state all",
    "log x",
    "echo on all",
    "echo all",
    "bytecount",
    "bytecount x",
    "verb",
    "verb 4",
    "verb 3",
    "mute",
    "mute 3",
    "mute 0",
    "auth-retry",
    "auth-retry x",
    "auth-retry interact",
    "auth-retry",
    "kill",
    "signal",
    "signal FOO",
    "client-kill",
    "client-kill x",
    "client-auth 1",
    "client-deny 1 2",
    "client-pending-auth 1 2 3",
    "env-filter",
    "env-filter 2",
    "env-filter x",
    "username",
    "username Auth x",
    "password Auth x",
    "needok a ok",
    "needstr a b",
    "forget-passwords",
    "remote",
    "remote-entry-get",
    "proxy",
    "pk-sig",
    "rsa-sig",
    "certificate",
    "net",
    "test",
    "test 2",
    "test x",
    "",
    "foo",
    '"unbal',
    "HELP",
    "load-stats",
    "log",
    "echo",
    "cr-response",
)
HELD = (
    "hold",
    "hold x",
    "hold on",
    "nclients",
    "status",
    "status 2",
    "kill a",
    "client-kill 1",
    "remote ACCEPT",
    "remote-entry-count",
    "remote-entry-get all",
    "proxy NONE",
    "cr-response abc",
    "signal SIGUSR1",
    "signal SIGHUP",
)
SERVER = (
    "status",
    "status 1",
    "status 2",
    "status 3",
    "status 9",
    "status x",
    "nclients",
    "kill a",
    "kill 1.2.3.4:5",
    "kill 1.2.3.4:99999",
    "kill 1.2.3.4:0",
    "kill x:5",
    "kill a:b",
    "client-kill 1",
    "client-kill 1 a",
    "client-auth x 2",
    "client-auth 1 y",
    "client-auth-nt 1 2",
    "client-deny 1 2 a b",
    "client-deny x 2 a b",
    "client-pending-auth 1 2 a 5",
    "client-pending-auth x 2 a 5",
    "remote ACCEPT",
    "proxy NONE",
    "cr-response a",
    "remote-entry-count",
    "remote-entry-get all",
    "hold",
    "state",
    "state all",
)


def compare(ours: list[str], theirs: list[str], what: str) -> None:
    ours, theirs = masked(ours), masked(theirs)
    check(ours == theirs, f"{what}:\n  adit  {ours}\n  stock {theirs}")


def compare_dialogues(dialogue: Callable[[str], dict[str, list[str]]]) -> None:
    """dialogue: talks to a program and returns what it said to each command."""
    ours, theirs = dialogue("adit"), dialogue("stock")
    different = [key for key in theirs if masked(ours.get(key, [])) != masked(theirs[key])]
    told = [(key, masked(ours.get(key, [])), masked(theirs[key])) for key in different]
    check(not told, "\n".join(f"{k!r}:\n  adit  {a}\n  stock {s}" for k, a, s in told))


@contextmanager
def alone(bench: Bench, program: str, *lines: str, name: str = "client") -> Iterator[Process]:
    """One program on a host of its own, with certificates."""
    folder = bench.folder / program
    with Lab(folder) as lab:
        os.chdir(folder)
        host = lab.host(name)
        who = bench.keys.identity("adit", "server" if name == "server" else "client1")
        parts = [f"ca {who.ca}", f"cert {who.cert}", f"key {who.key}", "verb 3", *lines, ""]
        path = host.write(f"{name}.conf", "\n".join(parts))
        yield host.start(name, PROGRAMS[program], path)


CLIENT = ("client", "dev tun", "remote 127.0.0.1 9 udp", "nobind", f"management {SOCKET} unix")


# ---- line for line ----


def client_held(bench: Bench) -> None:
    """What a client answers that waits for its release, and while it asks for a password."""

    def dialogue(program: str) -> dict[str, list[str]]:
        lines = (
            *CLIENT,
            "management-hold",
            "management-query-passwords",
            "auth-user-pass",
            "auth-retry none",
            'static-challenge "Enter PIN" 1',
        )
        with alone(bench, program, *lines), Manager(SOCKET) as manager:
            said = {"greeting": manager.ask()}
            said |= {command: manager.ask(command) for command in (*ANY_MODE, *HELD)}
            manager.ask("hold off")
            manager.send("hold release")
            said["release"] = [manager.expect("SUCCESS"), manager.expect(">PASSWORD:")]
            for command in (
                "password B p",
                "username Auth ann",
                "username Auth bob",
                "password Auth secret",
            ):
                said[command] = manager.ask(command)
            return said

    compare_dialogues(dialogue)


def server_idle(bench: Bench) -> None:
    """What a server without clients answers."""

    def dialogue(program: str) -> dict[str, list[str]]:
        lines = (
            "dev tun",
            "server 10.8.0.0 255.255.255.0",
            "topology subnet",
            "dh none",
            "keepalive 10 60",
            f"management {SOCKET} unix",
        )
        with alone(bench, program, *lines, name="server") as process, Manager(SOCKET) as manager:
            process.wait_for(COMPLETED)
            said = {"greeting": manager.ask()}
            said |= {command: manager.ask(command) for command in (*SERVER, *ANY_MODE)}
            said["client-auth"] = manager.ask("client-auth 1 2", "push x", "END")
            manager.ask("state on")
            said["signal"] = end(manager)
            return said

    compare_dialogues(dialogue)


def passwords(bench: Bench) -> None:
    """The interface's own password: asked for without a line end, three times at most."""

    def dialogue(program: str) -> dict[str, list[str]]:
        (bench.folder / "password").write_text("geheim\n")
        socket_line = f"management {SOCKET} unix {bench.folder}/password"
        lines = (*CLIENT[:-1], socket_line, "management-hold")
        said = {}
        with alone(bench, program, *lines):
            with Manager(SOCKET) as manager:
                until(lambda: manager.read() and manager.rest, 5, "it asks for the password")
                manager.send("foo")
                until(lambda: manager.read() and manager.rest.count(b":") == 2, 5, "it asks again")
                manager.send("geheim")
                said["right"] = [manager.expect(word) for word in ("SUCCESS", ">INFO", ">HOLD")]
            with Manager(SOCKET) as manager:
                for word in ("a", "b", "c"):
                    manager.send(word)
                check(manager.closed(), f"{program}: three wrong passwords, and it still listens")
        return said

    compare_dialogues(dialogue)


def tcp_socket(bench: Bench) -> None:
    """TCP: the port that the kernel picked is logged, one client after the other."""
    with alone(bench, "adit", *CLIENT[:-1], "management 127.0.0.1 0", "management-hold") as process:
        line = process.wait_for(r"MANAGEMENT: TCP Socket listening on \[AF_INET\]127\.0\.0\.1:\d+")
        port = int(re.findall(r"127\.0\.0\.1:(\d+)", line)[-1])
        with network_of(process), Manager(("127.0.0.1", port)) as first:
            first.expect(">HOLD:Waiting for hold release:0")
            with Manager(("127.0.0.1", port)) as second:
                second.read()
                check(not second.lines, "two clients are served at once")
                first.send("quit")
                check(first.closed(), "quit does not close")
                second.expect(">INFO:OpenVPN Management Interface Version 5")


@contextmanager
def network_of(process: Process) -> Iterator[None]:
    """In the namespace of a program; not for longer, as it goes with everybody in it."""
    enter = ctypes.CDLL(None, use_errno=True).setns
    handles = [os.open(f"/proc/{who}/ns/net", os.O_RDONLY) for who in ("self", process.pid)]
    check(enter(handles[1], 0) == 0, "cannot enter the namespace")
    try:
        yield
    finally:
        enter(handles[0], 0)
        for handle in handles:
            os.close(handle)


def passphrase(bench: Bench) -> None:
    """An encrypted key: asked for, refused when it is wrong; with auth-retry asked for again."""

    def dialogue(program: str, retry: str) -> list[str]:
        key = bench.keys.identity("adit", "client1").key
        locked = bench.folder / "locked.key"
        call("openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:geheim", "-out", locked)
        lines = (*CLIENT, "management-query-passwords", f"auth-retry {retry}", f"key {locked}")
        with alone(bench, program, *lines, "management-hold"), Manager(SOCKET) as manager:
            manager.expect(">HOLD")
            manager.send("hold release")
            said = [manager.expect(">PASSWORD")]
            said += manager.order('password "Private Key" wrong')
            said.append(manager.expect(">PASSWORD"))
            if retry == "none":
                return [*said, manager.expect(">FATAL")]
            said.append(manager.expect(">HOLD"))
            manager.send("hold release")
            said.append(manager.expect(">PASSWORD"))
            said += manager.order('password "Private Key" geheim')
            return [*said, *until(lambda: connecting(manager), 10, "it goes on")]

    def both(program: str) -> dict[str, list[str]]:
        return {retry: dialogue(program, retry) for retry in ("none", "interact")}

    compare_dialogues(both)


def connecting(manager: Manager) -> list[str]:
    states = manager.ask("state")
    return states if ",WAIT," in states[0] else []


def connects_out(bench: Bench) -> None:
    """management-client: the manager listens; when it goes, so does the program."""

    def dialogue(program: str) -> dict[str, list[str]]:
        folder = bench.folder / program
        folder.mkdir(exist_ok=True)
        os.chdir(folder)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(SOCKET))
            listener.listen(1)
            listener.settimeout(10)
            with alone(bench, program, *CLIENT, "management-client", "management-hold") as process:
                with Manager(listener.accept()[0]) as manager:
                    said = [manager.expect(">INFO"), manager.expect(">HOLD"), *manager.ask("hold")]
                check(process.wait() == 0, f"{program} does not end well")
        return {"said": said}

    compare_dialogues(dialogue)


def disconnects(bench: Bench) -> None:
    """management-signal: a manager that leaves restarts the tunnel, which holds again."""

    def dialogue(program: str) -> dict[str, list[str]]:
        lines = (*CLIENT, "management-hold", "management-signal", "management-forget-disconnect")
        with alone(bench, program, *lines) as process:
            with Manager(SOCKET) as manager:
                manager.expect(">HOLD")
                manager.send("hold release")
                manager.expect("SUCCESS")
                process.wait_for("link remote")
            process.wait_for(r"SIGUSR1\[soft,management-disconnect\] received, process restarting")
            with Manager(SOCKET) as manager:
                said = [manager.expect(">HOLD"), *manager.ask("state")]
            return {"said": said}

    compare_dialogues(dialogue)


# ---- with a tunnel ----


def server_decides(bench: Bench) -> None:
    """management-client-auth: a client refused, then one let in with an address and a route."""

    def dialogue(program: str) -> dict[str, list[str]]:
        with Lab(bench.folder / program) as lab:
            os.chdir(bench.folder / program)
            net = lab.three_hosts()
            setup = Setup(
                program,
                "stock",
                server_extra=(f"management {SOCKET} unix", "management-client-auth"),
                client_extra=("auth-user-pass login", "auth-retry nointeract"),
            )
            net.client.write("login", "ann\nsecret\n")
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start_server()
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
        with Lab(bench.folder / program) as lab:
            os.chdir(bench.folder / program)
            net = lab.three_hosts()
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


def end(manager: Manager) -> list[str]:
    manager.send("signal SIGTERM")
    return [manager.expect("SUCCESS: signal"), manager.expect(">STATE:.*EXITING")]


def challenge(bench: Bench) -> None:
    """A server that asks back, then lets wait: what either manager hears, whoever is adit."""

    def dialogue(server: str, client: str) -> dict[str, list[str]]:
        folder = bench.folder / f"{server}-{client}"
        with Lab(folder) as lab:
            os.chdir(folder)
            net = lab.three_hosts()
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
        with Lab(bench.folder / program) as lab:
            os.chdir(bench.folder / program)
            net = lab.three_hosts()
            setup = Setup(
                program,
                "stock",
                server_extra=(
                    f"management {SOCKET} unix",
                    "management-client-auth",
                    "reneg-sec 3 3",
                ),
                client_extra=("auth-user-pass login", "reneg-sec 0"),
            )
            net.client.write("login", "ann\nsecret\n")
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start_server()
            tunnel.start_client()
            said = {}
            with Manager(SOCKET) as manager:
                said["connect"] = [manager.expect("^>CLIENT:CONNECT,0,")]
                key = said["connect"][0].split(",")[2]
                manager.collect("^>CLIENT:ENV,END")
                said["first"] = manager.order(f"client-auth-nt 0 {key}")
                manager.expect("^>CLIENT:ESTABLISHED")
                said["reauth"] = [manager.expect("^>CLIENT:REAUTH,0,", 20)]
                key = said["reauth"][0].split(",")[2]
                told = manager.collect("^>CLIENT:ENV,END")
                check(">CLIENT:ENV,password=secret" in told, "REAUTH does not tell the password")
                said["second"] = manager.order(f"client-auth-nt 0 {key}")
                # stock loses some between two keys
                tunnel.ping_all(least=1.0 if program == "adit" else 0.3)
                said["end"] = manager.order("client-kill 0")
                said["gone"] = [manager.expect("^>CLIENT:DISCONNECT,0", 20)]
                told = manager.collect("^>CLIENT:ENV,END")
                missing = {"bytes_sent", "bytes_received", "time_duration"} - names_of(told)
                check(not missing, f"DISCONNECT does not tell {missing}")
            return said

    compare_dialogues(dialogue)


# ---- clients that misbehave ----


def broken_clients(bench: Bench) -> None:
    """One that sends a megabyte without a line end, one that never reads, one that sends noise: the
    tunnel goes on and the next client is served."""
    with Lab(bench.folder) as lab:
        os.chdir(bench.folder)
        net = lab.three_hosts()
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
            for _ in range(20):  # answers of 14 MB that nobody reads
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
    Case("client-held", client_held),
    Case("server-idle", server_idle),
    Case("passwords", passwords),
    Case("tcp-socket", tcp_socket),
    Case("passphrase", passphrase),
    Case("connects-out", connects_out),
    Case("disconnects", disconnects),
    Case("server-decides", server_decides),
    Case("client-states", client_states),
    Case("challenge", challenge),
    Case("renewal", renewal),
    Case("broken-clients", broken_clients),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
