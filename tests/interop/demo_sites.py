"""The two sites of the demo: hosts and cables, their NAT, keys, configuration files, programs.

  office host ── office gateway ─┐                     ┌─ data-centre gateway ── data-centre host
  192.168.20.10  .1   client     ├─ west ═════ east ───┤  server             .1   192.168.1.10
               home, road: ──────┘   the internet      └─ 198.51.100.2
               two more clients
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from keys import call
from lab import ADIT, Host, Lab, Process, check, ip_batch

OFFICE, DATA_CENTRE = "192.168.20.10", "192.168.1.10"
SERVER = "198.51.100.2"
COMPLETED = "Initialization Sequence Completed"
# name: address in the internet, address in the tunnel
CLIENTS = {
    "office": ("203.0.113.2", "10.0.0.2"),
    "home": ("192.0.2.2", "10.0.0.6"),
    "road": ("100.64.7.2", "10.0.0.10"),
}

SERVER_FILE = f"""\
local {SERVER}
port 1194
proto udp
dev tun
ca pki/ca.crt
cert pki/issued/server.crt
key pki/private/server.key
dh none
tls-auth ta.key 0
topology subnet
server 10.0.0.0 255.255.255.0
client-config-dir ccd
client-to-client
# The office lies behind a client: the kernel sends its packets into the tunnel, ...
route 192.168.20.0 255.255.255.0
# ... and every client learns the way to the data centre.
push "route 192.168.1.0 255.255.255.0"
keepalive 5 30
persist-key
persist-tun
status server-status.log 1
verb 3
"""

CLIENT_FILE = """\
client
dev tun
proto udp
remote {server} 1194
resolv-retry infinite
nobind
persist-key
persist-tun
ca pki/ca.crt
cert pki/issued/{name}.crt
key pki/private/{name}.key
remote-cert-tls server
tls-auth ta.key 1
verb 3
"""


@dataclass(frozen=True)
class Lines:
    """What a run adds to the files above."""

    server: tuple[str, ...] = ()
    client: tuple[str, ...] = ()


class Sites:
    """All hosts, each knowing its own way out and nothing of the other site."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.west, self.east = lab.host("west"), lab.host("east")
        self.gateway = lab.host("dcgw")
        self.office, self.data_centre = lab.host("office"), lab.host("dc")
        self.clients = {
            name: lab.host("officegw" if name == "office" else name) for name in CLIENTS
        }
        self.server: Process | None = None
        self.running: dict[str, Process] = {}
        self.cable()

    def cable(self) -> None:
        lab = self.lab
        lab.link(self.west, self.east, ("10.255.0.1/30", "10.255.0.2/30"))
        default(self.west, "10.255.0.2")
        default(self.east, "10.255.0.1")
        attach(lab, self.gateway, self.east, SERVER)
        for name, (address, _) in CLIENTS.items():
            attach(lab, self.clients[name], self.west, address)
        lab.link(self.office, self.clients["office"], (f"{OFFICE}/24", "192.168.20.1/24"))
        default(self.office, "192.168.20.1")
        lab.link(self.data_centre, self.gateway, (f"{DATA_CENTRE}/24", "192.168.1.1/24"))
        default(self.data_centre, "192.168.1.1")
        for host in (self.west, self.east, self.gateway, self.clients["office"]):
            host.sysctl("net.ipv4.ip_forward", 1)

    def set_up_nat(self) -> list[str]:
        """Both sites hide their network towards the internet, and what comes out of the tunnel
        carries an address that the other end can answer. Returns the rules."""
        rules = (
            (self.clients["office"], f"-o {self.west.name} -s 192.168.20.0/24 -j MASQUERADE"),
            (self.clients["office"], "-o tun0 -s 192.168.20.0/24 -j SNAT --to-source 10.0.0.2"),
            (self.gateway, f"-o {self.east.name} -s 192.168.1.0/24 -j MASQUERADE"),
            (self.gateway, "-o dc -s 10.0.0.0/24 -j SNAT --to-source 192.168.1.1"),
        )
        for host, rule in rules:
            host.run("iptables", "-t", "nat", "-A", "POSTROUTING", *rule.split())
        return [f"{host.name}: {rule}" for host, rule in rules]

    # ---- the tunnel ----

    def make_keys(self) -> None:
        folder = self.lab.folder
        pki = ("--dir", folder / "pki")
        call(ADIT, "pki", "init", *pki, "--cn", "demo CA")
        call(ADIT, "pki", "server", "server", *pki)
        for name in CLIENTS:
            call(ADIT, "pki", "client", name, *pki)
        call(ADIT, "--genkey", "secret", folder / "ta.key")
        (folder / "ccd").mkdir()
        for name, (_, inside) in CLIENTS.items():
            text = f"--ifconfig-push {inside} 255.255.255.0\n"
            if name == "office":  # and the network behind it
                text += "--iroute 192.168.20.0 255.255.255.0\n"
            (folder / "ccd" / name).write_text(text)

    def start_server(self, lines: Lines = Lines()) -> Process:
        text = SERVER_FILE + "".join(f"{line}\n" for line in lines.server)
        path = self.gateway.write("server.conf", text)
        self.server = self.gateway.start("server", ADIT, path)
        self.server.wait_for(COMPLETED)
        return self.server

    def start_client(self, name: str, lines: Lines = Lines()) -> Process:
        host = self.clients[name]
        text = CLIENT_FILE.format(name=name, server=SERVER)
        text += "".join(f"{line}\n" for line in lines.client)
        client = host.start(f"client-{name}", ADIT, host.write(f"{name}.conf", text))
        self.running[name] = client
        client.wait_for(COMPLETED)
        return client

    def stop(self) -> None:
        """Clients first; all must end well."""
        ends = [*self.running.items(), ("server", self.server)]
        self.running, self.server = {}, None
        for name, process in ends:
            if process is not None:
                status = process.stop()
                check(status == 0, f"{name} ends with {status}:\n{process.tail()}")

    def status(self) -> list[str]:
        text = (self.lab.folder / "server-status.log").read_text()
        return [line for line in text.splitlines() if re.match(r"office,|home,|road,|1[09]", line)]


def default(host: Host, gateway: str) -> None:
    ip_batch(f"route add default via {gateway}", namespace=host.namespace)


def attach(lab: Lab, host: Host, router: Host, address: str) -> None:
    """A host at a router, which is its way to everywhere."""
    beside = re.sub(r"\d+$", "1", address)
    lab.link(host, router, (f"{address}/24", f"{beside}/24"))
    default(host, beside)


def rewritten(host: Host) -> list[str]:
    """What the NAT of a host has done: a line for each rule that was of use."""
    lines = host.run("iptables", "-t", "nat", "-L", "POSTROUTING", "-vnx").splitlines()[2:]
    told = []
    for line in lines:
        packets, _, target, _, _, _, out, source, _, *more = line.split()
        if int(packets) > 0:
            now = more[-1].removeprefix("to:") if more else "its own address"
            told.append(f"NAT on {host.name}: {source} left by {out} as {now}: {packets} flows")
    return told
