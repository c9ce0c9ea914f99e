#!/usr/bin/env python3
"""`adit lint` and `adit migrate`: the seed's files and others in old styles are migrated and start, here and
with stock; what was migrated talks to what was not; lint's verdict is what a start then shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from features import reaches
from keys import call
from lab import ADIT, Host, Lab, check
from runner import Bench, Case, main
from seed import OFFICE_ROUTE, Seed
from tunnel import COMPLETED, PROGRAMS

CONFIGS = Path(__file__).resolve().parents[1] / "unit" / "options" / "configs"
GATEWAY = "10.0.0.1"
BEGINS = r"Initialization Sequence Completed|link remote: |Attempting to establish|Cannot resolve host"

# In the styles of these versions; what they name lies in their own folder.
OLD = (
    "sample-server-2.1.conf",
    "sample-client-2.1.conf",
    "old-server-first.conf",
    "old-client-first.ovpn",
    "old-client-provider-2.2.ovpn",
    "old-server-script-system.conf",
    "old-client-tls-remote.ovpn",
    "old-server-ipv6-2.3.conf",
    "old-client-router-2.3.conf",
    "old-server-cipher-2.4.conf",
    "sample-server-2.4.conf",
    "container-server.conf",
    "sample-server-2.6.conf",
    "sample-client-2.6.conf",
    "old-p2p-secret.conf",
    "old-client-keysize.ovpn",
)


def status_of(*words: object, folder: Path) -> tuple[int, str]:
    """Of adit, and what it printed."""
    done = subprocess.run([ADIT, *map(str, words)], cwd=folder, capture_output=True, timeout=30)
    return done.returncode, (done.stdout + done.stderr).decode()


def migrate(folder: Path, name: str) -> None:
    """In the place of the old file, which stays beside it."""
    shutil.move(folder / name, folder / f"{name}.old")
    call(ADIT, "migrate", folder / f"{name}.old", "--output", folder / name)


# ---- the seed ----


def seed_talks(bench: Bench, server: str, client: str, old: str) -> None:
    """Both migrated, or one with the other as it was (but for what any program of today wants)."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, server, client)
        seed.server.add(OFFICE_ROUTE)
        sites = {"server": (seed.server, "server.conf"), "client": (seed.client, "openvpn.conf")}
        for name, (site, file) in sites.items():
            if name != old:
                migrate(site.host.folder, file)
        seed.start()
        reaches(seed.net.client, GATEWAY, "the tunnel")


def seed_cannot_start_before(bench: Bench) -> None:
    """With a real file of 1024 bits: lint says that it would not start, migrate mends it."""
    with Lab(bench.folder) as lab:
        seed = Seed(lab, bench, "adit", "adit", working=False)
        folder = seed.server.host.folder
        shutil.copy(dh1024(bench.folder), folder / "dh1024.pem")
        status, told = status_of("lint", "server.conf", folder=folder)
        check(status == 2 and "server.conf:7: error  dh dh1024.pem" in told, told)
        migrate(folder, "server.conf")
        status, told = status_of("lint", "server.conf", folder=folder)
        check(status == 1 and "inside the server's own /30" in told, told)  # of the client's file: that is left
        warned = [line for line in told.splitlines() if ": warning" in line]  # and the test's certificates end soon
        check(all(re.match(r"ccd/client1:1: |server.conf:[45]: .* (ca|cert) ", line) for line in warned), told)
        status, told = status_of("lint", "server.conf", "../client/openvpn.conf", folder=folder)
        check(status == 1 and "cannot talk to each other, for 1 reason" in told, told)
        check("tls-auth ta.key 1" in told, told)


def dh1024(folder: Path) -> Path:
    """Fixed parameters (RFC 5114, 2.1): making them takes too long."""
    path = folder / "dh1024.pem"
    call("openssl", "genpkey", "-genparam", "-algorithm", "DHX", "-pkeyopt", "dh_rfc5114:1", "-out", path)
    return path


# ---- others ----


def prepare(host: Host, bench: Bench, name: str) -> Path:
    """A folder of its own with the file and everything it names."""
    folder = bench.folder / name.replace(".", "-")
    folder.mkdir()
    (folder / "keys").mkdir()
    who = bench.keys.identity("openssl", "server" if "server" in name else "client1")
    text = (CONFIGS / name).read_text()
    for absolute in (*(f"/etc/openvpn/{part}" for part in ("pki/private/", "pki/issued/", "pki/", "")), "/tmp/", "daemon\n"):
        text = text.replace(absolute, "")
    text = text.replace("group nobody", "group nogroup").replace("auth-user-pass\n", "auth-user-pass login\n")
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0] not in ("ca", "cert", "key", "tls-auth", "secret", "dh"):
            continue
        source = {"ca": who.ca, "cert": who.cert, "key": who.key}.get(words[0], bench.keys.static("stock"))
        if words[0] != "dh":
            shutil.copy(source, folder / words[1])
    for script in ("up.sh", "down.sh"):
        (folder / script).write_text("#!/bin/sh\nexit 0\n")
        (folder / script).chmod(0o755)
    (folder / "login").write_text("me\nsecret\n")
    (folder / name).write_text(text)
    if " dh2048.pem" in text or "dh.pem" in text:
        dh = bench.folder / "dh2048.pem"
        call("openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", dh)
        for wanted in ("dh2048.pem", "dh.pem"):
            shutil.copy(dh, folder / wanted)
    return folder


def starts(bench: Bench, names: tuple[str, ...]) -> None:
    """Migrated, it starts with either program; lint finds nothing that would keep it from that."""
    with Lab(bench.folder) as lab:
        host = lab.host("here")
        for name in names:
            folder = host.folder = prepare(host, bench, name)
            migrate(folder, name)
            status, told = status_of("lint", name, folder=folder)
            check(status != 2, f"{name}: {told}")
            for program in ("adit", "stock"):
                process = host.start(program, PROGRAMS[program], "--config", name, "--verb", "3", "--log", f"{program}.out")
                process.log = folder / f"{program}.out"
                process.log.touch()
                process.wait_for(BEGINS, 10)
                process.stop()


# ---- lint ----


def tells_programs(bench: Bench) -> None:
    """JSON, with the exit status of the text."""
    folder = bench.folder
    (folder / "c.conf").write_text("client\ndev tun\nremote a\nca ca.crt\nauth-user-pass\nlink-mtu 1300\n")
    status, told = status_of("lint", "c.conf", "--json", folder=folder)
    found = json.loads(told)
    check(status == found["status"] == 2, told)  # there is no ca.crt
    by_line = {(one["line"], one["severity"]) for one in found["files"][0]["findings"]}
    check({(4, "error"), (4, "warning"), (6, "warning")} <= by_line, told)
    status, told = status_of("lint", "nowhere.conf", folder=folder)
    check(status == 2 and "nowhere.conf" in told, told)


def knows_expiry(bench: Bench) -> None:
    """A certificate of ten days, and one that has ended, in files that all can read."""
    folder = bench.folder
    for name, days in (("soon", "10"), ("long", "400")):
        call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             folder / f"{name}.key", "-out", folder / f"{name}.crt", "-days", days, "-subj", f"/CN={name}")
        (folder / f"{name}.conf").write_text(
            f"client\ndev tun\nremote a\nca {name}.crt\ncert {name}.crt\nkey {name}.key\nremote-cert-tls server\n"
        )
        (folder / f"{name}.key").chmod(0o644 if name == "soon" else 0o600)
    status, told = status_of("lint", "soon.conf", folder=folder)
    check(status == 1 and '"soon" expires on' in " ".join(told.split()), told)
    check("can read soon.key (mode 0644)" in " ".join(told.split()), told)
    status, told = status_of("lint", "long.conf", folder=folder)
    check(status == 0, told)


CASES = [
    *(
        Case(f"seed-{server}-{client}{'-old-' + old if old else ''}", partial(seed_talks, server=server, client=client, old=old))
        for server, client, old in (
            ("adit", "stock", ""),
            ("stock", "adit", ""),
            ("adit", "stock", "client"),
            ("stock", "adit", "server"),
        )
    ),
    Case("seed-cannot-start-before", seed_cannot_start_before),
    *(Case(f"starts-{i + 1}", partial(starts, names=OLD[i::4])) for i in range(4)),
    Case("tells-programs", tells_programs),
    Case("knows-expiry", knows_expiry),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
