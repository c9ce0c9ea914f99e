#!/usr/bin/env python3
"""What a client does with what it is told: routes, filters, remotes; and the host after it.

The client is adit, the server is stock openvpn, unless the case says otherwise.
"""

from __future__ import annotations

import dataclasses
import json
import re
import signal
import sys
from pathlib import Path

from features import (
    FAR,
    FAR6,
    Hooks,
    adit_client,
    check_untouched,
    completed,
    far_host,
    hosts_file,
    picture,
    push,
    reaches,
    routes,
)
from lab import NAMESPACE_FILES, Host, Lab, check
from runner import Bench, Case, main
from tunnel import COMPLETED, PORT, Setup, Tunnel

RESTARTED = r"SIGUSR1\[(hard|soft),[^]]*\] received, process restarting"
DEAD = "198.51.100.99"  # an address at the client's own network where nobody is
ELSEWHERE = "203.0.113.3"  # an address that the server may have later


def way_to(host: Host, address: str) -> str:
    """The device by which a host sends to an address."""
    return json.loads(host.run("ip", "-j", "route", "get", address))[0]["dev"]


def end_cleanly(tunnel: Tunnel, before: str, number: int = signal.SIGTERM) -> None:
    status = tunnel.client.stop(number)
    check(status == 0, f"the client ends with {status}:\n{tunnel.client.tail()}")
    check_untouched(tunnel.net.client, before)


# ---- routes ----


def redirect_gateway(bench: Bench) -> None:
    """Everything goes through the tunnel, both families, and all of it comes back at the end."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        far = far_host(lab, net)
        net.server.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        net.wire.run("ip", "route", "add", "10.8.0.0/24", "via", net.server4)
        net.wire.run("ip", "-6", "route", "add", "fd00:8::/64", "via", net.server6)
        lines = push("redirect-gateway def1 ipv6", "route 203.0.113.77 255.255.255.255 net_gateway")
        tunnel = Tunnel(net, Setup("stock", "adit", server_extra=lines), bench.keys)
        before = picture(net.client)
        tunnel.start()
        for address in (FAR, FAR6):
            check(way_to(net.client, address) == "tun0", f"{address} is not reached by the tunnel")
            reaches(net.client, address, "through the tunnel")
        for address in (net.server4, "203.0.113.77"):
            check(way_to(net.client, address) == "wire", f"{address} is reached by the tunnel")
        check(far.ping("10.8.0.2", 1).received, "the far host does not see the tunnel's address")
        end_cleanly(tunnel, before)


def routes_come_and_go(bench: Bench) -> None:
    """Own and pushed routes, with metric and gateway; another's of the same network is there again
    at the end."""
    own = ("route 10.81.0.0 255.255.0.0", "route 10.82.0.0 255.255.0.0 vpn_gateway 42")
    own += ("route-ipv6 fd81::/64", "route 10.84.0.0 255.255.0.0 net_gateway")
    pushed = push(
        "route 10.91.0.0 255.255.0.0", "route-ipv6 fd91::/64", "route 10.83.0.0 255.255.0.0"
    )
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        net.client.run("ip", "route", "add", "10.83.0.0/16", "via", net.wire4)
        setup = Setup("stock", "adit", server_extra=pushed, client_extra=own)
        tunnel = Tunnel(net, setup, bench.keys)
        before = picture(net.client)
        tunnel.start()
        wanted = {"10.8.0.0/24", "10.81.0.0/16", "10.82.0.0/16", "10.83.0.0/16", "10.91.0.0/16"}
        check(routes(net.client, "tun0") == wanted, f"routes: {routes(net.client, 'tun0')}")
        check(
            {"fd81::/64", "fd91::/64"} <= routes(net.client, "tun0", 6), "IPv6 routes are missing"
        )
        check("10.84.0.0/16" in routes(net.client, "wire"), "net_gateway was not understood")
        shown = net.client.run("ip", "route", "show", "10.82.0.0/16")
        check("metric 42" in shown, f"no metric: {shown}")
        end_cleanly(tunnel, before, signal.SIGINT)


def route_nopull(bench: Bench) -> None:
    lines = push("route 10.91.0.0 255.255.0.0", "redirect-gateway def1", "dhcp-option DNS 10.8.0.1")
    hooks = Hooks(bench.folder)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        own = ("route-nopull", "route 10.81.0.0 255.255.0.0", "script-security 2", hooks.line("up"))
        setup = Setup("stock", "adit", server_extra=lines, client_extra=own)
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        check(
            routes(net.client, "tun0") == {"10.8.0.0/24", "10.81.0.0/16"}, "pushed routes came in"
        )
        check("foreign_option_1" not in hooks.wait("up").env, "a pushed DNS server came in")
        tunnel.ping_all()


def pull_filter(bench: Bench) -> None:
    """Ignored, accepted in spite of a later ignore, and rejected: which restarts the client."""
    lines = push(
        "route 10.91.0.0 255.255.0.0", "route 10.92.0.0 255.255.0.0", "dhcp-option DNS 1.2.3.4"
    )
    own = ('pull-filter accept "route 10.92"', 'pull-filter ignore "route 10.9"')
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        setup = Setup("stock", "adit", server_extra=lines, client_extra=own)
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        check(routes(net.client, "tun0") == {"10.8.0.0/24", "10.92.0.0/16"}, "the filter failed")
        tunnel.ping_all()
        tunnel.client.stop()
        rejecting = Setup("stock", "adit", client_extra=('pull-filter reject "dhcp-option"',))
        tunnel.setup = rejecting
        client = tunnel.start_client()
        client.wait_for(RESTARTED)
        client.wait_for(r"dhcp-option DNS 1\.2\.3\.4")
        check(not client.matches(COMPLETED), "the rejected option was taken")


# ---- the end in the middle ----


def end_while_connecting(bench: Bench) -> None:
    """SIGTERM while nobody answers, over UDP and TCP: a quick and clean end."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        net.wire.run("ip", "route", "add", "blackhole", f"{FAR}/32")
        before = picture(net.client)
        for transport, sign in (
            ("udp4", r"UDPv4 link remote"),
            ("tcp4", r"Attempting to establish TCP"),
        ):
            setup = Setup("stock", "adit", transport=transport)
            tunnel = Tunnel(net, setup, bench.keys, FAR)
            tunnel.start_client().wait_for(sign)
            end_cleanly(tunnel, before)


def end_while_coming_up(bench: Bench) -> None:
    """SIGTERM while the up script runs: device, addresses and routes are there, then gone."""
    hooks = Hooks(bench.folder)
    gate = bench.folder / "go-on"
    body = f"while ! [ -e {gate} ]; do /bin/sleep 0.05; done"
    own = (
        "script-security 2",
        hooks.line("up", body=body),
        hooks.line("down"),
        "redirect-gateway def1",
    )
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_client(*own), bench.keys)
        before = picture(net.client)
        tunnel.start_server()
        tunnel.start_client()
        hooks.wait("up")
        tunnel.client.send_signal(signal.SIGTERM)
        gate.touch()
        check(tunnel.client.wait() == 0, "it does not end with 0")
        check(len(hooks.events("down")) == 1, "down was not called")
        check_untouched(net.client, before)


# ---- remotes ----


def walks_to_the_next(bench: Bench) -> None:
    """Remotes one after the other: refused, silent, unknown by name; then the one that works."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        net.wire.run("ip", "route", "add", "blackhole", f"{FAR}/32")
        own = ("server-poll-timeout 3", "resolv-retry 0", f"remote {FAR} 1194 tcp4-client")
        own += ("remote nobody.invalid 1194", f"remote {net.server4} {PORT} udp4")
        tunnel = Tunnel(net, adit_client(*own), bench.keys, f"{net.wire4} 1 tcp4-client\n#")
        tunnel.start_server()
        with hosts_file(net.client):
            client = tunnel.start_client()
            completed(client, seconds=40)
        client.wait_for(r"RESOLVE: Cannot resolve host address: nobody\.invalid:1194")
        tunnel.ping_all()


def signal_and_remotes(bench: Bench) -> None:
    """SIGUSR1 gives up a silent remote, and stays with one whose tunnel was up."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        net.wire.run("ip", "route", "add", "blackhole", f"{FAR}/32")
        own = ("server-poll-timeout 60", f"remote {net.server4} {PORT} udp4")
        tunnel = Tunnel(net, adit_client(*own), bench.keys, f"{FAR} 1194 udp4\n#")
        tunnel.start_server()
        client = tunnel.start_client()
        silent = rf"link remote: \[AF_INET\]{re.escape(FAR)}"
        client.wait_for(silent)
        for _ in range(2):
            mark = client.mark()
            client.send_signal(signal.SIGUSR1)
            client.wait_for(r"SIGUSR1\[hard,\] received, process restarting", since=mark)
            client.wait_for(COMPLETED, 15, mark)
            check(not client.matches(silent, mark), "it began with the first remote again")
        tunnel.ping_all()


def elsewhere(tunnel: Tunnel, address: str) -> None:
    """The server dies, and another begins at this address."""
    tunnel.server.kill()
    tunnel.net.server.run("ip", "address", "add", f"{address}/24", "dev", "wire")
    tunnel.setup = dataclasses.replace(
        tunnel.setup, server_extra=(*tunnel.setup.server_extra, f"local {address}")
    )
    tunnel.start_server()


def comes_back(tunnel: Tunnel, mark: int, before: str) -> None:
    """By a tunnel that never went, which nothing passed by meanwhile."""
    client = tunnel.client
    client.wait_for(r"SIGUSR1\[soft,ping-restart\]", 20, mark)
    check(way_to(tunnel.net.client, FAR) == "tun0", "packets pass by the tunnel that stays")
    client.wait_for(COMPLETED, 45, mark)
    tries = client.matches(rf"link remote: \[AF_INET\]{re.escape(ELSEWHERE)}", mark)
    check(len(tries) == 1, f"the server that is there was tried {len(tries)} times")
    check(client.matches("Preserving previous TUN/TAP instance", mark), "the device did not stay")
    check(way_to(tunnel.net.client, FAR) == "tun0", "packets pass by the tunnel")
    reaches(tunnel.net.client, "10.8.0.1", "through the tunnel")
    end_cleanly(tunnel, before)


KEPT = ("persist-tun", "server-poll-timeout 3", "connect-retry 1", "resolv-retry 2")


def next_remote_beside_a_kept_tunnel(bench: Bench) -> None:
    """All traffic goes through a tunnel that stays, but not that to the next server."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        lines = (*push("redirect-gateway def1"), "keepalive 1 4")
        own = (*KEPT, f"remote {ELSEWHERE} {PORT} udp4")
        setup = dataclasses.replace(adit_client(*own), server_extra=lines)
        tunnel = Tunnel(net, setup, bench.keys)
        before = picture(net.client)
        tunnel.start()
        mark = tunnel.client.mark()
        elsewhere(tunnel, ELSEWHERE)
        comes_back(tunnel, mark, before)


def name_beside_a_kept_tunnel(bench: Bench) -> None:
    """Nor do questions for where a server is now, by whose name it is looked up."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        place = net.wire.write("place", net.server4)
        script = Path(__file__).with_name("nameserver.py")
        names = net.wire.start("names", sys.executable, script, "203.0.113.1", place)
        names.wait_for("ready")
        conf = NAMESPACE_FILES / net.client.namespace / "resolv.conf"
        conf.write_text("nameserver 203.0.113.1\noptions timeout:1 attempts:1\n")
        lines = (*push("redirect-gateway def1"), "keepalive 1 4")
        setup = dataclasses.replace(adit_client(*KEPT), server_extra=lines)
        tunnel = Tunnel(net, setup, bench.keys, "vpn.example")
        before = picture(net.client)
        tunnel.start()
        mark = tunnel.client.mark()
        place.write_text(ELSEWHERE)
        elsewhere(tunnel, ELSEWHERE)
        comes_back(tunnel, mark, before)


def connection_blocks(bench: Bench) -> None:
    """Blocks with their own transports; the first is dead, top-level options hold for all."""
    first = f"<connection>\nremote {DEAD} 1194 tcp4-client\nconnect-timeout 2\n</connection>"
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        good = (
            f"<connection>\nremote {net.server4} {PORT} udp4\nexplicit-exit-notify 1\n</connection>"
        )
        tunnel = Tunnel(net, adit_client(first, good), bench.keys)
        tunnel.start_server()
        completed(tunnel.start_client(), seconds=30)
        check(tunnel.client.matches(r"TCP.*198\.51\.100\.99"), "the first block was not tried")
        tunnel.ping_all()
        tunnel.say_goodbye()


def remotes_at_random(bench: Bench) -> None:
    """Eight starts do not all begin with the same of six remotes."""
    remotes = [f"remote 127.0.0.{n} 9 tcp4-client" for n in range(1, 7)]
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        seen = set()
        for _ in range(8):
            tunnel = Tunnel(
                net, adit_client("remote-random", *remotes), bench.keys, "127.0.0.7 9 tcp4\n#"
            )
            line = tunnel.start_client().wait_for(r"Attempting to establish TCP connection with")
            seen.add(line.split()[-1])
            check(tunnel.client.stop() == 0, "it does not end with 0")
        check(len(seen) > 1, f"always {seen}")


def name_appears_later(bench: Bench) -> None:
    """resolv-retry infinite: the name is unknown at first."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        with hosts_file(net.client) as hosts:
            tunnel = Tunnel(net, adit_client("resolv-retry infinite"), bench.keys, "vpn.example")
            tunnel.start_server()
            client = tunnel.start_client()
            client.wait_for(r"RESOLVE: Cannot resolve host address: vpn\.example:1194")
            hosts.write_text(f"{net.server4} vpn.example\n")
            completed(client, seconds=30)
            tunnel.ping_all()


def gives_up(bench: Bench) -> None:
    """connect-retry-max: the line that wrappers wait for, and 1."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        before = picture(net.client)
        own = ("connect-retry-max 1", "connect-timeout 2")
        tunnel = Tunnel(net, adit_client(*own, transport="tcp4"), bench.keys, net.wire4)
        status = tunnel.start_client().wait(20)
        check(status == 1, f"it ends with {status}")
        line = r"All connections have been connect-retry-max \(1\) times unsuccessful, exiting"
        check(tunnel.client.matches(line), f"it says:\n{tunnel.client.tail()}")
        check_untouched(net.client, before)


RUNS = (
    redirect_gateway,
    routes_come_and_go,
    route_nopull,
    pull_filter,
    end_while_connecting,
    end_while_coming_up,
    walks_to_the_next,
    signal_and_remotes,
    next_remote_beside_a_kept_tunnel,
    name_beside_a_kept_tunnel,
    connection_blocks,
    remotes_at_random,
    name_appears_later,
    gives_up,
)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
