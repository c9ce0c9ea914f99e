"""A directory of certificates made by adit, used by its commands.

    directory = fresh_directory(bench)
    directory("renew", "client1")
    directory.entries()["client1"]["days_left"]
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path

from authorities import REVOKED
from keys import call
from lab import ADIT, ThreeHosts, check
from runner import Bench


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


def fresh_directory(bench: Bench) -> Directory:
    directory = Directory(bench.folder / "pki")
    directory("init", "--cn", "test CA")
    directory("server", "server")
    for name in ("client1", "client2", REVOKED):
        directory("client", name)
    return directory
