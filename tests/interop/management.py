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
from collections.abc import Iterator
from contextlib import contextmanager

from keys import call
from lab import NAMESPACE_FILES, Lab, Process, check, until
from manager import SOCKET, Manager, compare_dialogues, end
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS

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


def names(bench: Bench) -> None:
    """management HOST SERVICE: found as the host knows them; where that fails nothing starts."""

    def dialogue(program: str) -> dict[str, list[str]]:
        said = {}
        with Lab(bench.folder / program) as lab:
            os.chdir(lab.folder)
            host = lab.host("client")
            hosts = NAMESPACE_FILES / host.namespace / "hosts"
            hosts.write_text("127.0.0.1 localhost\n127.0.0.5 manager.test\n")
            base = ("--dev", "null", "--client", "--remote", "127.0.0.1", "--verb", "3", "--nobind")
            who = bench.keys.identity("adit", "client1")
            base += ("--ca", who.ca, "--cert", who.cert, "--key", who.key)
            base += ("--management-hold", "--management")
            for where in ("manager.test 7505", "127.0.0.1 openvpn", "localhost 7505"):
                process = host.start(where, PROGRAMS[program], *base, *where.split())
                line = process.wait_for("MANAGEMENT: TCP Socket listening on")
                said[where] = [line[line.index("MANAGEMENT") :]]
                process.stop()
            wrong = ("nowhere.test 7505", "127.0.0.1 no-service", "nowhere.test 1 --management-client")
            for where in wrong:
                process = host.start(where, PROGRAMS[program], *base, *where.split())
                said[where] = [str(process.wait())]
                reason = "resolve|no-service"
                check(process.matches(reason), f"{program} does not say why: {process.tail()}")
        return said

    compare_dialogues(dialogue)


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


def stdin_word(bench: Bench) -> None:
    """askpass stdin, auth-user-pass stdin: no files of that name, the manager is asked."""

    def dialogue(program: str) -> dict[str, list[str]]:
        key = bench.keys.identity("adit", "client1").key
        locked = bench.folder / "locked.key"
        call("openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:geheim", "-out", locked)
        lines = (*CLIENT, "management-query-passwords", "askpass stdin", "auth-user-pass stdin")
        with alone(bench, program, *lines, f"key {locked}"), Manager(SOCKET) as manager:
            said = [manager.expect(">PASSWORD")]
            said += manager.order('password "Private Key" geheim')
            said.append(manager.expect(">PASSWORD"))
            said += manager.order("username Auth ann")
            said += manager.order("password Auth secret")
            return {"said": [*said, *until(lambda: connecting(manager), 10, "it goes on")]}

    compare_dialogues(dialogue)


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


CASES = [
    Case("client-held", client_held),
    Case("server-idle", server_idle),
    Case("passwords", passwords),
    Case("tcp-socket", tcp_socket),
    Case("names", names),
    Case("passphrase", passphrase),
    Case("stdin-word", stdin_word),
    Case("connects-out", connects_out),
    Case("disconnects", disconnects),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
