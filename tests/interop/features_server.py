#!/usr/bin/env python3
"""What a server does for its clients: addresses, routes, limits, pushed options, status.

The server is adit, the clients are stock openvpn, each on a host of its own.
"""

from __future__ import annotations

import signal
import sys

from features import (
    FAILED,
    adit_server,
    completed,
    device_index,
    does_not_reach,
    profile_folder,
    push,
    reaches,
    routes,
    second_client,
    start_second,
    tunnel_addresses,
    wait_address,
)
from lab import Host, Lab, Process, check
from runner import Bench, Case, main
from status import Status
from tunnel import COMPLETED, Tunnel

REFUSED_LIMIT = r"MULTI: new incoming connection would exceed maximum number of clients \(1\)"
REPLACED = r"MULTI: new connection by client 'client1' will cause previous active sessions"


def pool_address(client: Process, host: Host) -> str:
    """The IPv4 address a client got in the tunnel."""
    completed(client)
    return next(a for a in tunnel_addresses(host) if a.startswith("10.8.0."))


# ---- client-config-dir ----


def ccd_and_default(bench: Bench) -> None:
    """A client's own file, with lines as on a command line; DEFAULT for the others."""
    own = (
        "# addresses outside the pool\n"
        "--ifconfig-push 10.8.0.77 255.255.255.0\n"
        "ifconfig-ipv6-push fd00:8::77/64\n"
        '  --push "route 10.99.0.0 255.255.0.0"\n'
    )
    default = 'push "route 10.98.0.0 255.255.0.0"\n'
    ccd = profile_folder(bench.folder, client1=own, DEFAULT=default)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server(f"client-config-dir {ccd}"), bench.keys)
        tunnel.start()
        second = start_second(tunnel, other)
        completed(second)
        found = set(tunnel_addresses(net.client))
        check(found == {"10.8.0.77", "fd00:8::77"}, f"client1 has {found}")
        check("10.99.0.0/16" in routes(net.client), "client1's own route is missing")
        check("10.98.0.0/16" not in routes(net.client), "client1 read DEFAULT too")
        check("10.98.0.0/16" in routes(other), "client2 did not get DEFAULT's route")
        check("10.8.0.2" in tunnel_addresses(other), "client2's address is not from the pool")
        reaches(net.server, "10.8.0.77", "fixed address")
        reaches(net.server, "fd00:8::77", "fixed address")
        reaches(other, "10.8.0.1", "pool address")


def ccd_exclusive(bench: Bench) -> None:
    ccd = profile_folder(bench.folder, client1="", DEFAULT="")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        lines = (f"client-config-dir {ccd}", "ccd-exclusive")
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start()
        refused = start_second(tunnel, other)
        refused.wait_for(FAILED)
        check(refused.wait() == 0, "stock ends with 0 after AUTH_FAILED")
        wanted = r"--client-config-dir authentication failed for common name 'client2' file='.*'"
        tunnel.server.wait_for(wanted)
        tunnel.ping_all()


def ccd_push_reset_and_remove(bench: Bench) -> None:
    offered = push("route 10.51.0.0 255.255.0.0", "route 10.60.0.0 255.255.0.0")
    offered += push("route 10.60.1.0 255.255.255.0", "route-ipv6 2001:db8:60::/48")
    reset = 'push-reset\npush "topology subnet"\npush "route-gateway 10.8.0.1"\n'
    ccd = profile_folder(
        bench.folder,
        client1=reset + 'push "route 10.50.0.0 255.255.0.0"\n',
        client2='push-remove "route 10.60"\npush-remove "route-ipv6"\n',
    )
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server(*offered, f"client-config-dir {ccd}"), bench.keys)
        tunnel.start()
        completed(start_second(tunnel, other))
        only = {name for name in routes(net.client) if name.startswith(("10.5", "10.6"))}
        check(only == {"10.50.0.0/16"}, f"after push-reset client1 has {only}")
        left = {name for name in routes(other) if name.startswith(("10.5", "10.6"))}
        check(left == {"10.51.0.0/16"}, f"after push-remove client2 has {left}")
        check("2001:db8:60::/48" not in routes(other, family=6), "route-ipv6 was not removed")
        reaches(net.client, "10.8.0.1", "after push-reset")


def ccd_disable_and_wrong_lines(bench: Bench) -> None:
    """A wrong line is told with its place and does not lock the client out; `disable` does."""
    ccd = profile_folder(
        bench.folder, client1="port 5\nifconfig-push 10.8.0.50 255.255.255.0\n", client2="disable\n"
    )
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server(f"client-config-dir {ccd}"), bench.keys)
        tunnel.start()
        tunnel.server.wait_for(r"ccd/client1:1.*port")
        check("10.8.0.50" in tunnel_addresses(net.client), "the rest of the file was not read")
        disabled = start_second(tunnel, other)
        disabled.wait_for(FAILED)
        tunnel.server.wait_for(r"MULTI: client has been rejected due to 'disable' directive")


# ---- networks behind clients ----


def iroute_joins_networks(bench: Bench) -> None:
    """An office behind the client and a data centre behind the server, both families."""
    ccd = profile_folder(
        bench.folder, client1="iroute 192.168.20.0 255.255.255.0\niroute-ipv6 fd20::/64\n"
    )
    lines = (f"client-config-dir {ccd}", "route 192.168.20.0 255.255.255.0", "route-ipv6 fd20::/64")
    lines += push("route 192.168.10.0 255.255.255.0", "route-ipv6 fd10::/64")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        office, center = lab.host("office"), lab.host("center")
        for host, gateway, n in ((office, net.client, 20), (center, net.server, 10)):
            four = (f"192.168.{n}.10/24", f"192.168.{n}.1/24")
            lab.link(host, gateway, four, (f"fd{n}::10/64", f"fd{n}::1/64"))
            host.run("ip", "route", "add", "default", "via", f"192.168.{n}.1")
            host.run("ip", "-6", "route", "add", "default", "via", f"fd{n}::1")
            gateway.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start()
        for one, other in (("192.168.20.10", "192.168.10.10"), ("fd20::10", "fd10::10")):
            reaches(office, other, "office to data centre")
            reaches(center, one, "data centre to office")
        status = tunnel.server_status(lambda status: status.client("client1"), "client1")
        wanted = {"192.168.20.0/24", "fd20::/64"}
        check(wanted <= status.addresses("client1"), f"status shows {status.addresses('client1')}")
        tunnel.say_goodbye()
        tunnel.stop_server()
        left = {"192.168.20.0/24"} & routes(net.server)
        check(not left, f"the server left its routes {left}")


def source_without_iroute(bench: Bench) -> None:
    """What comes from an address that is not the client's is dropped, and told."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        office = lab.host("office")
        lab.link(office, net.client, ("192.168.20.10/24", "192.168.20.1/24"))
        office.run("ip", "route", "add", "default", "via", "192.168.20.1")
        net.client.sysctl("net.ipv4.ip_forward", 1)
        tunnel = Tunnel(net, adit_server(), bench.keys)
        tunnel.start()
        does_not_reach(office, "10.8.0.1", "no iroute")
        tunnel.server.wait_for(r"client1/.*: bad source address from client \[192\.168\.20\.10\]")
        tunnel.ping_all()


def client_to_client(bench: Bench) -> None:
    """On: the server hands packets over itself, although its host does not route."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server("client-to-client"), bench.keys)
        net.server.sysctl("net.ipv4.ip_forward", 0)
        tunnel.start()
        completed(start_second(tunnel, other))
        wait_address(other, "10.8.0.3")
        reaches(net.client, "10.8.0.3", "client-to-client")
        reaches(other, "10.8.0.2", "client-to-client")
        reaches(net.client, "fd00:8::1001", "client-to-client")


def through_the_host(bench: Bench) -> None:
    """Off: packets between clients take the way of the server's host, with its rules."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server(), bench.keys)
        net.server.sysctl("net.ipv4.ip_forward", 0)
        tunnel.start()
        completed(start_second(tunnel, other))
        wait_address(other, "10.8.0.3")
        reaches(net.client, "10.8.0.1", "before")
        does_not_reach(net.client, "10.8.0.3", "the host does not route")
        net.server.sysctl("net.ipv4.ip_forward", 1)
        reaches(net.client, "10.8.0.3", "the host routes")
        net.server.run(
            "ip", "rule", "add", "to", "10.8.0.3", "iif", "tun0", "prohibit", "pref", "10"
        )
        does_not_reach(net.client, "10.8.0.3", "a rule of the host forbids it")


# ---- how many ----


def duplicate_cn_off(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server(client_extra=("single-session",)), bench.keys)
        tunnel.start()
        second = start_second(tunnel, other, "client1")
        completed(second)
        tunnel.server.wait_for(REPLACED)

        def only_the_new(status: Status) -> bool:
            row = status.client("client1") or {"Real Address": ""}
            return len(status.clients) == 1 and row["Real Address"].startswith("198.51.102.2:")

        tunnel.server_status(only_the_new, "only the new client")
        reaches(other, "10.8.0.1", "the new one")
        check("10.8.0.2" in tunnel_addresses(other), "the address went to nobody")


def duplicate_cn_on(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server("duplicate-cn"), bench.keys)
        tunnel.start()
        second = start_second(tunnel, other, "client1")
        check(pool_address(second, other) == "10.8.0.3", "both share an address")
        reaches(other, "10.8.0.1", "the second")
        tunnel.ping_all()
        tunnel.server_status(lambda status: len(status.clients) == 2, "two clients")
        check(not tunnel.server.matches(REPLACED), "one was dropped")


def max_clients(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server("max-clients 1"), bench.keys)
        tunnel.start()
        second = start_second(tunnel, other)
        tunnel.server.wait_for(REFUSED_LIMIT)
        tunnel.ping_all()
        check(not second.matches(COMPLETED), "a client beyond the limit came in")
        tunnel.client.stop()
        completed(second)
        reaches(other, "10.8.0.1", "when there is room")


def time_limits(bench: Bench) -> None:
    """Who is silent, idle or there for too long has to go; a client's own file may say so."""
    ccd = profile_folder(bench.folder, client1="ping-exit 4\n", client2="inactive 4\n")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        setup = adit_server(f"client-config-dir {ccd}", "session-timeout 12")
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        second = start_second(tunnel, other)
        completed(second)
        tunnel.client.kill()  # without a goodbye
        tunnel.server.wait_for(r"client1/\S+ .*Inactivity timeout \(--ping-exit\), exiting", 12)
        tunnel.server.wait_for(r"client1/\S+ SIGTERM\[soft,ping-exit\] received, client-instance")
        tunnel.server.wait_for(r"client2/\S+ Inactivity timeout \(--inactive\), exiting", 12)
        tunnel.server.wait_for(r"client2/\S+ SIGTERM\[soft,inactive\] received, client-instance")
        second.stop()
        (ccd / "client2").unlink()
        mark = tunnel.server.mark()
        completed(start_second(tunnel, other))
        tunnel.server.wait_for(r"client2/\S+ Session timeout, exiting", 30, mark)
        tunnel.server.wait_for(r"client2/\S+ SIGTERM\[soft,session-timeout\] received", 9, mark)


# ---- pools ----


def pool_persists(bench: Bench) -> None:
    """A restarted server gives everybody the address of before, whoever comes first."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        lines = (f"ifconfig-pool-persist {bench.folder}/ipp.txt", "explicit-exit-notify 1")
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start()
        second = start_second(tunnel, other)
        check(pool_address(second, other) == "10.8.0.3", "client2 is not the second")
        for process in (tunnel.client, second, tunnel.server):
            check(process.stop() == 0, f"{process.name} does not end with 0")
        kept = (bench.folder / "ipp.txt").read_text().split()
        wanted = ["client1,10.8.0.2,fd00:8::1000", "client2,10.8.0.3,fd00:8::1001"]
        check(sorted(kept) == wanted, f"the file says {kept}")
        tunnel.start_server()
        again = start_second(tunnel, other)
        check(pool_address(again, other) == "10.8.0.3", "client2 got another address")
        check(pool_address(tunnel.start_client(), net.client) == "10.8.0.2", "client1 got another")


def pool_range(bench: Bench) -> None:
    """A pool of two addresses: the third client stays without one, the others do not notice."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        others = [second_client(lab, net, number) for number in (2, 3)]
        lines = (
            "server 10.8.0.0 255.255.255.0 nopool",
            "ifconfig-pool 10.8.0.100 10.8.0.101 255.255.255.0",
            "duplicate-cn",
        )
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start()
        check("10.8.0.100" in tunnel_addresses(net.client), "not the first of the range")
        second = start_second(tunnel, others[0])
        check(pool_address(second, others[0]) == "10.8.0.101", "not the second of the range")
        start_second(tunnel, others[1])
        tunnel.server.wait_for(r"MULTI: no free --ifconfig-pool addresses are available")
        reaches(net.client, "10.8.0.1", "while another is refused")


def topology_p2p(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_server(topology="p2p"), bench.keys)
        tunnel.start_server()
        completed(tunnel.start_client())
        address = next(a for a in tunnel_addresses(net.client) if a.startswith("10.8.0."))
        reaches(net.server, address, "topology p2p")
        reaches(net.client, "10.8.0.1", "topology p2p")
        check("10.8.0.1" in routes(net.client), "the peer's address is not pushed")


# ---- what is pushed ----


def large_push_reply(bench: Bench) -> None:
    """More options than one message holds, both families."""
    wanted4 = {f"10.{100 + n}.0.0/16" for n in range(60)}
    wanted6 = {f"fd00:{n:x}::/32" for n in range(1, 41)}
    lines = push(*(f"route {name.split('/')[0]} 255.255.0.0" for name in sorted(wanted4)))
    lines += push(*(f"route-ipv6 {name}" for name in sorted(wanted6)))
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start()
        replies = tunnel.client.matches(r"PUSH: Received control message: 'PUSH_REPLY")
        check(len(replies) >= 3, f"it took {len(replies)} messages")
        missing = (wanted4 - routes(net.client)) | (wanted6 - routes(net.client, family=6))
        check(not missing, f"routes that did not arrive: {sorted(missing)}")
        tunnel.ping_all()


# ---- signals ----


def status_on_signal(bench: Bench) -> None:
    """SIGUSR2 writes the status into the log, in the version of the file."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_server(status_version=3), bench.keys)
        tunnel.start()
        mark = tunnel.server.mark()
        tunnel.server.send_signal(signal.SIGUSR2)
        tunnel.server.wait_for(r"\d\d:\d\d:\d\d END$", since=mark)
        text = tunnel.server.text(mark)
        for wanted in (
            "TITLE\tOpenVPN 2.",
            "CLIENT_LIST\tclient1\t198.51.100.2:",
            "GLOBAL_STATS\t",
        ):
            check(wanted in text, f"the log lacks {wanted!r}")
        tunnel.ping_all()


def restart_by_signal(bench: Bench) -> None:
    """SIGUSR1 keeps the device and drops the clients, who are told; SIGHUP reads the file again."""
    lines = (
        "persist-tun",
        "persist-key",
        "explicit-exit-notify 1",
        'push "route 10.71.0.0 255.255.0.0"',
    )
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start()
        index = device_index(net.server)
        for number, word in ((signal.SIGUSR1, "SIGUSR1"), (signal.SIGHUP, "SIGHUP")):
            marks = tunnel.marks()
            if number == signal.SIGHUP:
                path = net.server.folder / "server.conf"
                text = path.read_text().replace("10.71", "10.72")
                path.write_text(text + "suppress-timestamps\n")
            tunnel.server.send_signal(number)
            tunnel.server.wait_for(rf"{word}\[hard,\] received, process restarting", since=marks[0])
            tunnel.server.wait_for(COMPLETED, since=marks[0])
            if number == signal.SIGUSR1:
                check(device_index(net.server) == index, "SIGUSR1 made a new device")
            else:
                bare = tunnel.server.matches(f"^{COMPLETED}", since=marks[0])
                check(bool(bare), "SIGHUP did not read again how to log")
            tunnel.client.wait_for(COMPLETED, 25, since=marks[1])
            tunnel.ping_all()
        check("10.72.0.0/16" in routes(net.client), "SIGHUP did not read the file again")
        tunnel.stop_server()


RUNS = (
    ccd_and_default,
    ccd_exclusive,
    ccd_push_reset_and_remove,
    ccd_disable_and_wrong_lines,
    iroute_joins_networks,
    source_without_iroute,
    client_to_client,
    through_the_host,
    duplicate_cn_off,
    duplicate_cn_on,
    max_clients,
    time_limits,
    pool_persists,
    pool_range,
    topology_p2p,
    large_push_reply,
    status_on_signal,
    restart_by_signal,
)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
