#!/usr/bin/env python3
"""Where a server listens: a TCP port that it shares with a web server ("port-share", nginx of the
distribution behind it), several "local" lines of every kind at once, and hosts with several
addresses ("multihome").
"""

from __future__ import annotations

import hashlib
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from beside_stock import both
from features import reaches, second_client
from foreign import unpacked
from keys import Keys
from lab import Host, Lab, Process, ThreeHosts, check, start_transfer, until
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS

MEBIBYTE = 1 << 20
LARGE = 12 * MEBIBYTE
GATEWAY = "10.8.0.1"


# ---- a server and its clients ----


def identity_lines(keys: Keys, name: str) -> list[str]:
    who = keys.identity("openssl", name)
    return ["dev tun", f"ca {who.ca}", f"cert {who.cert}", f"key {who.key}", "verb 3"]


def start_server(net: ThreeHosts, keys: Keys, program: str, *lines: str) -> Process:
    config = identity_lines(keys, "server")
    config += ["dh none", "topology subnet", "server 10.8.0.0 255.255.255.0", "keepalive 5 30"]
    config += ["client-to-client", "duplicate-cn", *lines]
    path = net.server.write("server.conf", "\n".join([*config, ""]))
    server = net.server.start("server", PROGRAMS[program], path)
    server.wait_for(COMPLETED)
    return server


def start_client(host: Host, keys: Keys, program: str, remote: str, *lines: str) -> Process:
    """remote: as in a configuration."""
    config = identity_lines(keys, "client1")
    config += ["client", "nobind", f"remote {remote}", "connect-retry 1 2", *lines]
    name = f"{host.name}-{program}"
    path = host.write(f"{name}.conf", "\n".join([*config, ""]))
    return host.start(name, PROGRAMS[program], path)


# ---- port-share ----

NGINX = """
daemon off; master_process off; error_log {folder}/nginx-error.log; pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:8080; root {folder}/web;
    listen 127.0.0.1:8443 ssl; ssl_certificate {cert}; ssl_certificate_key {key};
  }}
}}
"""
FETCH = """
import hashlib, ssl, sys, urllib.request
plain = ssl.create_default_context(); plain.check_hostname = False; plain.verify_mode = ssl.CERT_NONE
print(hashlib.sha256(urllib.request.urlopen(sys.argv[1], timeout=20, context=plain).read()).hexdigest())
"""
# Says its request in small pieces, keeps the connection until it is told to end, and tells its port.
SLOW = """
import socket, sys, time
web = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
for piece in ("G", "E", "T", " /small HTTP/1.1\\r\\nHost: web\\r\\n\\r\\n"):
    web.sendall(piece.encode()); time.sleep(0.05)
answer = web.recv(4096)
while b"few words" not in answer: answer += web.recv(4096)
print("answered from", web.getsockname()[1], flush=True)
sys.stdin.readline()
"""
SILENT = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
s.sendall(bytes.fromhex(sys.argv[3]))
try: end = s.recv(1) == b""
except ConnectionResetError: end = True
print("end", end, flush=True)
"""


def start_web(net: ThreeHosts, keys: Keys) -> str:
    """nginx on the server's loopback; the digest of its large file."""
    folder = net.server.folder
    (folder / "web").mkdir()
    folder.chmod(0o755)
    large = hashlib.shake_256(b"large").digest(LARGE)
    (folder / "web" / "large").write_bytes(large)
    (folder / "web" / "small").write_text("a few words\n")
    who = keys.identity("openssl", "server")
    config = NGINX.format(folder=folder, cert=who.cert, key=who.key)
    path = net.server.write("nginx.conf", config)
    program = unpacked("nginx") / "usr/sbin/nginx"
    net.server.start("nginx", program, "-e", folder / "nginx-start.log", "-c", path)
    listens = lambda: "127.0.0.1:8443" in net.server.run("ss", "-Hltn")  # noqa: E731
    until(listens, 10, "nginx listens")
    return hashlib.sha256(large).hexdigest()


def fetch(host: Host, url: str) -> str:
    return host.run(sys.executable, "-c", FETCH, url, seconds=30).strip()


def journal_dialogue(program: str, net: ThreeHosts, journal: Path) -> dict[str, object]:
    """What a slow caller meets, and what the journal says meanwhile."""
    caller = net.client.start(
        f"caller-{program}", sys.executable, "-c", SLOW, net.server4, 443, stdin=True
    )
    port = caller.wait_for(r"answered from \d+").rsplit(" ", 1)[1]
    notes = {note.name: note.read_text() for note in journal.iterdir()}
    modes = {oct(note.stat().st_mode & 0o777) for note in journal.iterdir()}
    caller.command("end")
    caller.wait()
    until(lambda: not list(journal.iterdir()), 5, "the journal is empty again")
    masked = {re.sub(r":\d+$", ":PORT", name): text.replace(port, "CALLER") for name, text in notes.items()}
    return {"notes": masked, "modes": modes}


LINES = r"TCP connection established with|Non-OpenVPN client|port-share-redirect|PORT SHARE PROXY: proxy s"


def share_with(program: str, lab: Lab, keys: Keys) -> dict[str, object]:
    net = lab.three_hosts()
    digest = start_web(net, keys)
    journal = net.server.folder / "journal"
    journal.mkdir()
    server = start_server(
        net, keys, program, "proto tcp-server", "port 443", f"port-share 127.0.0.1 8080 {journal}"
    )
    said = journal_dialogue(program, net, journal)
    said["log"] = [
        re.sub(r"^[-\d]+ [:\d]+ |(?<=\d):\d+", "", line) for line in server.matches(LINES)
    ]
    said["web"] = fetch(net.client, f"http://{net.server4}:443/large") == digest
    return said


def shared_as_stock_does(bench: Bench) -> None:
    """The same caller at stock and at adit: journal, its names and modes, and the log, line for line."""

    def run(program: str) -> dict[str, object]:
        with Lab(bench.folder / program) as lab:
            return share_with(program, lab, bench.keys)

    stock, adit = both(run)
    check(stock["notes"] == {"[AF_INET]127.0.0.1:PORT": "[AF_INET]198.51.100.2:CALLER"}, str(stock))
    check(adit == stock, f"adit  {adit}\nstock {stock}")


def shared_under_traffic(bench: Bench) -> None:
    """Both kinds of clients are in the tunnel while the web server is read over TLS, more at a time
    than one, and strangers sit there with half a first packet."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        digest = start_web(net, bench.keys)
        server = start_server(
            net, bench.keys, "adit", "proto tcp-server", "port 443", "port-share 127.0.0.1 8443"
        )
        halves = [
            net.client.start(f"half{i}", sys.executable, "-c", SILENT, net.server4, 443, first)
            for i, first in enumerate(("00", "000e", "000e38aa"))
        ]
        with ThreadPoolExecutor(4) as pool:
            url = f"https://{net.server4}:443/large"
            reads = [pool.submit(fetch, net.client, url) for _ in range(4)]
            stock = start_client(net.client, bench.keys, "stock", f"{net.server4} 443 tcp-client")
            ours = start_client(other, bench.keys, "adit", f"{net.server4} 443 tcp-client")
            for host, client in ((net.client, stock), (other, ours)):
                client.wait_for(COMPLETED)
                reaches(host, GATEWAY, "beside the web")
            got = [read.result() for read in reads]
        check(got == [digest] * 4, f"{got}, not {digest}")
        check(all(half.running for half in halves[:2]), "half a first packet says nothing yet")
        reaches(net.client, GATEWAY, "after the web")
        check(server.stop() == 0, f"the server ends:\n{server.tail()}")
        for half in halves:
            half.wait_for("end True")


def shared_with_nobody(bench: Bench) -> None:
    """The web server is not there: its callers are turned away, with a line, and clients are served."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        lines = ("proto tcp-server", "port 443", "port-share 127.0.0.1 8080")
        server = start_server(net, bench.keys, "adit", *lines)
        caller = net.client.start("caller", sys.executable, "-c", SILENT, net.server4, 443, "474554")
        caller.wait_for("end True")
        server.wait_for(r"port-share: cannot connect to 127.0.0.1:8080: Connection refused")
        client = start_client(net.client, bench.keys, "stock", f"{net.server4} 443 tcp-client")
        client.wait_for(COMPLETED)
        reaches(net.client, GATEWAY, "the client")


# ---- several local lines ----


def many_places(bench: Bench) -> None:
    """UDP and TCP, both families, several ports: one server. Its clients reach each other."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        hosts = [net.client, *(second_client(lab, net, number) for number in (2, 3))]
        server = start_server(
            net, bench.keys, "adit", f"local {net.server4} 1194 udp", f"local {net.server4} 443 tcp",
            "local * 1195 udp6", "port 1196",
        )
        for line in (
            rf"UDPv4 link local \(bound\): \[AF_INET\]{net.server4}:1194",
            rf"TCPv4_SERVER link local \(bound\): \[AF_INET\]{net.server4}:443",
            r"UDPv6 link local \(bound\): \[AF_INET6\]\[undef\]:1195",
        ):
            server.wait_for(line)
        clients = [
            start_client(hosts[0], bench.keys, "stock", f"{net.server6} 1195 udp6"),
            start_client(hosts[1], bench.keys, "stock", f"{net.server4} 443 tcp-client"),
            start_client(hosts[2], bench.keys, "adit", f"{net.server4} 1194 udp"),
        ]
        for client in clients:
            client.wait_for(COMPLETED)
            check(not client.matches("is used inconsistently"), client.tail())
        addresses = [inside(host) for host in hosts]
        for host in hosts:
            for address in (GATEWAY, *addresses):
                reaches(host, address, "in the tunnel")
        transfer_between(hosts[0], hosts[1], addresses[1])
        check(server.stop() == 0, f"the server ends:\n{server.tail()}")


def inside(host: Host) -> str:
    return host.addresses("tun0")[0].split("/")[0]


def transfer_between(a: Host, b: Host, address: str) -> None:
    start_transfer(a, b, address, up=4 * MEBIBYTE, down=4 * MEBIBYTE).finish()


def lanes_in_every_place(bench: Bench) -> None:
    """Two pairs of lanes, each with a socket at two ports: a client at each, and one who moves from one
    port to the other keeps its session."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        server = start_server(
            net, bench.keys, "adit", "local * 1194", "local * 1195", "data-lanes 2", "verb 4"
        )
        first = start_client(net.client, bench.keys, "stock", f"{net.server4} 1194 udp4")
        first.wait_for(COMPLETED)
        second = start_client(other, bench.keys, "stock", f"{net.server4} 1195 udp4")
        second.wait_for(COMPLETED)
        for host in (net.client, other):
            reaches(host, GATEWAY, "in the tunnel")
        transfer_between(net.client, other, inside(other))
        # The wire rewrites the port from now on: to the server the client has moved.
        net.wire.run("nft", "add table ip moves; add chain ip moves pre { type nat hook prerouting"
                     " priority dstnat; }; add rule ip moves pre udp dport 1194 dnat to :1195")
        reaches(net.client, GATEWAY, "after it moved")
        check(server.stop() == 0, f"the server ends:\n{server.tail()}")


# ---- multihome ----

SECOND4, SECOND6 = "203.0.113.77", "2001:db8:5::77"


def several_addresses(bench: Bench) -> None:
    """Clients that call a second address are answered from it: stock refuses all others."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        net.server.run("ip", "addr", "add", f"{SECOND4}/24", "dev", "wire")
        net.server.run("ip", "addr", "add", f"{SECOND6}/64", "dev", "wire", "nodad")
        server = start_server(net, bench.keys, "adit", "multihome", "proto udp6", "port 1194")
        six = start_client(net.client, bench.keys, "stock", f"{SECOND6} 1194 udp6")
        four = start_client(other, bench.keys, "stock", f"{SECOND4} 1194 udp4")
        for host, client in ((net.client, six), (other, four)):
            client.wait_for(COMPLETED)
            reaches(host, GATEWAY, "in the tunnel")
            wrong = client.matches("Incoming packet rejected from")
            check(not wrong, f"answered from elsewhere: {wrong}")
        check(server.stop() == 0, f"the server ends:\n{server.tail()}")


def sent_by(host: Host, device: str) -> int:
    return int(host.run("cat", f"/sys/class/net/{device}/statistics/tx_packets"))


def answers_by(bench: Bench, option: str) -> tuple[int, int]:
    """A host with two ways to its client, which calls by the one that the host itself would not take:
    by which of them its answers leave."""
    with Lab(bench.folder / option.replace(" ", "-")) as lab:
        net = lab.three_hosts()
        lab.link(net.client, net.server, ("198.18.0.2/24", "198.18.0.1/24"))
        for host in (net.client, net.server):
            host.sysctl("net.ipv4.conf.all.rp_filter", 0)
            for device in host.devices():
                host.sysctl(f"net.ipv4.conf.{device}.rp_filter", 0)
        # To the client's first address the server prefers the second cable.
        net.server.run("ip", "route", "add", net.client4, "via", "198.18.0.2", "dev", "client")
        net.server.run(
            "ip", "route", "add", net.client4, "via", "203.0.113.1", "dev", "wire", "metric", 50
        )
        start_server(net, bench.keys, "adit", option, "proto udp4", "port 1194")
        client = start_client(net.client, bench.keys, "stock", f"{net.server4} 1194 udp4")
        before = sent_by(net.server, "wire"), sent_by(net.server, "client")
        client.wait_for(COMPLETED)
        check(net.client.ping(GATEWAY, 20, interval=0.01).received == 20, "pings in the tunnel")
        return (
            sent_by(net.server, "wire") - before[0],
            sent_by(net.server, "client") - before[1],
        )


def the_same_interface(bench: Bench) -> None:
    """As 2.7: routes choose the interface, unless "same-interface" keeps it. Of the answers to twenty
    pings several may leave as one."""
    with ThreadPoolExecutor(2) as pool:
        options = ("multihome", "multihome same-interface")
        routed, kept = pool.map(lambda option: answers_by(bench, option), options)
    check(routed[1] >= 10 > routed[0], f"multihome: sent by {routed}, not by the second cable")
    check(kept[0] >= 10 > kept[1], f"multihome same-interface: sent by {kept}, not by the first")


CASES = (
    Case("shared_as_stock_does", shared_as_stock_does),
    Case("shared_under_traffic", shared_under_traffic),
    Case("shared_with_nobody", shared_with_nobody),
    Case("many_places", many_places),
    Case("lanes_in_every_place", lanes_in_every_place),
    Case("several_addresses", several_addresses),
    Case("the_same_interface", the_same_interface),
)

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
