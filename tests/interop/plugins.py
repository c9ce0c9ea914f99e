#!/usr/bin/env python3
"""Plugins: what they are told, what they decide, and the two that the distribution ships.

The same plugin (tests/plugins/probe.c) is loaded by stock openvpn and by adit, at both ends, and
what it was told is compared.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path

import plugins_shipped
from features import (
    FAILED,
    adit_server,
    credentials,
    profile_folder,
    reaches,
    second_client,
    start_second,
    wait_address,
)
from lab import Host, Lab, ThreeHosts, check, until
from plugins_probe import Told, built, calls, line, told, wait_call
from runner import Bench, Case, main
from scene import says
from script_records import OF_THE_RUN
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, server_config

# What stock does not take back when a login is over.
FILES_OF = {
    "auth": {"auth_control_file", "auth_pending_file", "auth_failed_reason_file"},
    "client-connect": {"client_connect_config_file", "client_connect_deferred_file"},
}
# Both ends make the same of it, and only for this call.
EXPORTER = "keying-material-exporter EXPORTER-of-a-test 24"
EXPORTED = "exported_keying_material"
FILES = set().union(*FILES_OF.values())
# As with scripts, adit says a little more.
MORE = {"net_gateway_ipv6", "route_net_gateway", "route_vpn_gateway", "dev_type"}
MORE |= {"time_ascii", "time_unix"}
TIME = len("2026-11-26 03:38:16 ")
SLOW_TOLD = "has not returned for"


# ---- beside stock ----


def what_plugins_hear(bench: Bench, net: ThreeHosts, program: str) -> dict[str, list[Told]]:
    """A client comes and goes, and the server ends: plugins of all three versions."""
    folder = bench.folder / program
    folder.mkdir()
    shapes = {f"v{version}": (f"-DAPI={version}",) for version in (1, 2, 3)}
    server = [line(built(bench, name, *words), folder / name) for name, words in shapes.items()]
    client = ("only=0", "only=1", "only=2", "only=3", "only=4", "only=10", "only=12")
    setup = Setup(
        server=program,
        client=program,
        server_extra=(
            *server,
            "setenv COLOUR green",
            EXPORTER,
            "route 192.168.30.0 255.255.255.0",
            f"client-config-dir {profile_folder(folder, client1='push-reset')}",
        ),
        client_extra=(
            line(built(bench, "v3"), folder / "client", *client),
            credentials(folder, "ann", "se cret"),
            "push-peer-info",
            EXPORTER,
        ),
    )
    tunnel = Tunnel(net, setup, bench.keys)
    tunnel.start()
    wait_call(folder / "v3", "learn-address", 2)
    check(tunnel.client.stop() == 0, "the client does not end with 0")
    wait_call(folder / "v3", "destructor")
    check(tunnel.server.stop() == 0, "the server does not end with 0")
    for end in (tunnel.server, tunnel.client):
        check(end.matches("PLUGIN probe: a note, 7"), f"{end.name} does not log for its plugin")
    return {name: told(folder / name) for name in (*shapes, "client")}


def masked(one: Told) -> tuple[str, list[str], list[str]]:
    words = [re.sub(r"openvpn_\w+\.tmp", "FILE", word) for word in one.arguments]
    words = [re.sub(r"(\] ?[0-9.]+) \d+$", r"\1 PORT", word) for word in words]
    words = [re.sub(r".*/(stock|adit)/", "", word) for word in words]
    return one.name, words, one.rest


def in_order(calls_made: list[Told]) -> list[tuple[str, list[str], list[str]]]:
    """Who goes is told of before or after its addresses are taken back, as one likes."""
    masks = [masked(one) for one in calls_made]
    at = [n for n, mask in enumerate(masks) if mask[0] == "client-disconnect"]
    if at:
        gone = [mask for mask in masks[at[0] :] if mask[0] in ("destructor", "learn-address")][:3]
        rest = [mask for mask in masks[at[0] :] if mask not in gone]
        masks = masks[: at[0]] + rest[:1] + sorted(gone) + rest[1:]
    return masks


def as_stock(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        stock = what_plugins_hear(bench, net, "stock")
        ours = what_plugins_hear(bench, net, "adit")
    for hears in (stock, ours):
        exported = {one.env.get(EXPORTED) for name in hears for one in hears[name]} - {None}
        check(len(exported) == 1 and len(exported.pop()) == 48, "both ends do not export the same")
    for name, theirs in stock.items():
        mine = ours[name]
        pair = (in_order(theirs), in_order(mine))
        check(pair[0] == pair[1], difference(name, *pair))
        compare(name, sorted(theirs, key=masked), sorted(mine, key=masked))


def difference(name: str, theirs: list, mine: list) -> str:
    for one, other in zip(theirs, mine):
        if one != other:
            return f"{name}: {other}, stock: {one}"
    return f"{name}: {len(mine)} calls, stock: {len(theirs)}"


def compare(name: str, theirs: list[Told], mine: list[Told]) -> None:
    for one, other in zip(theirs, mine, strict=True):
        if one.arguments[:1] == ["delete"]:
            continue  # of which stock says nothing but the address
        about = f"{name} {one.name}"
        missing = set(one.env) - set(other.env) - FILES
        more = set(other.env) - set(one.env) - MORE
        check(not missing and not more, f"{about}: without {missing}, beyond {more}")
        keys = set(one.env) & set(other.env) - OF_THE_RUN - FILES - {EXPORTED}
        for key in (key for key in keys if not key.startswith("IV_")):  # the clients' own
            pair = (one.env[key], other.env[key])
            check(pair[0] == pair[1], f"{about}: {key} is {pair[1]!r}, stock's is {pair[0]!r}")
    for one in mine:
        lacking = FILES_OF.get(one.name, set()) - set(one.env)
        check(not lacking, f"{name} {one.name}: without {lacking}")


# ---- what they decide ----


def server_with(bench: Bench, *words: object, **more: object) -> Setup:
    login = credentials(bench.folder, "ann", "secret")
    extra = line(built(bench), bench.folder / "told", *words)
    return adit_server(extra, client_extra=(login,), **more)


def late_yes(bench: Bench) -> None:
    """A login is answered later; the client is told to be patient."""
    setup = server_with(bench, "5=2", "late=1", "pending=20|webauth|WEB_AUTH::https://vpn.example")
    login = (*setup.client_extra, "push-peer-info", "setenv IV_SSO webauth")
    setup = dataclasses.replace(setup, client_extra=login)
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        says(tunnel.server, r".*authentication deferred for username 'ann'")
        says(tunnel.client, r".*Info command was pushed by server \('WEB_AUTH::https://vpn\.")
        tunnel.ping_all(1)
        control = wait_call(bench.folder / "told", "auth").env["auth_control_file"]
        check(not Path(control).exists(), f"{control} was left")


def late_no(bench: Bench) -> None:
    setup = server_with(bench, "5=2", "late=0", "reason=account locked")
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start_server()
        tunnel.start_client()
        says(tunnel.client, rf".*{FAILED},account locked$")


def late_options(bench: Bench) -> None:
    """client-connect of both kinds, each answered at the third question, with options."""
    options = 'push \\"route 192.168.77.0 255.255.255.0\\"'
    second = line(
        built(bench), bench.folder / "second", "only=9", "only=14", "9=2", "turns=1",
        'config=ifconfig-push 10.8.0.99 255.255.255.0',
    )  # fmt: skip
    setup = server_with(bench, "only=6", "only=13", "6=2", "turns=1", f"config={options}")
    setup = dataclasses.replace(setup, server_extra=(*setup.server_extra, second))
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        wait_address(tunnel.net.client, "10.8.0.99")
        found = tunnel.net.client.run("ip", "route", "show", "192.168.77.0/24")
        check("dev tun" in found, f"the plugin's route is missing: {found!r}")
        check(len(calls(bench.folder / "told", "client-connect-defer")) == 2, "not asked twice")
        second = calls(bench.folder / "second", "client-connect-defer-v2")
        check(len(second) == 2, "the second plugin is not asked twice")


def they_refuse(bench: Bench) -> None:
    """Each no has its end, and the good client, whom they let in, stays."""
    refused = {
        "4=1": "TLS Error|TLS_ERROR|Connection reset command",
        "5=1": FAILED,
        "10=1": FAILED,
        "6=1": FAILED,
        "9=1": FAILED,
        "13=1": "",
    }
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        for words, pattern in refused.items():
            tunnel = Tunnel(net, server_with(bench, words), bench.keys)
            tunnel.start_server()
            tunnel.start_client()
            tunnel.client.wait_for(pattern or COMPLETED, 10)
            check(bool(pattern) != bool(tunnel.client.matches(COMPLETED)), f"{words}: not refused")
            tunnel.client.kill()
            check(tunnel.server.stop() == 0, f"{words}: the server ends in disorder")


def never_answers(bench: Bench) -> None:
    """A plugin hangs over bob: ann's packets pass as ever, it is said, and the server can end."""
    setup = server_with(bench, "hang=5", "hanguser=bob")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        before = worst(net.client, 20)
        other = second_client(lab, net)
        login = credentials(bench.folder, "bob", "secret", "bob.txt")
        bob = start_second(tunnel, other, extra=(login,))
        until(lambda: len(calls(bench.folder / "told", "auth")) == 2, 10, "bob is asked about")
        during = worst(net.client, 100)
        check(during < before + 50, f"ann waits {during} ms, before it was {before} ms")
        tunnel.server.wait_for(SLOW_TOLD, 15)
        lines = tunnel.server.matches(SLOW_TOLD)
        check(len(lines) == 1 and "PLUGIN_AUTH_USER_PASS_VERIFY" in lines[0], f"it says {lines}")
        check(not bob.matches(COMPLETED), "bob is up")
        reaches(net.client, "10.8.0.1", "ann")
        check(len(tunnel.client.matches(COMPLETED)) == 1, "ann had to come again")
        tunnel.client.stop()
        check(tunnel.server.stop(seconds=15) == 0, f"it does not end:\n{tunnel.server.tail()}")


def worst(host: Host, count: int) -> float:
    """The longest answer to so many pings, in milliseconds."""
    said = host.run("ping", "-n", "-q", "-i", "0.02", "-c", count, "10.8.0.1")
    check(" 0% packet loss" in said, f"answers are missing: {said}")
    return float(re.search(r"= [\d.]+/[\d.]+/([\d.]+)/", said)[1])


# ---- those that cannot be used ----


def cannot_be_used(bench: Bench) -> None:
    """Stock's line with the place in the configuration, and its exit status."""
    broken = built(bench, "broken", "-DBROKEN")
    new = built(bench, "new", "-DNEEDS=4")
    garbage = bench.folder / "garbage.so"
    garbage.write_text("no library\n")
    file = bench.folder / "told"
    lines = (
        line("/nope.so"), line("nope.so"), line("./nope.so"), line(garbage), line(broken, file),
        line(new, file), line(built(bench), file, "open=no"), line(built(bench), file, "only=17"),
        line("openvpn-plugin-auth-pam.so"),
    )  # fmt: skip
    with Lab(bench.folder) as lab:
        host = lab.host("alone")
        for number, words in enumerate(lines):
            config = server_config(Setup(server_extra=(words,)), bench.keys)
            path = host.write(f"{number}.conf", config)
            at = f"{path}:{config.splitlines().index(words) + 1}"
            pair = {name: host.start(f"{name}-{number}", PROGRAMS[name], path) for name in PROGRAMS}
            for name, process in pair.items():
                check(process.wait(10) == 1, f"{name} does not end with 1: {words}")
            theirs = pair["stock"].matches(r" PLUGIN(_INIT)?: (?!POST)")[-1]
            mine = [text for text in pair["adit"].text().splitlines() if at in text]
            check(len(mine) == 1, f"{words}: no line with its place:\n{pair['adit'].tail()}")
            told_alike = theirs[TIME:].split(": ")[:2] == mine[0][TIME:].split(": ")[:2]
            check(told_alike, f"{words}: {mine[0]}\nstock: {theirs}")
            check(pair["adit"].matches("Exiting due to fatal error"), f"{words}: no last line")


def read_again(bench: Bench) -> None:
    """SIGHUP closes a plugin and opens it anew, SIGUSR1 keeps it; each has its own moment."""
    late = line(built(bench, "late", "-DPOINT=4"), bench.folder / "late")
    setup = server_with(bench)
    extra = (*setup.server_extra, late, "persist-key", "persist-tun")
    with Lab(bench.folder) as lab:
        setup = dataclasses.replace(setup, server_extra=extra)
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        server = tunnel.start_server()
        check(wait_call(bench.folder / "late", "open"), "not opened")
        for number, opened in ((10, 1), (1, 2)):
            mark = server.mark()
            server.send_signal(number)
            server.wait_for(COMPLETED, since=mark)
            for name in ("told", "late"):
                count = len(calls(bench.folder / name, "open"))
                check(count == opened, f"{name}: opened {count} times after signal {number}")
        check(server.stop() == 0, "the server ends in disorder")
        check(told(bench.folder / "told")[-1].name == "close", "it is not closed")


def adds_lines(bench: Bench) -> None:
    """One that is opened before the configuration is complete, and says what it lacks."""
    early = built(bench, "early", "-DPOINT=1")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        for program in ("stock", "adit"):
            file = bench.folder / f"{program}-early"
            lacks = line(early, file, "only=0", "config=remote-cert-tls server|route 10.88.0.0")
            setup = Setup("stock", program, client_extra=(lacks,))
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start()
            found = net.client.run("ip", "route", "show", "10.88.0.0")
            check("dev tun" in found, f"{program}: the plugin's route is missing: {found!r}")
            if program == "adit":  # and again, with another plugin loaded in its place
                mark = tunnel.client.mark()
                tunnel.client.send_signal(1)
                tunnel.client.wait_for(COMPLETED, since=mark)
                found = net.client.run("ip", "route", "show", "10.88.0.0")
                check("dev tun" in found, f"after SIGHUP the route is missing: {found!r}")
                check(len(calls(file, "open")) == 2, "not opened twice")
            check(tunnel.client.stop() == 0, f"{program} ends in disorder")
            tunnel.server.stop()


RUNS = (
    as_stock,
    adds_lines,
    late_yes,
    late_no,
    late_options,
    they_refuse,
    never_answers,
    cannot_be_used,
    read_again,
    *plugins_shipped.RUNS,
)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
