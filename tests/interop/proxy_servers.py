"""Proxies of the distribution, each started in a host with a configuration of its own.

    start_tinyproxy(host, "198.51.100.1")          port 8888
    start_squid(host, "198.51.100.1", "digest")    port 3128
    start_dante(host, "198.51.100.1", password=True)   port 1080
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from keys import call
from lab import Host, Process, check, until

USER, PASSWORD = "ann", "pass word"
TINYPROXY, SQUID, DANTE = 8888, 3128, 1080
REALM = "a house, quiet"
SQUID_LIBRARIES = Path("/usr/lib/squid")


def listens(host: Host, port: int, process: Process) -> None:
    def probe() -> bool:
        check(process.running, f"{process.name} has ended:\n{process.tail()}")
        return f":{port} " in host.run("ss", "-Htnl")

    until(probe, 10, f"{process.name} listens on port {port}")


def start_tinyproxy(host: Host, address: str, password: bool = False) -> Process:
    lines = [f"Port {TINYPROXY}", f"Listen {address}", "Timeout 60", "LogLevel Info"]
    if password:
        lines.append(f"BasicAuth {USER} secret")
    path = host.write("tinyproxy.conf", "\n".join([*lines, ""]), 0o644)
    process = host.start("tinyproxy", "tinyproxy", "-d", "-c", path)
    listens(host, TINYPROXY, process)
    return process


def squid_lines(folder: Path, scheme: str) -> list[str]:
    """How it wants to be told who asks: basic, digest, ntlm, or nothing."""
    passwords = folder / "squid.passwords"
    if scheme == "basic":
        hashed = call("openssl", "passwd", "-apr1", PASSWORD).strip()
        passwords.write_text(f"{USER}:{hashed}\n")
        program = f"{SQUID_LIBRARIES}/basic_ncsa_auth {passwords}"
    elif scheme == "digest":
        digest = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()
        passwords.write_text(f"{USER}:{REALM}:{digest}\n")
        program = f"{SQUID_LIBRARIES}/digest_file_auth -c {passwords}"
    else:
        program = f"{SQUID_LIBRARIES}/ntlm_fake_auth"
    if passwords.exists():
        passwords.chmod(0o644)
    lines = [f"auth_param {scheme} program {program}", f"auth_param {scheme} children 1"]
    if scheme != "ntlm":
        lines.append(f"auth_param {scheme} realm {REALM}")
    return [*lines, "acl known proxy_auth REQUIRED", "http_access allow known"]


def start_squid(host: Host, address: str, scheme: str = "") -> Process:
    folder = host.folder / "squid"
    folder.mkdir(exist_ok=True)
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)
    folder.chmod(0o777)
    lines = [
        f"http_port {address}:{SQUID}",
        "visible_hostname proxy.example",
        f"pid_filename {folder}/pid",
        f"access_log stdio:{folder}/access",
        f"cache_log {folder}/cache",
        "cache_store_log none",
        f"coredump_dir {folder}",
        "cache deny all",
        "cache_mem 1 MB",
        "shutdown_lifetime 0 seconds",
        "pinger_enable off",
        "max_filedescriptors 1024",
        *(squid_lines(folder, scheme) if scheme else ["http_access allow all"]),
        "http_access deny all",
    ]
    path = host.write("squid.conf", "\n".join([*lines, ""]), 0o644)
    process = host.start("squid", "squid", "-N", "-n", f"squid{os.getpid()}", "-f", path)
    listens(host, SQUID, process)
    return process


# Accounts of the host are not touched: dante sees files of ours in their place.
OTHER_ACCOUNTS = """
mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/shadow" /etc/shadow && shift &&
exec "$@"
"""


def start_dante(
    host: Host, inside: str, outside: str, password: bool = False, name: str = "dante"
) -> Process:
    method = "username" if password else "none"
    lines = [
        "logoutput: stderr",
        f"internal: {inside} port = {DANTE}",
        f"external: {outside}",
        "clientmethod: none",
        f"socksmethod: {method}",
        "user.privileged: root",
        "user.unprivileged: nobody",
        "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }",
        "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 command: connect udpassociate }",
        "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 command: bindreply udpreply }",
    ]
    path = host.write("dante.conf", "\n".join([*lines, ""]), 0o644)
    words = ["danted", "-f", path, "-p", host.folder / f"{name}.pid"]
    if password:
        hashed = call("openssl", "passwd", "-6", PASSWORD).strip()
        passwd = Path("/etc/passwd").read_text()
        host.write("passwd", f"{passwd}{USER}:x:3999:3999::/:/bin/false\n", 0o644)
        host.write("shadow", f"{USER}:{hashed}:19000:0:99999:7:::\n")
        words = ["unshare", "-m", "sh", "-c", OTHER_ACCOUNTS, "sh", host.folder, *words]
    process = host.start(name, *words)
    listens(host, DANTE, process)
    return process

