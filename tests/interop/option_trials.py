"""One configuration, and what stock and adit say of it.

    pen = Pen(bench)
    pen.ask_both([Trial(sample, "alone, client", text)])     [(trial, stock's answer, adit's answer)]

A program that has judged its options names itself, and then cannot make the socket that the last line
asks for: it does nothing else, and ends.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from keys import call
from lab import ADIT, STOCK, check
from option_samples import FINGERPRINT, PLUGIN, TOKENS, Sample
from runner import Bench

PROGRAMS = {"stock": STOCK, "adit": ADIT}
WORKERS = 4
SECONDS = 20  # for one process
NEW_NETWORK = 0x40000000

END = "management {folder}/none/m unix\n"
SILENT = ("daemon", "syslog")  # what they say would be in the host's log
JUDGED = re.compile(r"^(?:\S+ )*OpenVPN 2\.\d+\.\d+ ", re.M)


@dataclass(frozen=True)
class Answer:
    verdict: str  # accepted, refused; of tools the exit status
    said: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.said.splitlines() if "Options error" in line]

    def __str__(self) -> str:
        return f"{self.verdict} ({' / '.join(self.errors)[:300]})" if self.errors else self.verdict


@dataclass(frozen=True)
class Trial:
    """The option is the last line of the text."""

    sample: Sample
    scene: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.sample.line} ({self.scene})"

    @property
    def last_line(self) -> int:
        return self.text.count("\n")


@functools.cache
def rows_of_table() -> dict[str, dict[str, object]]:
    """adit's own table."""
    return {row["name"]: row for row in json.loads(call(ADIT, "options", "--json"))["options"]}


class Pen:
    """Where programs are asked: a network of its own, in which there is nothing."""

    def __init__(self, bench: Bench):
        check(ctypes.CDLL(None).unshare(NEW_NETWORK) == 0, "no network namespace")
        self.folder = bench.folder
        self.files = prepare(bench)
        self.numbers = itertools.count()

    def ask_both(self, trials: list[Trial]) -> list[tuple[Trial, Answer, Answer]]:
        def both(trial: Trial) -> tuple[Trial, Answer, Answer]:
            return trial, self.ask("stock", trial), self.ask("adit", trial)

        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(both, trials))

    def ask(self, who: str, trial: Trial) -> Answer:
        number = next(self.numbers)
        folder = self.folder / f"{who}-{number}"
        folder.mkdir()
        words = {**self.files, "folder": folder, "device": f"tun{number}"}
        if trial.sample.role == "tool":
            lines = [line.format(**words) for line in trial.text.splitlines() if line]
            status, said = run(who, folder, " ".join(f"--{line}" for line in lines).split())
            return Answer(str(status), said)
        config = folder / "config"
        log = "log {folder}/log\n" if trial.sample.name in SILENT else ""
        config.write_text((trial.text + log + END).format(**words))
        return self.judged(who, config)

    def judged(self, who: str, config: Path) -> Answer:
        _, said = run(who, config.parent, ["--config", str(config)])
        log = config.parent / "log"
        said += log.read_text(errors="replace") if log.exists() else ""
        return Answer("accepted" if JUDGED.search(said) else "refused", said)


def run(who: str, folder: Path, words: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        [str(PROGRAMS[who]), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        cwd=folder,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def prepare(bench: Bench) -> dict[str, object]:
    """What the samples name."""
    keys, folder = bench.keys, bench.folder
    server, client = keys.identity("openssl", "server"), keys.identity("openssl", "client1")
    texts = {"login": "ann\nsecret\n", "passphrase": "secret\n", "other": "verb 3\n"}
    made = {name: folder / name for name in (*texts, "token", "p12", "crl", "dh")}
    for name, path in made.items():
        path.touch(0o600)
        path.write_text(texts.get(name, ""))
    call(STOCK, "--genkey", "auth-token", made["token"])
    pair = ("-inkey", client.key, "-in", client.cert, "-certfile", client.ca)
    call("openssl", "pkcs12", "-export", *pair, "-passout", "pass:", "-out", made["p12"])
    (folder / "index.txt").touch()
    settings = f"[ca]\ndefault_ca=a\n[a]\ndatabase={folder}/index.txt\ndefault_md=sha256\n"
    (folder / "ca.cnf").write_text(settings)
    by = ("-keyfile", server.ca.parent / "private/ca.key", "-cert", server.ca, "-crldays", 30)
    call("openssl", "ca", "-gencrl", "-config", folder / "ca.cnf", *by, "-out", made["crl"])
    call("openssl", "dhparam", "-dsaparam", "-out", made["dh"], 2048)
    return {
        **made,
        "ca": client.ca,
        "client_cert": client.cert,
        "client_key": client.key,
        "server_cert": server.cert,
        "server_key": server.key,
        "static": keys.static("stock"),
        "v2_client": keys.crypt_v2("stock", "stock").client,
        "v2_server": keys.crypt_v2("stock", "stock").server,
        "plugin": PLUGIN,
        "tokens": TOKENS,
        "fingerprint": FINGERPRINT,
        "sha1": ":".join(["AB"] * 20),
    }
