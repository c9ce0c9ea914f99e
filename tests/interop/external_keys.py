#!/usr/bin/env python3
"""Keys and certificates that the manager has (management-external-key, -cert), and the proxy it is
asked for: the same dialogue with stock and with adit, line for line.

Of a request the bytes to sign are masked: no two handshakes share them.
"""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

from key_holders import SIGN, Holder, answer_lines, connection, release, shape
from keys import Identity, call
from lab import Lab, check
from manager import SOCKET, Manager, compare_dialogues
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, client_config, server_config

RSA_ONLY = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
SignatureAlgorithms = RSA+SHA256
"""


def sign_once(manager: Manager, holder: Holder, command: str = "pk-sig") -> list[str]:
    asked = manager.expect(SIGN)
    signature = base64.b64encode(holder.sign(asked, Path.cwd())).decode()
    return [shape(asked), *manager.order(*answer_lines(command, signature))]


def comes_up(
    bench: Bench,
    flags: str,
    authority: str = "openssl",
    version: int = 3,
    command: str = "pk-sig",
    lines: tuple[str, ...] = (),
    server_env: dict[str, str] | None = None,
) -> None:
    """A connection with a key that openssl holds."""
    who = bench.keys.identity(authority, "client1")
    holder = Holder(who, "digest" in flags)

    def dialogue(program: str) -> dict[str, list[str]]:
        wanted = (f"management-external-key {flags}", f"cert {who.cert}", *lines)
        with connection(
            bench, program, *wanted, authority=authority, server_env=server_env
        ) as (client, server):
            with Manager(SOCKET) as manager:
                release(manager, version)
                said = sign_once(manager, holder, command)
                client.wait_for(COMPLETED)
                server.wait_for("Peer Connection Initiated")
                return {"said": said, "later": manager.ask("pk-sig", "rsa-sig")}

    compare_dialogues(dialogue)


def rsa_pss(bench: Bench) -> None:
    """TLS 1.3 and an RSA key: a digest for PSS."""
    comes_up(bench, "pss")


def rsa_pss_message(bench: Bench) -> None:
    """The same, and the manager digests by itself."""
    comes_up(bench, "pss digest pkcs1")


def rsa_pkcs1(bench: Bench) -> None:
    """TLS 1.2 and a server that takes PKCS#1 v1.5 only: digest and its name, to be padded."""
    (bench.folder / "openssl.cnf").write_text(RSA_ONLY)
    env = {"OPENSSL_CONF": str(bench.folder / "openssl.cnf")}
    comes_up(bench, "", lines=("tls-version-max 1.2",), server_env=env)


def rsa_pkcs1_message(bench: Bench) -> None:
    """The same, and the manager digests by itself."""
    (bench.folder / "openssl.cnf").write_text(RSA_ONLY)
    env = {"OPENSSL_CONF": str(bench.folder / "openssl.cnf")}
    comes_up(bench, "pkcs1 digest", lines=("tls-version-max 1.2",), server_env=env)


def ec(bench: Bench) -> None:
    """An EC key under TLS 1.2, asked of a manager of version 2: without the algorithm's name."""
    comes_up(bench, "", "adit", version=2, lines=("tls-version-max 1.2",))


def ec_message(bench: Bench) -> None:
    """An EC key, the message whole."""
    comes_up(bench, "digest", "adit")


def ed25519(bench: Bench) -> None:
    """A key whose signatures digest by themselves: the message is whole in any case."""
    home = bench.keys.folder / "openssl"
    own = Identity(home / "ca.crt", bench.folder / "own.crt", bench.folder / "own.key")
    request = bench.folder / "own.csr"
    call("openssl", "genpkey", "-algorithm", "ed25519", "-out", own.key)
    call("openssl", "req", "-new", "-key", own.key, "-subj", "/CN=own", "-out", request)
    by = ("-CA", own.ca, "-CAkey", home / "private/ca.key", "-set_serial", 77)
    call("openssl", "x509", "-req", "-in", request, *by, "-out", own.cert)

    def dialogue(program: str) -> dict[str, list[str]]:
        lines = ("management-external-key", f"cert {own.cert}")
        with connection(bench, program, *lines) as (client, _), Manager(SOCKET) as manager:
            release(manager)
            said = sign_once(manager, Holder(own))
            client.wait_for(COMPLETED)
            return {"said": said}

    compare_dialogues(dialogue)


def old_manager(bench: Bench) -> None:
    """A manager that has not said its version is asked by the old name, and answers so."""
    comes_up(bench, "", "adit", version=1, command="rsa-sig")


def no_signature(bench: Bench) -> None:
    """Answers that are none: the handshake fails, the next attempt is held. A padding that the
    manager does not have is not asked for."""
    who = bench.keys.identity("openssl", "client1")

    def dialogue(program: str) -> dict[str, list[str]]:
        said: dict[str, list[str]] = {}
        lines = ("management-external-key pss", f"cert {who.cert}")
        for name, text in (("no base64", "!!!"), ("nothing", ""), ("too long", "eHh4" * 200)):
            with connection(bench, program, *lines) as (client, _), Manager(SOCKET) as manager:
                manager.ask("state on")
                release(manager)
                said[name] = [shape(manager.expect(SIGN))]
                said[name] += manager.order(*answer_lines("pk-sig", text))
                manager.expect("^>STATE:.*,RECONNECTING,tls-error")
                said[name].append(manager.expect("^>HOLD"))
                check(client.running, f"{program} has ended")
        with connection(bench, program, *lines) as (client, server), Manager(SOCKET) as manager:
            release(manager)
            manager.expect(SIGN)
            wrong = base64.b64encode(b"x" * 256).decode()
            said["wrong"] = manager.order(*answer_lines("pk-sig", wrong))
            server.wait_for("SSL routines::bad signature")  # the client hears nothing of it
            check(client.running, f"{program} has ended")
        lines = ("management-external-key", f"cert {who.cert}")
        with connection(bench, program, *lines) as (client, _), Manager(SOCKET) as manager:
            manager.ask("state on")
            release(manager)
            client.wait_for("RSA padding mode not supported by management-client <pss>")
            manager.expect("^>STATE:.*,RECONNECTING,tls-error")
        return said

    compare_dialogues(dialogue)


def silent_manager(bench: Bench) -> None:
    """No answer: adit gives up when its peer would, in one line; stock waits until it is killed."""
    who = bench.keys.identity("openssl", "client1")
    lines = ("management-external-key pss", f"cert {who.cert}", "hand-window 3")
    with connection(bench, "adit", *lines) as (client, _), Manager(SOCKET) as manager:
        manager.ask("state on")
        release(manager)
        asked = manager.expect(SIGN)
        check(manager.ask("load-stats")[0].startswith("SUCCESS"), "nothing else is answered")
        client.wait_for("MANAGEMENT: no signature came within 3 seconds", 10)
        manager.expect("^>STATE:.*,RECONNECTING,tls-error")
        manager.expect("^>HOLD")
        late = manager.ask("pk-sig")
        check(late == ["ERROR: The pk-sig command is not currently available"], f"late: {late}")
        manager.send("hold release")
        check(manager.expect(SIGN) != asked, "it asks for the same bytes again")
        client.send_signal(15)
        check(client.wait(3) == 0, "a signal does not end the waiting")


def manager_comes_back(bench: Bench) -> None:
    """A manager that leaves while it is asked: the next one is asked the same."""

    def dialogue(program: str) -> dict[str, list[str]]:
        who = bench.keys.identity("adit", "client1")
        lines = ("management-external-key", f"cert {who.cert}")
        with connection(bench, program, *lines, authority="adit") as (client, _):
            with Manager(SOCKET) as manager:
                release(manager)
                asked = manager.expect(SIGN)
            with Manager(SOCKET) as manager:
                said = [manager.expect("^>INFO")]
                check(manager.lines or manager.read(), "nobody is greeted")
                said += sign_once(manager, Holder(who))
                client.wait_for(COMPLETED)
                return {"asked": [shape(asked)], "said": said}

    compare_dialogues(dialogue)


def certificate(bench: Bench) -> None:
    """The certificate comes from the manager, too; what is none ends the program."""

    def dialogue(program: str) -> dict[str, list[str]]:
        who = bench.keys.identity("adit", "client1")
        lines = ("management-external-key", 'management-external-cert "my hint"')
        pem = who.cert.read_text().splitlines()
        said: dict[str, list[str]] = {}
        with connection(bench, program, *lines, authority="adit") as (client, _):
            with Manager(SOCKET) as manager:
                release(manager)
                said["asked"] = [manager.expect("^>NEED-CERTIFICATE")]
                said["early"] = manager.ask("pk-sig")
                said["given"] = manager.order("certificate", *pem, "END")
                said["signed"] = sign_once(manager, Holder(who))
                client.wait_for(COMPLETED)
                said["later"] = manager.ask("certificate")
        with connection(bench, program, *lines, authority="adit") as (client, _):
            with Manager(SOCKET) as manager:
                release(manager)
                manager.expect("^>NEED-CERTIFICATE")
                said["garbage"] = manager.order("certificate", "garbage", "END")
                check(client.wait() == 1, f"{program} lives on without a certificate")
        return said

    compare_dialogues(dialogue)


def server_key(bench: Bench) -> None:
    """A server whose key the manager has: one client waits for its signature, the tunnel of another
    goes on meanwhile, and what the manager orders is done afterwards."""
    folder = bench.folder / "adit"
    with Lab(folder) as lab:
        os.chdir(folder)
        net = lab.three_hosts()
        who = bench.keys.identity("adit", "server")
        extra = (f"management {SOCKET} unix", "management-external-key", "duplicate-cn")
        tunnel = Tunnel(net, Setup("adit", "stock", server_extra=extra), bench.keys)
        lines = server_config(tunnel.setup, bench.keys).splitlines()
        kept = [line for line in lines if not line.startswith("key ")]
        path = net.server.write("server.conf", "\n".join((*kept, "")))
        tunnel.server = net.server.start("server", PROGRAMS["adit"], path)
        with Manager(SOCKET) as manager:
            manager.send("version 3")
            tunnel.server.wait_for(COMPLETED)
            tunnel.start_client()
            said = sign_once(manager, Holder(who))
            check(said[0].endswith(",ECDSA"), f"it asks otherwise: {said}")
            tunnel.client.wait_for(COMPLETED)
            tunnel.ping_all()
            config = client_config(tunnel.setup, bench.keys, net.server4)
            path = net.client.write("second.conf", config.replace("client-status", "second-status"))
            second = net.client.start("second", PROGRAMS["stock"], path)
            asked = manager.expect(SIGN)
            manager.send("client-kill 77")
            ping = net.client.ping(tunnel.inside.server4, count=20)
            check(ping.ratio == 1.0, f"the tunnel of another suffers: {ping}")
            signature = base64.b64encode(Holder(who).sign(asked, folder)).decode()
            manager.order(*answer_lines("pk-sig", signature))
            manager.expect("^ERROR: client-kill command failed")
            second.wait_for(COMPLETED)


def proxies(bench: Bench) -> None:
    """management-query-proxy: asked for every attempt; told "none", the connection is made."""

    def dialogue(program: str) -> dict[str, list[str]]:
        who = bench.keys.identity("openssl", "client1")
        lines = ("management-query-proxy", f"cert {who.cert}", f"key {who.key}")
        with connection(bench, program, *lines) as (client, _), Manager(SOCKET) as manager:
            said = {"early": manager.ask("proxy")}
            release(manager)
            said["asked"] = [manager.expect("^>PROXY")]
            said["none"] = manager.order("proxy NONE")
            client.wait_for(COMPLETED)
            manager.ask("hold off")
            manager.send("signal SIGUSR1")
            said["again"] = [manager.expect("^>PROXY")]
            return said

    compare_dialogues(dialogue)


CASES = [
    Case("rsa-pss", rsa_pss),
    Case("rsa-pss-message", rsa_pss_message),
    Case("rsa-pkcs1", rsa_pkcs1),
    Case("rsa-pkcs1-message", rsa_pkcs1_message),
    Case("ec", ec),
    Case("ec-message", ec_message),
    Case("ed25519", ed25519),
    Case("old-manager", old_manager),
    Case("no-signature", no_signature),
    Case("silent-manager", silent_manager),
    Case("manager-comes-back", manager_comes_back),
    Case("certificate", certificate),
    Case("server-key", server_key),
    Case("proxies", proxies),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
