#!/usr/bin/env python3
"""The life of a client's session: profiles, passwords, scripts, restarts, a network that changes.

The client is adit, the server is stock openvpn, unless the case says otherwise.
"""

from __future__ import annotations

import dataclasses
import os
import pty
import signal
import sys
from functools import partial

from features import (
    FAILED,
    Hooks,
    adit_client,
    adit_server,
    check_untouched,
    completed,
    credentials,
    device_index,
    inline,
    picture,
    push,
    reaches,
    real_address,
    routes,
)
from lab import ADIT, Host, Lab, ThreeHosts, check, until
from relay import Relay
from runner import Bench, Case, main
from terminals import talk
from tunnel import COMPLETED, PORT, Setup, Tunnel, client_config

RIGHT = '[ "$username" = ann ] && [ "$password" = secret ] || exit 1'


def password_server(hooks: Hooks, *more: str) -> tuple[str, ...]:
    check_line = hooks.line("auth-user-pass-verify", "via-env", body=RIGHT)
    return ("script-security 3", check_line, *more)


# ---- profiles and passwords ----


def one_file_profile(bench: Bench) -> None:
    """Everything in one .ovpn file, given as the only word of the command line."""
    hooks = Hooks(bench.folder)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        extra = password_server(hooks)
        tunnel = Tunnel(net, Setup("stock", wrapping="tls-crypt", server_extra=extra), bench.keys)
        tunnel.start_server()
        who = bench.keys.identity("adit", "client1")
        blocks = {
            "ca": who.ca,
            "cert": who.cert,
            "key": who.key,
            "tls-crypt": bench.keys.static("adit"),
        }
        parts = ["client", "dev tun", "proto udp", "nobind", f"remote {net.server4} {PORT}"]
        parts += [inline(tag, path) for tag, path in blocks.items()]
        parts += ["remote-cert-tls server", "<auth-user-pass>\nann\nsecret\n</auth-user-pass>", ""]
        profile = net.client.write("office.ovpn", "\n".join(parts).replace("\n", "\r\n"))
        tunnel.client = net.client.start("client", ADIT, profile)
        completed(tunnel.client)
        tunnel.ping_all()


def wrong_password(bench: Bench) -> None:
    """One clear line, and the exit status that stock has for it."""
    hooks = Hooks(bench.folder)
    login = credentials(bench.folder, "ann", "guess")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        setup = Setup("stock", server_extra=password_server(hooks), client_extra=(login,))
        tunnel = Tunnel(net, setup, bench.keys)
        before = picture(net.client)
        tunnel.start_server()
        client = tunnel.start_client()
        client.wait_for(FAILED)
        check(client.wait() == 0, "it does not end with 0")
        check(
            client.matches(r"SIGTERM\[soft,auth-failure\] received, process exiting"), client.tail()
        )
        check_untouched(net.client, before)


def password_from_terminal(bench: Bench) -> None:
    """It asks at the terminal, and the password is not shown."""
    hooks = Hooks(bench.folder)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        setup = Setup(
            "stock", server_extra=password_server(hooks), client_extra=("auth-user-pass",)
        )
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start_server()
        path = net.client.write("client.conf", client_config(setup, bench.keys, tunnel.remote))
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(bench.folder)
            os.execvp("ip", net.client.wrap([ADIT, path]))
        answers = {"Enter Auth Username:": "ann", "Enter Auth Password:": "secret"}
        said = talk(terminal, answers, COMPLETED)
        tunnel.ping_all()
        os.kill(pid, signal.SIGTERM)
        said += talk(terminal, {}, "process exiting")
        check(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, "it does not end with 0")
        check("secret" not in said, "the password was shown")


def token_across_renegotiation(bench: Bench) -> None:
    """A pushed token takes the password's place: the server's script is asked only once."""
    hooks = Hooks(bench.folder)
    login = credentials(bench.folder, "ann", "secret")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        extra = password_server(hooks, "auth-gen-token 3600 120", "reneg-sec 5")
        setup = Setup("stock", server_extra=extra, client_extra=(login, "auth-nocache"))
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        marks = tunnel.marks()
        tunnel.wait_renegotiated(marks)
        tunnel.ping_all()
        check(len(hooks.events("auth-user-pass-verify")) == 1, "the password was sent again")
        check(not tunnel.client.matches(r"SESS_ID_"), "the token stands in the log")


# ---- scripts ----

def failing_up_script(bench: Bench) -> None:
    hooks = Hooks(bench.folder)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(
            net, adit_client("script-security 2", hooks.line("up", status=1)), bench.keys
        )
        before = picture(net.client)
        tunnel.start_server()
        check(tunnel.start_client().wait() == 1, "it does not end with 1")
        wanted = r"WARNING: Failed running command \(--up/--down\): .* exited with error status: 1"
        check(tunnel.client.matches(wanted), tunnel.client.tail())
        check_untouched(net.client, before)


# ---- restarts ----


def server_vanishes_and_returns(bench: Bench) -> None:
    """ping-restart; with persist-tun the device, its address and its routes stay meanwhile."""
    own = ("persist-tun", "server-poll-timeout 5", 'pull-filter ignore "ping"', "ping-restart 4")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        setup = Setup(
            "stock", server_extra=('push "route 10.91.0.0 255.255.0.0"',), client_extra=own
        )
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        index = device_index(net.client)
        mark = tunnel.client.mark()
        tunnel.server.kill()
        tunnel.client.wait_for(r"\[server\] Inactivity timeout \(--ping-restart\)", since=mark)
        tunnel.client.wait_for(r"SIGUSR1\[soft,ping-restart\] received", since=mark)
        check("10.91.0.0/16" in routes(net.client, "tun0"), "the routes went with the server")
        tunnel.start_server()
        tunnel.client.wait_for(COMPLETED, 25, since=mark)
        check(device_index(net.client) == index, "the device was made anew")
        tunnel.ping_all()


def restart_by_signal(bench: Bench) -> None:
    """SIGUSR1 keeps what persist-tun keeps; SIGHUP reads the file again."""
    hooks = Hooks(bench.folder)
    own = (
        "persist-tun",
        "persist-key",
        "script-security 2",
        hooks.line("up"),
        "route 10.71.0.0 255.255.0.0",
    )
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_client(*own), bench.keys)
        before = picture(net.client)
        tunnel.start()
        index = device_index(net.client)
        mark = tunnel.client.mark()
        tunnel.client.send_signal(signal.SIGUSR1)
        tunnel.client.wait_for(r"SIGUSR1\[hard,\] received, process restarting", since=mark)
        tunnel.client.wait_for(COMPLETED, since=mark)
        check(device_index(net.client) == index, "SIGUSR1 made a new device")
        check(len(hooks.events("up")) == 1, "SIGUSR1 called up again")
        tunnel.ping_all()
        path = net.client.folder / "client.conf"
        path.write_text(path.read_text().replace("10.71", "10.72"))
        mark = tunnel.client.mark()
        tunnel.client.send_signal(signal.SIGHUP)
        tunnel.client.wait_for(r"SIGHUP\[hard,\] received, process restarting", since=mark)
        tunnel.client.wait_for(COMPLETED, since=mark)
        found = {name for name in routes(net.client, "tun0") if name.startswith("10.7")}
        check(found == {"10.72.0.0/16"}, f"SIGHUP did not read the file again: {found}")
        tunnel.ping_all()
        check(tunnel.client.stop() == 0, "it does not end with 0")
        check_untouched(net.client, before)


# ---- the network changes ----


def move(host: Host, net: ThreeHosts) -> None:
    """The client's host gets another address in its network."""
    for words in (("del", f"{net.client4}/24"), ("add", "198.51.100.3/24")):
        host.run("ip", "addr", *words, "dev", "wire")
    host.run("ip", "route", "replace", "default", "via", net.wire4)


def client_moves(bench: Bench, setup: Setup) -> None:
    """Stock goes on, and the server follows; adit notices by itself and connects again."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        mark = tunnel.client.mark()
        move(net.client, net)
        if setup.client == "adit":
            completed_again(tunnel, mark)
        for host, address in tunnel.paths():
            reaches(host, address, "after the move")

        def moved() -> bool:
            return real_address(tunnel).startswith("198.51.100.3:")

        until(moved, 6, "the server's status shows the new address")
        tunnel.say_goodbye()


def completed_again(tunnel: Tunnel, mark: int) -> None:
    tunnel.client.wait_for(r"SIGUSR1\[soft,(network-change|connection-reset)\]", 20, mark)
    tunnel.client.wait_for(COMPLETED, 20, mark)


def our_client_moves(bench: Bench) -> None:
    client_moves(bench, adit_client())


def client_of_our_server_moves(bench: Bench) -> None:
    client_moves(bench, adit_server())


def our_client_moves_over_tcp(bench: Bench) -> None:
    """A stream cannot follow: the client connects again by itself, long before a timeout."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_client(transport="tcp4"), bench.keys)
        tunnel.start()
        mark = tunnel.client.mark()
        move(net.client, net)
        completed_again(tunnel, mark)
        for host, address in tunnel.paths():
            reaches(host, address, "after the move")


def our_client_changes_networks(bench: Bench) -> None:
    """The cable to the server is another one: full redirect, and still the way is found."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        spare = lab.host("spare")
        lab.link(net.client, spare, ("198.51.110.2/24", "198.51.110.1/24"))
        lab.link(spare, net.wire, ("198.51.111.2/24", "198.51.111.1/24"))
        spare.sysctl("net.ipv4.ip_forward", 1)
        spare.run("ip", "route", "add", "default", "via", "198.51.111.1")
        net.wire.run("ip", "route", "add", "198.51.110.0/24", "via", "198.51.111.2")
        setup = dataclasses.replace(
            adit_client("persist-tun"), server_extra=push("redirect-gateway def1")
        )
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        net.client.run("ip", "link", "set", "wire", "down")
        net.client.run("ip", "route", "replace", "default", "via", "198.51.110.1")

        def moved() -> bool:
            return real_address(tunnel).startswith("198.51.110.2:")

        until(moved, 25, "the server sees the client come by the other network")
        reaches(net.client, "10.8.0.1", "by the other network")


def long_road(wrapping: str, bench: Bench) -> None:
    """The client's reset is answered when it has been repeated: it gets two answers, and takes
    neither for a replay. Stock is the client, for it tells. (Cookies live as long as the hand-window:
    a change of cookie between the answers is another story.)"""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        ends = (net.wire4, net.server4)
        assert bench.relay_program
        relay = Relay.start(bench.relay_program, net.wire, *ends, "delay=1300")
        setup = Setup("adit", "stock", wrapping=wrapping, server_extra=("hand-window 36000",))
        tunnel = Tunnel(net, setup, bench.keys, net.wire4)
        tunnel.start(60)
        relay.weather("both", "clear")
        tunnel.ping_all(10, 0.1)  # what was still on the road
        tunnel.say_goodbye()
        tunnel.stop_server()
        tunnel.check_logs()


RUNS = (
    one_file_profile,
    wrong_password,
    password_from_terminal,
    token_across_renegotiation,
    failing_up_script,
    server_vanishes_and_returns,
    restart_by_signal,
    our_client_moves,
    client_of_our_server_moves,
    our_client_moves_over_tcp,
    our_client_changes_networks,
)

if __name__ == "__main__":
    cases = [Case(run.__name__, run) for run in RUNS]
    for wrapping in ("tls-auth", "tls-crypt"):
        run_it = partial(long_road, wrapping)
        cases.append(Case(f"long_road-{wrapping}", run_it, relay=True))
    sys.exit(main(__doc__, cases))
