#!/usr/bin/env python3
"""Large packets between the kernel and adit's tun device: with stock openvpn at the other end the same
bytes arrive whatever the kernel can do; what is in use is told; a device that stays changes hands."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from ask import process_status
from lab import ADIT, HERE, STOCK, Host, Lab, Process, check, transfer
from runner import Bench, Case, main
from tunnel import COMPLETED, Setup, Tunnel

SIZE_BYTES = 6 << 20
DATAGRAMS = HERE / "datagrams.py"
IN_USE = {
    "auto": r"TSO, USO|TSO; no USO: the kernel is older than Linux 6\.2",
    "no-uso": r"TSO; tun-offload no-uso",
    "no-tso": r"none: tun-offload no-tso",
    "off": r"none: tun-offload off",
}


@dataclass(frozen=True)
class Way:
    server: str
    client: str
    limit: str = "auto"
    transport: str = "udp4"
    more: tuple[str, ...] = ()  # on both sides

    @property
    def name(self) -> str:
        words = (f"{self.server}-server", f"{self.client}-client", self.limit, self.transport)
        return re.sub(r"[^\w-]", "_", "-".join((*words, *self.more)))

    def setup(self) -> Setup:
        lines = {"adit": (f"tun-offload {self.limit}", *self.more), "stock": self.more}
        return Setup(
            self.server,
            self.client,
            self.transport,
            server_extra=lines[self.server],
            client_extra=lines[self.client],
        )


WAYS = (
    *(Way("adit", "stock", limit) for limit in IN_USE),
    *(Way("stock", "adit", limit) for limit in IN_USE),
    Way("adit", "adit"),
    Way("adit", "stock", transport="tcp4"),
    Way("stock", "adit", transport="tcp6"),
    Way("stock", "adit", more=("tun-mtu 1300",)),
    Way("adit", "stock", more=("tun-mtu 4000",)),
    Way("stock", "adit", more=("fragment 1200", "mssfix 0")),
)


def device(process: Process) -> dict:
    told = process_status(process)["device"]
    check(re.fullmatch(r"tun\d", told["name"]), f"status: {told}")
    return told


def send_datagrams(sender: Host, receiver: Host, address: str) -> None:
    words = [sys.executable, DATAGRAMS]
    number = len(receiver.processes)
    waiting = receiver.start(f"datagrams{number}-{receiver.name}", *words, "listen", address)
    port = waiting.wait_for(r"^listening \d+").split()[1]
    calling = sender.start(f"datagrams{number}-{sender.name}", *words, "connect", address, port)
    check(calling.wait(60) == 0, f"datagrams:\n{calling.tail()}")
    check(waiting.wait(10) == 0, f"datagrams:\n{waiting.tail()}")


def carry_everything(tunnel: Tunnel) -> None:
    net, inside = tunnel.net, tunnel.inside
    tunnel.ping_all()
    for address in (inside.server4, inside.server6):
        for direction in ("up", "down", "both"):
            transfer(net.client, net.server, address, SIZE_BYTES, direction)
    for address in (inside.server4, inside.server6):
        send_datagrams(net.client, net.server, address)
    for address in (inside.client4, inside.client6):
        send_datagrams(net.server, net.client, address)


def check_told(way: Way, process: Process) -> None:
    """What is in use stands in the log once and in the status, with what it does."""
    lines = process.matches(r"TUN/TAP device \S+: offloads in use: ")
    check(len(lines) == 1, f"{process.name}: {lines}")
    check(re.search(rf"offloads in use: ({IN_USE[way.limit]})$", lines[0]), lines[0])
    told = device(process)
    offloads = told["offloads"]
    check(offloads["tso"] == (way.limit in ("auto", "no-uso")), f"status: {told}")
    check(offloads["vnet_headers"] == (way.limit != "off"), f"status: {told}")
    check(told["malformed"] == told["oversized"] == 0, f"status: {told}")
    packets = (told["packets_read"], told["packets_written"])
    calls = (told["reads"], told["writes"])
    check(min(packets) > SIZE_BYTES / 1500, f"status: {told}")
    if offloads["tso"]:
        check(all(packet > 1.2 * call for packet, call in zip(packets, calls)), f"status: {told}")
    else:
        check(packets == calls, f"status: {told}")


def run_way(way: Way, bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), way.setup(), bench.keys)
        tunnel.start()
        carry_everything(tunnel)
        for program, process in ((way.server, tunnel.server), (way.client, tunnel.client)):
            if program == "adit":
                check_told(way, process)
        tunnel.say_goodbye()
        tunnel.stop_server()
        tunnel.check_logs()


def changes_hands(bench: Bench) -> None:
    """A device that stays: stock made it, adit uses it with offloads, then stock, then adit without;
    killed in between. Each finds it as it needs it."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        net.client.run(STOCK, "--mktun", "--dev", "tun7")
        server = Tunnel(net, Setup("adit", "stock"), bench.keys)
        server.start_server()
        for program, line, ends in (
            ("adit", "tun-offload auto", "stop"),
            ("stock", "verb 3", "stop"),
            ("adit", "tun-offload auto", "kill"),
            ("adit", "tun-offload off", "stop"),
            ("adit", "tun-offload no-tso", "stop"),
        ):
            tunnel = Tunnel(net, Setup("adit", program, client_extra=("dev tun7", line)), bench.keys)
            tunnel.start_client().wait_for(COMPLETED)
            for direction in ("up", "down"):
                transfer(net.client, net.server, tunnel.inside.server4, SIZE_BYTES, direction)
            tunnel.client.stop() if ends == "stop" else tunnel.client.kill()
            check("tun7" in net.client.devices(), f"tun7 is gone after {program}")
        net.client.run(ADIT, "--rmtun", "--dev", "tun7")


def cases() -> list[Case]:
    ways = [Case(way.name, lambda bench, way=way: run_way(way, bench)) for way in WAYS]
    return [*ways, Case("persistent_device_changes_hands", changes_hands)]


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
