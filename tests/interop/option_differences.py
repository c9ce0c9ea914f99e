"""Where adit judges an option otherwise than stock, and why.

A key is an option ("local"), a line ("ping x"), or a line in one scene ("local 127.0.0.1 (alone in a
client)"). Whatever is listed must differ, or the test fails: the lists only shrink. What is new in 2.7
needs no entry: stock 2.6 calls it unknown, and tests/data/options.tsv says so.
"""

from __future__ import annotations

Reasons = dict[str, list[str]]

# adit takes it, stock does not.
TAKEN: Reasons = {
    "written for Windows: adit says that it does nothing here": [
        "allow-nonadmin",
        "block-outside-dns",
        "dhcp-pre-release",
        "dhcp-release",
        "dhcp-renew",
        "ip-win32",
        "pause-exit",
        "register-dns",
        "tap-sleep",
        "windows-driver",
    ],
    "written for an older OpenVPN, or for one that was built otherwise: adit says what became of it": [
        "iproute",
        "key-method",
        "keysize",
        "ncp-disable",
    ],
    "who asks for help has done nothing wrong: the exit status is 0": ["help"],
}

# stock takes it, adit does not: refused in the table, with what to do instead.
REFUSED: Reasons = {}

# Words that are wrong: adit says so at once.
TOLD: Reasons = {
    "no number: stock takes it for 0": [
        "inactive x",
        "ping x",
        "mark x",
        "auth-gen-token x",
        "resolv-retry never",
    ],
    "out of any sense": [
        "mute -1",
        "link-mtu 10",
        "max-clients 0",
        "connect-freq 0 0",
        "connect-freq-initial 0 0",
        "reneg-sec -1",
        "hand-window 0",
        "explicit-exit-notify -1",
        "session-timeout -5",
        "route-metric -1",
        "nice 100",
        "txqueuelen -5",
        "static-challenge PIN 5",
        "remote 127.0.0.1 70000",
        "remote-cert-ku zz",
    ],
    "a tun device of less than 100 bytes carries nothing": ["tun-mtu 50"],
    "a word that is none of those that are known: stock takes another in silence": [
        "tls-cert-profile best",
    ],
    "stock finds out only when it opens the device": ["dev-type tin", "dev lo0"],
    "stock finds out only when a client comes": ["data-ciphers-fallback NONE-SUCH"],
    "a way of authentication that nobody has": ["http-proxy 127.0.0.1 3128 {login} kerberos"],
    "stock goes on without a log": ["log {folder}/none/log"],
}

# adit takes wrong words at first.
LATER: Reasons = {
    "it is loaded behind the management interface, and its absence ends the start there": [
        "plugin {folder}/none.so",
        "providers none-such",
    ],
    "ignored, so its value is, too": ["bcast-buffers 0", "hash-size 0 1"],
    "BF-CBC is not in this stock's OpenSSL; adit has it": ["compat-mode 2.3.2"],
}

# One word more than the manual says, and stock does not see it: adit does.
MORE_WORDS = ("http-proxy-user-pass 1 1",)

# Fields of options/config.h that nobody outside of the option table reads.
UNREAD = {
    "persist_key": "keys are kept in any case, as 2.7 does",
    "persist_local_ip": "local is an address, which stays what it is",
    "action, no_padding": "read as parts of their structures",
    "bypass_dhcp, bypass_dns": "read and without effect, as stock does on Linux",
}
