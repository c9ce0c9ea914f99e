"""What follows from what a script says, at once or later: cases of scripts.py.

Each answer is given to stock's and to our server (or client), and what becomes of the client, with
the lines that tell of it, is compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from features import credentials
from lab import Lab, Process, ThreeHosts, check, until
from runner import Bench
from script_records import Recorder
from tunnel import COMPLETED, Setup, Tunnel

AUTH = "auth-user-pass-verify"
PENDING = 'printf "30\\nwebauth\\nWEB_AUTH::https://x/y\\n" >"$auth_pending_file"; '
SSO = ("push-peer-info", "setenv IV_SSO webauth,openurl")


def later(what: str) -> str:
    """A child that goes on when the script has ended."""
    return f"( /bin/sleep 0.5; {what} ) >/dev/null 2>&1 &"


def says(word: object) -> str:
    return f'printf {word} >"$auth_control_file"'


@dataclass(frozen=True)
class Answer:
    """status: of the script. fate: how it ends for the client; empty: that is compared alone."""

    hook: str
    status: int = 0
    body: str = ""
    fate: str = COMPLETED
    client: bool = False  # the script is the client's
    level: int = 2
    sso: bool = True
    way: str = "via-file"  # how it is told of the password
    at_server: bool = False  # it is seen there: the client of stock hears nothing for a minute


REFUSED = r"AUTH: Received control message: AUTH_FAILED"
RETRIES = r"SIGUSR1\[soft,tls-error\] received, process restarting"
TURNED_OUT = r"SIGUSR1\[soft,tls-error\] received, client-instance restarting"
REASON = 'echo "account locked" >"$auth_failed_reason_file"; '
CONNECT_LATER = 'echo 2 >"$client_connect_deferred_file"; '
PUSH_LATER = (
    'echo "push \\"route 10.77.0.0 255.255.0.0\\"" >"$client_connect_config_file"; '
    'echo 1 >"$client_connect_deferred_file"'
)
NO_LATER = 'echo 0 >"$client_connect_deferred_file"'

AT_ONCE = {
    "tls-verify says no": Answer("tls-verify", 1, fate=TURNED_OUT, at_server=True),
    "tls-verify says no to the client": Answer(
        "tls-verify", 0, '[ "$1" = 0 ] && exit 3', TURNED_OUT, at_server=True
    ),
    "a wrong password": Answer(AUTH, 1, fate=REFUSED),
    "a wrong password, with a reason": Answer(AUTH, 1, REASON, REFUSED + ",account locked"),
    "another status": Answer(AUTH, 3, fate=REFUSED),
    "a file beside a yes": Answer(AUTH, 0, says(0)),
    "client-connect says no": Answer("client-connect", 1, fate=REFUSED),
    "client-connect knows no 2": Answer("client-connect", 2, fate=REFUSED),
    "client-connect is killed": Answer("client-connect", 0, "kill -9 $$", REFUSED),
    "a file beside a yes of client-connect": Answer("client-connect", 0, NO_LATER),
    "learn-address says no": Answer("learn-address", 1),
    "client-disconnect says no": Answer("client-disconnect", 1),
}
LATER = {
    "yes": Answer(AUTH, 2, later(says(1))),
    "yes at once, in the file": Answer(AUTH, 2, says(1)),
    "no, with a reason": Answer(AUTH, 2, REASON + later(says(0)), REFUSED + ",account locked"),
    "yes, after the user was asked": Answer(AUTH, 2, PENDING + later(says(1))),
    "no client of that kind": Answer(AUTH, 2, PENDING + later(says(1)), REFUSED, sso=False),
    "no pending file": Answer(
        AUTH, 2, 'echo 30 >"$auth_pending_file"; ' + later(says(1)), REFUSED
    ),
    "client-connect, yes": Answer("client-connect", 0, CONNECT_LATER + later(PUSH_LATER)),
    "client-connect, no": Answer("client-connect", 0, CONNECT_LATER + later(NO_LATER), REFUSED),
}
HAS_PASSWORD = '[ "$password" = "se cret" ] || exit 1'
LEVELS = {
    "a password may be a variable": Answer(AUTH, 0, HAS_PASSWORD, level=3, way="via-env"),
    "or may not": Answer(AUTH, 0, HAS_PASSWORD, REFUSED, level=2, way="via-env"),
} | {
    f"{hook}, level {level}": Answer(hook, level=level, fate=fate, at_server=fate == TURNED_OUT)
    for level in (0, 1)
    for hook, fate in (
        ("tls-verify", TURNED_OUT),
        (AUTH, REFUSED),
        ("client-connect", REFUSED),
        ("learn-address", COMPLETED),
    )
}
OF_A_CLIENT = {
    "tls-verify says no": Answer("tls-verify", 1, fate=RETRIES, client=True),
    "up says no": Answer("up", 1, fate=r"WARNING: Failed running command \(--up", client=True),
    "route-up says no": Answer("route-up", 1, client=True),
    "ipchange says no": Answer("ipchange", 1, client=True),
    "route-pre-down says no": Answer("route-pre-down", 1, client=True),
    "down says no": Answer("down", 1, client=True),
    "tls-verify may not run": Answer("tls-verify", level=1, fate=RETRIES, client=True),
    "up may not run at all": Answer(
        "up", level=0, fate=r"disallowed by script-security", client=True
    ),
    "up may not run": Answer("up", level=1, fate=r"disallowed by script-security", client=True),
}

# What is run only then, and what stock calls it.
AT_THE_END = {"route-pre-down": "up/--down", "down": "up/--down"}
AT_THE_END["client-disconnect"] = "client-disconnect"

TOLD = re.compile(
    r"WARNING: (?:Failed running|External program).*|VERIFY SCRIPT.*|TLS CRYPT V2.*"
    r"|TLS: Username/Password authentication.*|TLS Auth Error.*|MULTI: Learn FAILED.*"
    r"|MULTI: deferred.*|auth pending control.*|Client does not.*|AUTH_PENDING.*"
    r"|Info command.*|AUTH: Received.*|SENT CONTROL \[client1\]: '(?:AUTH|INFO_PRE).*"
    r"|TLS Error: TLS handshake failed|TLS Error: can not extract.*"
)
DEFERRED = 2
# Stock says it of passwords that are refused at once; we say it of those that are refused later,
# too: who watches for it wants to know of both.
LATE_LINE = "TLS Auth Error: Auth Username/Password verification failed for peer"
# Deliberate differences in these lines.
DIFFERENT = (
    # The signal is told as well.
    (re.compile(r" \(signal \d+\)"), ""),
    # A reason is one line: what follows its end is not sent.
    (re.compile(r"(AUTH_FAILED,[^'\n]*)(?:$|' \(status=1\)$)"), r"\1"),
    (re.compile(r"\d+\.\d+\.\d+\.\d+:\d+"), "ADDRESS"),
)


def told(end: Process) -> list[str]:
    """What a log says about scripts and their consequences, each line once."""
    found = []
    for line in TOLD.findall(end.text()):
        for pattern, instead in DIFFERENT:
            line = pattern.sub(instead, line)
        if line not in found:
            found.append(line.strip())
    return found


def give(bench: Bench, net: ThreeHosts, program: str, number: int, answer: Answer) -> list[str]:
    """What becomes of it."""
    scripts = Recorder(bench.folder / f"{program}-{number}")
    words = (answer.way,) if answer.hook == AUTH else ()
    lines = [f"script-security {answer.level}"]
    lines.append(scripts.line(answer.hook, *words, body=answer.body, status=answer.status))
    login = credentials(bench.folder, "ann", "se cret")
    client = [login, "connect-retry 5 5", *(SSO if answer.sso else ())]
    server: list[str] = []
    (client if answer.client else server).extend(lines)
    ends = ("stock", program) if answer.client else (program, "stock")
    setup = Setup(*ends, server_extra=tuple(server), client_extra=tuple(client))
    tunnel = Tunnel(net, setup, bench.keys)
    tunnel.start_server()
    tunnel.start_client()
    (tunnel.server if answer.at_server else tunnel.client).wait_for(answer.fate)
    mine = tunnel.client if answer.client else tunnel.server
    if answer.hook == "learn-address":
        until(lambda: len(mine.matches("Learn FAILED")) == 2, 5, "both addresses are refused")
    if answer.hook in AT_THE_END:
        tunnel.client.stop()
        mine.wait_for(rf"WARNING: Failed running command \(--{AT_THE_END[answer.hook]}\)")
    tunnel.client.kill()
    tunnel.server.kill()
    if answer.level < 2:  # whoever may not run
        check(not scripts.all(), f"{answer.hook} was run")
    return told(mine) + (told(tunnel.client) if not answer.client else [])


def compare(bench: Bench, answers: dict[str, Answer]) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        for number, (name, answer) in enumerate(answers.items()):
            stock = give(bench, net, "stock", number, answer)
            ours = give(bench, net, "adit", number, answer)
            if answer.status == DEFERRED and LATE_LINE not in stock and LATE_LINE in ours:
                ours.remove(LATE_LINE)
            check(ours == stock, f"{name}: told is\n{ours}\nstock says\n{stock}")


def answers_at_once(bench: Bench) -> None:
    compare(bench, AT_ONCE)


def answers_later(bench: Bench) -> None:
    """Deferred: a file is written when the script has long ended."""
    compare(bench, LATER)


def levels(bench: Bench) -> None:
    """script-security: below 2 no script is run, and no check is passed for it."""
    compare(bench, LEVELS)


def answers_of_a_client(bench: Bench) -> None:
    compare(bench, OF_A_CLIENT)


RUNS = (answers_at_once, answers_later, levels, answers_of_a_client)
