"""Reads status files: a server's in versions 1, 2 and 3, and the statistics of a client."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from lab import Failure, check

MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
CLIENT_COLUMNS = {
    1: "Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since",
    2: "Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,Bytes Sent,"
    "Connected Since,Connected Since (time_t),Username,Client ID,Peer ID,Data Channel Cipher",
}
ROUTE_COLUMNS = {
    1: "Virtual Address,Common Name,Real Address,Last Ref",
    2: "Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)",
}
STATISTICS = (
    "TUN/TAP read bytes",
    "TUN/TAP write bytes",
    "TCP/UDP read bytes",
    "TCP/UDP write bytes",
    "Auth read bytes",
)

Row = dict[str, str]


@dataclass
class Status:
    version: int
    clients: list[Row] = field(default_factory=list)
    routes: list[Row] = field(default_factory=list)
    globals: dict[str, str] = field(default_factory=dict)

    def client(self, name: str) -> Row | None:
        return next((row for row in self.clients if row["Common Name"] == name), None)

    def addresses(self, name: str) -> set[str]:
        """What the routing table says is behind the client."""
        return {row["Virtual Address"] for row in self.routes if row["Common Name"] == name}


def row_of(columns: str, fields: list[str]) -> Row:
    names = columns.split(",")
    check(len(names) == len(fields), f"status: {fields} does not fit the columns {names}")
    row = dict(zip(names, fields))
    for name, value in row.items():
        if name in ("Connected Since", "Last Ref"):
            check(MOMENT.fullmatch(value), f"status: {name} is no moment: {value}")
        if name.startswith("Bytes") or name.endswith("(time_t)"):
            check(value.isdigit(), f"status: {name} is no number: {value}")
    return row


def parse_status(text: str) -> Status:
    """Strict: a line that the format does not have is a failure."""
    lines = text.splitlines()
    check(text.endswith("END\n") and lines.count("END") == 1, "status: it does not end with END")
    if lines[0] == "OpenVPN CLIENT LIST":
        return parse_version1(lines)
    return parse_version2(lines, 3 if lines[0].startswith("TITLE\t") else 2)


def parse_version1(lines: list[str]) -> Status:
    status = Status(1)
    check(MOMENT.fullmatch(lines[1].removeprefix("Updated,")), f"status: {lines[1]}")
    check(lines[2] == CLIENT_COLUMNS[1], f"status: {lines[2]}")
    routes, numbers = lines.index("ROUTING TABLE"), lines.index("GLOBAL STATS")
    check(lines[routes + 1] == ROUTE_COLUMNS[1], f"status: {lines[routes + 1]}")
    for line in lines[3:routes]:
        status.clients.append(row_of(CLIENT_COLUMNS[1], line.split(",")))
    for line in lines[routes + 2 : numbers]:
        status.routes.append(row_of(ROUTE_COLUMNS[1], line.split(",")))
    for line in lines[numbers + 1 : -1]:
        name, value = line.split(",")
        status.globals[name] = value
    return status


def parse_version2(lines: list[str], version: int) -> Status:
    separator = "\t" if version == 3 else ","
    status = Status(version)
    headers: list[str] = []
    for line in lines[:-1]:
        kind, *fields = line.split(separator)
        if kind == "HEADER":
            headers.append(fields[0])
            columns = {"CLIENT_LIST": CLIENT_COLUMNS, "ROUTING_TABLE": ROUTE_COLUMNS}[fields[0]]
            check(fields[1:] == columns[2].split(","), f"status: {line}")
        elif kind == "CLIENT_LIST":
            status.clients.append(row_of(CLIENT_COLUMNS[2], fields))
        elif kind == "ROUTING_TABLE":
            status.routes.append(row_of(ROUTE_COLUMNS[2], fields))
        elif kind == "GLOBAL_STATS":
            status.globals[fields[0]] = fields[1]
        elif kind == "TIME":
            check(MOMENT.fullmatch(fields[0]) and fields[1].isdigit(), f"status: {line}")
        elif kind == "TITLE":
            check(fields[0].startswith("OpenVPN 2."), f"status: {line}")
        else:
            raise Failure(f"status: unknown line: {line}")
    check(headers == ["CLIENT_LIST", "ROUTING_TABLE"], f"status: headers {headers}")
    return status


def parse_statistics(text: str) -> dict[str, int]:
    """The status file of a client or of one end of a point-to-point tunnel."""
    lines = text.splitlines()
    check(lines[0] == "OpenVPN STATISTICS" and lines[-1] == "END", f"statistics:\n{text}")
    check(MOMENT.fullmatch(lines[1].removeprefix("Updated,")), f"statistics: {lines[1]}")
    numbers = dict(line.rsplit(",", 1) for line in lines[2:-1])
    missing = [name for name in STATISTICS if not numbers.get(name, "").isdigit()]
    check(not missing, f"statistics: without {missing}:\n{text}")
    return {name: int(number) for name, number in numbers.items()}


def read_whole(path: Path) -> str:
    """The file is rewritten in place, so a reader may meet half of it, or a longer one's end behind it:
    empty if so, or if absent."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return ""
    whole = text.endswith("END\n") and text.splitlines().count("END") == 1
    return text if whole else ""
