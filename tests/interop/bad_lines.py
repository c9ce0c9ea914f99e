"""The lines of configuration that are wrong, one function for each way to be wrong."""

from __future__ import annotations

from dataclasses import dataclass

from features import profile_folder, revocation_list
from keys import Identity, call
from lab import ADIT
from runner import Bench


@dataclass(frozen=True)
class Lines:
    """What the configurations have beyond the usual. good: instead of the wrong client's."""

    server: tuple[str, ...] = ()
    client: tuple[str, ...] = ()
    good: tuple[str, ...] = ()


def own(identity: Identity) -> tuple[str, str]:
    return f"cert {identity.cert}", f"key {identity.key}"


# ---- control channel keys ----

IMPATIENT = "connect-timeout 3"


def other_key(bench: Bench) -> str:
    path = bench.folder / "other.key"
    call(ADIT, "--genkey", "secret", path)
    return str(path)


def wrong_tls_auth_key(bench: Bench) -> Lines:
    return Lines(client=(f"tls-auth {other_key(bench)} 1", IMPATIENT))


def swapped_direction(bench: Bench) -> Lines:
    return Lines(client=(f"tls-auth {bench.keys.static('adit')} 0", IMPATIENT))


def no_tls_auth(bench: Bench) -> Lines:
    """The wrong client is the one without: the others have it."""
    key = bench.keys.static("adit")
    return Lines((f"tls-auth {key} 0",), (IMPATIENT,), (f"tls-auth {key} 1",))


def needless_tls_auth(bench: Bench) -> Lines:
    return Lines(client=(f"tls-auth {bench.keys.static('adit')} 1", IMPATIENT))


def wrong_tls_crypt_key(bench: Bench) -> Lines:
    return Lines(client=(f"tls-crypt {other_key(bench)}", IMPATIENT))


def foreign_tls_crypt_v2_key(bench: Bench) -> Lines:
    server, client = bench.folder / "v2-server.key", bench.folder / "v2-client.key"
    call(ADIT, "--genkey", "tls-crypt-v2-server", server)
    call(ADIT, "--tls-crypt-v2", server, "--genkey", "tls-crypt-v2-client", client)
    return Lines(client=(f"tls-crypt-v2 {client}", IMPATIENT))


# ---- certificates ----


def expired_client(bench: Bench) -> Lines:
    return Lines(client=own(bench.keys.issue("old", "client", bench.folder, 77, days=-1)))


def expired_server(bench: Bench) -> Lines:
    return Lines(server=own(bench.keys.issue("old", "server", bench.folder, 77, days=-1)))


def revoked_client(bench: Bench) -> Lines:
    revocation_list(bench.keys, "openssl", bench.folder, "client1")
    return Lines(server=(f"crl-verify {bench.folder}/revoked.pem",))


def revoked_server(bench: Bench) -> Lines:
    revocation_list(bench.keys, "openssl", bench.folder, "server")
    return Lines(client=(f"crl-verify {bench.folder}/revoked.pem",))


def client_of_another_ca(bench: Bench) -> Lines:
    return Lines(client=(*own(bench.keys.identity("openssl", "client1")), "hand-window 4"))


def client_trusts_another_ca(bench: Bench) -> Lines:
    return Lines(client=(f"ca {bench.keys.identity('openssl', 'client1').ca}",))


def server_certificate_at_client(bench: Bench) -> Lines:
    certificate = own(bench.keys.identity("adit", "server"))
    return Lines(server=("remote-cert-tls client",), client=certificate)


def client_certificate_at_server(bench: Bench) -> Lines:
    return Lines(server=own(bench.keys.identity("adit", "client1")))


# ---- what was agreed on ----


def no_shared_cipher(_: Bench) -> Lines:
    return Lines(client=("data-ciphers CHACHA20-POLY1305:AES-128-GCM",))


def password_files(bench: Bench) -> tuple[str, str]:
    """Lines for a wrong and the right password."""
    lines = []
    for name, password in (("wrong", "Secret"), ("right", "secret")):
        path = bench.folder / f"{name}.txt"
        path.write_text(f"ann\n{password}\n")
        path.chmod(0o600)
        lines.append(f"auth-user-pass {path}")
    return lines[0], lines[1]


def verifier(bench: Bench) -> tuple[str, str]:
    script = bench.folder / "verify.sh"
    script.write_text('#!/bin/sh\n[ "$username" = ann ] && [ "$password" = secret ]\n')
    script.chmod(0o755)
    return "script-security 3", f"auth-user-pass-verify {script} via-env"


def wrong_password(bench: Bench) -> Lines:
    wrong, right = password_files(bench)
    return Lines(verifier(bench), (wrong,), (right,))


def with_exit_status(bench: Bench, status: int) -> Lines:
    wrong, right = password_files(bench)
    return Lines(verifier(bench), (wrong, f"setenv AUTH_FAILED_STATUS {status}"), (right,))


def no_password(bench: Bench) -> Lines:
    return Lines(verifier(bench), (), (password_files(bench)[1],))


def senseless_profile(bench: Bench) -> Lines:
    text = "push \"route 192.168.9.0 255.255.255.0\"\nifconfig-psuh 10.8.0.9 255.255.255.0\n"
    ccd = profile_folder(bench.folder, client1=text)
    return Lines(server=(f"client-config-dir {ccd}",))
