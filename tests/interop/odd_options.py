#!/usr/bin/env python3
"""Options that change one thing each, beside stock where stock knows them: verify-hash, route-delay,
up-delay, replay-persist, test-crypto; and of 2.7 tls-crypt-v2-max-age and override-username with stock
clients.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import subprocess
import sys
import time
from pathlib import Path

from keys import call, fingerprint
from lab import STOCK, ADIT, Host, Lab, Process, check, until
from runner import Bench, Case, main
from status import parse_status, read_whole
from tunnel import COMPLETED, PROGRAMS
from two_ends import Said, TwoEnds, compare_pairs, said

HASH_FAILED = r"certificate hash verification failed"


def verify_hash(bench: Bench) -> None:
    """The authority's certificate by its hash: SHA-1, SHA-256, and another's, which refuses."""

    def talk(ends: TwoEnds) -> Said:
        ca = ends.keys.identity("openssl", "server").ca
        ends.start_server(f"verify-hash {fingerprint(ca, 'sha1')}")
        ends.start_client(f"verify-hash {fingerprint(ca)} SHA256").wait_for(COMPLETED)
        warned = [str(len(said(ends.client, "DEPRECATED OPTION: The option --verify-hash is")))]
        ends.client.stop()
        other = fingerprint(ends.keys.identity("openssl", "server").cert, "sha1")
        ends.start_client(f"verify-hash {other}").wait_for("TLS Error: TLS handshake failed")
        return {"warned": warned, "refused": said(ends.client, HASH_FAILED)}

    compare_pairs(bench, talk)


# ---- when routes and devices come ----

FAR = "192.0.2.0"


def has_address(host: Host) -> bool:
    return "tun1" in host.devices() and bool(host.addresses("tun1"))


def has_route(host: Host) -> bool:
    return FAR in host.run("ip", "route", "show")


def route_delay(bench: Bench) -> None:
    """The device has its address at once; the route, and the end of the beginning, come later."""

    def talk(ends: TwoEnds) -> Said:
        told = {}
        ends.start_server("dev tun0")
        for name, line in (("own", "route-delay 2 5"), ("none", "route-delay")):
            ends.start_client("dev tun1", f"route {FAR} 255.255.255.0 10.8.0.77", line)
            until(lambda: has_address(ends.host), 10, "the device has an address")
            begun = time.monotonic()
            early = has_route(ends.host) or bool(ends.client.matches(COMPLETED))
            ends.client.wait_for(COMPLETED)
            late = time.monotonic() - begun > 1
            told[name] = [f"late {late}", f"route {has_route(ends.host)}"]
            if name == "own":
                told["early"] = [str(early)]
            ends.client.stop()
        return told

    compare_pairs(bench, talk)


def static_end(host: Host, program: str, name: str, *lines: str) -> Process:
    config = [f"dev tun{name}", "secret static.key", "cipher AES-256-CBC", "verb 3", *lines]
    if program == "adit":
        config.append("allow-deprecated-insecure-static-crypto")
    path = host.write(f"{name}.conf", "\n".join([*config, ""]))
    return host.start(name, PROGRAMS[program], path)


def up_delay(bench: Bench) -> None:
    """Without TLS the device and the up script wait for the peer; without the option they do not."""
    for program in ("stock", "adit"):
        with Lab(bench.folder / program) as lab:
            host = lab.host("both")
            call(STOCK, "--genkey", "secret", host.folder / "static.key")
            script = host.write("up.sh", f"#!/bin/sh\necho up >>{host.folder}/ran\n", 0o700)
            ran = host.folder / "ran"
            common = ("ifconfig 10.9.0.1 10.9.0.2", "lport 5001", "rport 5002", "remote 127.0.0.1")
            scripts = ("script-security 2", f"up {script}")
            plain = static_end(host, program, "1", *common, *scripts)
            until(ran.exists, 5, f"{program}: the script runs though nobody is there")
            plain.stop()
            ran.unlink()
            late = static_end(host, program, "2", *common, *scripts, "up-delay", "ping 1")
            late.wait_for("link (local|remote)|UDPv4 link")
            time.sleep(0.5)
            check(not ran.exists(), f"{program}: the script ran before the peer came")
            static_end(
                host, "stock", "3", "ifconfig 10.9.0.2 10.9.0.1", "lport 5002", "rport 5001",
                "remote 127.0.0.1", "ping 1",
            )
            late.wait_for(COMPLETED, 20)
            until(ran.exists, 5, f"{program}: the script runs when the peer has come")


def persisted(bench: Bench) -> None:
    """The packet ids of the other end are kept as stock keeps them; with them the tunnel goes on."""
    for program in ("stock", "adit"):
        with Lab(bench.folder / program) as lab:
            host = lab.host("both")
            call(STOCK, "--genkey", "secret", host.folder / "static.key")
            static_end(
                host, "stock", "1", "ifconfig 10.9.0.2 10.9.0.1", "lport 5002", "rport 5001",
                "remote 127.0.0.1", "ping 1",
            )
            kept = []
            for _ in range(2):
                own = ("ifconfig 10.9.0.1 10.9.0.2", "lport 5001", "rport 5002", "remote 127.0.0.1")
                end = static_end(host, program, "2", *own, "ping 1", "replay-persist ids")
                end.wait_for(COMPLETED, 20)
                end.stop()
                image = (host.folder / "ids").read_bytes()
                check(len(image) == 16, f"{program} keeps {len(image)} bytes")
                kept.append(struct.unpack("=qI", image[:12]))
            (first, second), now = kept, time.time()
            check(abs(first[0] - now) < 60 and first[0] == second[0], f"{program} keeps {kept}")
            check(0 < first[1] < second[1], f"{program} keeps {kept}")


# ---- the self-test ----


def run_tool(folder: Path, program: Path, *words: str) -> tuple[int, list[str]]:
    done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, timeout=60)
    lines = [re.sub(r"^[-\d]+ [:\d]+ ", "", line) for line in done.stdout.splitlines()]
    wanted = re.compile("crypto self-test|TESTING|must define key|not supported|fatal error")
    return done.returncode, [line for line in lines if wanted.search(line)]


def self_test(bench: Bench) -> None:
    call(STOCK, "--genkey", "secret", bench.folder / "static.key")
    allow = "--allow-deprecated-insecure-static-crypto"
    for words in (
        ("--test-crypto", "--secret", "static.key", "--cipher", "AES-256-CBC"),
        ("--test-crypto", "--secret", "static.key", "--cipher", "AES-128-GCM"),
        ("--test-crypto", "--secret", "static.key", "--cipher", "AES-256-CBC", "--auth", "none"),
        ("--test-crypto", "--secret", "static.key", "--cipher", "AES-256-CBC", "--verb", "0"),
        ("--test-crypto",),
    ):
        theirs = run_tool(bench.folder, STOCK, *words)
        ours = run_tool(bench.folder, ADIT, *words, allow)
        check(ours == theirs, f"{words}: {ours[0]} {ours[1][-2:]}, stock {theirs[0]} {theirs[1][-2:]}")


# ---- of 2.7 ----


def pem(text: str) -> bytes:
    return base64.b64decode("".join(line for line in text.splitlines() if not line.startswith("-")))


def client_key(server_key: Path, metadata: bytes) -> str:
    """A client's tls-crypt-v2 key as its format is described, made with none of our code."""
    server = pem(server_key.read_text())
    material = hashlib.shake_256(b"client").digest(256)
    length = 32 + len(material) + len(metadata) + 2
    clear = material + metadata
    tag = hmac.new(server[64:96], struct.pack(">H", length) + clear, hashlib.sha256).digest()
    words = ["openssl", "enc", "-aes-256-ctr", "-K", server[:32].hex(), "-iv", tag[:16].hex()]
    hidden = subprocess.run(words, input=clear, capture_output=True, check=True).stdout
    wrapped = material + tag + hidden + struct.pack(">H", length)
    name = "OpenVPN tls-crypt-v2 client key"
    return f"-----BEGIN {name}-----\n{base64.encodebytes(wrapped).decode()}-----END {name}-----\n"


def max_age(bench: Bench) -> None:
    """Keys that are younger than the limit come in; older ones, those of tomorrow and those that do not
    say when they were made do not."""
    day, now = 86400, int(time.time())
    stamp = lambda when: b"\x01" + struct.pack(">Q", when)  # noqa: E731
    server_key = bench.keys.crypt_v2("adit", "stock").server
    with TwoEnds(bench.folder / "ends", bench.keys, "adit", "stock") as ends:
        ends.start_server(f"tls-crypt-v2 {server_key}", "tls-crypt-v2-max-age 3")
        for name, metadata, says in (
            ("old", stamp(now - 4 * day), "the client's key was made at .*; 3 days are allowed"),
            ("late", stamp(now + day), "the client's key was made at"),
            ("words", b"\x00words", "the client's key does not say when it was made"),
        ):
            mark = ends.server.mark()
            key = ends.host.write(f"{name}.key", client_key(server_key, metadata))
            ends.start_client(f"tls-crypt-v2 {key}")
            ends.server.wait_for(f"tls-crypt-v2-max-age: {says}", since=mark)
            ends.client.stop()
            check(not ends.client.matches("VERIFY OK"), f"{name}: a handshake went on")
        key = ends.host.write("young.key", client_key(server_key, stamp(now - 2 * day)))
        ends.start_client(f"tls-crypt-v2 {key}").wait_for(COMPLETED)


def other_username(bench: Bench) -> None:
    """The name that a client's file gives it: in the status, for its token, and when keys are renewed."""
    with TwoEnds(bench.folder / "ends", bench.keys, "adit", "stock") as ends:
        folder = ends.folder
        verify = ends.host.write("verify.sh", "#!/bin/sh\nexit 0\n", 0o700)
        (folder / "ccd").mkdir()
        (folder / "ccd" / "client1").write_text("override-username boss\n")
        login = ends.host.write("login", "ann\nsecret\n")
        ends.start_server(
            "script-security 2", f"auth-user-pass-verify {verify} via-file", "client-config-dir ccd",
            "auth-gen-token 100 6", "hand-window 3", "reneg-sec 5", "status users.txt 1",
            "status-version 2",
        )
        ends.start_client(f"auth-user-pass {login}", "auth-nocache").wait_for(COMPLETED)

        def shown() -> str:
            text = read_whole(folder / "users.txt")
            row = parse_status(text).client("client1") if text else None
            return row["Username"] if row else ""

        until(lambda: shown() == "boss", 5, "the status shows the other name")
        ends.server.wait_for("TLS: Username/auth-token authentication succeeded for username 'boss'", 15)
        check(not ends.server.matches("is not who it was"), ends.server.tail())


CASES = (
    Case("verify_hash", verify_hash),
    Case("route_delay", route_delay),
    Case("up_delay", up_delay),
    Case("persisted", persisted),
    Case("self_test", self_test),
    Case("max_age", max_age),
    Case("other_username", other_username),
)

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
