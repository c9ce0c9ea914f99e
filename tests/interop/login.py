#!/usr/bin/env python3
"""Who may come in: passwords, tokens in their place, questions of the server, certificates.

Every dialogue runs with two stock programs, with adit as the client and with adit as the server;
what is logged, asked and told must be the same.
"""

from __future__ import annotations

import base64
import re
import signal
import sys

from keys import call
from lab import STOCK, check, until
from manager import Manager
from runner import Bench, Case, main
from tunnel import COMPLETED
from two_ends import PAIRS, Said, TwoEnds, compare_pairs, masked, said

AUTH_LINES = (r"TLS: Username/", r"TLS (Auth )?Error: Auth Username", r"--auth-gen-token: ")
REFUSALS = (r"AUTH: Received control message", r"SIG(TERM|USR1)\[soft,auth")
ASKED = """#!/bin/sh
{ for name in common_name username session_id session_state; do
    eval "[ -n \\"\\${$name+x}\\" ] && echo $name=\\$$name"
done; echo "password=$password"; echo; } >>asked.txt
case "$password" in
secret|SESS_ID_AT_*|SCRV1:*|"") exit 0 ;;
esac
exit 1
"""


def script(ends: TwoEnds) -> tuple[str, ...]:
    """Lines for a server that asks a script, which writes down what it is told."""
    path = ends.host.write("asked.sh", ASKED, 0o755)
    return ("script-security 3", f"auth-user-pass-verify {path} via-env")


def asked(ends: TwoEnds) -> list[dict[str, str]]:
    """What the script was told, call by call."""
    path = ends.folder / "asked.txt"
    calls = path.read_text().strip().split("\n\n") if path.exists() else []
    return [dict(line.split("=", 1) for line in one.splitlines()) for one in calls]


def credentials(ends: TwoEnds, name: str = "ann", password: str = "secret") -> str:
    path = ends.host.write("login", f"{name}\n{password}\n")
    return f"auth-user-pass {path}"


def token_of(line: str) -> str:
    found = re.search(r",(auth-token[^,']*)", line)
    return found[1] if found else ""


# ---- tokens ----


def tokens(bench: Bench) -> None:
    """The first login asks the script; new keys are agreed on with the token alone."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends), "auth-gen-token 0 20", "hand-window 10", "reneg-sec 3 3")
        ends.start_client(credentials(ends), "reneg-sec 0", "auth-nocache")
        ends.client.wait_for(COMPLETED)
        known = r"Username/auth-token authentication succeeded"
        ends.server.wait_for(known, count=2)
        sent = ends.server.wait_for("SENT CONTROL.*'PUSH_REPLY,auth-token")
        calls = asked(ends)
        check(len(calls) == 1 and "session_id" in calls[0], f"the script was asked: {calls}")
        pushed = ends.client.matches("PUSH: Received control message")[0]
        first = ends.server.matches("SENT CONTROL")[0]
        return {
            "server": said(ends.server, r"Using random.*key", *AUTH_LINES)[:4],
            "states": [call["session_state"] for call in calls],
            "tokens": [token_of(line) for line in (pushed, first, sent)],
        }

    compare_pairs(bench, talk)


def token_expires(bench: Bench) -> None:
    """At the end of its life the client is told so, and comes back with its password."""

    def talk(ends: TwoEnds) -> Said:
        lines = ("auth-gen-token 1 10", "hand-window 5", "reneg-sec 3 3")
        ends.start_server(*script(ends), *lines)
        ends.start_client(credentials(ends), "reneg-sec 0", "management c.sock unix")
        with ends.manager("c.sock") as manager:
            failed = manager.expect("^>PASSWORD:Verification Failed", 15)
        ends.client.wait_for(COMPLETED, count=2)
        mask = [re.sub(r"^\S+ ", "", line) for line in said(ends.server, *AUTH_LINES)[:4]]
        return {
            "server": mask,
            "client": said(ends.client, *REFUSALS)[:2],
            "manager": [failed],
            "passwords": [call["password"] for call in asked(ends)],
        }

    compare_pairs(bench, talk)


def external_auth(bench: Bench) -> None:
    """The script is asked about tokens, too, and told whether they are good."""

    def talk(ends: TwoEnds) -> Said:
        lines = ("auth-gen-token 4 10 external-auth", "hand-window 5", "reneg-sec 3 3")
        ends.start_server(*script(ends), *lines)
        ends.start_client(credentials(ends), "reneg-sec 0")
        until(lambda: len(asked(ends)) >= 3, 15, "the script is asked three times")
        calls = asked(ends)[:3]
        check(len({call["session_id"] for call in calls}) == 1, f"several sessions: {calls}")
        return {
            "states": [call["session_state"] for call in calls],
            "names": [f"{call['common_name']} {call['username']}" for call in calls],
            "passwords": [masked(call["password"]) for call in calls],
        }

    compare_pairs(bench, talk)


def renewed_by_the_clock(bench: Bench) -> None:
    """A token that is renewed more often than keys are."""

    def talk(ends: TwoEnds) -> Said:
        lines = ("auth-gen-token 0 2", "hand-window 1", "reneg-sec 600")
        ends.start_server(*script(ends), *lines)
        ends.start_client(credentials(ends), "management c.sock unix", "management-hold")
        with ends.manager("c.sock") as manager:
            manager.send("hold release")
            first = manager.expect("^>PASSWORD:Auth-Token:")
            ends.server.wait_for("SENT CONTROL.*'PUSH_REPLY,auth-token", count=2)
        return {"manager": [masked(first)], "asked": [str(len(asked(ends)))]}

    compare_pairs(bench, talk)


def token_of_the_other(bench: Bench) -> None:
    """With one secret, a token that one program made lets its owner in at the other."""
    for first, second in PAIRS:
        with TwoEnds(bench.folder / first, bench.keys, first, "stock") as ends:
            call(STOCK, "--genkey", "auth-token", ends.folder / "token.key")
            lines = (*script(ends), "auth-gen-token", "auth-gen-token-secret token.key")
            lines += ("explicit-exit-notify 1",)
            ends.start_server(*lines)
            ends.start_client(credentials(ends))
            ends.client.wait_for(COMPLETED)
            ends.server.stop()
            ends.programs = (second, "stock")
            ends.start_server(*lines)
            ends.client.wait_for(COMPLETED, count=2)
            ends.server.wait_for("Username/auth-token authentication succeeded for username 'ann'")
            check(len(asked(ends)) == 1, f"{second} asked for the password: {asked(ends)}")


# ---- passwords ----


def refused(bench: Bench) -> None:
    """A wrong password, and what auth-retry makes of it."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends))
        lost = ends.start_client(credentials(ends, password="guess"))
        status = lost.wait()
        again = ends.start_client("auth-user-pass", "auth-retry interact")
        ends.terminal.log_in("ann", "guess")
        ends.terminal.log_in("ann", "secret")
        again.wait_for(COMPLETED)
        return {
            "lost": [f"exit {status}", *said(lost, *REFUSALS)],
            "again": said(again, *REFUSALS),
            "server": said(ends.server, *AUTH_LINES, "Delayed exit"),
            "passwords": [call["password"] for call in asked(ends)],
        }

    compare_pairs(bench, talk)


def refused_patiently(bench: Bench) -> None:
    """auth-retry nointeract tries the same again, but not at once."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends))
        lines = ("auth-retry nointeract", "connect-retry 1 2")
        ends.start_client(credentials(ends, password="guess"), *lines)
        ends.client.wait_for("AUTH: Received", 15, count=2)
        return {"client": said(ends.client, *REFUSALS, "Restart pause")[:3]}

    compare_pairs(bench, talk)


def sources(bench: Bench) -> None:
    """The password stands in a block, or is asked for where the file has only the name."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends))
        ends.start_client("<auth-user-pass>\nann\nsecret\n</auth-user-pass>").wait_for(COMPLETED)
        ends.client.stop()
        ends.start_client(f"auth-user-pass {ends.host.write('name', 'bob')}")
        ends.terminal.answer("Enter Auth Password:", "secret", hidden=True)
        ends.client.wait_for(COMPLETED)
        return {"asked": [f"{call['username']} {call['password']}" for call in asked(ends)]}

    compare_pairs(bench, talk)


def static_challenge(bench: Bench) -> None:
    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends))
        ends.start_client("auth-user-pass", 'static-challenge "Enter PIN" 1')
        ends.terminal.log_in("ann", "secret")
        ends.terminal.answer("CHALLENGE: Enter PIN", "1234")
        ends.client.wait_for(COMPLETED)
        return {"passwords": [call["password"] for call in asked(ends)]}

    compare_pairs(bench, talk)


def asked_back(bench: Bench) -> None:
    """CRV1: the question is put on the terminal, even where the password stands in a file; then the
    server lets wait and names a page."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server("management s.sock unix", "management-client-auth")
        with ends.manager("s.sock") as manager:
            ends.start_client(credentials(ends), "auth-retry interact")
            manager.expect("^>CLIENT:CONNECT,0,1")
            manager.collect("^>CLIENT:ENV,END")
            manager.order('client-deny 0 1 "asks" "CRV1:R,E:ID7:YW5u:Token: which?"')
            ends.terminal.answer("CHALLENGE: Token: which?", "4711")
            manager.expect("^>CLIENT:CONNECT,1,1")
            told = manager.collect("^>CLIENT:ENV,END")
            manager.order("client-pending-auth 1 1 WEB_AUTH::https://sso.test 20")
            ends.client.wait_for("Info command was pushed")
            manager.order("client-auth-nt 1 1")
            ends.client.wait_for(COMPLETED)
        answers = [line for line in told if re.search("ENV,(username|password)=", line)]
        told_to_wait = said(ends.client, *REFUSALS, "AUTH_PENDING", "Info command")
        sent = said(ends.server, "SENT CONTROL.*(AUTH_PENDING|INFO_PRE)")
        sent = [line.removeprefix("ADDRESS ") for line in sent]
        return {"client": told_to_wait, "answer": answers, "sent": sent}

    compare_pairs(bench, talk)


def asked_back_in_vain(bench: Bench) -> None:
    """Without auth-retry interact nobody is asked."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server("management s.sock unix", "management-client-auth")
        with ends.manager("s.sock") as manager:
            ends.start_client(credentials(ends))
            manager.expect("^>CLIENT:CONNECT,0,1")
            manager.order('client-deny 0 1 "asks" "CRV1:R,E:ID7:YW5u:Which?"')
            status = ends.client.wait()
        return {"client": [f"exit {status}", *said(ends.client, *REFUSALS)]}

    compare_pairs(bench, talk)


def not_now(bench: Bench) -> None:
    """AUTH_FAILED,TEMP: the client comes back when it was told to."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server("management s.sock unix", "management-client-auth")
        lines = ("management c.sock unix", "management-hold")
        ends.start_client(credentials(ends), *lines)
        with ends.manager("s.sock") as above, ends.manager("c.sock") as below:
            below.ask("state on", "hold off")
            below.send("hold release")
            above.expect("^>CLIENT:CONNECT,0,1")
            above.order('client-deny 0 1 "busy" "TEMP[backoff 3,advance no]:busy now"')
            failed = below.expect("^>PASSWORD:Verification Failed")
            state = re.sub(r":\d+,", ":TIME,", below.expect("^>STATE:.*RECONNECTING"))
            above.expect("^>CLIENT:CONNECT,1,1", 10)
        pause = said(ends.client, *REFUSALS, "Restart pause")
        return {"failed": [failed], "state": [state], "client": pause}

    compare_pairs(bench, talk)


def forgotten(bench: Bench) -> None:
    """auth-nocache: new keys and a restart ask for the password once more."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends), "reneg-sec 3 3")
        ends.start_client("auth-user-pass", "auth-nocache", "reneg-sec 0")
        ends.terminal.log_in("ann", "secret")
        ends.client.wait_for(COMPLETED)
        ends.terminal.log_in("ann", "secret")
        until(lambda: len(asked(ends)) == 2, 5, "the password comes again")
        ends.client.send_signal(signal.SIGUSR1)
        ends.terminal.log_in("ann", "secret")
        ends.client.wait_for(COMPLETED, count=2)
        return {"passwords": [call["password"] for call in asked(ends)[:3]]}

    compare_pairs(bench, talk)


def sent_away(bench: Bench) -> None:
    """RESTART with a text has the password asked for again, unless its flags say otherwise."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server("management s.sock unix", "management-client-auth")
        passwords = []
        with ends.manager("s.sock") as manager:
            ends.start_client("auth-user-pass")
            ends.terminal.log_in("ann", "secret")
            for number, message in enumerate(("RESTART,[P]once more", "RESTART,and again", "")):
                manager.expect(f"^>CLIENT:CONNECT,{number},1")
                passwords += [
                    line.split("=")[1]
                    for line in manager.collect("^>CLIENT:ENV,END")
                    if "ENV,password=" in line
                ]
                manager.order(f"client-auth-nt {number} 1")
                ends.client.wait_for(COMPLETED, count=number + 1)
                if message:
                    manager.order(f'client-kill {number} "{message}"')
                if number == 1:
                    ends.terminal.log_in("ann", "other")
        return {"passwords": passwords}

    compare_pairs(bench, talk)


def forgotten_by_a_managed_client(bench: Bench) -> None:
    """While the manager thinks about the password for new keys, the tunnel goes on."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends), "reneg-sec 3 3")
        lines = ("management c.sock unix", "management-query-passwords", "reneg-sec 0")
        ends.start_client("auth-user-pass", "auth-nocache", *lines)
        needs = []
        with ends.manager("c.sock") as manager:
            for _ in range(2):
                needs.append(answer_need(manager, "Auth"))
            until(lambda: len(asked(ends)) == 2, 5, "the password comes again")
        return {"needs": needs}

    compare_pairs(bench, talk)


def answer_need(manager: Manager, kind: str, password: str = "secret") -> str:
    need = manager.expect("^>PASSWORD:Need", 15)
    if kind == "Auth":
        manager.order('username "Auth" "ann"')
    manager.order(f'password "{kind}" "{password}"')
    return need


def optional_password(bench: Bench) -> None:
    """auth-user-pass-optional lets in who brings a certificate; without it nobody gets in so."""

    def talk(ends: TwoEnds) -> Said:
        ends.start_server(*script(ends), "auth-user-pass-optional")
        ends.start_client()
        ends.client.wait_for(COMPLETED)
        ends.client.stop()
        ends.server.stop()
        ends.start_server(*script(ends))
        ends.start_client()
        return {"missing": [ends.server.wait_for("was not provided by peer").split(" ", 3)[3]]}

    compare_pairs(bench, talk)


# ---- certificates ----


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


def fingerprint(ends: TwoEnds, name: str) -> str:
    cert = ends.keys.identity("openssl", name).cert
    words = ("openssl", "x509", "-noout", "-sha256", "-fingerprint", "-in", cert)
    return call(*words).strip().split("=")[1]


def fingerprints(bench: Bench) -> None:
    """peer-fingerprint alone says whom to trust, at both ends."""

    def talk(ends: TwoEnds) -> Said:
        block = f"<peer-fingerprint>\n# the only one\n{fingerprint(ends, 'client1')}\n"
        ends.start_server(f"{block}</peer-fingerprint>", without=("ca",))
        trust = f"peer-fingerprint {fingerprint(ends, 'server')}"
        ends.start_client(trust, without=("ca",))
        ends.client.wait_for(COMPLETED)
        ends.client.stop()
        ends.start_client(trust, without=("ca",), name="client2")
        ends.server.wait_for("TLS Error: TLS handshake failed")
        refused = said(ends.server, "VERIFY ERROR")
        ends.client.stop()
        stranger = ends.start_client(
            f"peer-fingerprint {fingerprint(ends, 'client2')}", without=("ca",)
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
    tokens,
    token_expires,
    external_auth,
    renewed_by_the_clock,
    token_of_the_other,
    refused,
    refused_patiently,
    sources,
    static_challenge,
    asked_back,
    asked_back_in_vain,
    not_now,
    forgotten,
    sent_away,
    forgotten_by_a_managed_client,
    optional_password,
    without_certificate,
    name_too_long,
    fingerprints,
    name_by_another_field,
    pkcs12,
    pkcs12_wrong,
)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
