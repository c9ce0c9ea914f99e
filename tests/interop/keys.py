"""Certificates and keys for a run, each kind made by more than one program.

    keys = Keys.make(folder)
    keys.identity("adit", "server").cert      # or "openssl": an authority that is not ours
    keys.static("stock")                      # tls-auth and tls-crypt
    keys.crypt_v2("adit", "stock")            # server key made by adit, client key by stock
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import ADIT, STOCK, Failure, check

MAKERS = {"adit": ADIT, "stock": STOCK}  # of static keys
MADE_BEFORE = "ADIT_INTEROP_KEYS"  # a folder of keys that may be copied
AUTHORITIES = ("adit", "openssl")
NAMES = {"server": "server", "client1": "client", "client2": "client"}  # name: kind

OPENSSL_EXTENSIONS = """
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
[client]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = clientAuth
"""


def fingerprint(cert: Path, digest: str = "sha256") -> str:
    words = ("openssl", "x509", "-noout", f"-{digest}", "-fingerprint", "-in", cert)
    return call(*words).strip().split("=")[1]


@dataclass(frozen=True)
class Identity:
    ca: Path
    cert: Path
    key: Path


@dataclass(frozen=True)
class CryptV2:
    server: Path
    client: Path


def call(*words: object, env: dict[str, str] | None = None, fails: bool = False) -> str:
    """What the program prints. fails: it is allowed to; its complaints then follow."""
    done = subprocess.run(
        list(map(str, words)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        env={**os.environ, **(env or {})},
    )
    output, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    told = f"{' '.join(map(str, words))}: {done.returncode}\n{output}{errors}"
    check(fails or done.returncode == 0, told)
    return output + errors if fails else output


class Keys:
    """What was made below a folder; any process may open it again by its path."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def take(cls, folder: Path) -> Keys:
        """A copy of what another process has made for many; made here if none has."""
        made = os.environ.get(MADE_BEFORE)
        if not made:
            return cls.make(folder)
        shutil.copytree(made, folder)
        return cls(folder)

    @classmethod
    def make(cls, folder: Path) -> Keys:
        folder.mkdir(parents=True, exist_ok=True)
        keys = cls(folder)
        keys.make_adit_authority()
        keys.make_openssl_authority()
        for maker, program in MAKERS.items():
            call(program, "--genkey", "secret", keys.static(maker))
            call(program, "--genkey", "tls-crypt-v2-server", folder / f"v2-server-{maker}.key")
        for server_maker in MAKERS:
            for client_maker, program in MAKERS.items():
                pair = keys.crypt_v2(server_maker, client_maker)
                words = ("--genkey", "tls-crypt-v2-client", pair.client)
                call(program, "--tls-crypt-v2", pair.server, *words)
        return keys

    def identity(self, authority: str, name: str) -> Identity:
        if authority not in AUTHORITIES or name not in NAMES:
            raise Failure(f"nobody made {name} at {authority}")
        home = self.folder / authority
        return Identity(home / "ca.crt", home / f"issued/{name}.crt", home / f"private/{name}.key")

    def static(self, maker: str) -> Path:
        return self.folder / f"static-{maker}.key"

    def crypt_v2(self, server_maker: str, client_maker: str) -> CryptV2:
        client = f"v2-client-{server_maker}-{client_maker}.key"
        return CryptV2(self.folder / f"v2-server-{server_maker}.key", self.folder / client)

    def make_adit_authority(self) -> None:
        where = ("--dir", self.folder / "adit")
        call(ADIT, "pki", "init", *where, "--cn", "interop CA")
        for name, kind in NAMES.items():
            call(ADIT, "pki", kind, name, *where)

    def make_openssl_authority(self) -> None:
        """RSA where adit's is EC, and not a line of our code."""
        home = self.folder / "openssl"
        for folder in ("issued", "private"):
            (home / folder).mkdir(parents=True)
        extensions = home / "extensions.cnf"
        extensions.write_text(OPENSSL_EXTENSIONS)
        call(*new_key(home / "private/ca.key", home / "ca.csr", "openssl CA"))
        sign = ("openssl", "x509", "-req", "-sha256", "-days", 30, "-extfile", extensions)
        own = ("-signkey", home / "private/ca.key", "-extensions", "ca")
        call(*sign, *own, "-in", home / "ca.csr", "-out", home / "ca.crt")
        for serial, (name, kind) in enumerate(NAMES.items(), start=2):
            self.issue(name, kind, home, serial)

    def issue(
        self, name: str, kind: str, into: Path, serial: int, days: int = 30, cn: str = ""
    ) -> Identity:
        """A certificate of the openssl authority. days: negative if it has expired already."""
        home = self.folder / "openssl"
        made = Identity(home / "ca.crt", into / f"issued/{name}.crt", into / f"private/{name}.key")
        for path in (made.cert, made.key):
            path.parent.mkdir(parents=True, exist_ok=True)
        request = into / f"{name}.csr"
        call(*new_key(made.key, request, cn or name))
        words = ("openssl", "x509", "-req", "-sha256", "-days", days, "-set_serial", serial)
        usage = ("-extfile", home / "extensions.cnf", "-extensions", kind)
        by = ("-CA", home / "ca.crt", "-CAkey", home / "private/ca.key")
        call(*words, *usage, *by, "-in", request, "-out", made.cert)
        return made


def new_key(key: Path, request: Path, name: str) -> tuple[object, ...]:
    words = ("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}")
    return (*words, "-keyout", key, "-out", request)
