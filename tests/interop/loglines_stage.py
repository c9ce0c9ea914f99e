"""What a scene of loglines.py has to play with, and what it expects to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from keys import Keys
from lab import Host, Lab, Process, ThreeHosts
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, client_config

SHORT = "hand-window 3"
ONCE = "connect-retry-max 1"  # who is refused does not come again
STARTS = (
    rf"^{COMPLETED}$",
    r"^TUN/TAP device tun0 opened$",
    r"link (local|remote)",
)
IN_ORDER = (r"Peer Connection Initiated with", r"VERIFY OK", r"Control Channel: ")
ENDS = (r"^SIGTERM\[.*process exiting$",)
CAUGHT = (r"^event_wait : Interrupted system call \(",)  # a signal, while there is something to wait for


@dataclass
class Stage:
    """What a scene has to play with. Its own side is the one whose log is read."""

    lab: Lab
    net: ThreeHosts
    keys: Keys
    folder: Path
    program: str
    side: str
    tunnel: Tunnel | None = None

    def begin(self, server: tuple[str, ...] = (), client: tuple[str, ...] = (), **more: str) -> Tunnel:
        ends = {"server": "stock", "client": "stock", self.side: self.program}
        setup = Setup(**ends, server_extra=server, client_extra=client, **more)
        self.tunnel = Tunnel(self.net, setup, self.keys)
        self.tunnel.start_server()
        return self.tunnel

    def stranger(self, name: str, change: Callable[[str], str], host: Host | None = None) -> Process:
        """A stock client with a changed configuration."""
        host = host or self.net.client
        tunnel = self.tunnel
        plain = replace(tunnel.setup, client_extra=(ONCE,))
        config = change(client_config(plain, self.keys, tunnel.remote))
        return host.start(name, PROGRAMS["stock"], host.write(f"{name}.conf", config))

    @property
    def own(self) -> Process:
        return getattr(self.tunnel, self.side)


@dataclass(frozen=True)
class Scene:
    """banned: how many lines fail2ban finds, and so each time it would count against an address."""

    side: str
    play: Callable[[Stage], None]
    lines: tuple[str, ...]
    banned: int = 0
