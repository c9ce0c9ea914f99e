"""Handshakes that fail, each for one reason, with adit and stock at either end.

    FAULTS["answer-lost"].begin(net, "stock", "adit", keys)     both ends, until one has given up
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from keys import Keys
from lab import STOCK, ThreeHosts
from tunnel import COMPLETED, PORT, Setup, Tunnel, client_config, server_config

WINDOW = 4  # seconds for a handshake, on both sides
GAVE_UP = (
    r"TLS key negotiation failed to occur|TLS handshake failed|AUTH_FAILED|no PUSH_REPLY"
    r"|SIGUSR1\[soft,|SIGTERM\[soft,"
)
SHORT = (f"hand-window {WINDOW}", "verb 4")
TLS12 = "tls-version-max 1.2"
ECDSA = "TLS-ECDHE-ECDSA-WITH-{}"


@dataclass(frozen=True)
class Fault:
    """cause: what adit doctor must call it."""

    cause: str
    wrapping: str = "plain"
    server: tuple[str, ...] = ()
    client: tuple[str, ...] = ()
    drop: str = ""  # packets that the wire drops: "dport", "sport"
    change: Callable[[str, Keys, Path], str] | None = None  # of the client's configuration
    seen_by: tuple[str, ...] = ("server", "client")  # whose log tells it

    def setup(self, server: str, client: str) -> Setup:
        setup = Setup(server=server, client=client, wrapping=self.wrapping)
        return replace(
            setup,
            server_extra=(*SHORT, *self.server),
            client_extra=(*SHORT, *self.client),
        )

    def begin(self, net: ThreeHosts, server: str, client: str, keys: Keys) -> Tunnel:
        """Both ends run, and nobody has waited for anything yet."""
        tunnel = Tunnel(net, self.setup(server, client), keys)
        if self.drop:
            rule = ("udp", self.drop, PORT, "drop")
            net.wire.run("nft", "add", "table", "inet", "lost")
            chain = "{ type filter hook forward priority 0; }"
            net.wire.run("nft", "add", "chain", "inet", "lost", "forward", chain)
            net.wire.run("nft", "add", "rule", "inet", "lost", "forward", *rule)
        tunnel.start_server()
        tunnel.start_client()
        return tunnel


def another_key(kind: str) -> Callable[[str, Keys, Path], str]:
    def change(config: str, keys: Keys, folder: Path) -> str:
        return config.replace(str(keys.static("adit")), str(keys.static("stock")))

    return change


def no_pull(config: str, keys: Keys, folder: Path) -> str:
    lines = config.replace("\nclient\n", "\ntls-client\n").splitlines()
    return "\n".join([*lines, "ifconfig 10.8.0.6 255.255.255.0", "topology subnet", ""])


FAULTS = {
    "no-packet": Fault("no packet came", drop="dport"),
    "wrong-tls-auth-key": Fault(
        "wrong control channel key", "tls-auth", change=another_key("tls-auth")
    ),
    "wrong-tls-crypt-key": Fault(
        "wrong control channel key", "tls-crypt", change=another_key("tls-crypt")
    ),
    "wrong-direction": Fault("wrong key direction", "tls-auth", client=("key-direction 0",)),
    "answer-lost": Fault("the answer was lost", drop="sport"),
    "wrong-name": Fault("certificate refused", client=("verify-x509-name another name",)),
    "wrong-usage": Fault("certificate refused", server=("remote-cert-tls server",)),
    "no-shared-cipher": Fault(
        "no shared cipher",
        server=(TLS12, "tls-cipher " + ECDSA.format("AES-256-GCM-SHA384")),
        client=(TLS12, "tls-cipher " + ECDSA.format("AES-128-GCM-SHA256")),
    ),
    "no-push-request": Fault("no PUSH_REQUEST", change=no_pull),
}
