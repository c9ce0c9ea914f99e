#!/usr/bin/env python3
"""adit pki beside easy-rsa, openssl and stock openvpn: directories that move over, renewal, a change
of authority, dates, and commands that are killed.

Each case makes a directory of certificates as somebody else would, lets adit go on with it, and has
a server and clients, stock's and ours, tell who is let in.
"""

from __future__ import annotations

import datetime
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from authorities import (
    OF_2011,
    PEOPLE,
    REVOKED,
    call,
    easy_rsa_2,
    easy_rsa_3,
    easyrsa,
    everything_in,
    loose,
)
from lab import ADIT, Lab, Process, ThreeHosts, check
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS

KILLS = 40
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


class Directory:
    """A directory of adit, by its commands."""

    def __init__(self, path: Path):
        self.path = path

    def __call__(self, verb: str, *words: object, fails: bool = False) -> str:
        return call(ADIT, "pki", verb, *words, "--dir", self.path, fails=fails)

    def json(self, verb: str, *words: object) -> object:
        return json.loads(self(verb, *words, "--json"))

    def refuses(self, wanted: str, verb: str, *words: object) -> None:
        told = self(verb, *words, fails=True)
        check(wanted in told, f"adit pki {verb} should say {wanted!r}, but says: {told}")

    def entries(self, *words: object) -> dict[str, dict[str, object]]:
        """The newest of each name."""
        return {entry["name"]: entry for entry in self.json("list", *words)}

    def profile(self, name: str, into: Path, extra: str = "") -> Path:
        self("export", name, "--remote", ThreeHosts.server4, "-o", into)
        if extra:
            into.write_text(extra + into.read_text())
        return into

    def stolen(self, profile: Path, certificate: Path, key: Path) -> Path:
        """The profile with another certificate and key in it."""
        text = profile.read_text()
        for tag, file in (("cert", certificate), ("key", key)):
            before, _, rest = text.partition(f"<{tag}>\n")
            after = rest.partition(f"</{tag}>")[2]
            text = f"{before}<{tag}>\n{file.read_text()}</{tag}>{after}"
        other = profile.with_name(f"stolen-{profile.name}")
        other.write_text(text)
        return other


def at(days: float) -> tuple[str, str]:
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return ("--now", when.strftime("%Y-%m-%dT%H:%M:%SZ"))


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


def fresh_directory(bench: Bench) -> Directory:
    directory = Directory(bench.folder / "pki")
    directory("init", "--cn", "test CA")
    directory("server", "server")
    for name in ("client1", "client2", REVOKED):
        directory("client", name)
    return directory


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


# ---- killed ----


def killed_commands_lose_nothing(bench: Bench) -> None:
    """SIGKILL at random moments; afterwards the directory opens, holds together, and the same
    command can be given again."""
    chance = random.Random(5)
    directory = fresh_directory(bench)
    directory("revoke", REVOKED)
    took = timed(directory, "renew", "client2")
    killed = 0
    for number in range(KILLS):
        words = next_command(number)
        killed += kill_after(chance.uniform(0, took * 1.3), directory, words)
        check_whole(directory, number)
        told = directory(*words, fails=True)
        check_sensible(words, told)
        check_whole(directory, number)
    check(killed > KILLS / 4, f"only {killed} of {KILLS} were still running")


COMMANDS = (
    ("renew", "client1"),
    ("client", "new{}"),
    ("revoke", "new{}"),
    ("renew", "client2", "--new-key"),
    ("rotate-ca", "start"),
    ("rotate-ca", "server"),
    ("renew", "server", "--overlap", "0"),
    ("rotate-ca", "clients"),
    ("crl",),
    ("rotate-ca", "finish", "--force"),
)


def next_command(number: int) -> tuple[str, ...]:
    words = COMMANDS[number % len(COMMANDS)]
    return tuple(word.format(number // len(COMMANDS)) for word in words)


def timed(directory: Directory, *words: object) -> float:
    begin = time.monotonic()
    directory(*words)
    return time.monotonic() - begin


def kill_after(seconds: float, directory: Directory, words: tuple[str, ...]) -> bool:
    """True when it was still running."""
    command = [str(ADIT), "pki", *words, "--dir", str(directory.path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            process.kill()
            return True


def check_sensible(words: tuple[str, ...], told: str) -> None:
    """It was done, or had been done before the end came."""
    before = {
        "client": "has a certificate that is valid until",
        "revoke": "was revoked already",
        "start": "is under way",
        "finish": "there is no change of authority to finish",
    }
    lines = [line for line in told.splitlines() if line.startswith("adit: ")]
    complaints = [line for line in lines if not line.startswith("adit: repaired: ")]
    allowed = [text for word, text in before.items() if word in words]
    known = all(any(text in line for text in allowed) for line in complaints)
    check(known, f"{' '.join(words)}: {told}")


def check_whole(directory: Directory, number: int) -> None:
    states = {(entry["name"], entry["serial"]): entry for entry in directory.json("list")}
    in_force = {name for (name, _), entry in states.items() if entry["state"] == "valid"}
    check({"server", "client1", "client2"} <= in_force, f"after {number}: lost one: {in_force}")
    check(REVOKED not in in_force, f"after {number}: {REVOKED} is back")
    pki = directory.path
    for certificate in (pki / "issued").glob("*.crt"):
        if certificate.stem not in in_force:
            continue  # revoked; its files wait to be set aside
        key = pki / f"private/{certificate.stem}.key"
        public = (
            call("openssl", "x509", "-in", certificate, "-noout", "-pubkey"),
            call("openssl", "pkey", "-in", key, "-pubout"),
        )
        check(public[0] == public[1], f"after {number}: key and certificate of {certificate.stem}")
        call("openssl", "verify", "-CAfile", pki / "ca-bundle.crt", certificate)
    check(not list(pki.rglob(".adit-new-*")), f"after {number}: something half written is left")


def killed_import_is_all_or_nothing(bench: Bench) -> None:
    chance = random.Random(6)
    source = easy_rsa_2(bench.folder / "theirs")
    before = everything_in(source)
    target = bench.folder / "imported"
    import_it = ("import", str(source))
    took = timed(Directory(target), *import_it)
    shutil.rmtree(target)
    killed = 0
    for number in range(KILLS // 3):
        killed += kill_after(chance.uniform(0, took * 1.1), Directory(target), import_it)
        check(not target.exists() or (target / "index.txt").exists(), f"after {number}: a part")
        Directory(target)(*import_it)
        check(len(Directory(target).json("list")) == len(PEOPLE) + 2, f"after {number}")
        shutil.rmtree(target)
    check(killed > KILLS / 12, f"only {killed} were still running")
    check(everything_in(source) == before, "the source was touched")


CASES = [
    Case(function.__name__, function)
    for function in (
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
        killed_commands_lose_nothing,
        killed_import_is_all_or_nothing,
    )
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
