"""What is measured: tunnels between two hosts, and servers under load. One call is one round."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))

from keys import Keys  # noqa: E402
from lab import ADIT, Host, Lab, Process, ThreeHosts, check, ip_batch, until  # noqa: E402
from tunnel import PROGRAMS, Setup, Tunnel, common_lines, server_config  # noqa: E402

Numbers = dict[str, float]
CLIENT4, SERVER4 = "203.0.113.1", "203.0.113.2"
PROGRAM_FOLDER = Path(os.environ.get("ADIT_BENCH_PROGRAMS", ADIT.parent / "tests/bench"))
TRAFFIC = PROGRAM_FOLDER / "bench_traffic"
PUMP = PROGRAM_FOLDER / "bench_pump"
CUBIC = PROGRAM_FOLDER / "libbench_cubic.so"
TRAFFIC_PORT = 5001
PINGS = 100
LOADED_PINGS = 60
# Seconds after which adit knows how large packets may be. A connection that begins earlier has small
# segments for as long as it lasts, which would measure the first second of a tunnel.
SETTLED = 1
IPERF = ("env", f"LD_PRELOAD={CUBIC}", "iperf3")


def two_hosts(lab: Lab) -> ThreeHosts:
    """client — server, one cable."""
    client, server = lab.host("client"), lab.host("server")
    lab.link(client, server, (f"{CLIENT4}/24", f"{SERVER4}/24"))
    return ThreeHosts(client, server, server, client4=CLIENT4, server4=SERVER4)


# ---- one tunnel, whoever makes it ----


@dataclass
class Way:
    """A tunnel that stands: who is where, and the processes whose CPU time counts."""

    client: Host
    server: Host
    inside: str  # the server's address in the tunnel
    ends: dict[str, Process] = field(default_factory=dict)


def cpu_seconds(pid: int) -> float:
    """Of all threads, in nanosecond resolution."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def tcp(way: Way, direction: str, seconds: float) -> Numbers:
    """One flow: Gbit/s that arrived, and CPU nanoseconds of each end for a byte."""
    server = way.server.start("iperf3", *IPERF, "-s", "-1", "--forceflush", "-B", way.inside)
    server.wait_for("Server listening")
    before = {name: cpu_seconds(end.pid) for name, end in way.ends.items()}
    words = [*IPERF, "-c", way.inside, "-J", "-t", seconds]
    reverse = ["-R"] if direction == "down" else []
    text = way.client.run(*words, *reverse, seconds=seconds + 20)
    server.wait(10)
    received = json.loads(text)["end"]["sum_received"]
    numbers = {f"tcp {direction}": received["bits_per_second"] / 1e9}
    for name, end in way.ends.items():
        spent = cpu_seconds(end.pid) - before[name]
        numbers[f"cpu {name} {direction}"] = spent * 1e9 / max(1, received["bytes"])
    return numbers


def udp(way: Way, size: int, seconds: float) -> Numbers:
    """Packets a second that arrive while more are sent than the tunnel takes."""
    port = TRAFFIC_PORT
    receiver = way.server.start("udp", TRAFFIC, "receive", way.inside, port, seconds)
    receiver.wait_for("listening")
    way.client.run(TRAFFIC, "send", way.inside, port, size, seconds + 0.5, seconds=seconds + 15)
    receiver.wait(15)
    packets = int(re.search(r"packets (\d+)", receiver.text())[1])
    return {f"udp {size}": packets / seconds}


def round_trip(way: Way, count: int, interval: float) -> float:
    """Milliseconds, the mean of a run of pings."""
    words = ["ping", "-n", "-q", "-c", count, "-i", interval, "-W", 2, way.inside]
    text = way.client.run(*words, seconds=count * interval + 20, fails=True)
    found = re.search(r"= [\d.]+/([\d.]+)/", text)
    check(found, f"no ping was answered:\n{text}")
    return float(found[1])


def ping(way: Way) -> Numbers:
    return {"ping idle": round_trip(way, PINGS, 0.01)}


def loaded_ping(way: Way) -> Numbers:
    """While one flow fills the tunnel."""
    server = way.server.start("iperf3", *IPERF, "-s", "-1", "--forceflush", "-B", way.inside)
    server.wait_for("Server listening")
    flow = way.client.start("flow", *IPERF, "-c", way.inside, "-t", 4)
    time.sleep(1)
    value = round_trip(way, LOADED_PINGS, 0.02)
    flow.wait(20)
    server.wait(10)
    return {"ping loaded": value}


Measure = Callable[[Way], Numbers]


def flows(seconds: float) -> list[Measure]:
    return [lambda way: tcp(way, "up", seconds), lambda way: tcp(way, "down", seconds)]


def everything(seconds: float) -> list[Measure]:
    packets = [lambda way, size=size: udp(way, size, seconds / 2) for size in (64, 1372)]
    return [*flows(seconds), ping, loaded_ping, *packets]


def all_of(way: Way, measures: list[Measure]) -> Numbers:
    numbers: Numbers = {}
    for measure in measures:
        numbers |= measure(way)
    return numbers


# ---- tunnels ----


def openvpn(setup: Setup, keys: Keys, folder: Path, measures: list[Measure]) -> Numbers:
    with Lab(folder) as lab:
        net = two_hosts(lab)
        tunnel = Tunnel(net, setup, keys)
        tunnel.start()
        check(net.client.ping(tunnel.inside.server4).received > 0, "the tunnel carries nothing")
        time.sleep(SETTLED)
        ends = {"server": tunnel.server, "client": tunnel.client}
        return all_of(Way(net.client, net.server, tunnel.inside.server4, ends), measures)


def pump(folder: Path, measures: list[Measure]) -> Numbers:
    with Lab(folder) as lab:
        net = two_hosts(lab)
        hosts = ((net.client, CLIENT4, SERVER4, "10.7.0.2"), (net.server, SERVER4, CLIENT4, "10.7.0.1"))
        for host, local, remote, inside in hosts:
            host.start(f"pump-{host.name}", PUMP, "tun0", local, remote).wait_for("ready")
            # The packets of a tunnel with mssfix.
            ip_batch(f"addr add {inside}/24 dev tun0", "link set tun0 mtu 1428 up", namespace=host.namespace)
        return all_of(Way(net.client, net.server, "10.7.0.1"), measures)


def wireguard(program: Path, folder: Path, measures: list[Measure]) -> Numbers:
    with Lab(folder) as lab:
        net = two_hosts(lab)
        hosts = ((net.client, SERVER4, "10.6.0.2"), (net.server, CLIENT4, "10.6.0.1"))
        secrets = {host.name: wg_key(host) for host, _, _ in hosts}
        for host, remote, inside in hosts:
            other = "server" if host is net.client else "client"
            environment = ("env", "WG_PROCESS_FOREGROUND=1", "LOG_LEVEL=error")
            device = f"bw{host.name[:1]}{os.getpid()}"  # its control socket is the whole machine's
            host.start(f"wireguard-{host.name}", *environment, program, "-f", device)
            until(lambda h=host, d=device: d in h.devices(), 10, "wireguard-go makes its device")
            key_file = host.write(f"{host.name}.key", secrets[host.name][0])
            peer = ("peer", secrets[other][1], "endpoint", f"{remote}:51820", "allowed-ips", "0.0.0.0/0")
            host.run("wg", "set", device, "listen-port", 51820, "private-key", key_file, *peer)
            ip_batch(f"addr add {inside}/24 dev {device}", f"link set {device} up", namespace=host.namespace)
        until(lambda: net.client.ping("10.6.0.1").received, 10, "the wireguard tunnel")
        return all_of(Way(net.client, net.server, "10.6.0.1"), measures)


def wg_key(host: Host) -> tuple[str, str]:
    private = host.run("wg", "genkey").strip()
    done = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True)
    return private, done.stdout.strip()


def wireguard_version(program: Path) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10)
    return (done.stdout + done.stderr).strip().splitlines()[0]


def wireguard_obstacle(program: Path) -> str:
    if not os.access(program, os.X_OK):
        return f"{program} is no program"
    return "" if shutil.which("wg") else "the program wg is missing (wireguard-tools)"


# ---- servers under load ----


def memory_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def settled(pid: int) -> float:
    """CPU time once the server rests: two looks a moment apart agree."""
    last = cpu_seconds(pid)

    def probe() -> float:
        nonlocal last
        time.sleep(0.3)
        now = cpu_seconds(pid)
        last, before = now, last
        return now if now - before < 0.01 else 0.0

    return until(probe, 20, "the server rests")


def crowd(net: ThreeHosts, count: int, rate: float, name: str) -> Process:
    words = ["--clients", count, "--rate", rate, "--hold", 600, "--json", "load.ovpn"]
    process = net.client.start(name, ADIT, "bench", "load", *words)
    process.wait_for(rf"^{count} of {count} are up", 90)
    return process


def handshakes(program: str, keys: Keys, folder: Path, count: int, rate: float) -> Numbers:
    """CPU milliseconds of the server for a handshake, KiB for a client that rests."""
    setup = Setup(server=program, client="adit", server_extra=("duplicate-cn", "max-clients 2000"))
    with Lab(folder) as lab:
        net = two_hosts(lab)
        text = server_config(setup, keys).replace("verb 3", "verb 1")
        text = text.replace("255.255.255.0", "255.255.0.0").replace("keepalive 5 30", "keepalive 60 300")
        server = net.server.start("server", PROGRAMS[program], net.server.write("server.conf", text))
        server.wait_for("Initialization Sequence Completed")
        lines = [*common_lines(setup, keys, server=False), "client", f"remote {SERVER4} 1194", ""]
        net.client.write("load.ovpn", "\n".join(lines))
        warm = crowd(net, 10, rate, "warm")  # what is made once is not counted
        cpu, memory = settled(server.pid), memory_kib(server.pid)
        load = crowd(net, count, rate, "crowd")
        numbers = {
            "handshake ms": (settled(server.pid) - cpu) * 1000 / count,
            "client KiB": (memory_kib(server.pid) - memory) / count,
        }
        for process in (warm, load):
            process.stop(signal.SIGINT)
        return numbers


def in_memory() -> Numbers:
    """Nanoseconds for a packet on the whole path, by the number of peers."""
    done = subprocess.run([ADIT, "bench", "--json"], capture_output=True, text=True, timeout=120, check=True)
    rows = [row for row in json.loads(done.stdout) if row["section"].startswith("whole path")]
    return {f"peers {row['what'].split()[0]}": row["ns_per_packet"] for row in rows}
