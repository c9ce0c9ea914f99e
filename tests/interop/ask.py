"""What commands of adit tell, also of a running instance."""

from __future__ import annotations

import json
import subprocess

from lab import ADIT, Process, check


def ask(*words: object, status: int = 0) -> str:
    """What a command of ours prints."""
    done = subprocess.run([str(ADIT), *map(str, words)], capture_output=True, timeout=20, text=True)
    told = f"adit {words} ends with {done.returncode}: {done.stdout}{done.stderr}"
    check(done.returncode == status, told)
    return done.stdout + done.stderr


def process_status(process: Process) -> dict:
    """`adit status` of one instance. Reasons of drops are words with spaces ("bad tag"), and only
    those that occurred are there."""
    (instance,) = json.loads(ask("status", process.pid, "--json"))
    check(instance["pid"] == process.pid, f"status of {process.pid}: {instance}")
    return instance
