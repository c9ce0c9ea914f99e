"""What the cases of login.py share: the script that a server asks, and what a client answers."""

from __future__ import annotations

from manager import Manager
from two_ends import TwoEnds

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


def answer_need(manager: Manager, kind: str, password: str = "secret") -> str:
    need = manager.expect("^>PASSWORD:Need", 15)
    if kind == "Auth":
        manager.order('username "Auth" "ann"')
    manager.order(f'password "{kind}" "{password}"')
    return need
