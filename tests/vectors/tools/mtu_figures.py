#!/usr/bin/env python3
"""Makes ../data/mtu-figures.json: what stock openvpn computes of settings that concern sizes.

Pairs of stock processes run in one network namespace of their own, over its loopback. Each row of
the table is one pair: the end that is measured has the settings, the other has the same and
"mssfix 0" after them (and "pull-filter ignore tun-mtu", so that nothing but its own lines counts).
Read of the measured end are the MTU of its tun device, the options string it logs, and the line
"Data Channel MTU parms"; then TCP SYNs with the largest MSS go in at its tun device, over IPv4 and
IPv6, and are caught with what became of the MSS where they come out. Needs root and openvpn;
no test runs this.

usage: mtu_figures.py PKI [--jobs N] [--only TEXT]     PKI: a folder with ca.crt, server.* and c1.*
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "interop"))
from syn import LARGEST_MSS, caught_mss, packet_socket, syn

OUTPUT = Path(__file__).resolve().parents[1] / "data" / "mtu-figures.json"
OPENVPN = os.environ.get("OPENVPN") or shutil.which("openvpn") or "/usr/sbin/openvpn"
SECONDS = 40
SIOCGIFMTU = 0x8921

CIPHERS = {
    "unset": [],
    "gcm256": ["cipher AES-256-GCM"],
    "gcm128": ["cipher AES-128-GCM", "data-ciphers AES-128-GCM"],
    "chacha": ["cipher CHACHA20-POLY1305", "data-ciphers CHACHA20-POLY1305"],
    "cbc256-sha1": ["cipher AES-256-CBC", "data-ciphers AES-256-CBC"],
    "cbc256-sha256": ["cipher AES-256-CBC", "data-ciphers AES-256-CBC", "auth SHA256"],
    "cbc128-sha512": ["cipher AES-128-CBC", "data-ciphers AES-128-CBC", "auth SHA512"],
    "cbc192-none": ["cipher AES-192-CBC", "data-ciphers AES-192-CBC", "auth none"],
    "unset-cbc128": ["data-ciphers AES-128-CBC", "auth SHA256"],
    "unset-none-auth": ["auth none"],
    "bf": ["cipher BF-CBC", "data-ciphers BF-CBC", "providers legacy default"],
    "bf-sha512": [
        "cipher BF-CBC", "data-ciphers BF-CBC", "auth SHA512", "providers legacy default",
    ],
    "none-sha1": ["cipher none", "data-ciphers none"],
    "none-none": ["cipher none", "data-ciphers none", "auth none"],
    "des3": ["cipher DES-EDE3-CBC", "data-ciphers DES-EDE3-CBC"],
    "old-bf-but-gcm": ["cipher BF-CBC", "providers legacy default"],
    "old-cbc-but-gcm": ["cipher AES-128-CBC", "auth SHA256"],
}
PROTOCOLS = ("udp4", "udp6", "tcp4", "tcp6")
COMPRESSIONS = (
    "comp-lzo", "comp-lzo no", "comp-lzo adaptive", "compress", "compress stub",
    "compress stub-v2", "compress lzo", "compress lz4", "compress lz4-v2", "compress migrate",
)
SIZES = (
    ["tun-mtu 1400"], ["tun-mtu 1280"], ["tun-mtu 576"], ["tun-mtu 2000"], ["tun-mtu 9000"],
    ["tun-mtu 1400 1500"], ["tun-mtu 1500 1420"],
    ["tun-mtu-extra 32"], ["tun-mtu-max 9000"], ["tun-mtu-max 1700", "tun-mtu 1600"],
    ["link-mtu 1300"], ["link-mtu 1500"], ["link-mtu 1200", "mssfix 1150"],
    ["link-mtu 1400", "mssfix"], ["link-mtu 1300", "mssfix 1300 mtu"], ["udp-mtu 1350"],
    ["mssfix"], ["mssfix 0"], ["mssfix 1300"], ["mssfix 1301"], ["mssfix 1300 mtu"],
    ["mssfix 1307 mtu"], ["mssfix 1300 fixed"], ["mssfix 1450"], ["tun-mtu 1400", "mssfix"],
    ["tun-mtu 1400", "mssfix 1350 mtu"], ["tun-mtu 1420", "mssfix 0"], ["max-packet-size 1200"],
)
# They leave a device without IPv6 of its own, which a server's end needs; packets pass anyway.
NO_IPV6 = ("tun-mtu 576", "link-mtu 1300", "link-mtu 1200")
LINK_MTU_CIPHERS = (
    "unset-none-auth", "unset-cbc128", "old-bf-but-gcm", "old-cbc-but-gcm", "none-sha1",
)
FRAGMENTS = (
    ["fragment 500"], ["fragment 1200 mtu"], ["fragment 1300", "mssfix"],
    ["fragment 1250 mtu", "mssfix 1250 mtu"], ["fragment 1400", "mssfix 1300"],
    ["fragment 1300", "tun-mtu 1400"], ["fragment 1301", "mssfix 0"],
    ["link-mtu 1400", "fragment 1200"], ["fragment 700 mtu", "mssfix 1200 fixed"],
)


@dataclass
class Row:
    role: str  # p2p, server
    proto: str
    lines: list[str]
    seen: dict[str, object] = field(default_factory=dict)


def wanted_rows() -> list[Row]:
    rows: list[Row] = []

    def add(proto: str, *parts: list[str]) -> None:
        lines = [line for part in parts for line in part]
        small = any(line in NO_IPV6 for line in lines)
        role = "server" if len(rows) % 3 == 2 and not small else "p2p"
        same = [r for r in rows if r.proto == proto and r.lines == lines]
        if not same:
            rows.append(Row(role, proto, lines))

    for cipher in CIPHERS.values():
        for proto in PROTOCOLS:
            add(proto, cipher)
    for number, size in enumerate(SIZES):
        for turn, name in enumerate(("unset", "chacha", "cbc256-sha256", "bf", "cbc192-none")):
            add(PROTOCOLS[(number + turn) % 4], CIPHERS[name], size)
    for number, fragment in enumerate(FRAGMENTS):
        for turn, name in enumerate(("unset", "gcm256", "cbc128-sha512", "bf")):
            add(PROTOCOLS[(number + turn) % 2], CIPHERS[name], fragment)
    links = (("udp4", "link-mtu 1500"), ("tcp4", "link-mtu 1420"), ("udp6", "udp-mtu 1450"))
    for name in LINK_MTU_CIPHERS:
        for proto, size in links:
            add(proto, CIPHERS[name], [size])
    for name in ("unset", "cbc256-sha256", "bf"):
        for more in ("fragment 1300", "tun-mtu 1400", "mssfix 1300 fixed", "link-mtu 1500"):
            add("udp4", CIPHERS[name], ["tun-mtu-extra 32", more])
        for small in ("mssfix 200", "mssfix 150 mtu", "mssfix 100"):
            add("udp4", CIPHERS[name], [small])
    for number, compression in enumerate(COMPRESSIONS):
        for turn, name in enumerate(("unset", "gcm256", "cbc256-sha1")):
            add(PROTOCOLS[(number + turn) % 4], CIPHERS[name], [compression])
            add("udp4", CIPHERS[name], [compression, "fragment 1300"])
        add("udp4", CIPHERS["gcm256"], [compression, "link-mtu 1300"])
        add("udp6", CIPHERS["cbc256-sha1"], [compression, "mssfix 1300 mtu"])
        add("tcp4", CIPHERS["bf"], [compression, "tun-mtu 1350"])
    return rows


# ---- what is measured ----


def send_and_catch(devices: tuple[str, str], family: int, source: str, target: str) -> int:
    """0: nobody touched it."""
    way_in, way_out = packet_socket(devices[0], family), packet_socket(devices[1], family)
    with way_in, way_out:
        way_out.settimeout(0.2)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            way_in.send(syn(family, source, target))
            mss = caught_mss(way_out, family)
            if mss is not None:
                return 0 if mss == LARGEST_MSS else mss
    raise RuntimeError("no SYN came out")


def device_mtu(device: str) -> int:
    asked = struct.pack("16si12x", device.encode(), 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return struct.unpack("16si12x", fcntl.ioctl(any_socket, SIOCGIFMTU, asked))[1]


# ---- a pair ----


class Pair:
    def __init__(self, row: Row, number: int, pki: Path, folder: Path):
        self.row, self.number, self.pki, self.folder = row, number, pki, folder
        self.measured, self.other = f"tm{number}", f"to{number}"
        self.processes: list[subprocess.Popen] = []
        high, low = divmod(number, 250)
        self.net = f"10.{high + 1}.{low}"
        self.net6 = f"fd00:{number + 1:x}:"

    def command(self, listens: bool, server: bool) -> list[str]:
        row, tcp = self.row, self.row.proto.startswith("tcp")
        measured = server if row.role == "server" else not listens
        name = "server" if listens else "c1"
        role = ("-server" if listens else "-client") if tcp else ""
        lines = [
            f"dev {self.measured if measured else self.other}", "dev-type tun",
            f"verb {self.verb()}",
            f"proto {row.proto}{role}",
            f"ca {self.pki}/ca.crt", f"cert {self.pki}/{name}.crt", f"key {self.pki}/{name}.key",
        ]
        port = 10000 + self.number
        lines += [f"lport {port}", "dh none"] if listens else ["nobind", "connect-retry 1 1"]
        if not listens:
            lines += [f"remote {'::1' if row.proto.endswith('6') else '127.0.0.1'} {port}"]
        lines += self.role_lines(listens)
        lines += row.lines + ([] if measured else ["mssfix 0", *self.ignore(listens)])
        return lines

    def verb(self) -> int:
        """7 shows the options string; but there stock 2.6.14 dies of a cipher that has no key."""
        return 5 if "cipher none" in self.row.lines else 7

    def ignore(self, listens: bool) -> list[str]:
        return ["pull-filter ignore tun-mtu"] if self.row.role == "server" and not listens else []

    def role_lines(self, listens: bool) -> list[str]:
        if self.row.role == "server":
            if not listens:
                return ["client"]
            return [
                f"server {self.net}.0 255.255.255.0", "topology subnet",
                f"server-ipv6 {self.net6}:/64",
            ]
        ends = (1, 2) if listens else (2, 1)
        return [
            "tls-server" if listens else "tls-client",
            f"ifconfig {self.net}.{ends[0]} {self.net}.{ends[1]}",
        ]

    def start(self, listens: bool) -> Path:
        server = listens and self.row.role == "server"
        name = f"{self.number}-{'listens' if listens else 'connects'}"
        config, log = self.folder / f"{name}.conf", self.folder / f"{name}.log"
        config.write_text("\n".join(self.command(listens, server)) + "\n")
        with log.open("wb") as output:
            self.processes.append(
                subprocess.Popen(
                    [OPENVPN, "--config", str(config)],
                    stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                )
            )
        return log

    def wait_for(self, log: Path, pattern: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not re.search(pattern, log.read_text(errors="replace")):
            if time.monotonic() > deadline or any(p.poll() is not None for p in self.processes):
                raise RuntimeError(f"{log.name}: no /{pattern}/")
            time.sleep(0.02)

    def measure(self) -> None:
        listens = self.start(True)
        self.wait_for(listens, r"Listening for|link local")
        connects = self.start(False)
        self.wait_for(connects, r"Initialization Sequence Completed")
        text = (listens if self.row.role == "server" else connects).read_text(errors="replace")
        seen = self.row.seen
        seen["device_mtu"] = device_mtu(self.measured)
        if self.verb() == 7:
            seen["options"] = re.search(r"Local Options String.*'(V4,[^']*)'", text)[1]
        far4, far6 = self.far_addresses()
        near = 1 if self.row.role == "server" else 2
        ends = (self.measured, self.other)
        seen["mss4"] = send_and_catch(ends, 4, f"{self.net}.{near}", far4)
        seen["mss6"] = send_and_catch(ends, 6, f"{self.net6}:{near}", far6)
        text = (listens if self.row.role == "server" else connects).read_text(errors="replace")
        last = re.findall(r"Data Channel MTU parms \[ mss_fix:(\d+) max_frag:(\d+) .*", text)[-1]
        seen["fragment_limit"] = int(last[1])
        if seen["mss4"] != int(last[0]):
            raise RuntimeError(f"on the wire {seen['mss4']}, in the log mss_fix:{last[0]}")
        seen["cipher"] = re.findall(r"Data Channel: cipher '([^']*)'", connects.read_text())[-1]

    def far_addresses(self) -> tuple[str, str]:
        if self.row.role == "server":
            return f"{self.net}.2", f"{self.net6}:1000"
        return f"{self.net}.1", f"{self.net6}:1"

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def fill(row: Row, number: int, pki: Path, folder: Path) -> str:
    pair = Pair(row, number, pki, folder)
    try:
        pair.measure()
    except (RuntimeError, OSError, TypeError, IndexError) as error:
        return f"row {number}, {row.role} {row.proto} {row.lines}: {error}"
    finally:
        pair.stop()
    return ""


def version() -> str:
    text = subprocess.run([OPENVPN, "--version"], capture_output=True, text=True).stdout
    return text.split(" ", 2)[1]


def as_text(rows: list[Row]) -> Iterator[str]:
    about = {
        "description": f"Sizes as computed by stock openvpn {version()}, one row per pair of "
        "running processes; made by tests/vectors/tools/mtu_figures.py, which says how. role: the measured "
        "end is a server with clients, or a client end point to point. device_mtu: of its tun "
        "device. options: its options string, not shown with \"cipher none\". mss4, mss6: what "
        "became of an MSS of 65535 in a SYN that was sent into its tun device; 0: not touched. "
        "fragment_limit: max_frag of its log.",
        "made_with": f"openvpn {version()}",
    }
    yield json.dumps(about, indent=2)[:-2] + ',\n  "rows": [\n'
    made = [
        {"role": row.role, "proto": row.proto, "lines": row.lines, **row.seen} for row in rows
    ]
    yield ",\n".join("    " + json.dumps(row) for row in made)
    yield "\n  ]\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pki", type=Path)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    if not os.environ.get("MTU_FIGURES_INSIDE"):
        os.environ["MTU_FIGURES_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder = Path(tempfile.mkdtemp(prefix="mtu-figures-"))
    rows = [row for row in wanted_rows() if options.only in " ".join([row.proto, *row.lines])]
    with ThreadPoolExecutor(options.jobs) as pool:
        pki = options.pki.resolve()
        calls = [pool.submit(fill, row, n, pki, folder) for n, row in enumerate(rows)]
        failures = [call.result() for call in calls if call.result()]
    print(*failures, sep="\n")
    good = [row for row in rows if "cipher" in row.seen]
    options.output.write_text("".join(as_text(good)))
    print(f"{len(good)} of {len(rows)} rows; logs: {folder}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
