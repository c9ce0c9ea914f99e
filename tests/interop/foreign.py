#!/usr/bin/env python3
"""Programs of the distribution that talk to OpenVPN or read what it writes. They are unpacked beside
the build, not installed: a test must not give its host a network manager, or one that bans addresses.

    tree = unpacked("fail2ban")                  # tree / "usr/bin/fail2ban-regex"

As a script it fetches all of them, for hosts that are cut off later.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from lab import Failure

HOME = Path(__file__).resolve().parents[2] / "build-foreign"
ALL = (
    "fail2ban",
    "network-manager-openvpn",
    "libnm0",
    "collectd-core",
    "munin-plugins-extra",
    "resolvconf",
    "systemd-resolved",
    "nginx",
)
FETCH = ("download", "-o", "APT::Sandbox::User=root")
QUICK = ("-q", *(f"-oAcquire::{item}" for item in ("Retries=0", "http::Timeout=10", "https::Timeout=10")))


def complaint(*words: str, folder: Path) -> str:
    """What apt-get says against it, in one line; nothing: it has done it."""
    command = ["apt-get", *QUICK, *words]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = done.stderr.splitlines()
    reasons = [line for line in lines if line.startswith("E:")] or lines or ["no reason is given"]
    return reasons[0]


def fetch(package: str, into: Path) -> None:
    into.mkdir(parents=True)
    why = complaint(*FETCH, package, folder=into)
    if why:  # its lists may be old
        update = complaint("update", "--error-on=any", folder=into)
        why = f"{why} (update: {update})" if update else complaint(*FETCH, package, folder=into)
    if why:
        raise Failure(f"the package {package} cannot be fetched: {why}")


def unpacked(package: str) -> Path:
    """The package's files, as below /."""
    tree = HOME / package
    HOME.mkdir(exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if tree.exists():
            return tree
        loads = HOME / f"{package}.new"
        subprocess.run(["rm", "-rf", loads], check=True)
        fetch(package, loads)
        (archive,) = loads.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, loads / "tree"], check=True)
        (loads / "tree").rename(tree)
        subprocess.run(["rm", "-rf", loads], check=True)
    return tree


if __name__ == "__main__":
    try:
        for name in ALL:
            unpacked(name)
    except Failure as failure:
        sys.exit(str(failure))
