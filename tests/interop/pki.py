#!/usr/bin/env python3
"""adit pki beside easy-rsa, openssl and stock openvpn: directories that move over, renewal, a
change of authority, dates, and commands that are killed.

Each case makes a directory of certificates as somebody else would, lets adit go on with it, and has
a server and clients, stock's and ours, tell who is let in.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from authorities import (
    OF_2011,
    PEOPLE,
    REVOKED,
    easy_rsa_2,
    easy_rsa_3,
    easyrsa,
    everything_in,
    loose,
)
from keys import call
from lab import ADIT, Lab, Process, ThreeHosts, check
from pki_directory import Directory, at, fresh_directory
from pki_killed import killed_commands_lose_nothing, killed_import_is_all_or_nothing
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS

SERVER = """
dev tun
proto udp
port 1194
topology subnet
server 10.8.0.0 255.255.255.0
duplicate-cn
ca {pki}/ca-bundle.crt
cert {pki}/issued/{name}.crt
key {pki}/private/{name}.key
crl-verify {pki}/crl.pem
dh none
tls-crypt-v2 {pki}/tls-crypt-v2-server.key
keepalive 10 60
verb 3
"""


# ---- who is let in ----


@contextmanager
def a_server(
    net: ThreeHosts, directory: Directory, program: str = "stock", name: str = "server"
) -> Iterator[Process]:
    config = net.server.write("server.conf", SERVER.format(pki=directory.path, name=name))
    label = f"server-{program}-{time.monotonic_ns()}"
    server = net.server.start(label, PROGRAMS[program], "--config", config)
    server.wait_for(COMPLETED)
    try:
        yield server
    finally:
        server.stop()


def gets_in(net: ThreeHosts, profile: Path, program: str = "stock") -> None:
    label = f"client-{profile.stem}-{time.monotonic_ns()}"
    client = net.client.start(label, PROGRAMS[program], "--config", profile)
    try:
        client.wait_for(COMPLETED)
        ping = net.client.ping("10.8.0.1")
        check(ping.received, f"{profile.name}: no answer through the tunnel")
    finally:
        client.stop()


def is_refused(
    net: ThreeHosts, profile: Path, judge: Process | None, why: str, program: str = "stock"
) -> None:
    """judge: whose log tells, the client's own when there is none."""
    since = judge.mark() if judge else 0
    label = f"refused-{profile.stem}-{time.monotonic_ns()}"
    client = net.client.start(label, PROGRAMS[program], "--config", profile)
    try:
        (judge or client).wait_for(why, since=since)
        check(not client.matches(COMPLETED), f"{profile.name} was let in")
    finally:
        client.stop(signal.SIGKILL)


# ---- directories of others ----


def check_people(
    bench: Bench, net: ThreeHosts, directory: Directory, stolen: Path, signs: bool = True
) -> None:
    """Server and clients work with what was imported; the revoked one stays out."""
    first = directory.profile("client1", bench.folder / "client1.ovpn")
    thief = directory.stolen(first, stolen / "stolen.crt", stolen / "stolen.key")
    with a_server(net, directory) as server:
        gets_in(net, first)
        is_refused(net, thief, server, r"VERIFY ERROR.*revoked")
        if not signs:
            return
        directory("renew", "client1", "--days", 100)
        gets_in(net, first)
        gets_in(net, directory.profile("client1", bench.folder / "client1-new.ovpn"), "adit")
        directory("client", "fresh")
        gets_in(net, directory.profile("fresh", bench.folder / "fresh.ovpn"))
        directory("revoke", "client1")
        is_refused(net, first, server, r"VERIFY ERROR.*revoked")


def check_import(
    bench: Bench, source: Path, stolen: Path, layout: str, signs: bool = True
) -> dict[str, object]:
    before = everything_in(source)
    directory = Directory(bench.folder / "imported")
    report = json.loads(
        call(ADIT, "pki", "import", source, "--dir", directory.path, "--json")
    )
    check(report["layout"] == layout, f"taken for {report['layout']}")
    check(report["certificates"] == len(PEOPLE) and report["revoked"] == 1, f"{report}")
    check(report["can_sign"] == signs, f"{report}")
    with Lab(bench.folder) as lab:
        check_people(bench, lab.three_hosts(), directory, stolen, signs)
    check(everything_in(source) == before, "the source was touched")
    again = json.loads(call(ADIT, "pki", "import", source, "--dir", directory.path, "--json"))
    check(again["was_there"], "a second import did something")
    return report


def easy_rsa_3_moves_over(bench: Bench) -> None:
    pki = easy_rsa_3(bench.folder / "theirs")
    check_import(bench, bench.folder / "theirs", bench.folder / "theirs", "easy-rsa 3")
    check(pki.exists(), "it is gone")


def easy_rsa_3_and_adit_take_turns(bench: Bench) -> None:
    """In one directory: each goes on where the other stopped."""
    pki = easy_rsa_3(bench.folder / "theirs", {"server": "server", "client1": "client"})
    directory = Directory(pki)
    directory("client", "client2")
    directory("renew", "client1", "--overlap", 0)
    easyrsa(pki, "build-client-full", "client3", "nopass")
    easyrsa(pki, "revoke", "client2")
    easyrsa(pki, "gen-crl")
    states = {name: entry["state"] for name, entry in directory.entries().items()}
    check(states["client2"] == "revoked" and states["client3"] == "valid", f"{states}")
    names = ("client1", "client3")
    profiles = [directory.profile(name, bench.folder / f"{name}.ovpn") for name in names]
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        with a_server(net, directory):
            for profile in profiles:
                gets_in(net, profile)


def easy_rsa_2_moves_over(bench: Bench) -> None:
    keys = easy_rsa_2(bench.folder / "theirs")
    check_import(bench, bench.folder / "theirs", bench.folder / "theirs", "easy-rsa 2")
    check((keys / "index.txt").exists(), "it is gone")


def easy_rsa_2_of_2011_tells_its_age(bench: Bench) -> None:
    easy_rsa_2(bench.folder / "theirs", OF_2011)
    directory = Directory(bench.folder / "imported")
    told = call(ADIT, "pki", "import", bench.folder / "theirs", "--dir", directory.path)
    for words in (
        "peers of today refuse the authority Fort-Funston CA: its RSA key has only 1024 bits",
        "the authority's own certificate expired on 2021-02-26",
        "3 certificates have expired",
        "rotate-ca",
    ):
        check(words in told, f"not said: {words}\n{told}")
    directory.refuses("expired on 2021-02-26", "client", "fresh")
    shown = directory("show", "client1")
    check("it is signed with SHA1" in shown and "only 1024 bits" in shown, shown)
    directory("rotate-ca", "start")
    directory("rotate-ca", "server")
    directory("rotate-ca", "finish", "--force")
    directory("server", "gw")
    directory("client", "fresh")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        with a_server(net, directory, name="gw"):
            gets_in(net, directory.profile("fresh", bench.folder / "fresh.ovpn"))


def loose_files_move_over(bench: Bench) -> None:
    keys = easy_rsa_2(bench.folder / "theirs")
    source = loose(bench.folder / "loose", keys, with_key=True)
    check_import(bench, source, bench.folder / "theirs", "loose files")


def loose_files_without_the_key_cannot_sign(bench: Bench) -> None:
    keys = easy_rsa_2(bench.folder / "theirs")
    source = loose(bench.folder / "loose", keys, with_key=False)
    check_import(bench, source, bench.folder / "theirs", "loose files", signs=False)
    directory = Directory(bench.folder / "imported")
    for words in (("client", "fresh"), ("renew", "client1"), ("revoke", "client1"), ("crl",)):
        directory.refuses("cannot sign", *words)
    check(directory.entries()["client1"]["state"] == "valid", "it was revoked all the same")


# ---- our own ----


def renewed_certificates_overlap(bench: Bench, program: str) -> None:
    directory = fresh_directory(bench)
    old = directory.profile("client1", bench.folder / "old.ovpn")
    before = directory.entries()["client1"]["serial"]
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        with a_server(net, directory, program) as server:
            gets_in(net, old)
            renewed = directory.json("renew", "client1", "--overlap", 5, "--new-key", *at(-10))
            check(renewed["before"]["serial"] == before and renewed["new_key"], f"{renewed}")
            new = directory.profile("client1", bench.folder / "new.ovpn")
            gets_in(net, new)
            gets_in(net, old)  # no list was written since
            directory("crl")  # the overlap ended five days ago
            is_refused(net, old, server, r"VERIFY.*revoked")
            gets_in(net, new)


def the_server_ends_an_overlap_itself(bench: Bench) -> None:
    directory = fresh_directory(bench)
    old = directory.profile("client1", bench.folder / "old.ovpn")
    directory("renew", "client1", "--overlap", 5, *at(-10))
    new = directory.profile("client1", bench.folder / "new.ovpn")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        with a_server(net, directory, "adit") as server:
            server.wait_for(r"CRL: a new one was made in .* overlap of a renewed certificate")
            is_refused(net, old, server, r"VERIFY.*revoked")
            gets_in(net, new)


def renewed_by_stock(bench: Bench) -> None:
    renewed_certificates_overlap(bench, "stock")


def renewed_by_adit(bench: Bench) -> None:
    renewed_certificates_overlap(bench, "adit")


def a_passphrase_protects_a_client(bench: Bench) -> None:
    directory = fresh_directory(bench)
    secret = bench.folder / "secret"
    secret.write_text("open sesame\n")
    directory("client", "careful", "--password-file", secret)
    profile = directory.profile("careful", bench.folder / "careful.ovpn", f"askpass {secret}\n")
    check("BEGIN ENCRYPTED PRIVATE KEY" in profile.read_text(), "the key lies open")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        with a_server(net, directory):
            gets_in(net, profile)
            gets_in(net, profile, "adit")


def rotation(bench: Bench, server: str, client: str) -> None:
    """Stage by stage: whoever was let in before is let in after, until the old authority goes."""
    directory = fresh_directory(bench)
    old = directory.profile("client1", bench.folder / "old.ovpn")
    gone = directory.profile(REVOKED, bench.folder / "gone.ovpn")
    directory("revoke", REVOKED)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        status = directory.json("rotate-ca", "start")
        check(status["stage"] == "started" and status["bridged"], f"{status}")
        trusting = directory.profile("client2", bench.folder / "trusting.ovpn")
        with a_server(net, directory, server):
            gets_in(net, old, client)
        directory("rotate-ca")
        with a_server(net, directory, server) as running:
            gets_in(net, old, client)
            gets_in(net, trusting, client)
            status = directory.json("rotate-ca")
            check(status["renewed"] == ["client1", "client2"], f"{status}")
            directory.refuses("no profile was made", "rotate-ca", "finish")
            new = directory.profile("client1", bench.folder / "new.ovpn")
            directory.profile("client2", bench.folder / "new2.ovpn")
            gets_in(net, old, client)
            gets_in(net, new, client)
            is_refused(net, gone, running, r"VERIFY.*revoked", client)
        check(not directory.json("rotate-ca", "--status")["not_exported"], "they were exported")
        directory("rotate-ca")
        with a_server(net, directory, server):
            gets_in(net, new, client)
            is_refused(net, old, None, r"VERIFY ERROR.*(self.signed|issuer)", client)
    check(directory.json("rotate-ca", "--status")["stage"] == "none", "it is not over")


def rotation_of_stock(bench: Bench) -> None:
    rotation(bench, "stock", "stock")


def rotation_of_a_stock_server(bench: Bench) -> None:
    rotation(bench, "stock", "adit")


def rotation_of_a_stock_client(bench: Bench) -> None:
    rotation(bench, "adit", "stock")


# ---- dates ----


def dates_are_shown(bench: Bench) -> None:
    directory = fresh_directory(bench)
    life = 825
    for days, warning in ((61, None), (59, 60), (29, 30), (6, 7)):
        entry = directory.entries(*at(life - days))["client1"]
        check(entry.get("warning") == warning, f"{days} days before the end: {entry}")
        check(entry["days_left"] in (days - 1, days), f"{entry}")
    check(directory.entries(*at(life + 1))["client1"]["state"] == "expired", "it has expired")
    check(directory.entries(*at(175))["crl.pem"]["warning"] == 7, "the list ends soon")
    shown = directory("list", *at(life - 20))
    lines = {line.split()[0]: line for line in shown.splitlines()}
    check(lines["client1"].endswith("renew"), shown)
    check(lines["crl.pem"].split()[2] == "expired", shown)


def expired_ones_are_refused(bench: Bench) -> None:
    """Certificates whose time is over, nearly over, and not yet come; real dates."""
    directory = fresh_directory(bench)
    made = {"late": (-100, 99), "near": (-100, 101), "early": (2, 10)}
    profiles = {}
    for name, (start, days) in made.items():
        directory("client", name, "--days", days, *at(start))
        profiles[name] = bench.folder / f"{name}.ovpn"
        directory("export", name, "--remote", ThreeHosts.server4, "-o", profiles[name], *at(start))
    entries = directory.entries()
    check(entries["late"]["state"] == "expired" and entries["near"]["warning"] == 7, f"{entries}")
    for program, no_longer, not_yet in (
        ("stock", r"VERIFY ERROR.*certificate has expired", r"VERIFY ERROR.*not yet valid"),
        ("adit", r"VERIFY ERROR.*expired", r"VERIFY ERROR.*not yet valid"),
    ):
        with Lab(bench.folder) as lab:
            net = lab.three_hosts()
            with a_server(net, directory, program) as server:
                gets_in(net, profiles["near"])
                is_refused(net, profiles["late"], server, no_longer)
                is_refused(net, profiles["early"], server, not_yet)


CASES = [
    Case(function.__name__, function)
    for function in (
        killed_commands_lose_nothing,  # the longest
        easy_rsa_3_moves_over,
        easy_rsa_3_and_adit_take_turns,
        easy_rsa_2_moves_over,
        easy_rsa_2_of_2011_tells_its_age,
        loose_files_move_over,
        loose_files_without_the_key_cannot_sign,
        renewed_by_stock,
        renewed_by_adit,
        the_server_ends_an_overlap_itself,
        a_passphrase_protects_a_client,
        rotation_of_stock,
        rotation_of_a_stock_server,
        rotation_of_a_stock_client,
        dates_are_shown,
        expired_ones_are_refused,
        killed_import_is_all_or_nothing,
    )
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
