"""What happens at a server: scenes of loglines.py."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace

from features import start_second
from keys import call
from lab import ADIT
from loglines_stage import CAUGHT, ENDS, IN_ORDER, ONCE, SHORT, STARTS, Scene, Stage
from tunnel import COMPLETED


def comes_and_goes(stage: Stage) -> None:
    """A client that leaves, one that is silent, and the end. Whoever leaves is gone 5 s later, well before
    the silence counts (8 s at the server)."""
    tunnel = stage.begin(("keepalive 1 4", 'push "route 10.99.0.0 255.255.0.0"'))
    tunnel.start_client().wait_for(COMPLETED)
    stage.net.client.ping(tunnel.inside.server4)
    tunnel.client.stop()
    tunnel.server.wait_for(r"delayed-exit\] received")
    tunnel.setup = replace(tunnel.setup, client_extra=("explicit-exit-notify 0",))
    tunnel.start_client().wait_for(COMPLETED)
    stage.net.client.ping(tunnel.inside.server4)
    tunnel.client.kill()
    tunnel.server.wait_for(r"ping-restart\] received", 15)


def comes_twice(stage: Stage) -> None:
    tunnel = stage.begin()
    tunnel.start_client().wait_for(COMPLETED)
    start_second(tunnel, stage.net.wire, "client1", ("dev tun7",)).wait_for(COMPLETED)
    tunnel.server.wait_for("MULTI: new connection by client")


def protocol(stage: Stage) -> None:
    """What is said of what both ends agree on: with a stock client, which knows no epochs."""
    tunnel = stage.begin(("explicit-exit-notify 1", "inactive 300 1000"))
    tunnel.start_client().wait_for(COMPLETED)
    tunnel.server.wait_for("Protocol options")


def is_full(stage: Stage) -> None:
    tunnel = stage.begin(("max-clients 1",))
    tunnel.start_client().wait_for(COMPLETED)
    start_second(tunnel, stage.net.wire, "client2", ("dev tun7",))
    tunnel.server.wait_for("would exceed maximum number of clients")


def over_tcp(stage: Stage) -> None:
    """Comes and is gone; and one that begins a handshake and says no more."""
    tunnel = stage.begin((SHORT,), transport="tcp4")
    tunnel.start_client().wait_for(COMPLETED)
    tunnel.client.kill()
    tunnel.server.wait_for(r"connection-reset\] received")
    begin = "import socket,time; s=socket.create_connection(('%s',1194)); s.send(%r); s.recv(99); time.sleep(%s)"
    reset = b"\x00\x0e\x38ABCDEFGH" + bytes(5)
    for name, seconds in (("gone", 0.2), ("silent", 9)):
        script = begin % (stage.net.server4, reset, seconds)
        stage.net.client.start(name, sys.executable, "-c", script)
    tunnel.server.wait_for(r"TLS handshake failed")
    tunnel.server.wait_for(r"tls-error\] received")


def noise(stage: Stage, packet: bytes) -> None:
    """The same packet three times, which nobody repeats."""
    open_it = "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)"
    send = f"s.connect(('{stage.net.server4}',1194)); [s.send({packet!r}) for _ in range(3)]"
    stage.net.client.run(sys.executable, "-c", f"{open_it}; {send}")


def wrong_static_keys(stage: Stage) -> None:
    """Another tls-auth key, and none."""
    tunnel = stage.begin((SHORT,), wrapping="tls-auth")
    noise(stage, b"\x38" + b"SESSION." + b"DIGEST-OF-20-BYTES.." + bytes(3) + b"\x01" + bytes(9))
    tunnel.server.wait_for("TLS Error: incoming packet authentication failed from", count=3)
    stage.stranger("no-key", lambda config: re.sub(r"tls-auth .*", "", config), stage.net.wire)
    tunnel.server.wait_for("TLS Error: cannot locate HMAC in incoming packet from")


def wrong_crypt_key(stage: Stage) -> None:
    tunnel = stage.begin((SHORT,), wrapping="tls-crypt")
    noise(stage, b"\x38" + b"SESSION." + bytes(3) + b"\x01" + bytes(4) + b"TAG." * 8 + bytes(5))
    tunnel.server.wait_for("TLS Error: tls-crypt unwrapping failed from", count=3)


def other_authority(stage: Stage) -> None:
    tunnel = stage.begin((SHORT,))
    who = stage.keys.identity("openssl", "client1")
    own = f"cert {who.cert}\nkey {who.key}\n"
    stage.stranger("other-ca", lambda config: re.sub(r"(?m)^(cert|key) .*$", "", config) + own)
    tunnel.server.wait_for(r"tls-error\] received")


def revoked(stage: Stage) -> None:
    """Refused with the list, in a handshake."""
    folder = stage.folder / f"revoked-{stage.program}"
    shutil.copytree(stage.keys.folder / "adit", folder)
    call(ADIT, "pki", "revoke", "client1", "--dir", folder)
    tunnel = stage.begin((SHORT, f"crl-verify {folder}/crl.pem"), (ONCE,))
    tunnel.start_client()
    tunnel.server.wait_for(r"tls-error\] received")


def wrong_password(stage: Stage) -> None:
    login = stage.folder / f"login-{stage.program}-{stage.side}"
    login.write_text("somebody\nwrong\n")
    login.chmod(0o600)
    verify = ("script-security 2", 'auth-user-pass-verify "/bin/false" via-file')
    tunnel = stage.begin(verify, (f"auth-user-pass {login}", "explicit-exit-notify 0"))
    tunnel.start_client()
    tunnel.server.wait_for("Auth Username/Password verification failed for peer")
    tunnel.server.wait_for(r"delayed-exit\] received|client-instance", 12)


SCENES = {
    "server": Scene(
        "server",
        comes_and_goes,
        (
            *STARTS,
            *IN_ORDER,
            *ENDS,
            *CAUGHT,
            r"peer info: IV_(VER|PLAT|PROTO|CIPHERS)",
            r"MULTI_sva",
            r"IFCONFIG POOL IPv4: ",
            r"MULTI: Learn: ",
            r"MULTI: primary virtual IP(v6)? for ",
            r"SENT CONTROL \[client1\]: 'PUSH_REPLY",
            r"Data Channel: cipher",
            r"CC-EEN exit message received by peer",
            r"Delayed exit in 5 seconds",
            r"SIGTERM\[soft,delayed-exit\] received, client-instance exiting",
            r"Inactivity timeout \(--ping-restart\), restarting",
            r"SIGUSR1\[soft,ping-restart\] received, client-instance restarting",
            r"Closing TUN/TAP interface",
        ),
    ),
    "server-terms": Scene("server", protocol, (r"Protocol options: ", r"Timers: ", *ENDS)),
    "server-twice": Scene("server", comes_twice, (r"MULTI: new connection by client",)),
    "server-full": Scene("server", is_full, (r"MULTI: new incoming connection",)),
    "server-tcp": Scene(
        "server",
        over_tcp,
        (
            *STARTS,
            r"^Listening for incoming TCP connection on",
            r"^TCP connection established with",
            r"TLS: Initial packet from",
            r"Connection reset, restarting \[0\]$",
            r"SIGUSR1\[soft,connection-reset\] received, client-instance restarting$",
            r"TLS Error: TLS key negotiation failed to occur within 3 seconds",
            r"TLS Error: TLS handshake failed$",
            r"Fatal TLS error",
            r"SIGUSR1\[soft,tls-error\] received, client-instance restarting$",
        ),
        2,
    ),
    "server-static-keys": Scene(
        "server",
        wrong_static_keys,
        (
            r"^Authenticate/Decrypt packet error: packet HMAC authentication failed$",
            r"^TLS Error: incoming packet authentication failed from ",
            r"^TLS Error: cannot locate HMAC in incoming packet from ",
        ),
        3,
    ),
    "server-crypt-key": Scene(
        "server",
        wrong_crypt_key,
        (r"^tls-crypt unwrap error", r"^TLS Error: tls-crypt unwrapping failed from "),
        3,
    ),
    "server-certificate": Scene(
        "server",
        other_authority,
        (
            r"VERIFY ERROR: depth=0, error=unable to get local issuer certificate: CN=client1, serial=",
            r"TLS_ERROR: BIO read",
            r"TLS Error: TLS object -> incoming plaintext read error",
            r"TLS Error: TLS handshake failed$",
            r"OpenSSL: error:",
            r"SIGUSR1\[soft,tls-error\] received, client-instance restarting$",
        ),
        2,
    ),
    "server-revoked": Scene(
        "server",
        revoked,
        (
            r"VERIFY ERROR: depth=0, error=certificate revoked: CN=client1, serial=(\d+|N)$",
            r"TLS Error: TLS handshake failed$",
        ),
        2,
    ),
    "server-password": Scene(
        "server",
        wrong_password,
        (
            r"TLS Auth Error: Auth Username/Password verification failed for peer$",
            r"SENT CONTROL \[client1\]: 'AUTH_FAILED' \(status=1\)$",
            r"Delayed exit in 5 seconds$",
            r"SIGTERM\[soft,delayed-exit\] received, client-instance exiting$",
        ),
        1,
    ),
}
