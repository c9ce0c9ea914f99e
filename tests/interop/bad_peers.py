"""Peers that do something wrong: keys, certificates, ciphers, passwords."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import bad_lines
from bad_lines import Lines
from explained import explains
from lab import Lab, check
from runner import Bench, Case
from scene import Scene, literally, says
from tunnel import Setup

ADIT_SERVER = ("adit", "stock")  # server, client
ADIT_CLIENT = ("stock", "adit")
BOTH_ADIT = ("adit", "adit")


@dataclass(frozen=True)
class Fault:
    """at_server, at_client: what adit says there, ~ standing for anything.

    ends           the client's exit status; None: it tries again and again
    comes_up       the client is let in all the same
    spares_others  the good client can be up meanwhile
    """

    name: str
    make: Callable[[Bench], Lines]
    at_server: tuple[str, ...] = ()
    at_client: tuple[str, ...] = ()
    setup: Setup = Setup()
    ways: tuple[tuple[str, str], ...] = (ADIT_SERVER, ADIT_CLIENT)
    ends: int | None = None
    comes_up: bool = False
    spares_others: bool = True


# ---- who says what ----

TLS_AUTH = Setup(wrapping="tls-auth")
OPENSSL = Setup(authority="openssl")
PEER = "198.51.100.2:~ "

NO_ANSWER = (
    "No answer from the server within 3 seconds: is its address and port right, does a firewall drop "
    "the packets, or does it want a tls-auth/tls-crypt key that this config lacks?",
)
BAD_HMAC = (
    "TLS Error: incoming packet authentication failed from [AF_INET]198.51.100.2:~",
    PEER + 'has a different tls-auth key, another "auth" digest, or the wrong direction: it must be 0 '
    "on one side and 1 on the other; here it is 0 (~/server.conf:~)",
)
BAD_DIRECTION = (
    BAD_HMAC[0],
    PEER + "has the right tls-auth key and the wrong direction: it must be 0 on one side and 1 on the "
    "other; here it is 0 (~/server.conf:~)",
)
SILENCE = (
    "TLS Error: TLS key negotiation failed to occur within 4 seconds (check your network "
    "connectivity)",
    "TLS was done here and then the other side fell silent: it probably refused our certificate or "
    "password; its log says why",
)
AT_ONCE = "TLS Error: TLS handshake failed"

FAULTS = (
    Fault("wrong-tls-auth-key", bad_lines.wrong_tls_auth_key, BAD_HMAC, NO_ANSWER, TLS_AUTH),
    Fault(
        "swapped-tls-auth-direction",
        bad_lines.swapped_direction,
        BAD_DIRECTION,
        NO_ANSWER,
        TLS_AUTH,
    ),
    Fault(
        "no-tls-auth",
        bad_lines.no_tls_auth,
        (
            "TLS Error: cannot locate HMAC in incoming packet from [AF_INET]198.51.100.2:~",
            PEER + 'sent a packet without tls-auth: its config lacks the line "tls-auth '
            'static-adit.key 1", with the same key that is here (~/server.conf:~)',
        ),
        NO_ANSWER,
    ),
    Fault(
        "needless-tls-auth",
        bad_lines.needless_tls_auth,
        (
            PEER + "probably has a tls-auth or tls-crypt key, but there is none here: give both sides "
            "the same key, or none",
        ),
        ways=(ADIT_SERVER,),
    ),
    Fault(
        "wrong-tls-crypt-key",
        bad_lines.wrong_tls_crypt_key,
        (
            "TLS Error: tls-crypt unwrapping failed from [AF_INET]198.51.100.2:~",
            PEER + "does not have the tls-crypt key that is here: compare the key files",
        ),
        setup=Setup(wrapping="tls-crypt", transport="tcp4"),
        ways=(ADIT_SERVER,),
    ),
    Fault(
        "foreign-tls-crypt-v2-key",
        bad_lines.foreign_tls_crypt_v2_key,
        (
            "TLS Error: can not extract tls-crypt-v2 client key from [AF_INET]198.51.100.2:~",
            PEER + "has a tls-crypt-v2 key that was not made from the one here: make it a new one "
            "(--tls-crypt-v2 SERVERKEY --genkey tls-crypt-v2-client FILE)",
        ),
        setup=Setup(wrapping="tls-crypt-v2"),
        ways=(ADIT_SERVER,),
    ),
    Fault(
        "expired-client-certificate",
        bad_lines.expired_client,
        (
            PEER + "VERIFY ERROR: depth=0, error=certificate has expired: CN=old, serial=77",
            PEER + 'the certificate "CN=old" has expired (valid from ~ to ~): renew it, or set this '
            "host's clock right",
            PEER + AT_ONCE,
        ),
        ("the other side refused our certificate: it is out of date there", AT_ONCE),
        OPENSSL,
        ways=(ADIT_SERVER, BOTH_ADIT),
    ),
    Fault(
        "expired-server-certificate",
        bad_lines.expired_server,
        (PEER + "the other side refused our certificate: it is out of date there",),
        (
            "VERIFY ERROR: depth=0, error=certificate has expired: CN=old, serial=77",
            'the certificate "CN=old" has expired (valid from ~ to ~): renew it, or set this host\'s '
            "clock right",
            AT_ONCE,
        ),
        OPENSSL,
        ways=(ADIT_CLIENT, BOTH_ADIT),
        spares_others=False,
    ),
    Fault(
        "revoked-client-certificate",
        bad_lines.revoked_client,
        (
            PEER + "VERIFY ERROR: depth=0, error=certificate revoked: CN=client1, serial=3",
            PEER + 'the certificate "CN=client1" stands in the revocation list: issue a new one',
            PEER + AT_ONCE,
        ),
        setup=OPENSSL,
        ways=(ADIT_SERVER,),
    ),
    Fault(
        "revoked-server-certificate",
        bad_lines.revoked_server,
        (),
        (
            "VERIFY ERROR: depth=0, error=certificate revoked: CN=server, serial=2",
            'the certificate "CN=server" stands in the revocation list: issue a new one',
            AT_ONCE,
        ),
        OPENSSL,
        ways=(ADIT_CLIENT,),
    ),
    Fault(
        "client-of-another-ca",
        bad_lines.client_of_another_ca,
        (
            PEER + "VERIFY ERROR: depth=0, error=unable to get local issuer certificate: CN=client1, "
            "serial=3",
            PEER + 'the other side\'s certificate is not issued by a CA in our "ca" file (it holds '
            '"CN=interop CA"): "CN=client1" is issued by "CN=openssl CA"; both sides need the same CA',
            PEER + AT_ONCE,
        ),
        SILENCE,
    ),
    Fault(
        "client-trusts-another-ca",
        bad_lines.client_trusts_another_ca,
        (
            PEER + "the other side does not know the CA that issued our certificate: both sides need "
            'the same "ca"',
        ),
        (
            "VERIFY ERROR: depth=1, error=self-signed certificate in certificate chain: "
            "CN=interop CA, serial=~",
            'the other side\'s certificate is not issued by a CA in our "ca" file (it holds "CN=openssl '
            'CA") but by "CN=interop CA": both sides need the same CA',
            AT_ONCE,
        ),
        ways=(ADIT_CLIENT, BOTH_ADIT),
    ),
    Fault(
        "server-certificate-at-client",
        bad_lines.server_certificate_at_client,
        (
            PEER + "VERIFY ERROR: depth=0, error=unsuitable certificate purpose: CN=server, serial=~",
            PEER + 'the certificate "CN=server" is not made for this role: a client needs one with '
            'extended key usage clientAuth, a server one with serverAuth; it has "TLS Web Server '
            'Authentication"',
            PEER + AT_ONCE,
        ),
        ways=(ADIT_SERVER,),
    ),
    Fault(
        "client-certificate-at-server",
        bad_lines.client_certificate_at_server,
        (),
        (
            "VERIFY ERROR: depth=0, error=unsuitable certificate purpose: CN=client1, serial=~",
            'the certificate "CN=client1" is not made for this role: a client needs one with extended '
            'key usage clientAuth, a server one with serverAuth; it has "TLS Web Client Authentication"',
            AT_ONCE,
        ),
        ways=(ADIT_CLIENT,),
        spares_others=False,
    ),
    Fault(
        "no-shared-cipher",
        bad_lines.no_shared_cipher,
        (
            "client1/198.51.100.2:~ PUSH: No common cipher between server and client. Server "
            "data-ciphers: 'AES-256-GCM', client supported ciphers 'CHACHA20-POLY1305:AES-128-GCM' - "
            "add one of the client's ciphers to data-ciphers",
        ),
        (
            "AUTH: Received control message: AUTH_FAILED,Data channel cipher negotiation failed (no "
            "shared cipher)",
            "the server takes none of our data-ciphers (CHACHA20-POLY1305:AES-128-GCM): add one of "
            "the server's",
        ),
        ends=0,
    ),
    Fault(
        "wrong-password",
        bad_lines.wrong_password,
        (
            PEER + "TLS Auth Error: Auth Username/Password verification failed for peer",
            PEER + '~/verify.sh refused the user name and password of "client1": correct them in its '
            "auth-user-pass",
        ),
        (
            "AUTH: Received control message: AUTH_FAILED",
            "the server refused user name and password: correct what stands in ~/wrong.txt",
        ),
        ends=0,
    ),
    Fault(
        "wrong-password-with-exit-status",
        lambda bench: bad_lines.with_exit_status(bench, 1),
        (),
        ("AUTH: Received control message: AUTH_FAILED",),
        ways=(BOTH_ADIT,),
        ends=1,
    ),
    Fault(
        "no-password",
        bad_lines.no_password,
        (
            PEER + "TLS Error: Auth Username/Password was not provided by peer",
            PEER + 'the config of "client1" lacks "auth-user-pass", which this server asks for '
            "(auth-user-pass-verify)",
        ),
        ways=(ADIT_SERVER,),
        ends=0,
    ),
    Fault(
        "senseless-profile",
        bad_lines.senseless_profile,
        (
            "client1/198.51.100.2:~ Options error: In ~/ccd/client1:2: Unrecognized option: "
            '"ifconfig-psuh 10.8.0.9 255.255.255.0" - did you mean "ifconfig-push"?',
        ),
        ways=(ADIT_SERVER,),
        comes_up=True,
    ),
)


def run_fault(fault: Fault, way: tuple[str, str], bench: Bench) -> None:
    lines = fault.make(bench)
    server, client = way
    setup = replace(
        fault.setup,
        server=server,
        client=client,
        server_extra=lines.server,
        client_extra=lines.client,
    )
    with Lab(bench.folder) as lab:
        scene = Scene(lab, setup, bench.keys, lines.good)
        if fault.spares_others:
            scene.begin()
        else:
            scene.server = scene.tunnel.start_server()
        scene.start_wrong_client()
        for process, name, lines_there in (
            (scene.server, server, fault.at_server),
            (scene.wrong, client, fault.at_client),
        ):
            for line in lines_there if name == "adit" else ():
                says(process, literally(line))
        if not fault.comes_up:
            scene.check_not_up()
        if fault.ends is not None:
            status = scene.wrong.wait()
            check(status == fault.ends, f"the client ends with {status}")
        else:
            check(scene.wrong.running, f"the client gave up:\n{scene.wrong.tail()}")
            scene.wrong.stop()
        explains(fault.name, scene.server, scene.wrong)
        if fault.spares_others:
            scene.end()


def cases() -> list[Case]:
    made = []
    for fault in FAULTS:
        for way in fault.ways:
            name = f"{fault.name}_{way[0]}-server_{way[1]}-client"
            columns = {"what is wrong": fault.name, "server": way[0], "client": way[1]}
            made.append(Case(name, lambda b, f=fault, w=way: run_fault(f, w, b), columns=columns))
    return made
