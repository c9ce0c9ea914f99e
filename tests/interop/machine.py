"""A host of a laboratory with an /etc of its own, on which adit may set itself up.

    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        server = Machine(net.server)
        before = server.look()
        server.adit("up", "--yes", "--no-test")
        server.adit("down")
        server.check_same(before)

Files in /etc and /run are this machine's alone: a mount namespace hides the real ones. systemctl is
imitated (machine_systemctl): it starts what a unit's lines say, and stops it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab import ADIT, Failure, Host, Process, check, until

HERE = Path(__file__).resolve().parent
HIDDEN = ("/etc/adit", "/etc/sysctl.d", "/etc/systemd/system", "/run/systemd")
# Of both kinds, without what counts packets.
SAVED = "for kind in nft legacy; do iptables-$kind-save 2>&1; done | grep -v ^# | sed 's/\\[[0-9:]*\\]//'"
SYSCTLS = (
    r"^net\.ipv4\.(ip_forward|conf\.(all|default|wire)\.(forwarding|rp_filter))|"
    r"^net\.ipv6\.conf\.(all|default|wire)\.(forwarding|accept_ra) "
)


@dataclass(frozen=True)
class Look:
    """Everything that adit could have left on a machine, but for /etc/adit."""

    rules: str
    iptables: str
    sysctls: str
    routes: str
    files: str

    def differences(self, other: Look) -> list[str]:
        return [
            f"{name}:\n{getattr(self, name)}\nthen:\n{getattr(other, name)}"
            for name in ("rules", "iptables", "sysctls", "routes", "files")
            if getattr(self, name) != getattr(other, name)
        ]


class Machine(Host):
    def __init__(self, host: Host, systemd: bool = True):
        super().__init__(host.name, host.namespace, host.folder)
        self.processes = host.processes  # the laboratory ends them
        self.tools = host.folder / f"{host.name}-tools"
        self.tools.mkdir(exist_ok=True)
        (self.tools / "systemctl").symlink_to(HERE / "machine_systemctl")
        mounts = [f"mkdir -p {path} && mount -t tmpfs none {path}" for path in HIDDEN]
        mounts.append("mkdir -p /run/systemd/system" if systemd else "true")
        script = " && ".join(mounts) + " && echo ready && exec sleep 1000000"
        words = ("unshare", "-m", "--propagation", "private", "sh", "-c", script)
        self.keeper = host.start(f"{host.name}-keeper", *words)
        self.keeper.wait_for("ready")

    def wrap(self, command: Iterable[object]) -> list[str]:
        words = list(map(str, command))
        if not hasattr(self, "keeper"):
            return super().wrap(words)
        enter = ["nsenter", "-t", str(self.keeper.pid), "-m", "-n", "--"]
        path = f"PATH={self.tools}:/usr/sbin:/usr/bin:/sbin:/bin"
        return [*enter, "env", "-C", str(self.folder), path, *words]

    def adit(self, *words: object, fails: bool = False, seconds: float = 30) -> str:
        return self.run(ADIT, *words, fails=fails, seconds=seconds)

    def refuses(self, *words: object) -> str:
        """A command that must fail; what it said."""
        done = subprocess.run(
            self.wrap([ADIT, *words]), capture_output=True, timeout=30, stdin=subprocess.DEVNULL
        )
        text = (done.stdout + done.stderr).decode(errors="replace")
        check(done.returncode != 0, f"{' '.join(map(str, words))} did not fail:\n{text}")
        return text

    def serve(self, *words: object) -> Process:
        """adit up --no-service, until it serves."""
        options = ("--no-service", "--yes", "--no-test")
        server = self.start("up", ADIT, "up", *options, *words)
        server.wait_for("Initialization Sequence Completed")
        return server

    def read(self, path: str) -> str:
        return self.run("cat", path)

    def files(self, *folders: str) -> str:
        """Every file with its mode and content."""
        find = f"find {' '.join(folders)} -printf '%p %M %l\\n' -type f -exec sha256sum {{}} ';'"
        return self.run("sh", "-c", f"{find} | LC_ALL=C sort")

    def look(self) -> Look:
        return Look(
            rules=self.run("nft", "-s", "list", "ruleset"),
            iptables=self.run("sh", "-c", SAVED),
            sysctls=self.run("sh", "-c", f"sysctl -a 2>/dev/null | grep -E '{SYSCTLS}'"),
            routes=self.run("sh", "-c", "ip route; ip -6 route; ip rule"),
            files=self.files(*HIDDEN[1:3]),
        )

    def check_same(self, before: Look, when: str = "") -> None:
        """The kernel takes routes of a device away a moment after its process has gone."""
        deadline = time.monotonic() + 3
        while True:
            different = before.differences(self.look())
            if not different:
                return
            if time.monotonic() > deadline:
                raise Failure(f"the host is not as it was {when}\n" + "\n".join(different))
            time.sleep(0.1)

    def has_tun(self) -> bool:
        return any(device.startswith("tun") for device in self.devices())

    def wait_for_tun(self, seconds: float = 10) -> None:
        until(self.has_tun, seconds, f"{self.name} has a tunnel")


def reaches(host: Host, address: str) -> None:
    """Waits until a ping is answered: the other end may still be busy with its last step."""
    until(lambda: host.ping(address, 1, wait=0.5).received, 8, f"{host.name} reaches {address}")


def does_not_reach(host: Host, address: str) -> None:
    ping = host.ping(address, 2, wait=0.5)
    check(ping.received == 0, f"{host.name} reaches {address}")


def contains(text: str, *parts: str) -> None:
    for part in parts:
        check(part in text, f"{part!r} is missing in:\n{text}")
