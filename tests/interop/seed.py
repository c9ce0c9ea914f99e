#!/usr/bin/env python3
"""The two files of 2011 as they stand (tests/data/seed): an office behind a client, a data centre
behind the server. With what they lack they carry packets, beside stock at either end; without, adit
says what is wrong, in which line of which file, and how to cure it."""

from __future__ import annotations

import re
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

from features import does_not_reach, reaches, second_client, tunnel_addresses
from keys import call
from lab import Host, Lab, Process, ThreeHosts, check, ip_batch, until
from runner import Bench, Case, main
from scene import literally, says
from tunnel import COMPLETED, PROGRAMS

SEED = Path(__file__).resolve().parents[1] / "data" / "seed"
OFFICE, DATA_CENTRE = "192.168.20.10", "192.168.1.10"
GATEWAY = "10.0.0.1"

# What each file needs to work at all, with any program of today.
WITHOUT_DH = ("dh dh1024.pem", "dh none")
TLS_AUTH = "tls-auth ta.key 1\n"
OFFICE_ROUTE = "route 192.168.20.0 255.255.255.0\n"
IROUTE = "--iroute 192.168.20.0 255.255.255.0\n"


# ---- the scene ----


class Site:
    """One end: its host, its folder with the seed's files and keys, and its program."""

    def __init__(self, host: Host, bench: Bench, program: str, name: str, config: str):
        host.folder = bench.folder / host.name
        host.folder.mkdir()
        self.host, self.program, self.config = host, program, config
        shutil.copy(SEED / config, host.folder)
        shutil.copytree(SEED / "ccd", host.folder / "ccd")
        identity = bench.keys.identity("openssl", name)
        shutil.copy(identity.ca, host.folder / "ca.crt")
        shutil.copy(identity.cert, host.folder)
        shutil.copy(identity.key, host.folder)
        shutil.copy(bench.keys.static("stock"), host.folder / "ta.key")

    def change(self, old: str, new: str) -> None:
        path = self.host.folder / self.config
        text = path.read_text()
        check(old in text, f"{path} has no {old!r}")
        path.write_text(text.replace(old, new))

    def add(self, lines: str) -> None:
        path = self.host.folder / self.config
        path.write_text(path.read_text() + lines)

    def line(self, text: str) -> str:
        """Where a line of the configuration stands, as messages say it."""
        lines = (self.host.folder / self.config).read_text().splitlines()
        return f"{self.config}:{lines.index(text) + 1}"

    def start(self) -> Process:
        """The program; what it prints on the terminal is in its log."""
        return self.host.start(self.host.name, PROGRAMS[self.program], self.config)

    def run(self) -> Process:
        """The program, with the log that its configuration names."""
        terminal = self.start()
        path = self.host.folder / "openvpn.log"
        until(path.exists, 10, f"{self.host.name} writes its log")
        return Process(self.host.name, terminal.popen, path)


class Seed:
    def __init__(self, lab: Lab, bench: Bench, server: str, client: str, working: bool = True):
        self.net: ThreeHosts = lab.three_hosts()
        self.bench = bench
        self.server = Site(self.net.server, bench, server, "server", "server.conf")
        self.client = Site(self.net.client, bench, client, "client1", "openvpn.conf")
        if working:
            self.server.change(*WITHOUT_DH)
            self.client.add(TLS_AUTH)
        self.client.add("verb 3\n")  # so that there is something to wait for

    def add_lans(self, lab: Lab) -> tuple[Host, Host]:
        """A host on either side, which knows its own gateway only."""
        office, centre = lab.host("office"), lab.host("dc")
        lab.link(office, self.net.client, (f"{OFFICE}/24", "192.168.20.1/24"))
        lab.link(centre, self.net.server, (f"{DATA_CENTRE}/24", "192.168.1.1/24"))
        for host, gateway in ((office, "192.168.20.1"), (centre, "192.168.1.1")):
            ip_batch(f"route add default via {gateway}", namespace=host.namespace)
        for gateway in (self.net.client, self.net.server):
            gateway.sysctl("net.ipv4.ip_forward", 1)
        return office, centre

    def start(self) -> tuple[Process, Process]:
        server = self.server.run()
        server.wait_for(COMPLETED)
        client = self.client.run()
        client.wait_for(COMPLETED, 20)
        return server, client


def mtu_of(host: Host) -> int:
    return int(host.run("cat", "/sys/class/net/tun0/mtu"))


def check_size(seed: Seed, server: Process, client: Process) -> None:
    """Every packet of the size that is told fits into link-mtu 1300; a client whose data format takes
    more is pushed less."""
    told = server.wait_for(r"link-mtu 1300 is obsolete: using tun-mtu \d+ and pushing it")
    size = int(re.search(r"using tun-mtu (\d+)", told)[1])
    check(1240 <= size <= 1275, f"the tun-mtu is {size}")
    pushed = int(re.search(r",tun-mtu (\d+)", client.wait_for(r"PUSH_REPLY.*,tun-mtu \d+"))[1])
    check(size - 4 <= pushed <= size, f"told is {size}, pushed {pushed}")
    sizes = (mtu_of(seed.net.server), mtu_of(seed.net.client))
    check(sizes == (size, pushed), f"the devices have {sizes}, not {size} and {pushed}")


# ---- it works ----


def works(bench: Bench, server: str, client: str) -> None:
    """Addresses, routes and sizes; then each way between the sites, as the write-up made them."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, server, client)
        seed.server.add(OFFICE_ROUTE)
        office, centre = seed.add_lans(lab)
        server_log, client_log = seed.start()
        reaches(seed.net.client, GATEWAY, "the tunnel")
        check("10.0.0.2" in tunnel_addresses(seed.net.client), "the client has no 10.0.0.2")
        shown = seed.net.client.run("ip", "-4", "route", "show", "dev", "tun0")
        for network in ("10.0.0.0/24", "192.168.1.0/24"):
            check(network in shown, f"no route to {network}:\n{shown}")
        if server == "adit":
            check_size(seed, server_log, client_log)
            server_log.wait_for(r"ccd/client1:1: 10\.0\.0\.2 is inside the server's own /30")
        does_not_reach(office, DATA_CENTRE, "without SNAT or iroute")
        if server == "adit":
            line = (
                "dropped packets of client1 from 192.168.20.10, which is no address of it: if its "
                'network is meant to be reached, add "iroute 192.168.20.0 255.255.255.0" to '
                'ccd/client1 and "route 192.168.20.0 255.255.255.0"'
            )
            check(server_log.matches(line), f"not told of the office:\n{server_log.tail()}")
        translate = ("POSTROUTING", "-o", "tun0", "-j", "SNAT", "--to-source", "10.0.0.2")
        seed.net.client.run("iptables", "-t", "nat", "-A", *translate)
        reaches(office, DATA_CENTRE, "with SNAT")
        does_not_reach(centre, OFFICE, "with SNAT on the client only")
        seed.net.client.run("iptables", "-t", "nat", "-D", *translate)
        with (seed.server.host.folder / "ccd" / "client1").open("a") as file:
            file.write(IROUTE)
        check(client_log.stop() == 0, "the client does not end with 0")
        seed.client.run().wait_for(COMPLETED, 20)
        reaches(office, DATA_CENTRE, "with route and iroute")
        reaches(centre, OFFICE, "with route and iroute")
        check(server_log.stop() == 0, "the server does not end with 0")


# ---- it cannot work, and says why ----


def refused(site: Site, text: str) -> None:
    """The start fails: on the terminal as well as in the log file, and with the status 1."""
    terminal = site.start()
    check(terminal.wait() == 1, f"{site.host.name} ends with {terminal.wait()}")
    log = (site.host.folder / "openvpn.log").read_text()
    for where, said in (("terminal", terminal.text()), ("log", log)):
        lines = [line for line in said.splitlines() if text in line]
        check(len(lines) == 1, f"the {where} says {len(lines)} times {text!r}:\n{said}")


def weak_certificates(folder: Path, name: str, bits: int = 1024, digest: str = "sha1") -> None:
    """As the first easy-rsa made them: an authority and one certificate."""
    new = ("openssl", "req", "-new", "-newkey", f"rsa:{bits}", "-nodes")
    authority = ("-subj", "/CN=Old CA", "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    call(*new, "-x509", f"-{digest}", "-days", 30, *authority)
    call(*new, "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / "r.csr")
    signed = ("openssl", "x509", "-req", f"-{digest}", "-days", 30, "-in", folder / "r.csr")
    by = ("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-set_serial", 2)
    call(*signed, *by, "-out", folder / f"{name}.crt")


def cannot_start(bench: Bench) -> None:
    """DH of 1024 bits; certificates with SHA1, on both sides; a file that is not there; a slip of
    the pen: whatever it is, `log` does not hide it."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, "adit", "adit", working=False)
        server, client = seed.server, seed.client
        refused(server, "--dh fails with 'dh1024.pem': No such file or directory")
        call("openssl", "dhparam", "-dsaparam", "-out", server.host.folder / "dh1024.pem", 1024)
        refused(
            server,
            f"dh dh1024.pem ({server.line('dh dh1024.pem')}) has 1024 bits; at least 2048 are needed - "
            'write "dh none" (ECDHE is used anyway), or make new ones: openssl dhparam -out '
            "dh2048.pem 2048",
        )
        server.change(*WITHOUT_DH)
        for site, name in ((server, "server"), (client, "client1")):
            weak_certificates(site.host.folder, name)
            refused(
                site,
                f"cannot use cert {name}.crt ({site.line(f'cert {name}.crt')}): \"CN={name}\" is too "
                "weak, signed with SHA1, key of 1024 bits RSA, refused since 2017",
            )
        client.change("nobind", "nobnid")
        refused(client, f'In {client.line("nobnid")}: Unrecognized option: "nobnid" - did you mean')


def tls_auth_on_the_server_only(bench: Bench, server: str, client: str) -> None:
    """The literal pair: the server drops what the client sends, and only one of them used to know."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, server, client, working=False)
        seed.server.change(*WITHOUT_DH)
        server_log = seed.server.run()
        server_log.wait_for(COMPLETED)
        client_log = seed.client.run()
        if server == "adit":
            says(
                server_log,
                literally(
                    "198.51.100.2:~ sent a packet without tls-auth: its config lacks the line "
                    f'"tls-auth ta.key 1", with the same key that is here '
                    f"({seed.server.line('tls-auth ta.key 0')})"
                ),
            )
        if client == "adit":
            client_log.wait_for(
                r"No reply from 203\.0\.113\.2:1194 so far\..* a tls-auth or tls-crypt key, which this"
                " config lacks",
                15,
            )
        check(server_log.running and client_log.running, "one of them has given up")
        check(not client_log.matches(COMPLETED), "the client came up")


def two_clients_on_one_address(bench: Bench) -> None:
    """Told at the start of the server, and again when the second comes, who then has the traffic."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, "adit", "adit")
        ccd = seed.server.host.folder / "ccd"
        shutil.copy(ccd / "client1", ccd / "client2")
        server, _ = seed.start()
        check(
            server.matches("In ccd/client2:1: 10.0.0.2 is already given by ccd/client1"),
            f"the files were not looked at:\n{server.tail(30)}",
        )
        second = Site(second_client(lab, seed.net), bench, "stock", "client2", "openvpn.conf")
        second.change("client1", "client2")
        second.add(TLS_AUTH + "verb 3\n")
        second.run().wait_for(COMPLETED, 20)
        server.wait_for(
            "10.0.0.2 is already used by client1/.*; client2/.* takes over its route - give one of "
            "them another in its file in ccd"
        )
        reaches(second.host, GATEWAY, "the second client has the address")
        does_not_reach(seed.net.client, GATEWAY, "the first has lost it")
        told = server.matches("takes over its route")
        check(len(told) == 1, f"told {len(told)} times")


def pair_meets_topology_subnet(bench: Bench) -> None:
    """With the topology chosen, the pair of net30 is not sent: it would kill the client."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, "adit", "stock")
        seed.server.add("topology subnet\n")
        server, client = seed.start()
        server.wait_for(
            "ccd/client1:1: second ifconfig-push word 10.0.0.1 is not a netmask but topology is "
            'subnet; the address is not sent - write "ifconfig-push 10.0.0.2 255.255.255.0" or set '
            '"topology net30"'
        )
        client.wait_for(r"PUSH_REPLY.*,ifconfig 10\.0\.0\.2 255\.255\.255\.0")  # the pool's
        reaches(seed.net.client, GATEWAY, "an address of the pool")


def file_of_another_name(bench: Bench) -> None:
    """Names are compared letter by letter: Client1 is nobody's file."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, "adit", "adit")
        ccd = seed.server.host.folder / "ccd"
        (ccd / "client1").rename(ccd / "Client1")
        server, _ = seed.start()
        server.wait_for(r'no ccd file "ccd/client1" \(nor DEFAULT\); using the pool')
        check("10.0.0.6" in tunnel_addresses(seed.net.client), "not the pool's first address")


def keys_are_kept(bench: Bench) -> None:
    """";persist-key" beside "user nobody": after SIGUSR1 nobody could read the key again."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, "adit", "adit")
        seed.client.add("user nobody\ngroup nogroup\npersist-tun\n")
        (seed.client.host.folder / "client1.key").chmod(0o600)
        _, client = seed.start()
        client.wait_for("UID set to nobody")
        mark = client.mark()
        client.send_signal(signal.SIGUSR1)
        client.wait_for(COMPLETED, 20, mark)
        reaches(seed.net.client, GATEWAY, "after the restart")


def retries_are_counted(bench: Bench) -> None:
    """Nobody listens: the client tries on, says how often, and gives its advice once."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, "adit", "adit")
        seed.client.add("connect-timeout 1\nconnect-retry 1\n")
        client = seed.client.run()
        client.wait_for(r"no connection in 2 attempts since .* \(the last: server_poll\)", 20)
        advice = client.matches("No answer from the server within 1 seconds")
        check(len(advice) == 1, f"said {len(advice)} times")


WAYS = (("adit", "adit"), ("adit", "stock"), ("stock", "adit"))


def cases() -> list[Case]:
    made = []
    for name, run in (("works", works), ("tls-auth-on-one-side", tls_auth_on_the_server_only)):
        for server, client in WAYS:
            case = partial(run, server=server, client=client)
            made.append(Case(f"{name}_{server}-server_{client}-client", case))
    for run in (
        cannot_start,
        two_clients_on_one_address,
        pair_meets_topology_subnet,
        file_of_another_name,
        keys_are_kept,
        retries_are_counted,
    ):
        made.append(Case(run.__name__, run))
    return made


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
