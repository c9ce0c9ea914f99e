#!/usr/bin/env python3
"""Log lines that other software matches: the same happens to stock and to adit, and their lines are the
same, after times, ports and numbers are masked. fail2ban's own program reads both logs with the
expressions of its public recipe, and finds as much in one as in the other.
"""

from __future__ import annotations

import difflib
import re
import shutil
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from features import start_second
from foreign import unpacked
from keys import Keys, call
from lab import ADIT, Host, Lab, Process, ThreeHosts, check
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, client_config

MASKS = (
    (r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", ""),
    (r"(\d+\.\d+\.\d+\.\d+):\d+", r"\1:PORT"),
    (r"(\[AF_INET6\][0-9a-f:]+):\d+$", r"\1:PORT"),
    (r"sid=[0-9a-f]+ [0-9a-f]+", "sid=SID"),
    (r",tun-mtu \d+", ",tun-mtu N"),  # ours knows how wide the way to a client is
    (r"\[adit [0-9.]+\]", ""),
    (r"^Options error: .*", "Options error: WHAT"),
    (r"(\(errno=\d+\)) - .*", r"\1"),  # ours says what to do
    (r"serial=\d{6,}", "serial=N"),
)
SHORT = "hand-window 3"
ONCE = "connect-retry-max 1"  # who is refused does not come again


@dataclass
class Stage:
    """What a scene has to play with. Its own side is the one whose log is read."""

    lab: Lab
    net: ThreeHosts
    keys: Keys
    folder: Path
    program: str
    side: str
    tunnel: Tunnel | None = None

    def begin(self, server: tuple[str, ...] = (), client: tuple[str, ...] = (), **more: str) -> Tunnel:
        ends = {"server": "stock", "client": "stock", self.side: self.program}
        setup = Setup(**ends, server_extra=server, client_extra=client, **more)
        self.tunnel = Tunnel(self.net, setup, self.keys)
        self.tunnel.start_server()
        return self.tunnel

    def stranger(self, name: str, change: Callable[[str], str], host: Host | None = None) -> Process:
        """A stock client with a changed configuration."""
        host = host or self.net.client
        tunnel = self.tunnel
        plain = replace(tunnel.setup, client_extra=(ONCE,))
        config = change(client_config(plain, self.keys, tunnel.remote))
        return host.start(name, PROGRAMS["stock"], host.write(f"{name}.conf", config))

    @property
    def own(self) -> Process:
        return getattr(self.tunnel, self.side)


@dataclass(frozen=True)
class Scene:
    """banned: how many lines fail2ban finds, and so each time it would count against an address."""

    side: str
    play: Callable[[Stage], None]
    lines: tuple[str, ...]
    banned: int = 0


def masked(line: str) -> str:
    for pattern, instead in MASKS:
        line = re.sub(pattern, instead, line)
    return line


def lines_of(scene: Scene, program: str, bench: Bench) -> list[str]:
    with Lab(bench.folder / program) as lab:
        stage = Stage(lab, lab.three_hosts(), bench.keys, bench.folder, program, scene.side)
        scene.play(stage)
        if stage.own.running:
            stage.own.stop()
        return [masked(line) for line in stage.own.text().splitlines()]


def found(lines: list[str], pattern: str) -> list[str]:
    """Without what is said again and again."""
    matching = [line for line in lines if re.search(pattern, line)]
    return list(dict.fromkeys(matching))


def compare(scene: Scene, bench: Bench) -> None:
    with ThreadPoolExecutor() as both:
        stock, ours = both.map(lambda p: lines_of(scene, p, bench), ("stock", "adit"))
    (bench.folder / "diff").write_text("\n".join(difflib.unified_diff(stock, ours, n=0)))
    told = []
    for pattern in scene.lines:
        wanted, got = found(stock, pattern), found(ours, pattern)
        check(wanted, f"stock does not say /{pattern}/")
        if wanted != got:
            told.append(f"/{pattern}/\nstock: {wanted}\nours:  {got}")
    check(not told, "\n".join(told))
    if scene.banned:
        logs = [bench.folder / program / "server.log" for program in ("stock", "adit")]
        stock, ours = map(fail2ban_finds, logs)
        check(stock == ours, f"fail2ban finds\n{stock}in stock's, and\n{ours}in ours")
        total = sum(map(int, re.findall(r"\[(\d+)\]", stock)))
        check(total == scene.banned, f"fail2ban finds {total}, expected {scene.banned}:\n{stock}")


# The expressions of the public recipe, as it is copied from host to host.
FILTER = r"""[Definition]
failregex = ^ TLS Error: incoming packet authentication failed from \[AF_INET\]<HOST>:\d+$
            ^ TLS Error: tls-crypt unwrapping failed from \[AF_INET\]<HOST>:\d+$
            ^ <HOST>:\d+ Connection reset, restarting
            ^ <HOST>:\d+ TLS Auth Error
            ^ <HOST>:\d+ TLS Error: TLS handshake failed$
            ^ <HOST>:\d+ VERIFY ERROR
ignoreregex =
"""
DEBIANS_PYTHON = "/usr/bin/python3"


def fail2ban_finds(log: Path) -> str:
    """Each expression that is found, with how often."""
    tree = unpacked("fail2ban")
    recipe = log.parent / "openvpn.conf"
    recipe.write_text(FILTER)
    words = (DEBIANS_PYTHON, tree / "usr/bin/fail2ban-regex", "-c", tree / "etc/fail2ban", log, recipe)
    said = call(*words, env={"PYTHONPATH": str(tree / "usr/lib/python3/dist-packages")})
    check("Failregex:" in said, f"fail2ban-regex says\n{said}")
    return "".join(f"{found}\n" for found in re.findall(r"\|  +\d+\) (\[\d+\] .*)", said))


# ---- what happens at a server ----


def comes_and_goes(stage: Stage) -> None:
    """A client that leaves, one that is silent, and the end."""
    tunnel = stage.begin(("keepalive 1 3", 'push "route 10.99.0.0 255.255.0.0"'))
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


# ---- what happens to a client ----


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


STARTS = (
    rf"^{COMPLETED}$",
    r"^TUN/TAP device tun0 opened$",
    r"link (local|remote)",
)
IN_ORDER = (r"Peer Connection Initiated with", r"VERIFY OK", r"Control Channel: ")
ENDS = (r"^SIGTERM\[.*process exiting$",)

SCENES = {
    "server": Scene(
        "server",
        comes_and_goes,
        (
            *STARTS,
            *IN_ORDER,
            *ENDS,
            r"peer info: IV_(VER|PLAT|PROTO|CIPHERS)",
            r"MULTI_sva",
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
    "client": Scene(
        "client",
        up_and_reset,
        (
            *STARTS,
            *IN_ORDER,
            *ENDS,
            r"TLS: Initial packet from",
            r"PUSH: Received control message: 'PUSH_REPLY",
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
        "client", leaves, (r"SIGTERM received, sending exit notification to peer", *ENDS)
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


def case(name: str, scene: Scene) -> Case:
    return Case(name, lambda bench: compare(scene, bench))


CASES = [case(name, scene) for name, scene in SCENES.items()]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
