#!/usr/bin/env python3
"""What adit says of itself when both ends are up and something will not work, or soon will not:
settings that do not fit, files of client-config-dir that contradict each other, silence."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

from features import adit_client, adit_server, profile_folder
from lab import Lab, Process, check
from runner import Bench, Case, main
from tunnel import Setup, Tunnel

ONE_SIDED = r"{} frames packets for compression and {} does not: nothing may get through"
AT_VERB_7 = r"WARNING: 'comp-lzo' is present in {} config but missing in {} config, {}='comp-lzo'"


def said(process: Process, *texts: str) -> None:
    for text in texts:
        process.wait_for(re.escape(text))


def not_said(process: Process, pattern: str) -> None:
    lines = process.matches(pattern)
    check(not lines, f"{process.name} says without need: {lines}")


def compression_on_one_side(bench: Bench) -> None:
    """The tunnel stands and carries nothing: whichever end is ours names the line."""
    ours_server = Setup("adit", "stock", client_extra=("comp-lzo no",), server_extra=("verb 7",))
    ours_client = Setup("stock", "adit", server_extra=("comp-lzo no",), client_extra=("verb 7",))
    for setup in (ours_server, ours_client):
        with Lab(bench.folder) as lab:
            tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
            tunnel.start()
            ours = tunnel.server if setup.server == "adit" else tunnel.client
            ours.wait_for(ONE_SIDED.format("the peer", "this side"))
            ours.wait_for(AT_VERB_7.format("remote", "local", "remote"))


def compression_on_our_side(bench: Bench) -> None:
    for extra in ({"server_extra": ("comp-lzo no",)}, {"client_extra": ("comp-lzo no",)}):
        setup = adit_server() if "server_extra" in extra else adit_client()
        with Lab(bench.folder) as lab:
            tunnel = Tunnel(lab.three_hosts(), replace(setup, **extra), bench.keys)
            tunnel.start()
            ours = tunnel.server if setup.server == "adit" else tunnel.client
            ours.wait_for(ONE_SIDED.format("this side", "the peer"))


def what_fits_is_no_news(bench: Bench) -> None:
    """Framing on both sides, or pushed by the server: packets pass and nobody is warned."""
    pushed = ("comp-lzo no", 'push "comp-lzo no"')
    setups = (
        Setup("adit", "stock", client_extra=("comp-lzo no",), server_extra=("comp-lzo no",)),
        Setup("stock", "adit", client_extra=("comp-lzo no",), server_extra=("comp-lzo no",)),
        Setup("adit", "stock", server_extra=pushed),
        Setup("stock", "adit", server_extra=pushed),
    )
    for setup in setups:
        with Lab(bench.folder) as lab:
            tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
            tunnel.start()
            tunnel.ping_all()
            ours = tunnel.server if setup.server == "adit" else tunnel.client
            not_said(ours, "frames packets for compression")


def clients_migrate_from_compression(bench: Bench) -> None:
    """`compress migrate` on a server: old clients keep their lines and packets pass."""
    old = ("comp-lzo no", "comp-lzo", "compress lz4", "compress")
    for line in (*old, "verb 3"):
        setup = replace(adit_server("compress migrate"), client_extra=(line,))
        with Lab(bench.folder) as lab:
            tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
            tunnel.start()
            tunnel.ping_all()
            pushed = tunnel.server.matches("SENT CONTROL.*,compress stub-v2")
            check(bool(pushed) == (line in old), f"{line}: pushed {pushed}")
            not_said(tunnel.server, "frames packets for compression")


def client_files_side_by_side(bench: Bench) -> None:
    """At the start, before anybody connects: the same address twice, networks without their route,
    routes without their network, a host that does not forward."""
    ccd = profile_folder(
        bench.folder,
        client1="ifconfig-push 10.8.0.9 255.255.255.0\niroute 192.168.20.0 255.255.255.0\n",
        client2="ifconfig-push 10.8.0.9 255.255.255.0\n",
        client3="port 5\n",
    )
    lines = (f"client-config-dir {ccd}", "route 192.168.30.0 255.255.255.0")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        net.server.sysctl("net.ipv4.ip_forward", 0)
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        said(
            tunnel.start_server(),
            f"In {ccd}/client2:1: 10.8.0.9 is already given by {ccd}/client1",
            f'In {ccd}/client1:2: iroute 192.168.20.0/24 has no matching "route" on the server',
            'add "route 192.168.20.0 255.255.255.0" to its configuration',
            "no client has an iroute for 192.168.30.0/24",
            f"In {ccd}/client3:1",
            "net.ipv4.ip_forward=0",
        )
        tunnel.client = tunnel.start_client()
        tunnel.client.wait_for("Initialization Sequence Completed")
        check(tunnel.server.running, "a hint ended the server")


def no_hints_without_reason(bench: Bench) -> None:
    ccd = profile_folder(bench.folder, client1="iroute 192.168.20.0 255.255.255.0\n")
    lines = (f"client-config-dir {ccd}", "route 192.168.20.0 255.255.255.0")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        net.server.sysctl("net.ipv4.ip_forward", 1)
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start()
        not_said(tunnel.server, "iroute for|no matching|ip_forward|already given")


def pair_in_the_servers_slot(bench: Bench) -> None:
    """The seed's own pair, 10.8.0.2 with 10.8.0.1: it works for one client, and is told."""
    ccd = profile_folder(bench.folder, client1="--ifconfig-push 10.8.0.2 10.8.0.1\n")
    setup = replace(adit_server(f"client-config-dir {ccd}"), topology="net30")
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        said(
            tunnel.start_server(),
            f"In {ccd}/client1:1: 10.8.0.2 is inside the server's own /30",
            'use "ifconfig-push 10.8.0.6 10.8.0.5" or "topology subnet"',
        )


def no_reply(bench: Bench) -> None:
    """A server with tls-auth answers nobody who has none: the client says so before its 60 s."""
    setup = replace(adit_client(), wrapping="tls-auth")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start_server()
        tunnel.setup = replace(setup, wrapping="plain")
        client = tunnel.start_client()
        client.wait_for(
            r"No reply from 203\.0\.113\.2:1194 so far\..*tls-auth or tls-crypt key, which this "
            r"config lacks",
            12,
        )


def replaced_settings(bench: Bench) -> None:
    """The server's ping times win, and so does the negotiated cipher; both are told."""
    own = ("ping 7", "ping-restart 77", "cipher BF-CBC")
    with Lab(bench.folder) as lab:
        tunnel = Tunnel(lab.three_hosts(), adit_client(*own), bench.keys)
        tunnel.start()
        said(
            tunnel.client,
            "the server's ping 5, ping-restart 30 replace ping 7, ping-restart 77 of this config",
            '"cipher BF-CBC" is not in use: AES-256-GCM was negotiated instead',
        )


RUNS = (
    compression_on_one_side,
    compression_on_our_side,
    what_fits_is_no_news,
    clients_migrate_from_compression,
    client_files_side_by_side,
    no_hints_without_reason,
    pair_in_the_servers_slot,
    no_reply,
    replaced_settings,
)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
