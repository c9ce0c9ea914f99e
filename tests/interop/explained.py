"""What `adit explain` makes of the logs of a connection that failed, whoever wrote them."""

from __future__ import annotations

import json
import subprocess

from lab import ADIT, Process, check

# By fault: what one of the two logs must be taken for.
TITLES = {
    "wrong-tls-auth-key": "a packet is not signed with our key",
    "swapped-tls-auth-direction": "a packet is not signed with our key",
    "no-tls-auth": "tls-auth is missing on the other side",
    "needless-tls-auth": "a first packet cannot be read",
    "wrong-tls-crypt-key": "a packet is not wrapped with our tls-crypt key",
    "foreign-tls-crypt-v2-key": "the client's tls-crypt-v2 key was not made from this server's key",
    "expired-client-certificate": "a certificate has expired",
    "expired-server-certificate": "a certificate has expired",
    "revoked-client-certificate": "the certificate was revoked",
    "revoked-server-certificate": "the certificate was revoked",
    "client-of-another-ca": "the other side's certificate is from another CA",
    "client-trusts-another-ca": "the other side's certificate is from another CA",
    "server-certificate-at-client": "the certificate was made for another role",
    "client-certificate-at-server": "the certificate was made for another role",
    "no-shared-cipher": "the two sides have no data cipher in common",
    "wrong-password": "the server refused the login",
    "no-password": "the client sent no user name",
}


def findings(process: Process) -> list[str]:
    words = [str(ADIT), "explain", "--json", str(process.log)]
    done = subprocess.run(words, capture_output=True, timeout=20)
    check(done.returncode in (0, 1), f"adit explain ends with {done.returncode}")
    return [finding["title"] for finding in json.loads(done.stdout)["findings"]]


def explains(fault: str, *processes: Process) -> None:
    wanted = TITLES.get(fault)
    if wanted is None:
        return
    found = {process.name: findings(process) for process in processes}
    check(any(wanted in titles for titles in found.values()), f"not explained: {wanted}: {found}")
