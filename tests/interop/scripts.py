#!/usr/bin/env python3
"""The user's scripts, beside stock's: what they are given, what follows from what they say, and
what happens when they misbehave. The other end of each tunnel is stock openvpn.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import script_answers
import script_hazards
from features import credentials, profile_folder, push
from lab import Lab, ThreeHosts, check
from manager import SOCKET, Manager
from runner import Bench, Case, main
from script_records import Record, Recorder, compare_all
from tunnel import Setup, Tunnel

USER = "änn o'b"  # blanks, quotes and letters beyond ASCII are passed on
PASSWORD = 'pa ss"wörd'
OF_THE_TUNNEL = ("up", "down", "route-up", "route-pre-down")
OF_THE_SERVER = ("client-connect", "client-disconnect", "learn-address", "tls-verify")

# Deliberate differences. Of files that are gone by then, stock goes on naming the paths to the
# scripts of the same client that come later; here nobody is sent to look for them.
GONE = {"auth_control_file", "auth_pending_file", "auth_failed_reason_file"}
# To whom its file disables stock has given addresses, and takes them back; here none are given.
OF_THE_POOL = {f"ifconfig_pool_{word}" for word in ("remote_ip", "netmask")}
OF_THE_POOL |= {f"ifconfig_pool_{word}" for word in ("remote_ip6", "local_ip6", "ip6_netbits")}


def is_bare(record: Record) -> bool:
    """To these scripts stock gives none of the variables that all others get; we do."""
    return record.hook == "tls-crypt-v2-verify" or record.arguments[:1] == ["delete"]


TRACKED = {
    "via-env": (),
    "via-file": tuple(
        f"x509-track {word}" for word in ("CN", "+SHA1", "SHA256", "+keyUsage", "basicConstraints")
    ),
}
FOLDERS = ("tmp-dir", "tls-export-cert")


def temporary(scripts: Recorder) -> list[Path]:
    """Folders of this run alone, so that it can be seen what is left there."""
    return [scripts.folder / option for option in FOLDERS]


def lines_of_the_server(bench: Bench, scripts: Recorder, auth: str) -> tuple[str, ...]:
    ccd = profile_folder(bench.folder, client1="iroute 192.168.20.0 255.255.255.0\n")
    for folder in temporary(scripts):
        folder.mkdir()
    return (
        "script-security 3",
        "setenv COLOUR green",
        "setenv-safe shape round",
        "route 192.168.20.0 255.255.255.0",
        f"client-config-dir {ccd}",
        *(f"{option} {folder}" for option, folder in zip(FOLDERS, temporary(scripts))),
        f"tls-crypt-v2-verify {scripts.script('tls-crypt-v2-verify')}",
        scripts.line("client-crresponse"),
        scripts.line("auth-user-pass-verify", auth),
        *map(scripts.line, OF_THE_TUNNEL + OF_THE_SERVER),
        *TRACKED[auth],
    )


def life_of_a_server(bench: Bench, net: ThreeHosts, program: str, auth: str) -> list[Record]:
    """All records of a server: a client comes, answers a challenge and goes, the server ends."""
    scripts = Recorder(bench.folder / program)
    setup = Setup(
        program,
        "stock",
        wrapping="tls-crypt-v2",
        server_extra=lines_of_the_server(bench, scripts, auth),
        client_extra=(
            credentials(bench.folder, USER, PASSWORD),
            "push-peer-info",
            f"management {SOCKET} unix",
        ),
    )
    os.chdir(net.client.folder)
    tunnel = Tunnel(net, setup, bench.keys)
    tunnel.start()
    scripts.wait("learn-address", 3)
    with Manager(SOCKET) as manager:
        manager.ask("cr-response Zm9v")
        scripts.wait("client-crresponse")
    tunnel.client.stop()
    scripts.wait("client-disconnect")
    check(tunnel.server.stop() == 0, "the server does not end with 0")
    left = [path.name for folder in temporary(scripts) for path in folder.iterdir()]
    check(not left or program == "stock", f"{left} was left")
    return in_one_order(scripts.all())


def in_one_order(records: list[Record]) -> list[Record]:
    """In which order the addresses of a client are forgotten is nobody's business."""
    first = lambda record: record.arguments[:1] == ["delete"]  # noqa: E731
    gone = sorted(filter(first, records), key=lambda record: record.arguments)
    at = [index for index, record in enumerate(records) if first(record)]
    for index, record in zip(at, gone):
        records[index] = record
    return records


def compare_servers(bench: Bench, auth: str) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        stock = life_of_a_server(bench, net, "stock", auth)
        ours = life_of_a_server(bench, net, "adit", auth)
    beyond = {name for record in ours for name in record.env}
    compare_all(stock, ours, GONE, lambda record: beyond if is_bare(record) else set())


def server_with_file(bench: Bench) -> None:
    compare_servers(bench, "via-file")


def server_with_variables(bench: Bench) -> None:
    compare_servers(bench, "via-env")


PUSHED = push(
    "dhcp-option DNS 10.8.0.1",
    "dhcp-option DOMAIN office.example",
    "dhcp-option DNS6 fd00:8::1",
    "dns server 1 address 10.8.0.1 fd00:8::1",
    "dns server 1 resolve-domains office.example",
    "dns search-domains office.example lab.example",
    "route 10.91.0.0 255.255.0.0",
    "route 10.92.0.0 255.255.0.0 vpn_gateway 9",
    "route-ipv6 fd91::/64",
    "redirect-gateway def1 ipv6",
)


def life_of_a_client(bench: Bench, net: ThreeHosts, program: str, topology: str) -> list[Record]:
    scripts = Recorder(bench.folder / program)
    lines = ("script-security 2", "setenv COLOUR green", "setenv-safe shape round")
    lines += ("route 10.81.0.0 255.255.0.0 net_gateway",)
    lines += tuple(map(scripts.line, (*OF_THE_TUNNEL, "ipchange", "tls-verify")))
    setup = Setup("stock", program, topology=topology, server_extra=PUSHED, client_extra=lines)
    tunnel = Tunnel(net, setup, bench.keys)
    tunnel.start()
    scripts.wait("route-up")
    check(tunnel.client.stop() == 0, "the client does not end with 0")
    tunnel.server.kill()
    return scripts.all()


def compare_clients(bench: Bench, topology: str) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        stock = life_of_a_client(bench, net, "stock", topology)
        ours = life_of_a_client(bench, net, "adit", topology)
    # tls-verify and ipchange come before stock has looked at the type of the device.
    compare_all(stock, ours, set(), lambda record: {"dev_type"})


def client(bench: Bench) -> None:
    compare_clients(bench, "subnet")


def client_net30(bench: Bench) -> None:
    compare_clients(bench, "net30")


def end_of_the_disabled(bench: Bench, net: ThreeHosts, program: str) -> list[Record]:
    scripts = Recorder(bench.folder / program)
    ccd = profile_folder(bench.folder, client1="disable\n")
    lines = ("script-security 2", f"client-config-dir {ccd}")
    lines += tuple(map(scripts.line, ("client-connect", "client-disconnect", "learn-address")))
    tunnel = Tunnel(net, Setup(program, "stock", server_extra=lines), bench.keys)
    tunnel.start_server()
    tunnel.start_client().wait_for("AUTH: Received control message: AUTH_FAILED")
    scripts.wait("client-disconnect")
    check(tunnel.server.stop() == 0, "the server does not end with 0")
    return scripts.all()


def disabled_by_its_file(bench: Bench) -> None:
    """Whose own file says "disable" has not come, but goes."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        stock = end_of_the_disabled(bench, net, "stock")
        ours = end_of_the_disabled(bench, net, "adit")
    check([record.hook for record in stock] == ["client-disconnect"], f"stock calls {stock}")
    compare_all(stock, ours, OF_THE_POOL, lambda record: set())


RUNS = (
    server_with_file,
    server_with_variables,
    disabled_by_its_file,
    client,
    client_net30,
    *script_answers.RUNS,
    *script_hazards.RUNS,
)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
