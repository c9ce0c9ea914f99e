"""Tokens in place of passwords, and their end: cases of login.py."""

from __future__ import annotations

import re

from keys import call
from lab import STOCK, check, until
from login_parts import AUTH_LINES, REFUSALS, asked, credentials, script
from runner import Bench
from tunnel import COMPLETED
from two_ends import PAIRS, Said, TwoEnds, compare_pairs, masked, said


def token_of(line: str) -> str:
    found = re.search(r",(auth-token[^,']*)", line)
    return found[1] if found else ""


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
        lines = ("auth-gen-token 0 6", "hand-window 3", "reneg-sec 600")
        ends.start_server(*script(ends), *lines)
        ends.start_client(credentials(ends), "management c.sock unix", "management-hold")
        with ends.manager("c.sock") as manager:
            manager.send("hold release")
            first = manager.expect("^>PASSWORD:Auth-Token:")
            ends.server.wait_for("SENT CONTROL.*'PUSH_REPLY,auth-token", 30, count=2)
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


RUNS = (tokens, token_expires, external_auth, renewed_by_the_clock, token_of_the_other)
