"""What happens to a client: scenes of loglines.py."""

from __future__ import annotations

import signal
from collections.abc import Callable

from lab import check
from loglines_server import wrong_password
from loglines_stage import CAUGHT, ENDS, IN_ORDER, SHORT, STARTS, Scene, Stage
from tunnel import COMPLETED, PROGRAMS, client_config


def up_and_reset(stage: Stage) -> None:
    """Up, up again by each signal, and then without a server."""
    own = ("connect-retry 1 1", "route 10.98.0.0 255.255.0.0")
    tunnel = stage.begin(("keepalive 1 3",), own)
    tunnel.start_client().wait_for(COMPLETED)
    for number in (signal.SIGUSR1, signal.SIGHUP):
        mark = tunnel.client.mark()
        tunnel.client.send_signal(number)
        tunnel.client.wait_for(COMPLETED, since=mark)
    stage.net.client.ping(tunnel.inside.server4)
    mark = tunnel.client.mark()
    tunnel.server.kill()
    tunnel.client.wait_for(r"Restart pause", since=mark)


def told_to_restart(stage: Stage) -> None:
    """A server that says that it ends."""
    tunnel = stage.begin(("explicit-exit-notify 1",), ("connect-retry 1 1",))
    tunnel.start_client().wait_for(COMPLETED)
    tunnel.server.stop()
    tunnel.client.wait_for(r"process restarting")
    tunnel.client.wait_for(r"Restart pause")


def leaves(stage: Stage) -> None:
    tunnel = stage.begin()
    tunnel.start_client().wait_for(COMPLETED)
    tunnel.client.stop()


def login_refused(stage: Stage) -> None:
    wrong_password(stage)
    stage.own.wait()


def no_server(stage: Stage) -> None:
    tunnel = stage.begin((), (SHORT, "connect-retry 1 1"))
    tunnel.server.kill()
    tunnel.start_client().wait_for(r"Restart pause", 12)


def no_name(stage: Stage) -> None:
    tunnel = stage.begin()
    tunnel.remote = "no.such.host.invalid"
    tunnel.start_client().wait_for(r"process restarting", 12)


def client_tcp(stage: Stage) -> None:
    tunnel = stage.begin((), ("connect-retry 1 1",), transport="tcp4")
    tunnel.start_client().wait_for(COMPLETED)
    tunnel.server.kill()
    tunnel.client.wait_for(r"connection-reset\] received")


def server_refused(stage: Stage) -> None:
    tunnel = stage.begin((), ("verify-x509-name somebody name", SHORT, "connect-retry 1 1"))
    tunnel.start_client().wait_for(r"tls-error\] received", 12)


def confined(*fence: str) -> Callable[[Stage], None]:
    """A device that the kernel does not give."""

    def play(stage: Stage) -> None:
        tunnel = stage.begin((), ("dev tun77",))
        config = client_config(tunnel.setup, stage.keys, tunnel.remote)
        path = stage.net.client.write("client.conf", config)
        tunnel.client = stage.net.client.start("client", *fence, PROGRAMS[stage.program], path)
        check(tunnel.client.wait() == 1, f"{stage.program} does not end with 1")

    return play


def misspelt(stage: Stage) -> None:
    tunnel = stage.begin()
    words = (PROGRAMS[stage.program], "--client", "--nonsense", "--dev", "tun")
    tunnel.client = stage.net.client.start("client", *words)
    check(tunnel.client.wait() == 1, f"{stage.program} does not end with 1")


SCENES = {
    "client": Scene(
        "client",
        up_and_reset,
        (
            *STARTS,
            *IN_ORDER,
            *ENDS,
            *CAUGHT,
            r"TLS: Initial packet from",
            r"PUSH: Received control message: 'PUSH_REPLY",
            r"^OPTIONS IMPORT: ",
            r"^TCP/UDP: Preserving recently used remote address: ",
            r"SIG(USR1|HUP)\[hard,\] received, process restarting",
            r"Inactivity timeout \(--ping-restart\), restarting",
            r"SIGUSR1\[soft,ping-restart\] received, process restarting",
            r"Restart pause",
            r"Data Channel: cipher",
            r"Timers: ",
            r"Closing TUN/TAP interface",
        ),
    ),
    "client-told": Scene(
        "client",
        told_to_restart,
        (
            r"^Connection reset command was pushed by server \(''\)$",
            r"^SIGUSR1\[soft,server-pushed-connection-reset\] received, process restarting$",
        ),
    ),
    "client-leaves": Scene(
        "client",
        leaves,
        (
            r"SIGTERM received, sending exit notification to peer",
            r"^SENT CONTROL \[server\]: 'EXIT' \(status=1\)$",
            *ENDS,
            *CAUGHT,
        ),
    ),
    "client-password": Scene(
        "client",
        login_refused,
        (
            r"^AUTH: Received control message: AUTH_FAILED$",
            r"^SIGTERM\[soft,auth-failure\] received, process exiting$",
        ),
    ),
    "client-no-server": Scene(
        "client",
        no_server,
        (
            r"^TLS Error: TLS key negotiation failed to occur within 3 seconds",
            r"^TLS Error: TLS handshake failed$",
            r"^SIGUSR1\[soft,tls-error\] received, process restarting$",
            r"Restart pause",
            r"^read UDPv4 \[ECONNREFUSED\]: Connection refused \(",
            *ENDS,
        ),
    ),
    "client-no-name": Scene(
        "client",
        no_name,
        (
            r"^RESOLVE: Cannot resolve host address: no\.such\.host\.invalid:1194 \(",
            r"^Could not determine IPv4/IPv6 protocol$",
            r"^SIGUSR1\[soft,Could not determine IPv4/IPv6 protocol\] received, process restarting$",
        ),
    ),
    "client-tcp": Scene(
        "client",
        client_tcp,
        (
            *STARTS,
            *ENDS,
            r"^Attempting to establish TCP connection with",
            r"^TCP connection established with",
            r"^Connection reset, restarting \[0\]$",
            r"^SIGUSR1\[soft,connection-reset\] received, process restarting$",
        ),
    ),
    "client-refuses": Scene(
        "client",
        server_refused,
        (
            r"^VERIFY X509NAME ERROR: CN=server, must be somebody$",
            r"^OpenSSL: error:",
            r"^TLS_ERROR: BIO read",
            r"^TLS Error: TLS object -> incoming plaintext read error",
            r"^TLS Error: TLS handshake failed$",
            r"^SIGUSR1\[soft,tls-error\] received, process restarting$",
        ),
    ),
    "client-rights": Scene(
        "client",
        confined("setpriv", "--bounding-set", "-net_admin"),
        (
            r"^ERROR: Cannot ioctl TUNSETIFF tun77: Operation not permitted \(errno=1\)",
            r"^Exiting due to",
        ),
    ),
    "client-no-device": Scene(
        "client",
        confined("sh", "-c", 'mount -t tmpfs none /dev/net; exec "$@"', "sh"),
        (r"^ERROR: Cannot open TUN/TAP dev /dev/net/tun: No such file", r"^Exiting due to"),
    ),
    "client-options": Scene(
        "client",
        misspelt,
        (r"^Options error: ", r"^Use --help for more information.$"),
    ),
}
