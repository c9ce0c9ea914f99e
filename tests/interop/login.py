#!/usr/bin/env python3
"""Who may come in: passwords, tokens in their place, questions of the server, certificates.

Here are passwords and questions; login_tokens.py and login_certificates.py have the rest. Every
dialogue runs with two stock programs, with adit as the client and with adit as the server; what is
logged, asked and told must be the same.
"""

from __future__ import annotations

import re
import signal
import sys

import login_certificates
import login_tokens
from lab import until
from login_parts import AUTH_LINES, REFUSALS, answer_need, asked, credentials, script
from runner import Bench, Case, main
from tunnel import COMPLETED
from two_ends import Said, TwoEnds, compare_pairs, said


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


RUNS = (
    *login_tokens.RUNS,
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
    *login_certificates.RUNS,
)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
