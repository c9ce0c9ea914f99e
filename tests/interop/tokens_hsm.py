#!/usr/bin/env python3
"""Keys on PKCS#11 tokens (SoftHSM): the same ids, dialogues and complaints with stock and with adit,
and connections to a stock server with RSA and EC keys.
"""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

from key_holders import connection, release
from keys import call
from lab import STOCK, Process, check
from manager import SOCKET, Manager, compare_dialogues
from plugins_probe import compile_library
from runner import Bench, Case, main
from terminals import talk
from tunnel import COMPLETED, PROGRAMS

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL, PIN = "my token", "1234"
OBJECTS = {"openssl": "01", "adit": "02"}  # authority: its client's key, RSA and EC
NO_LIBRARY = """
unsigned long pkcs11h_initialize(void) { return 5; }
unsigned long pkcs11h_logout(void) { return 0; }
unsigned long pkcs11h_terminate(void) { return 0; }
"""
STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", re.MULTILINE)


def make_token(bench: Bench, label: str = LABEL) -> str:
    """A token with both keys and their certificates; how an id of it begins."""
    home = bench.folder / "tokens"
    home.mkdir(exist_ok=True)
    conf = bench.folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {home}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    pins = ("--pin", PIN, "--so-pin", "567890")
    call("softhsm2-util", "--init-token", "--free", "--label", label, *pins)
    for authority, number in OBJECTS.items():
        who = bench.keys.identity(authority, "client1")
        key, cert = bench.folder / f"{number}.p8", bench.folder / f"{number}.der"
        call("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", who.key, "-out", key)
        call("openssl", "x509", "-in", who.cert, "-outform", "der", "-out", cert)
        named = ("--label", authority, "--id", number)
        call("softhsm2-util", "--import", key, "--token", label, "--pin", PIN, *named)
        write = ("--write-object", cert, "--type", "cert", "--token-label", label)
        call("pkcs11-tool", "--module", MODULE, "--login", "--pin", PIN, *write, *named)
    listed = call(STOCK, "--show-pkcs11-ids", MODULE)
    ids = re.findall(r"Serialized id:\s+(\S+)/\d+$", listed, re.MULTILINE)
    check(len(ids) >= len(OBJECTS), f"the token is not listed: {listed}")
    return next(one for one in ids if label.replace(" ", "\\x20") in one)


def token_lines(wanted: str, *lines: str) -> tuple[str, ...]:
    return (
        f"pkcs11-providers {MODULE}",
        *([f"pkcs11-id '{wanted}'"] if wanted else []),
        "management-query-passwords",
        *lines,
    )


def give_pin(manager: Manager, pin: str = PIN) -> list[str]:
    return [manager.expect("^>PASSWORD:Need"), *manager.order(f'password "{LABEL} token" {pin}')]


def comes_up(bench: Bench, authority: str, *lines: str) -> None:
    home = make_token(bench)

    def dialogue(program: str) -> dict[str, list[str]]:
        wanted = token_lines(f"{home}/{OBJECTS[authority]}", *lines)
        with connection(bench, program, *wanted, authority=authority) as (client, server):
            with Manager(SOCKET) as manager:
                release(manager)
                said = give_pin(manager)
                client.wait_for(COMPLETED)
                server.wait_for("Peer Connection Initiated")
                later = manager.ask("pkcs11-id-get 9")
                if program == "adit":
                    manager.ask("state on", "hold off")
                    manager.send("signal SIGUSR1")  # the PIN is known by now
                    manager.expect("^>STATE:.*,CONNECTED", 20)
                return {"said": said, "later": later}

    compare_dialogues(dialogue)


def rsa(bench: Bench) -> None:
    """An RSA key under TLS 1.3, which takes PSS."""
    comes_up(bench, "openssl")


def rsa_tls12(bench: Bench) -> None:
    """The same under TLS 1.2, with everything said that can be said of a module."""
    comes_up(
        bench,
        "openssl",
        "tls-version-max 1.2",
        "pkcs11-private-mode 1",
        "pkcs11-protected-authentication 0",
        "pkcs11-cert-private 0",
        "pkcs11-pin-cache 300",
    )


def ec(bench: Bench) -> None:
    """An EC key; its signature is carried in another form than tokens give it."""
    comes_up(bench, "adit")


def same_list(bench: Bench) -> None:
    """--show-pkcs11-ids: what stock prints, byte for byte; of a module that is none, too."""
    make_token(bench)
    for module in (MODULE, "/nonexistent.so", ""):
        words = ["--show-pkcs11-ids", *([module] if module else [])]
        told = {
            name: STAMP.sub("", call(program, *words, fails=True))
            for name, program in PROGRAMS.items()
        }
        check(told["adit"] == told["stock"], f"{words}:\n{told['adit']}\nstock:\n{told['stock']}")
    check("my\\x20token/01" in call(PROGRAMS["adit"], "--show-pkcs11-ids", MODULE), "it lists none")


def wrong_pin(bench: Bench) -> None:
    """Asked for three times; then the handshake has failed, and the next one asks again."""
    home = make_token(bench)

    def dialogue(program: str) -> dict[str, list[str]]:
        with connection(bench, program, *token_lines(f"{home}/02"), authority="adit") as (client, _):
            with Manager(SOCKET) as manager:
                manager.ask("state on")
                release(manager)
                said = [line for _ in range(3) for line in give_pin(manager, "9999")]
                manager.expect("^>STATE:.*,RECONNECTING,tls-error")
                said.append(manager.expect("^>HOLD"))
                if program == "adit":  # a stock client meets its own server's restart here
                    manager.send("hold release")
                    give_pin(manager)
                    client.wait_for(COMPLETED, 30)
                return {"said": said}

    compare_dialogues(dialogue)


def missing_token(bench: Bench) -> None:
    """A token that is not there is asked for; without it the program ends."""
    home = make_token(bench)
    elsewhere = home.replace("my\\x20token", "other\\x20token")

    def dialogue(program: str) -> dict[str, list[str]]:
        lines = token_lines(f"{elsewhere}/01")
        with connection(bench, program, *lines) as (client, _), Manager(SOCKET) as manager:
            release(manager)
            said = [manager.expect("^>NEED-OK")]
            said += manager.order('needok "token-insertion-request" ok')
            said.append(manager.expect("^>NEED-OK"))
            manager.send('needok "token-insertion-request" cancel')
            check(client.wait() == 1, f"{program} does not end")
            lost = client.wait_for(r'Cannot load certificate ".*/01" using PKCS#11 interface')
            check("Unable get x509 certificate object" in client.text(), lost)
            return {"said": said}

    compare_dialogues(dialogue)


def asked_id(bench: Bench) -> None:
    """pkcs11-id-management: the manager lists the ids, and names one; what is none is refused."""
    home = make_token(bench)

    def dialogue(program: str) -> dict[str, list[str]]:
        lines = token_lines("", "pkcs11-id-management")
        said: dict[str, list[str]] = {}
        with connection(bench, program, *lines) as (client, _), Manager(SOCKET) as manager:
            release(manager)
            said["asked"] = [manager.expect("^>NEED-STR")]
            for command in ("pkcs11-id-count", "pkcs11-id-get 0", "pkcs11-id-get 1"):
                said[command] = manager.ask(command)
            said["none"] = manager.ask("pkcs11-id-get 7", "pkcs11-id-get", "needok a ok")
            said["given"] = manager.order(f"needstr pkcs11-id-request '{home}/01'")
            said["pin"] = give_pin(manager)
            client.wait_for(COMPLETED)
        with connection(bench, program, *lines) as (client, _), Manager(SOCKET) as manager:
            release(manager)
            manager.expect("^>NEED-STR")
            said["nonsense"] = manager.order("needstr pkcs11-id-request nonsense")
            check(client.wait() == 1, f"{program} does not end")
            client.wait_for('Cannot load certificate ".*" using PKCS#11 interface')
        return said

    compare_dialogues(dialogue)


def asked_meanwhile(bench: Bench) -> None:
    """A manager that wants the list while it owes a PIN: the list is empty, nothing stands still."""
    home = make_token(bench)
    with connection(bench, "adit", *token_lines(f"{home}/01")) as (client, _):
        with Manager(SOCKET) as manager:
            release(manager)
            manager.expect("^>PASSWORD:Need")
            listed = manager.ask("pkcs11-id-count", "pkcs11-id-get 0")
            check(listed == [">PKCS11ID-COUNT:0", ">PKCS11ID-ENTRY:'0'"], f"the list: {listed}")
            manager.order(f'password "{LABEL} token" {PIN}')
            client.wait_for(COMPLETED)
            listed = manager.ask("pkcs11-id-count")
            check(listed == [">PKCS11ID-COUNT:2"], f"the list afterwards: {listed}")


def bad_ids(bench: Bench) -> None:
    """Ids that would stop the process within the library are refused like others."""
    home = make_token(bench)
    for wanted in ("", "x", "x/x/x/x/x", "a/b/c/d/", f"{home}/0", f"{home}/zz", "pkcs11:", "pkcs11:id=",
                   "pkcs11:token=x;id=%", "\\x/1/2/3/01", "/" * 200):
        with connection(bench, "adit", *token_lines("", "pkcs11-id-management")) as (client, _):
            with Manager(SOCKET) as manager:
                release(manager)
                manager.expect("^>NEED-STR")
                manager.send(f"needstr pkcs11-id-request '{wanted}'")
                until_end(client, manager, wanted)


def until_end(client: Process, manager: Manager, wanted: str) -> None:
    """It ends with a line, whatever it may ask before."""
    while not manager.closed(0.2):
        if any(line.startswith(">NEED-OK") for line in manager.lines):
            manager.lines.clear()
            manager.send('needok "token-insertion-request" cancel')
    check(client.wait() == 1, f"{wanted!r}: {client.tail()}")
    check("Cannot load certificate" in client.text(), f"{wanted!r}: {client.tail()}")


def no_library(bench: Bench) -> None:
    """A library of tokens that does not begin: the program fails, also where a manager listens."""
    source, library = bench.folder / "none.c", bench.folder / "none.so"
    source.write_text(NO_LIBRARY)
    compile_library(library, source)
    who = bench.keys.identity("adit", "client1")
    start = ("--dev", "null", "--tls-client", "--remote", "127.0.0.1", "--ca", who.ca)
    token = ("--pkcs11-providers", MODULE, "--pkcs11-id", "a/b/c/d/01")
    env = os.environ | {"LD_PRELOAD": str(library)}
    for manager in ((), ("--management", bench.folder / SOCKET, "unix")):
        for program in PROGRAMS.values():
            words = [str(word) for word in (program, *start, *token, *manager)]
            done = subprocess.run(words, capture_output=True, text=True, timeout=20, env=env)
            check(done.returncode == 1, f"{words}: {done.returncode}\n{done.stdout}")
            check("PKCS#11: Cannot initialize" in done.stdout, f"{words}:\n{done.stdout}")
            check("Exiting due to fatal error" in done.stdout, f"{words}:\n{done.stdout}")


def at_terminal(answers: dict[str, str], *words: object) -> str:
    """What a program shows on a terminal until it ends; answers: to its prompts, as they come."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(str(words[0]), [str(word) for word in words])
    try:
        said = talk(terminal, answers, None)
    finally:
        os.kill(pid, signal.SIGKILL)  # if it has not ended
        os.waitpid(pid, 0)
        os.close(terminal)
    return re.sub(STAMP, "", said.replace("\r\n", "\n"))


def terminal(bench: Bench) -> None:
    """Without a manager the terminal is asked for PINs and tokens, with stock's words."""
    home = make_token(bench)
    who = bench.keys.identity("adit", "client1")
    start = ("--dev", "null", "--tls-client", "--remote", "127.0.0.1", "--ca", who.ca)
    elsewhere = f"{home}/01".replace("my\\x20token", "other\\x20token")
    prompts = {
        "Please enter 'my token' token PIN or 'cancel': ": ("--show-pkcs11-ids", MODULE, "1"),
        "NEED-OK|token-insertion-request|Please insert other token token:": (
            *start,
            *("--pkcs11-providers", MODULE, "--pkcs11-id", elsewhere),
        ),
    }
    for program in PROGRAMS.values():
        for prompt, words in prompts.items():
            answer = PIN if "PIN" in prompt else "cancel"
            said = at_terminal({prompt: answer}, program, *words)
            check(prompt in said, f"{program} asks otherwise: {said}")
            check(PIN not in said, f"{program} shows the PIN")
            wanted = "Serialized id:" if "PIN" in prompt else "Cannot load certificate"
            check(wanted in said, f"{program}: {said}")


def contradictions(bench: Bench) -> None:
    """What cannot stand beside each other: stock's words."""
    who = bench.keys.identity("adit", "client1")
    start = ("--dev", "tun", "--tls-client", "--remote", "127.0.0.1", "--ca", who.ca)
    token = ("--pkcs11-providers", MODULE, "--pkcs11-id", "a/b/c/d/01")
    manager = ("--management", "m.sock", "unix")
    for words in (
        ("--pkcs11-providers", MODULE),
        (*token, "--pkcs11-id-management", *manager),
        (*token, "--cert", who.cert),
        (*token, "--key", who.key),
        ("--management-external-key",),
        ("--management-external-key", *manager),
        ("--management-external-key", "foo", "--cert", who.cert, *manager),
        ("--management-external-key", "--cert", who.cert, "--key", who.key, *manager),
        ("--management-external-cert", "x", *manager),
        ("--management-external-key", "--management-external-cert", "x", "--cert", who.cert, *manager),
    ):
        said = {name: call(program, *start, *words, fails=True) for name, program in PROGRAMS.items()}
        wanted = said["stock"].splitlines()[0]
        check(wanted.startswith("Options error: "), f"{words}: stock says {said['stock']}")
        check(wanted.removeprefix("Options error: ") in said["adit"], f"{words}:\n{said['adit']}\n{wanted}")


CASES = [
    Case("rsa", rsa),
    Case("rsa-tls12", rsa_tls12),
    Case("ec", ec),
    Case("same-list", same_list),
    Case("wrong-pin", wrong_pin),
    Case("missing-token", missing_token),
    Case("asked-id", asked_id),
    Case("asked-meanwhile", asked_meanwhile),
    Case("bad-ids", bad_ids),
    Case("no-library", no_library),
    Case("terminal", terminal),
    Case("contradictions", contradictions),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
