#!/usr/bin/env python3
"""Layer 2: tunnels between tap devices, with stock openvpn at the other end, in both roles."""

from __future__ import annotations

import re
import signal
import sys
import time
from functools import partial

from ask import process_status
from beside_stock import both
from features import (
    completed,
    does_not_reach,
    profile_folder,
    reaches,
    routes,
    second_client,
    start_second,
)
from lab import HERE, Host, Lab, Process, ThreeHosts, check, transfer, until
from runner import Bench, Case, main
from status import Status
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, server_config

SIZE_BYTES = 3 << 20
MAC = r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"


def card(host: Host, device: str = "tap0") -> str:
    """The hardware address of a device."""
    found = re.search(rf"link/ether ({MAC})", host.run("ip", "link", "show", device))
    check(found, f"{host.name} has no {device}")
    return found[1]


def tap_setup(
    server: str,
    client: str,
    transport: str = "udp4",
    at_server: tuple[str, ...] = (),
    at_client: tuple[str, ...] = (),
) -> Setup:
    extra = {"server_extra": ("dev tap", *at_server), "client_extra": ("dev tap", *at_client)}
    return Setup(server, client, transport, **extra)


def three_hosts(lab: Lab) -> ThreeHosts:
    """Hosts that use an IPv6 address at once, without asking first whether somebody has it."""
    net = lab.three_hosts()
    for host in (net.client, net.server):
        host.sysctl("net.ipv6.conf.default.accept_dad", 0)
    return net


def no_device_left(*hosts: Host) -> None:
    for host in hosts:
        left = [name for name in host.devices() if name.startswith("tap")]
        check(not left, f"the {host.name} left its device {left}")


def behind(tunnel: Tunnel, *stations: str) -> None:
    """The routing table of the status names these, and no others, behind client1."""

    def told(status: Status) -> bool:
        return status.addresses("client1") == set(stations)

    tunnel.server_status(told, f"{stations} behind client1")


def end(tunnel: Tunnel, allowed: str = "") -> None:
    check(tunnel.client.stop() == 0, f"the client:\n{tunnel.client.tail()}")
    tunnel.stop_server()
    no_device_left(tunnel.net.server, tunnel.net.client)
    tunnel.check_logs(allowed)


# ---- the usual tunnel ----


def whole_frames(process: Process) -> None:
    """Large frames pass the device whole, and are told of."""
    told = process_status(process)["device"]
    check(re.fullmatch(r"tap\d", told["name"]), f"status: {told}")
    check(told["offloads"]["tso"], f"status: {told}")
    check(told["malformed"] == told["oversized"] == 0, f"status: {told}")
    for way, call in (("packets_read", "reads"), ("packets_written", "writes")):
        check(told[way] > SIZE_BYTES / 1500 and told[way] > 1.2 * told[call], f"status: {told}")


def carries(server: str, client: str, transport: str, bench: Bench) -> None:
    """Addresses of both families, pings, bulk data; the client's card is learnt; all is undone."""
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(three_hosts(lab), tap_setup(server, client, transport), bench.keys)
        tunnel.start()
        net, inside = tunnel.net, tunnel.inside
        for host, address in tunnel.paths():
            reaches(host, address, "in the tunnel")
        own = card(net.client)
        tunnel.server.wait_for(rf"MULTI: Learn: {own}@0 -> client1/")
        behind(tunnel, f"{own}@0")
        addresses = net.client.addresses("tap0")
        check(set(addresses) == {"10.8.0.2/24", "fd00:8::1000/64"}, f"the client has {addresses}")
        for address in (inside.server4, inside.server6):
            transfer(net.client, net.server, address, SIZE_BYTES, "both")
        for program, process in ((server, tunnel.server), (client, tunnel.client)):
            if program == "adit":
                whole_frames(process)
        end(tunnel)


# ---- bridged ----


def bridged(server: str, client: str, bench: Bench) -> None:
    """server-bridge: the client is in the network behind the server, with an address of it, and
    sees the hosts there themselves. The tap was made before, as a bridge wants it."""
    bridge = "server-bridge 192.168.8.1 255.255.255.0 192.168.8.100 192.168.8.110"
    with Lab(bench.folder) as lab:
        net = three_hosts(lab)
        office = lab.host("office")
        lab.link(office, net.server, ("192.168.8.7/24", "192.0.2.99/32"))
        net.server.run("ip", "link", "add", "br0", "type", "bridge")
        net.server.run("ip", "link", "set", "office", "master", "br0")
        net.server.run("ip", "addr", "add", "192.168.8.1/24", "dev", "br0")
        net.server.run("ip", "link", "set", "br0", "up")
        net.server.run(PROGRAMS[server], "--mktun", "--dev", "tap7")
        net.server.run("ip", "link", "set", "tap7", "master", "br0", "up")
        tunnel = Tunnel(net, tap_setup(server, client), bench.keys)
        config = bridge_config(tunnel, ("dev tap7", bridge))
        path = net.server.write("server.conf", config)
        tunnel.server = net.server.start("server", PROGRAMS[server], path)
        completed(tunnel.server)
        completed(tunnel.start_client())
        got = net.client.addresses("tap0")
        check(got == ["192.168.8.100/24"], f"the client has {got}")
        reaches(net.client, "192.168.8.1", "bridged")
        reaches(net.client, "192.168.8.7", "bridged")
        reaches(office, "192.168.8.100", "bridged")
        transfer(net.client, office, "192.168.8.7", SIZE_BYTES, "both")
        seen = net.client.run("ip", "neigh", "show", "192.168.8.7")
        there = card(office, "server")
        check(there in seen, f"the client sees {seen}, not the card {there} itself")
        behind(tunnel, f"{card(net.client)}@0")
        check(tunnel.server.stop() == 0, tunnel.server.tail())
        check("master br0" in net.server.run("ip", "link", "show", "tap7"), "tap7 was changed")
        net.server.run(PROGRAMS[server], "--rmtun", "--dev", "tap7")
        no_device_left(net.server)


def bridge_config(tunnel: Tunnel, lines: tuple[str, ...]) -> str:
    helpers = r"^(server|server-ipv6|topology) .*\n"
    text = server_config(tunnel.setup, tunnel.keys)
    return re.sub(helpers, "", text, flags=re.MULTILINE) + "\n".join((*lines, ""))


def routers_of_dhcp(client: str, bench: Bench) -> str:
    """server-bridge without addresses: the router that a DHCP server names to the client. Returns
    the options of the answer as the client's host sees it."""
    lines = ("server-bridge", 'push "route 10.55.0.0 255.255.0.0"')
    with Lab(bench.folder / client) as lab:
        net = three_hosts(lab)
        tunnel = Tunnel(net, tap_setup("adit", client), bench.keys)
        path = net.server.write("server.conf", bridge_config(tunnel, lines))
        tunnel.server = net.server.start("server", PROGRAMS["adit"], path)
        completed(tunnel.server, tunnel.start_client())
        for host in (net.server, net.client):
            host.run("ip", "link", "set", "tap0", "up")
        net.client.run("ip", "addr", "add", "192.168.8.50/24", "dev", "tap0")
        check("10.55.0.0/16" not in routes(net.client), "a route without a gateway")
        words = (sys.executable, HERE / "frames.py")
        ears = net.client.start("ears", *words, "hear", "tap0", 30)
        ears.wait_for("listening")
        net.server.run(*words, "dhcp", "tap0", "192.168.8.1", "ack")
        ears.wait_for("^ack ", 5)
        tunnel.client.wait_for(r"Extracted DHCP router address: 192\.168\.8\.1")
        if client == "adit":
            until(lambda: "10.55.0.0/16" in routes(net.client), 5, "the route has its gateway")
            route = net.client.run("ip", "route", "show", "10.55.0.0/16")
            check("via 192.168.8.1 dev tap0" in route, route)
        heard = ears.text().splitlines()[1:]
        check(len(heard) == 1, f"{client}: heard {heard}")
        return heard[0].split()[2]


def bridged_dhcp(bench: Bench) -> None:
    told = {client: routers_of_dhcp(client, bench) for client in ("stock", "adit")}
    check(told["adit"] == told["stock"], f"{told}")
    check("0304c0a80801" not in told["adit"] and told["adit"].endswith("good"), f"{told}")


# ---- several clients ----


def client_to_client(meet: bool, bench: Bench) -> None:
    """Frames from one client to another pass through the server alone if it is told so. Without
    that they come out of its tap, where nobody passes them on."""
    lines = ("client-to-client",) if meet else ()
    with Lab(bench.folder) as lab:
        net = three_hosts(lab)
        other = second_client(lab, net)
        tunnel = Tunnel(net, tap_setup("adit", "stock", at_server=lines), bench.keys)
        tunnel.start()
        completed(start_second(tunnel, other))
        reaches(other, "10.8.0.1", "the second client")
        reaches(net.client, "10.8.0.1", "the first client")
        if meet:
            reaches(net.client, "10.8.0.3", "client to client")
            seen = net.client.run("ip", "neigh", "show", "10.8.0.3")
            check(card(other) in seen, f"client1 sees {seen}")
        else:
            does_not_reach(net.client, "10.8.0.3", "without client-to-client")


EVERYBODY = "ff:ff:ff:ff:ff:ff"
# Tags of what the clients send, and of what comes out of the server's tap.
CLIENT_TAGS = ("-", "0005", "6000", "6005")
TAP_TAGS = ("-", "0001", "0005", "0007", "0000", "6000", "6007", "6005", "7007")


def heard_in_vlans(program: str, accept: str, bench: Bench) -> dict[str, list[str]]:
    """Who hears which of the broadcasts, and with which tag: client1 is in the tap's own VLAN, 5,
    client2 in VLAN 7. Cards are named by their hosts."""
    folder = bench.folder / f"{program}-{accept}"
    folder.mkdir()
    ccd = profile_folder(folder, client2="vlan-pvid 7\n")
    lines = ("vlan-tagging", f"vlan-accept {accept}", "vlan-pvid 5", "client-to-client")
    with Lab(folder) as lab:
        net = three_hosts(lab)
        other = second_client(lab, net)
        setup = tap_setup(program, "stock", at_server=(*lines, f"client-config-dir {ccd}"))
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        completed(start_second(tunnel, other))
        hosts = (net.server, net.client, other)
        names = {card(host): host.name for host in hosts}
        words = (sys.executable, HERE / "frames.py")
        ears = [host.start(f"ears-{host.name}", *words, "hear", "tap0", 30) for host in hosts]
        for ear in ears:
            ear.wait_for("listening")
        for host in hosts:
            tags = TAP_TAGS if host is net.server else CLIENT_TAGS
            marks = [f"{tag}:{host.name}{tag.replace('-', 'x')}" for tag in tags]
            host.run(*words, "send", "tap0", EVERYBODY, *marks)
        wait_silence(ears)
        heard = {}
        for host, ear in zip(hosts, ears):
            lines_heard = [line.split() for line in ear.text().splitlines()[1:]]
            heard[host.name] = [f"{m} {names[source]} {tag}" for m, source, tag in lines_heard]
        return heard


def wait_silence(ears: list[Process]) -> None:
    """Until nothing more has come for a while."""
    seen, since = [], time.monotonic()

    def silent() -> bool:
        nonlocal seen, since
        now = [ear.mark() for ear in ears]
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > 0.6

    until(silent, 15, "silence")


def vlans(accept: str, bench: Bench) -> None:
    """The same frames are heard, with the same tags, whether the server is stock or adit."""
    stock, ours = both(partial(heard_in_vlans, accept=accept, bench=bench))
    check(ours == stock, f"accept {accept}: heard {ours}, stock {stock}")
    check(sum(map(len, stock.values())) >= 5, f"accept {accept}: only {stock} was heard")


# ---- what a script says, and point to point ----


def learn_address(program: str, bench: Bench) -> None:
    """The script is told of each card, and what it refuses goes no further; as with stock."""
    bad, good = "02:ba:d0:00:00:01", "02:00:5e:00:00:09"
    with Lab(bench.folder) as lab:
        net = three_hosts(lab)
        told = net.server.folder / "told"
        text = f'#!/bin/sh\necho "$@" >> {told}\n[ "${{2#02:ba:d0}}" = "$2" ]\n'
        script = net.server.write("learn.sh", text, 0o755)
        lines = ("script-security 2", f"learn-address {script}")
        tunnel = Tunnel(net, tap_setup(program, "stock", at_server=lines), bench.keys)
        tunnel.start()
        reaches(net.client, "10.8.0.1", "as the script agrees")
        first = card(net.client)
        net.client.run("ip", "link", "set", "tap0", "address", bad)
        does_not_reach(net.client, "10.8.0.1", "which the script refused")
        net.client.run("ip", "link", "set", "tap0", "address", good)
        reaches(net.client, "10.8.0.1", "another card of the same client")
        behind(tunnel, f"{first}@0", f"{good}@0")
        asked = [line for line in told.read_text().splitlines() if line.startswith("add")]
        check(asked[0] == f"add {first}@0 client1", f"asked: {asked}")
        check(f"add {bad}@0 client1" in asked, f"asked: {asked}")
        check(asked[-1] == f"add {good}@0 client1", f"asked: {asked}")
        check(tunnel.server.stop() == 0, f"the server:\n{tunnel.server.tail()}")
        wanted = sorted(f"delete {station}@0" for station in (first, good))
        until(lambda: deleted(told.read_text()) == wanted, 5, "deletes")


def deleted(told: str) -> list[str]:
    return sorted(line for line in told.splitlines() if line.startswith("delete"))


def stale_stations(program: str, bench: Bench) -> None:
    """A card of which nothing comes makes room for another, and the script hears it; as with stock."""
    other = "02:00:5e:00:00:09"
    with Lab(bench.folder) as lab:
        net = three_hosts(lab)
        told = net.server.folder / "told"
        script = net.server.write("learn.sh", f'#!/bin/sh\necho "$@" >> {told}\n', 0o755)
        lines = (
            "script-security 2",
            f"learn-address {script}",
            "max-routes-per-client 1",
            "stale-routes-check 4 1",
        )
        tunnel = Tunnel(net, tap_setup(program, "stock", at_server=lines), bench.keys)
        tunnel.start()
        first = card(net.client)
        net.client.run("ping", "-c", "14", "-i", "0.5", "10.8.0.1")
        check(not deleted(told.read_text()), f"it was heard all the time: {told.read_text()}")
        net.client.run("ip", "link", "set", "tap0", "address", other)
        net.client.ping("10.8.0.1", 1, wait=1)
        tunnel.server.wait_for(r"route quota \(1\) exceeded")
        reaches(net.client, "10.8.0.1", "the other card, with room for it")
        behind(tunnel, f"{other}@0")
        said = told.read_text().splitlines()
        wanted = [f"add {first}@0 client1", f"delete {first}@0", f"add {other}@0 client1"]
        check(said == wanted, f"the script heard {said}")


def client_file(bench: Bench) -> None:
    """What a client's own file may say with tap, and what it may not; as with stock."""
    said = []
    for program in ("stock", "adit"):
        folder = bench.folder / program
        folder.mkdir()
        own = "ifconfig-push 10.8.0.77 255.255.255.0\niroute 10.9.0.0 255.255.0.0\n"
        lines = (f"client-config-dir {profile_folder(folder, client1=own)}",)
        with Lab(folder) as lab:
            setup = tap_setup(program, "stock", at_server=lines)
            tunnel = Tunnel(three_hosts(lab), setup, bench.keys)
            tunnel.start()
            net = tunnel.net
            reaches(net.server, "10.8.0.77", "ifconfig-push")
            check("10.8.0.77/24" in net.client.addresses("tap0"), "ifconfig-push")
            line = tunnel.server.wait_for("iroute options rejected").split(" MULTI: ")[1]
            said.append(re.sub(r":\d+ ", ":PORT ", line))
    check(said[0] == said[1], f"{said}")


def hardware_address(bench: Bench) -> None:
    """lladdr on both ends, and tap devices with names of their own."""
    own = {"server": "02:00:5e:00:00:01", "client": "02:00:5e:00:00:02"}
    more = {f"at_{end}": (f"lladdr {address}",) for end, address in own.items()}
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(three_hosts(lab), tap_setup("adit", "adit", **more), bench.keys)
        tunnel.start()
        reaches(tunnel.net.client, "10.8.0.1", "lladdr")
        for name, process in (("server", tunnel.server), ("client", tunnel.client)):
            seen = card(getattr(tunnel.net, name))
            check(seen == own[name], f"the {name} has {seen}")
            said = process.matches(f"link layer address set to {own[name]}")
            check(said, f"the {name} is silent")
        behind(tunnel, f"{own['client']}@0")
        end(tunnel)


def point_to_point(kind: str, server: str, client: str, bench: Bench) -> None:
    """Two hosts on one network, without a server: with TLS, or with a static key."""
    with Lab(bench.folder) as lab:
        net = three_hosts(lab)
        ends = []
        for number, (host, program) in enumerate(((net.server, server), (net.client, client))):
            lines = ["dev office", "dev-type tap", "verb 4", "proto udp4", "ping 1", "auth SHA256"]
            lines += [f"ifconfig 10.9.0.{number + 1} 255.255.255.0"]
            lines += [f"ifconfig-ipv6 fd00:9::{number + 1}/64 fd00:9::{2 - number}"]
            lines += key_lines(kind, number, bench)
            lines += [f"remote {net.server4}"] if host is net.client else []
            path = host.write(f"{host.name}.conf", "\n".join((*lines, "")))
            ends.append(host.start(host.name, PROGRAMS[program], path))
        completed(*ends)
        for address in ("10.9.0.1", "fd00:9::1"):
            reaches(net.client, address, kind)
        transfer(net.client, net.server, "10.9.0.1", SIZE_BYTES, "both")
        warned = [line for one in ends for line in one.matches("used inconsistently|only in")]
        check(not warned, f"{warned}")


def key_lines(kind: str, number: int, bench: Bench) -> list[str]:
    if kind == "static-key":
        return [f"secret {bench.keys.static('adit')} {number}", "cipher AES-256-CBC"]
    who = bench.keys.identity("openssl", ("server", "client1")[number])
    role = ("tls-server\ndh none", "tls-client")[number]
    return [role, f"ca {who.ca}", f"cert {who.cert}", f"key {who.key}"]


def several_lanes(bench: Bench) -> None:
    """Clients of different lanes meet, and the server keeps its tap over a restart."""
    lines = ("data-lanes 2", "client-to-client", "persist-tun")
    with Lab(bench.folder) as lab:
        net = three_hosts(lab)
        other = second_client(lab, net)
        tunnel = Tunnel(net, tap_setup("adit", "adit", at_server=lines), bench.keys)
        tunnel.start()
        second = start_second(tunnel, other)
        completed(second)
        reaches(net.client, "10.8.0.3", "from lane to lane")
        transfer(net.client, other, "10.8.0.3", SIZE_BYTES, "both")
        transfer(other, net.server, "10.8.0.1", SIZE_BYTES, "both")
        before, marks = card(net.server), (tunnel.client.mark(), second.mark())
        tunnel.server.send_signal(signal.SIGUSR1)
        for one, mark in zip((tunnel.client, second), marks):
            one.send_signal(signal.SIGUSR1)
            one.wait_for(COMPLETED, 20, mark)
        check(card(net.server) == before, "the server has another tap")
        reaches(net.client, "10.8.0.3", "after a restart")


def quota(bench: Bench) -> None:
    """A client may have so many cards, and is told of once; the same line as stock's."""
    for program in ("stock", "adit"):
        with Lab(bench.folder / program) as lab:
            lines = ("max-routes-per-client 2",)
            setup = tap_setup(program, "stock", at_server=lines)
            tunnel = Tunnel(three_hosts(lab), setup, bench.keys)
            tunnel.start()
            net = tunnel.net
            reaches(net.client, "10.8.0.1", "the first card")
            for number in (2, 3):
                address = f"02:00:5e:00:00:0{number}"
                net.client.run("ip", "link", "set", "tap0", "address", address)
                net.client.ping("10.8.0.1", 2, wait=0.2)
            said = r"MULTI ROUTE: route quota \(2\) exceeded for client1/198\.51\.100\.2:\d+ "
            tunnel.server.wait_for(said + r"\(see --max-routes-per-client option\)")
            does_not_reach(net.client, "10.8.0.1", "beyond the quota")


def cases() -> list[Case]:
    pairs = (("adit", "stock"), ("stock", "adit"))
    ways = [(*pair, "udp4") for pair in pairs]
    ways += [("adit", "adit", "udp6"), ("adit", "stock", "tcp4")]
    found = [Case("carries-" + "-".join(way), partial(carries, *way)) for way in ways]
    found += [Case("bridged-" + "-".join(pair), partial(bridged, *pair)) for pair in pairs]
    for kind in ("static-key", "tls"):
        found += [Case("-".join((kind, *p)), partial(point_to_point, kind, *p)) for p in pairs]
    return [
        *found,
        Case("bridged-dhcp", bridged_dhcp),
        Case("client-to-client", partial(client_to_client, True)),
        Case("clients-apart", partial(client_to_client, False)),
        *(Case(f"vlans-{one}", partial(vlans, one)) for one in ("all", "tagged", "untagged")),
        *(Case(f"learn-address-{one}", partial(learn_address, one)) for one in ("stock", "adit")),
        *(Case(f"stale-stations-{one}", partial(stale_stations, one)) for one in ("stock", "adit")),
        Case("client-file", client_file),
        Case("hardware-address", hardware_address),
        Case("several-lanes", several_lanes),
        Case("quota", quota),
    ]


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
