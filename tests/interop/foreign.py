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
ALL = ("fail2ban", "network-manager-openvpn", "libnm0", "collectd-core", "munin-plugins-extra")
FETCH = ("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root")


def fetch(package: str, into: Path) -> None:
    into.mkdir(parents=True)
    for _ in range(2):
        done = subprocess.run([*FETCH, package], cwd=into, capture_output=True, text=True)
        if done.returncode == 0:
            return
        subprocess.run(["apt-get", "update", "-q"], capture_output=True)  # its lists may be old
    raise Failure(f"the package {package} cannot be fetched: {done.stderr.strip()[-300:]}")


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
