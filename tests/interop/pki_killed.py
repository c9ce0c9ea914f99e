"""Commands of adit pki that are killed; its cases run with pki.py."""

from __future__ import annotations

import random
import shutil
import subprocess
import time

from authorities import PEOPLE, REVOKED, easy_rsa_2, everything_in
from keys import call
from lab import ADIT, check
from pki_directory import Directory, fresh_directory
from runner import Bench

KILLS = 36


def killed_commands_lose_nothing(bench: Bench) -> None:
    """SIGKILL at random moments; afterwards the directory opens, holds together, and the same
    command can be given again."""
    chance = random.Random(5)
    directory = fresh_directory(bench)
    directory("revoke", REVOKED)
    reach = timed(directory, "renew", "client2")
    killed = 0
    for number in range(KILLS):
        words = next_command(number)
        was_running = kill_after(chance.uniform(0, reach), directory, words)
        killed += was_running
        reach *= 1.15 if was_running else 0.85  # hosts are not always equally fast
        check_whole(directory, number)
        told = directory(*words, fails=True)
        check_sensible(words, told)
        check_whole(directory, number)
    check(killed > KILLS / 6, f"only {killed} of {KILLS} were still running")


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
    reach = timed(Directory(target), *import_it)
    shutil.rmtree(target)
    killed = 0
    for number in range(KILLS // 3):
        was_running = kill_after(chance.uniform(0, reach), Directory(target), import_it)
        killed += was_running
        reach *= 1.15 if was_running else 0.85
        check(not target.exists() or (target / "index.txt").exists(), f"after {number}: a part")
        Directory(target)(*import_it)
        check(len(Directory(target).json("list")) == len(PEOPLE) + 2, f"after {number}")
        shutil.rmtree(target)
    check(killed > 1, f"only {killed} were still running")
    check(everything_in(source) == before, "the source was touched")
