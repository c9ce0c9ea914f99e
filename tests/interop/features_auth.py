#!/usr/bin/env python3
"""Who may come in, and what follows from what the scripts of a server say (see also scripts.py).

The server is adit, the clients are stock openvpn.
"""

from __future__ import annotations

import dataclasses
import os
import sys

from features import (
    FAILED,
    Hooks,
    adit_server,
    completed,
    credentials,
    does_not_reach,
    profile_folder,
    reaches,
    revocation_list,
    routes,
    second_client,
    start_second,
    tunnel_addresses,
)
from lab import Lab, check, until
from runner import Bench, Case, main
from tunnel import Tunnel

WRONG_PASSWORD = r"TLS Auth Error: Auth Username/Password verification failed for peer"
RIGHT = '[ "$username" = ann ] && [ "$password" = secret ] || exit 1'

# ---- what scripts decide ----


def password_script(bench: Bench) -> None:
    """A wrong password ends that client and nobody else; a right one is asked for again later."""
    hooks = Hooks(bench.folder)
    lines = ("script-security 3", "reneg-sec 4", "verify-client-cert none")
    lines += (hooks.line("auth-user-pass-verify", "via-env", body=RIGHT),)
    right = credentials(bench.folder, "ann", "secret")
    wrong = credentials(bench.folder, "ann", "guess", "wrong.txt")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server(*lines, client_extra=(right,)), bench.keys)
        tunnel.start()
        marks = tunnel.marks()
        refused = start_second(tunnel, other, extra=(wrong,))
        refused.wait_for(FAILED)
        check(refused.wait() == 0, "stock ends with 0 after AUTH_FAILED")
        tunnel.server.wait_for(rf"198\.51\.102\.2:\d+ {WRONG_PASSWORD}")
        tunnel.wait_renegotiated(marks)
        asked = lambda: len(hooks.events("auth-user-pass-verify")) >= 3  # noqa: E731
        until(asked, 5, "the script is asked about the new key")
        tunnel.ping_all()


def username_as_common_name(bench: Bench) -> None:
    """The user name chooses the ccd file and stands in the status."""
    hooks = Hooks(bench.folder)
    ccd = profile_folder(
        bench.folder, ann="ifconfig-push 10.8.0.33 255.255.255.0\n", client1="disable\n"
    )
    lines = ("script-security 3", "username-as-common-name", f"client-config-dir {ccd}")
    lines += (hooks.line("auth-user-pass-verify", "via-env", body=RIGHT),)
    login = credentials(bench.folder, "ann", "secret")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_server(*lines, client_extra=(login,)), bench.keys)
        tunnel.start()
        reaches(net.server, "10.8.0.33", "ann's address")
        status = tunnel.server_status(lambda status: status.client("ann"), "ann")
        check(status.client("ann")["Username"] == "ann", "the status has no user name")


def connect_script(bench: Bench) -> None:
    """client-connect gives one client a route and an address, and turns another away."""
    hooks = Hooks(bench.folder)
    body = (
        '[ "$common_name" = client1 ] || exit 1\n'
        'echo "push \\"route 10.77.0.0 255.255.0.0\\"" >"$1"\n'
        'echo "ifconfig-push 10.8.0.44 255.255.255.0" >>"$1"'
    )
    lines = ("script-security 2", hooks.line("client-connect", body=body))
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start()
        check("10.77.0.0/16" in routes(net.client), "the script's route was not pushed")
        check("10.8.0.44" in tunnel_addresses(net.client), "the script's address was not pushed")
        reaches(net.server, "10.8.0.44", "the script's address")
        refused = start_second(tunnel, other)
        refused.wait_for(FAILED)
        reaches(net.client, "10.8.0.1", "while another is refused")


def learn_script_refuses(bench: Bench) -> None:
    """The script's no takes the address from the client, who stays connected."""
    hooks = Hooks(bench.folder)
    body = 'case "$2" in 10.8.0.2) exit 1;; esac'
    lines = ("script-security 2", hooks.line("learn-address", body=body))
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start()
        tunnel.server.wait_for(r"MULTI: Learn FAILED: 10\.8\.0\.2 -> client1/198\.51\.100\.2:\d+")
        reaches(net.client, "fd00:8::1", "the other address")
        does_not_reach(net.client, "10.8.0.1", "the address that was refused")


def scripts_forbidden(bench: Bench) -> None:
    """Without script-security 2 nothing is run, and nobody gets past a check that cannot run."""
    hooks = Hooks(bench.folder)
    lines = (hooks.line("client-connect"),)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, adit_server(*lines), bench.keys)
        tunnel.start_server()
        tunnel.start_client().wait_for(FAILED)
        tunnel.server.wait_for(r"--script-security 2' or higher")
        check(not hooks.events("client-connect"), "the script was run")


# ---- certificates ----


def revoked_while_running(bench: Bench) -> None:
    """The list is replaced; the session of the revoked client ends without a restart, and others stay."""
    path = bench.folder / "crl.pem"
    path.write_text(revocation_list(bench.keys, "openssl", bench.folder))
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        setup = adit_server(
            f"crl-verify {path}", client_extra=("reneg-sec 5",), authority="openssl"
        )
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start()
        second = start_second(tunnel, other)
        completed(second)
        reaches(other, "10.8.0.1", "before it is revoked")
        fresh = bench.folder / "crl.new"
        fresh.write_text(revocation_list(bench.keys, "openssl", bench.folder, "client2"))
        os.replace(fresh, path)
        tunnel.server.wait_for(r"VERIFY ERROR: depth=0, error=certificate revoked.*client2", 20)
        marks = tunnel.marks()
        tunnel.wait_renegotiated(marks)
        tunnel.ping_all()


def names_of_peers(bench: Bench) -> None:
    """verify-x509-name on the server: a prefix of the name; a client of another name is refused."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        other = second_client(lab, net)
        setup = adit_server("verify-x509-name client1 name", "remote-cert-tls client")
        tunnel = Tunnel(
            net, dataclasses.replace(setup, client_extra=("hand-window 10",)), bench.keys
        )
        tunnel.start()
        start_second(tunnel, other)
        tunnel.server.wait_for(r"198\.51\.102\.2:\d+ VERIFY (X509NAME )?ERROR.*client2")
        tunnel.ping_all()


RUNS = (
    password_script,
    username_as_common_name,
    connect_script,
    learn_script_refuses,
    scripts_forbidden,
    revoked_while_running,
    names_of_peers,
)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
