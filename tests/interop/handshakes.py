"""Handshakes that fail, each for one reason, with adit and stock at either end.

    tunnel = FAULTS["answer-lost"].begin(net, "stock", "adit", keys)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from keys import Keys
from lab import ThreeHosts
from tunnel import PORT, PROGRAMS, Setup, Tunnel, client_config

WINDOW = 4  # seconds for a handshake, on both sides
SHORT = (f"hand-window {WINDOW}", "verb 3")
TLS12 = "tls-version-max 1.2"
ECDSA = "tls-cipher TLS-ECDHE-ECDSA-WITH-{}"

Change = Callable[[str, Keys, Path], str]

NO_ANSWER, SILENT = "no answer", "the other side fell silent"
KEY, DIRECTION = "wrong control channel key", "wrong key direction"
REFUSED = "certificate refused"


@dataclass(frozen=True)
class Fault:
    """server_says, client_says: what adit doctor --log may make of that side's log; "live": which
    stage of adit doctor FILE fails, and a word of its evidence."""

    server_says: tuple[str, ...]
    client_says: tuple[str, ...]
    live: tuple[str, str] = ("port", "no answer")
    word: str = ""  # of the evidence, where it is said which it is
    word_by: str = "server"  # in whose log
    authority: str = "adit"
    wrapping: str = "plain"
    server: tuple[str, ...] = ()
    client: tuple[str, ...] = ()
    drop: str = ""  # packets that the wire drops: "dport", "sport"
    change: Change | None = None  # of the client's configuration

    def setup(self, server: str, client: str) -> Setup:
        setup = Setup(server, client, wrapping=self.wrapping, authority=self.authority)
        return replace(
            setup,
            server_extra=(*SHORT, *self.server),
            client_extra=(*SHORT, *self.client),
        )

    def begin(self, net: ThreeHosts, server: str, client: str, keys: Keys) -> Tunnel:
        """Both ends run, and nobody has waited for anything yet."""
        tunnel = Tunnel(net, self.setup(server, client), keys)
        if self.drop:
            lose(net, self.drop)
        tunnel.start_server()
        config = client_config(tunnel.setup, keys, tunnel.remote)
        if self.change:
            config = self.change(config, keys, net.client.folder)
        path = net.client.write("client.conf", config)
        tunnel.client = net.client.start("client", PROGRAMS[client], path)
        return tunnel


def lose(net: ThreeHosts, which: str) -> None:
    """The wire drops what goes to the server's port, or what comes from it."""
    chain = "add chain inet lost forward { type filter hook forward priority 0; }"
    rule = f"add rule inet lost forward udp {which} {PORT} drop"
    text = "\n".join(["add table inet lost", chain, rule, ""])
    net.wire.run("nft", "-f", net.wire.write("lost.nft", text))


def another_key(config: str, keys: Keys, folder: Path) -> str:
    return config.replace(str(keys.static("adit")), str(keys.static("stock")))


def expired(config: str, keys: Keys, folder: Path) -> str:
    made = keys.issue("late", "client", folder, serial=77, days=-1)
    good = keys.identity("openssl", "client1")
    return config.replace(str(good.cert), str(made.cert)).replace(str(good.key), str(made.key))


def no_pull(config: str, keys: Keys, folder: Path) -> str:
    lines = config.replace("\nclient\n", "\ntls-client\n").splitlines()
    return "\n".join([*lines, "ifconfig 10.8.0.6 255.255.255.0", "topology subnet", ""])


FAULTS = {
    "no-packet": Fault(("no packet came",), (NO_ANSWER,), drop="dport"),
    "wrong-tls-auth-key": Fault((KEY,), (NO_ANSWER,), wrapping="tls-auth", change=another_key),
    "wrong-tls-crypt-key": Fault((KEY,), (NO_ANSWER,), wrapping="tls-crypt", change=another_key),
    # Only adit tries the other directions before it complains.
    "wrong-direction": Fault(
        (DIRECTION, KEY), (NO_ANSWER,), word="direction", wrapping="tls-auth",
        client=("key-direction 0",),
    ),
    "answer-lost": Fault(("the answer was lost",), (NO_ANSWER,), drop="sport"),
    # Stock leaves without a word when it does not like a name.
    "wrong-name": Fault(
        (SILENT, REFUSED), (REFUSED,), ("handshake", "name"), "name", "client",
        client=("verify-x509-name another name",),
    ),
    "expired": Fault(
        (REFUSED,), (SILENT, REFUSED), ("certificate", "expired on"), "date",
        authority="openssl", change=expired,
    ),
    "wrong-usage": Fault(
        (REFUSED,), (SILENT, REFUSED), ("handshake", "certificate"), "usage",
        server=("remote-cert-tls server",),
    ),
    "no-shared-cipher": Fault(
        ("no shared cipher",), ("no shared cipher", SILENT), ("handshake", ""), "cipher",
        server=(TLS12, ECDSA.format("AES-256-GCM-SHA384")),
        client=(TLS12, ECDSA.format("AES-128-GCM-SHA256")),
    ),
    "no-push-request": Fault(
        ("no PUSH_REQUEST",), ("no PUSH_REQUEST",), ("", ""), "PUSH_REQUEST", change=no_pull
    ),
}
