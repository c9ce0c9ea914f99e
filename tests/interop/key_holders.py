"""Keys that are not in files: a program that connects, beside a stock server, on one host.

    with connection(bench, "adit", "management-external-key pss") as (client, server): ...
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keys import Identity
from lab import STOCK, Lab, Process
from manager import SOCKET, Manager
from runner import Bench
from tunnel import PROGRAMS

ADDRESS = "127.0.0.1"
SIGN = r"^>(PK|RSA)_SIGN:"


@dataclass(frozen=True)
class Holder:
    """Whoever has the key. digest: it is given whole messages."""

    identity: Identity
    digest: bool = False

    def sign(self, line: str, folder: Path) -> bytes:
        """The signature that a line asks for, made by openssl; of the algorithm it does not name
        what the key is good for."""
        data, _, algorithm = line.split(":", 1)[1].partition(",")
        path = folder / "to-sign"
        path.write_bytes(base64.b64decode(data))
        words = ["openssl", "pkeyutl", "-sign", "-inkey", str(self.identity.key), "-in", str(path)]
        hashed = re.search(r"hashalg=(\w+)", algorithm)
        if algorithm.startswith("ED"):
            words.append("-rawin")
        if self.digest and hashed:
            words += ["-rawin", "-digest", hashed[1].lower()]
        if "PSS" in algorithm:
            words += ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]
            if hashed and not self.digest:
                words += ["-pkeyopt", f"digest:{hashed[1].lower()}"]
        return subprocess.run(words, capture_output=True, check=True, timeout=20).stdout


def answer_lines(command: str, text: str, width: int = 64) -> list[str]:
    return [command, *(text[at : at + width] for at in range(0, len(text), width)), "END"]


def shape(line: str) -> str:
    """A request without the bytes, which no two handshakes share: how many they are stays. (With TLS
    1.2 and a manager that digests it is the whole handshake, which is never as long as another.)"""
    match = re.match(r"(>\w+_SIGN:)([A-Za-z0-9+/=]*)(.*)", line)
    if not match:
        return line
    size = len(base64.b64decode(match[2]))
    return f"{match[1]}[{size if size < 512 else 'many'}]{match[3]}"


@contextmanager
def connection(
    bench: Bench,
    program: str,
    *lines: str,
    authority: str = "openssl",
    server_lines: tuple[str, ...] = (),
    server_env: dict[str, str] | None = None,
) -> Iterator[tuple[Process, Process]]:
    """The program as a client without cert and key, unless lines name them, held by its manager."""
    folder = bench.folder / program
    with Lab(folder) as lab:
        os.chdir(folder)
        host = lab.host("one")
        host.run("ip", "link", "set", "lo", "up")
        own = bench.keys.identity(authority, "server")
        server_parts = (
            "dev null",
            "tls-server",
            f"local {ADDRESS}",
            "dh none",
            f"ca {own.ca}",
            f"cert {own.cert}",
            f"key {own.key}",
            "verb 3",
            # A ping to a port that is gone makes stock lose what it writes next (ECONNREFUSED). Every
            # two seconds, that could be its answer to each try of a client that began anew.
            "keepalive 3 60",
            *server_lines,
        )
        env = [f"{name}={value}" for name, value in (server_env or {}).items()]
        conf = host.write("server.conf", "\n".join((*server_parts, "")))
        server = host.start("server", "env", *env, STOCK, conf)
        client_parts = (
            "dev tun",
            "tls-client",
            "ifconfig 10.9.0.2 10.9.0.1",
            f"remote {ADDRESS}",
            "nobind",
            f"ca {own.ca}",
            "remote-cert-tls server",
            "verb 4",
            f"management {SOCKET} unix",
            "management-hold",
            *lines,
        )
        conf = host.write("client.conf", "\n".join((*client_parts, "")))
        yield host.start("client", PROGRAMS[program], conf), server


def release(manager: Manager, version: int = 3) -> None:
    if version > 1:
        manager.send(f"version {version}")
    manager.send("hold release")
    manager.expect("^SUCCESS: hold release")
