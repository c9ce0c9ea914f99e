#!/usr/bin/env python3
"""The interop matrix: adit and stock openvpn as server and client, over everything.

Per role sixteen cells in which every pair of values of different dimensions occurs: transport,
control wrapping, cipher, topology, who asks for the new key and why. Each cell brings a tunnel up,
pings both families both ways, moves data both ways with checksums while a new key is negotiated,
reads the server's status file, and says goodbye. Some UDP cells run through a relay: in bad weather
(then with less data), or with one that changes the client's port in the middle.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass

from lab import Lab, ThreeHosts, check
from relay import Relay
from runner import Bench, Case, main
from tunnel import CIPHERS, TOPOLOGIES, TRANSPORTS, WRAPPINGS, Setup, Tunnel

ROLES = (("adit", "stock"), ("stock", "adit"), ("adit", "adit"))  # server, client
TRIGGERS = (("server", "bytes"), ("server", "sec"), ("client", "bytes"), ("client", "sec"))
ROADS = ("direct", "weather", "direct", "rebind")
WEATHER = "loss=0.01,delay=4,jitter=2,reorder=0.02:3,duplicate=0.01"

MEBIBYTE = 1 << 20
FULL_BYTES = 20 * MEBIBYTE  # each way
BAD_WEATHER_BYTES = 4 * MEBIBYTE
RENEG_SECONDS = 5
RENEG_BYTES = 6_000_000
RENEG_BYTES_BAD_WEATHER = 1_500_000
# Long enough that the new key falls into the transfer, whichever way it is asked for.
TRANSFER_SECONDS = {"bytes": 3, "sec": 6}
STOCK_BYTES_SECONDS = 17  # stock may look at its byte count every 15 seconds only

# What weather may do to packets that change keys just then.
WEATHER_LINES = r"out of sync|Key .* \[\d\] not initialized"


@dataclass(frozen=True)
class Cell:
    role: tuple[str, str]
    transport: str
    wrapping: str
    cipher: str
    topology: str
    trigger: tuple[str, str]
    road: str
    status_version: int
    makers: tuple[str, str]
    authority: str

    @property
    def name(self) -> str:
        server, client = self.role
        return f"{server}-server_{client}-client_{self.transport}_{self.wrapping}_{self.cipher}"

    def setup(self) -> Setup:
        extra: dict[str, list[str]] = {"server": [], "client": []}
        extra[self.trigger[0]].append(self.trigger_line())
        if self.road == "weather":
            for lines in extra.values():
                lines.append("mute-replay-warnings")
        return Setup(
            server=self.role[0],
            client=self.role[1],
            transport=self.transport,
            wrapping=self.wrapping,
            cipher=self.cipher,
            topology=self.topology,
            status_version=self.status_version,
            authority=self.authority,
            key_makers=self.makers,
            server_extra=tuple(extra["server"]),
            client_extra=tuple(extra["client"]),
        )

    def transfer_seconds(self) -> int:
        asking = self.role[("server", "client").index(self.trigger[0])]
        slow = asking == "stock" and self.trigger[1] == "bytes"
        return STOCK_BYTES_SECONDS if slow else TRANSFER_SECONDS[self.trigger[1]]

    def trigger_line(self) -> str:
        if self.trigger[1] == "sec":
            return f"reneg-sec {RENEG_SECONDS}"
        weather = self.road == "weather"
        return f"reneg-bytes {RENEG_BYTES_BAD_WEATHER if weather else RENEG_BYTES}"


# ---- which cells ----


def times(a: int, b: int) -> int:
    """Multiplication in the field of four elements; addition there is `^`."""
    if a == 0 or b == 0:
        return 0
    return (a - 1 + b - 1) % 3 + 1


def cells_of(number: int) -> list[Cell]:
    """An orthogonal array: sixteen rows, and every pair of columns holds every pair of values.

    Columns i, j, i+j, 2i+j, 3i+j over the field of four. The role shifts them, so that together
    the roles see more than each alone.
    """
    cells = []
    for i, j in itertools.product(range(4), repeat=2):
        third, fourth, fifth = (times(k, i) ^ j ^ number for k in (1, 2, 3))
        transport = TRANSPORTS[i]
        road = ROADS[(i + j + number) % 4] if transport.startswith("udp") else "direct"
        cell = Cell(
            role=ROLES[number],
            transport=transport,
            wrapping=WRAPPINGS[j],
            cipher=CIPHERS[third],
            topology=TOPOLOGIES[fourth % 2],
            trigger=TRIGGERS[fifth],
            road=road,
            status_version=(len(cells) + number) % 3 + 1,
            makers=(("adit", "stock")[fourth // 2], ("adit", "stock")[(i + number) % 2]),
            authority=("adit", "openssl")[(third + i) % 2],
        )
        cells.append(cell)
    return cells


def check_pairs(cells: list[Cell]) -> None:
    """Every pair of values of two dimensions occurs in some cell."""
    dimensions = {
        "transport": TRANSPORTS,
        "wrapping": WRAPPINGS,
        "cipher": CIPHERS,
        "topology": TOPOLOGIES,
        "trigger": TRIGGERS,
    }
    for (a, values_a), (b, values_b) in itertools.combinations(dimensions.items(), 2):
        met = {(getattr(cell, a), getattr(cell, b)) for cell in cells}
        missing = set(itertools.product(values_a, values_b)) - met
        check(not missing, f"the matrix misses {missing}")


# ---- one cell ----


def start_relay(bench: Bench, net: ThreeHosts, cell: Cell) -> Relay:
    assert bench.relay_program
    v6 = cell.transport == "udp6"
    ends = (net.wire6, net.server6) if v6 else (net.wire4, net.server4)
    weather = WEATHER if cell.road == "weather" else "clear"
    return Relay.start(bench.relay_program, net.wire, *ends, weather)


def move_data(tunnel: Tunnel, cell: Cell, relay: Relay | None) -> int:
    """Both ways at once, one over each inner family, while a new key is negotiated."""
    size = BAD_WEATHER_BYTES if cell.road == "weather" else FULL_BYTES
    up6 = cell.topology == "net30"
    marks = tunnel.marks()
    rate = size // cell.transfer_seconds()
    transfers = [tunnel.start_up(size, up6, rate), tunnel.start_down(size, not up6, rate)]
    if relay and cell.road == "rebind":
        relay.rebind()
        # Stock says it at verbosity 4 only; there the transfer, which goes on, is the proof.
        if cell.role[0] == "adit":
            tunnel.server.wait_for(r"floated from", 5, marks[0])
        marks = tunnel.marks()
    tunnel.wait_renegotiated(marks)
    check(any(t.running for t in transfers), "the new key came after the transfers, not during")
    for transfer in transfers:
        transfer.finish()
    return size


def run_cell(cell: Cell, bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        relay = start_relay(bench, net, cell) if cell.road != "direct" else None
        at_wire = net.wire6 if cell.transport == "udp6" else net.wire4
        tunnel = Tunnel(net, cell.setup(), bench.keys, at_wire if relay else "")
        bad_weather = cell.road == "weather"
        least = 0.7 if bad_weather else 1.0
        tunnel.start(40 if bad_weather else 20)
        tunnel.ping_all(10 if bad_weather else 3, least)
        size = move_data(tunnel, cell, relay)
        if relay:  # a goodbye is said once: nothing of the weather may be left by then
            relay.weather("both", "clear")
        tunnel.ping_all(30 if bad_weather else 3, least)
        tunnel.check_status(size)
        tunnel.say_goodbye()
        tunnel.stop_server()
        tunnel.check_logs(WEATHER_LINES if bad_weather else "", repeats=bad_weather)


def case_of(cell: Cell) -> Case:
    columns = {
        "server": cell.role[0],
        "client": cell.role[1],
        "transport": cell.transport,
        "wrapping": cell.wrapping,
        "cipher": cell.cipher,
        "topology": cell.topology,
        "new key": " ".join(cell.trigger),
        "road": cell.road,
        "status": str(cell.status_version),
    }
    return Case(cell.name, lambda bench: run_cell(cell, bench), cell.road != "direct", columns)


def all_cases() -> list[Case]:
    cases = []
    for number in range(len(ROLES)):
        cells = cells_of(number)
        check_pairs(cells)
        cases += [case_of(cell) for cell in cells]
    return cases


if __name__ == "__main__":
    sys.exit(main(__doc__, all_cases()))
