"""Certificates, their fingerprints, PKCS#12 and none at all: cases of login.py."""

from __future__ import annotations

import base64
import re

from keys import call, fingerprint
from login_parts import AUTH_LINES, answer_need, asked, credentials, script
from runner import Bench
from tunnel import COMPLETED
from two_ends import Said, TwoEnds, compare_pairs, said


def without_certificate(bench: Bench) -> None:
    """verify-client-cert, and the user name in the certificate's place."""

    def talk(ends: TwoEnds) -> Said:
        told = {}
        for policy in ("none", "optional"):
            lines = (f"verify-client-cert {policy}", "username-as-common-name")
            ends.start_server(*script(ends), *lines)
            ends.start_client(credentials(ends), without=("cert", "key"))
            ends.client.wait_for(COMPLETED)
            ends.client.stop()
            told[policy] = said(ends.server, *AUTH_LINES, "Peer Connection")
            ends.server.stop()
        ends.start_server(*script(ends))
        ends.start_client(credentials(ends), without=("cert", "key"))
        ends.server.wait_for("TLS Error: TLS handshake failed")
        told["require"] = said(ends.server, "TLS Error: TLS handshake", "SIGUSR1")
        return told

    compare_pairs(bench, talk)


def name_too_long(bench: Bench) -> None:
    """A user name that is to be the common name has a limit."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends), "username-as-common-name")
        ends.start_client(credentials(ends, "a" * 65)).wait_for("AUTH_FAILED")
        return {"server": said(ends.server, "TLS Auth Error")}

    compare_pairs(bench, talk)


def fingerprint_of(ends: TwoEnds, name: str) -> str:
    return fingerprint(ends.keys.identity("openssl", name).cert)


def fingerprints(bench: Bench) -> None:
    """peer-fingerprint alone says whom to trust, at both ends."""

    def talk(ends: TwoEnds) -> Said:
        block = f"<peer-fingerprint>\n# the only one\n{fingerprint_of(ends, 'client1')}\n"
        ends.start_server(f"{block}</peer-fingerprint>", without=("ca",))
        trust = f"peer-fingerprint {fingerprint_of(ends, 'server')}"
        ends.start_client(trust, without=("ca",))
        ends.client.wait_for(COMPLETED)
        ends.client.stop()
        ends.start_client(trust, without=("ca",), name="client2")
        ends.server.wait_for("TLS Error: TLS handshake failed")
        refused = said(ends.server, "VERIFY ERROR")
        ends.client.stop()
        stranger = ends.start_client(
            f"peer-fingerprint {fingerprint_of(ends, 'client2')}", without=("ca",)
        )
        stranger.wait_for("TLS Error: TLS handshake failed")
        return {"server": refused, "client": said(stranger, "VERIFY ERROR")}

    compare_pairs(bench, talk)


def name_by_another_field(bench: Bench) -> None:
    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends), "x509-username-field serialNumber")
        ends.start_client(credentials(ends))
        ends.client.wait_for(COMPLETED)
        return {"names": [call["common_name"] for call in asked(ends)]}

    compare_pairs(bench, talk)


# ---- PKCS#12 ----


def bundle(
    ends: TwoEnds, *how: str, file: str = "me", password: str = "pw", who: str = "client1"
) -> str:
    """Certificate, key and authority in one file; its name."""
    identity = ends.keys.identity("openssl", who)
    path = ends.folder / f"{file}.p12"
    words = ("openssl", "pkcs12", "-export", *how, "-in", identity.cert, "-inkey", identity.key)
    call(*words, "-certfile", identity.ca, "-passout", f"pass:{password}", "-out", path)
    return path.name


NOTHING = ("ca", "cert", "key")


def pkcs12(bench: Bench) -> None:
    """A file or a block, a passphrase from the terminal or a file, whose authority is whose."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server()
        name = bundle(ends)
        ends.start_client(f"pkcs12 {name}", without=NOTHING)
        ends.terminal.answer("Enter Private Key Password:", "pw", hidden=True)
        ends.client.wait_for(COMPLETED)
        ends.client.stop()
        text = base64.encodebytes((ends.folder / name).read_bytes()).decode()
        ends.host.write("pw", "pw\n")
        block = f"<pkcs12>\n{text}</pkcs12>"
        ends.start_client(block, "askpass pw", without=("cert", "key")).wait_for(COMPLETED)
        ends.client.stop()
        open_one = bundle(ends, file="open", password="")
        ends.start_client(f"pkcs12 {open_one}", without=NOTHING).wait_for(COMPLETED)
        ends.client.stop()
        ends.server.stop()
        told = said(ends.server, r"\[client1\] Peer Connection")
        name = bundle(ends, file="server", who="server")
        ends.start_server(f"pkcs12 {name}", "askpass pw", without=NOTHING)
        ends.start_client(f"pkcs12 {open_one}", without=NOTHING).wait_for(COMPLETED)
        return {"server": told}

    compare_pairs(bench, talk)


def pkcs12_wrong(bench: Bench) -> None:
    """A wrong passphrase, from a file and from a manager; a file of old; options that do not go
    together."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server()
        name = bundle(ends)
        ends.host.write("wrong", "no\n")
        status = ends.start_client(f"pkcs12 {name}", "askpass wrong", without=NOTHING).wait()
        told = {"wrong": [f"exit {status}"]}
        lines = ("management c.sock unix", "management-query-passwords", "auth-retry interact")
        ends.start_client(f"pkcs12 {name}", *lines, without=NOTHING)
        with ends.manager("c.sock") as manager:
            told["need"] = [answer_need(manager, "Private Key", "no")]
            told["again"] = [answer_need(manager, "Private Key", "pw")]
            ends.client.wait_for(COMPLETED)
        ends.client.stop()
        ends.host.write("pw", "pw\n")
        old = f"pkcs12 {bundle(ends, '-legacy', file='old')}"
        told["old"] = [str(ends.start_client(old, "askpass pw", without=NOTHING).wait())]
        providers = "providers legacy default"
        ends.start_client(providers, old, "askpass pw", without=NOTHING).wait_for(COMPLETED)
        ends.client.stop()
        both = ends.start_client(old, without=("key",))
        told["both"] = [f"exit {both.wait()}", *re.findall("Parameter --.*specified", both.text())]
        return told

    compare_pairs(bench, talk)


RUNS = (
    without_certificate,
    name_too_long,
    fingerprints,
    name_by_another_field,
    pkcs12,
    pkcs12_wrong,
)
