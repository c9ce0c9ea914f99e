"""A server, a client who does everything right, and one who does not.

    with Lab(bench.folder) as lab:
        scene = Scene(lab, Setup(server="adit", client="stock", client_extra=wrong), bench.keys)
        scene.begin()                       # client2 is up
        scene.start_wrong_client()
        scene.server.wait_for("...")        # it is told
        scene.end()                         # client2 never noticed
"""

from __future__ import annotations

import dataclasses
import re

from features import reaches, second_client
from keys import Keys
from lab import Host, Lab, Process, ThreeHosts, check
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, client_config

GATEWAY = "10.8.0.1"
CRASH = r"Fatal|[Aa]ssert|terminate called|exception|Sanitizer|Exiting due to"


class Scene:
    """The good client is adit, in a host of its own, and called client2; the other is client1.

    good_extra: the lines the good client has in the place of the other's client_extra
    """

    server: Process
    good: Process
    wrong: Process

    def __init__(self, lab: Lab, setup: Setup, keys: Keys, good_extra: tuple[str, ...] = ()):
        self.net: ThreeHosts = lab.three_hosts()
        self.tunnel = Tunnel(self.net, setup, keys)
        self.good_host: Host = second_client(lab, self.net)
        self.good_setup = dataclasses.replace(setup, client="adit", client_extra=good_extra)
        self.keys = keys

    def begin(self) -> None:
        self.server = self.tunnel.start_server()
        who = self.keys.identity(self.good_setup.authority, "client2")
        config = client_config(self.good_setup, self.keys, self.tunnel.remote)
        own = f"cert {who.cert}\nkey {who.key}\nstatus good-status.txt 1\n"
        path = self.good_host.write("good.conf", config + own)
        self.good = self.good_host.start("good", PROGRAMS["adit"], path)
        self.good.wait_for(COMPLETED)
        self.check_good()

    def start_wrong_client(self) -> Process:
        self.wrong = self.tunnel.start_client()
        return self.wrong

    def check_good(self) -> None:
        reaches(self.good_host, GATEWAY, "the good client")

    def check_not_up(self) -> None:
        """The wrong client was not let in."""
        check(not self.wrong.matches(COMPLETED), f"the wrong client is up:\n{self.wrong.tail()}")
        devices = [name for name in self.net.client.devices() if name.startswith("tun")]
        check(not devices, f"the wrong client has {devices}")

    def end(self) -> None:
        """All is as if the wrong client had never been."""
        self.check_good()
        check(len(self.good.matches(COMPLETED)) == 1, f"the good client had to come again")
        for process in (self.good, self.server):
            check(process.running, f"the {process.name} has ended:\n{process.tail()}")
            status = process.stop()
            check(status == 0, f"the {process.name} ends with {status}:\n{process.tail()}")
            crashed = process.matches(CRASH)
            check(not crashed, f"the {process.name} says {crashed[:3]}")


def says(process: Process, pattern: str, seconds: float = 12, since: int = 0) -> None:
    """It logs a line in which the pattern stands; what follows the time, and nothing before it."""
    process.wait_for(rf"^(\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d )?{pattern}", seconds, since)


def literally(text: str) -> str:
    """A pattern out of plain text, in which ~ is anything but a line end."""
    return ".*".join(map(re.escape, text.split("~"))) + "$"
