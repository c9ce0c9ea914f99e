#!/usr/bin/env python3
"""PUSH_UPDATE: what was pushed to a client changes while it stays connected: by the server's manager,
by `adit reload`; a stock client beside it, which does not know the message, hears nothing of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from features import reaches, routes, second_client, start_second, tunnel_addresses
from lab import Host, Lab, Process, ThreeHosts, check, until
from manager import SOCKET, Manager
from names import resolv_conf
from reload_config import Flow, Living, TAKEN
from runner import Bench, Case, main
from tunnel import COMPLETED, Setup, Tunnel

DONE, FAILED = "SUCCESS: push-update command succeeded", "ERROR: push-update command failed"
FIRST, SECOND, THIRD = (f"10.{n}.0.0/16" for n in (71, 72, 73))


def pushed(network: str) -> str:
    return f"route {network.split('/')[0]} 255.255.0.0"


class Pair:
    """A managed server of ours with a client of ours and a stock one, which both ping."""

    def __init__(self, lab: Lab, bench: Bench, *lines: str):
        os.chdir(bench.folder)
        self.net: ThreeHosts = lab.three_hosts()
        extra = (f"management {SOCKET} unix", f'push "{pushed(FIRST)}"', *lines)
        setup = Setup("adit", "stock", server_extra=extra)
        self.tunnel = Tunnel(self.net, setup, bench.keys)
        self.tunnel.start_server()
        self.other = self.net.client
        self.stock = self.tunnel.start_client()
        self.host = second_client(lab, self.net)
        self.before = self.host.run("ip", "route"), self.host.run("ip", "-6", "route")
        self.ours = start_ours(self.tunnel, self.host)
        for client in (self.stock, self.ours):
            client.wait_for(COMPLETED)
        self.flow = Flow(self.other, "10.8.0.1")

    def has(self, *networks: str) -> None:
        wanted = set(networks)
        until(lambda: routes(self.host) & {FIRST, SECOND, THIRD} == wanted, 5, f"routes {wanted}")

    def nobody_noticed(self) -> None:
        self.flow.finish()
        for client in (self.stock, self.ours):
            check(len(client.matches(COMPLETED)) == 1, f"{client.name} came again:\n{client.tail()}")
        check(not self.stock.matches("PUSH_UPDATE|unknown control message"), self.stock.tail())
        check(routes(self.other) & {FIRST, SECOND, THIRD} == {FIRST}, "the stock client has changed")

    def all_is_undone(self) -> None:
        check(self.ours.stop() == 0, "the client does not end with 0")
        after = self.host.run("ip", "route"), self.host.run("ip", "-6", "route")
        check(after == self.before, f"the host is left with\n{after}\nit had\n{self.before}")


def start_ours(tunnel: Tunnel, host: Host) -> Process:
    return start_second(tunnel, host, extra=("connect-retry 1 1",), program="adit")


@contextmanager
def managed(bench: Bench, *lines: str) -> Iterator[tuple[Pair, Manager]]:
    with Lab(bench.folder) as lab:
        pair = Pair(lab, bench, *lines)
        with Manager(SOCKET) as manager:
            manager.ask("version")  # behind the greeting
            yield pair, manager


def routes_change(bench: Bench) -> None:
    """Routes come and go, of all kinds at once and one by one; afterwards the host is as it was."""
    with managed(bench) as (pair, manager):
        pair.has(FIRST)
        order = f'push-update-broad "{pushed(SECOND)}, {pushed(THIRD)}, ?nonsense 7"'
        check(manager.ask(order) == [DONE], "the order fails")
        pair.has(SECOND, THIRD)
        pair.ours.wait_for(r"PUSH: Received control message: 'PUSH_UPDATE,")
        check(manager.ask('push-update-broad "-route"') == [DONE], "the order fails")
        pair.has()
        six = 'push-update-broad "route-ipv6 fd71::/48"'
        check(manager.ask(six) == [DONE], "the order fails")
        until(lambda: "fd71::/48" in routes(pair.host, family=6), 5, "the IPv6 route is there")
        full = 'push-update-broad "redirect-gateway def1"'
        check(manager.ask(full) == [DONE], "the order fails")
        until(lambda: "128.0.0.0/1" in routes(pair.host), 5, "all goes into the tunnel")
        reaches(pair.host, "10.8.0.1", "through the tunnel")
        check(manager.ask("push-update-broad -redirect-gateway") == [DONE], "the order fails")
        until(lambda: "128.0.0.0/1" not in routes(pair.host), 5, "and no more")
        reaches(pair.host, "10.8.0.1", "through the tunnel")
        pair.nobody_noticed()
        pair.all_is_undone()


def names_change(bench: Bench) -> None:
    """The host asks the server of names that was told last, and in the end its own."""
    with managed(bench) as (pair, manager):
        file = resolv_conf(pair.host)
        own = file.read_text()
        for order, has, has_not in (
            ("dhcp-option DNS 10.8.0.53", "nameserver 10.8.0.53", "10.8.0.54"),
            ("dhcp-option DNS 10.8.0.54", "nameserver 10.8.0.54", "10.8.0.53"),
            ("-dhcp-option", own, "10.8.0"),
        ):
            check(manager.ask(f'push-update-broad "{order}"') == [DONE], "the order fails")
            fits = lambda: has in file.read_text() and has_not not in file.read_text()  # noqa: B023, E731
            until(fits, 5, f"after {order}")
        pair.nobody_noticed()
        pair.all_is_undone()


def one_client(bench: Bench) -> None:
    """By its number: ours can be told, the stock one cannot; an address inside changes."""
    with managed(bench) as (pair, manager):
        rows = [line for line in manager.ask("status 3") if line.startswith("CLIENT_LIST")]
        numbers = {row.split("\t")[1]: row.split("\t")[10] for row in rows}
        check(set(numbers) == {"client1", "client2"}, f"{rows}")
        stock, ours = numbers["client1"], numbers["client2"]
        check(manager.ask(f'push-update-cid {stock} "{pushed(SECOND)}"') == [FAILED], "stock is told")
        check(manager.ask(f'push-update-cid 99 "{pushed(SECOND)}"') == [FAILED], "nobody is told")
        check(manager.ask(f'push-update-cid {ours} "{pushed(SECOND)}"') == [DONE], "it fails")
        pair.has(SECOND)
        move = f'push-update-cid {ours} "ifconfig 10.8.0.77 255.255.255.0"'
        check(manager.ask(move) == [DONE], "it fails")
        until(lambda: "10.8.0.77" in tunnel_addresses(pair.host), 5, "it has the address")
        reaches(pair.net.server, "10.8.0.77", "under its new address")
        reaches(pair.host, "10.8.0.1", "from its new address")
        pair.has(SECOND)
        check("10.8.0.77" in "".join(manager.ask("status 3")), "the status does not know of it")
        pair.nobody_noticed()
        pair.all_is_undone()


def cannot_be_changed(bench: Bench) -> None:
    """What no update may change: the client comes again, and has what it is pushed then."""
    with managed(bench) as (pair, manager):
        check(manager.ask(f'push-update-broad "{pushed(SECOND)},sndbuf 9000"') == [DONE], "it fails")
        pair.ours.wait_for(r"SIGUSR1\[soft,Offending option received from server\] received")
        pair.ours.wait_for(COMPLETED, count=2)
        pair.has(FIRST)
        check(manager.ask('push-update-broad ""')[-1] == FAILED, "nothing is sent")
        check(pair.ours.stop() == 0, "the client ends in disorder")
        pair.flow.finish()
        until(lambda: "client2" not in "".join(manager.ask("status 3")), 10, "it has gone")
        told = manager.ask(f'push-update-broad "{pushed(SECOND)}"')
        check(told == ["ERROR: no client updated", FAILED], f"{told}")


def reloaded(bench: Bench) -> None:
    """`adit reload` tells whoever can be told, and says how many."""
    with Lab(bench.folder) as lab:
        living = Living(lab, bench, f'push "{pushed(FIRST)}"')
        host = second_client(lab, living.tunnel.net)
        ours = start_ours(living.tunnel, host)
        ours.wait_for(COMPLETED)
        has = lambda: routes(host) & {FIRST, SECOND, THIRD}  # noqa: E731
        until(lambda: has() == {FIRST}, 5, "the first route")
        living.edit((f'push "{pushed(SECOND)}"', 'push "ping 9"'), rf'^push "{pushed(FIRST)}"')
        plan = living.reload(TAKEN, living.server.pid, "--dry-run")
        check(plan["updatable"] == 1 and plan["updated"] == 0 and has() == {FIRST}, f"{plan}")
        answer = living.reload(TAKEN)
        check(answer["clients"] == 2 and answer["updated"] == 1, f"{answer}")
        until(lambda: has() == {SECOND}, 5, "the second route instead")
        (living.ccd / "client2").write_text(f'push "{pushed(THIRD)}"\n')
        check(living.reload(TAKEN)["updated"] == 1, "its own file is not told of")
        until(lambda: has() == {SECOND, THIRD}, 5, "the third route, too")
        check(living.reload(TAKEN)["updated"] == 0, "it is told twice")
        living.edit(without=r"^push ")
        (living.ccd / "client2").unlink()
        check(living.reload(TAKEN)["updated"] == 1, "it is not told that all is gone")
        until(lambda: has() == set(), 5, "no route")
        check(len(ours.matches(COMPLETED)) == 1, f"it came again:\n{ours.tail()}")
        check(not living.clients[0].matches("PUSH_UPDATE"), "the stock client was told")
        living.nobody_noticed()


CASES = [
    Case("routes", routes_change),
    Case("names", names_change),
    Case("one-client", one_client),
    Case("no-update", cannot_be_changed),
    Case("reload", reloaded),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
