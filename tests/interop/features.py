"""What the feature tests share: further clients, recorded scripts, routes before and after.

    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        hooks = Hooks(bench.folder)
        tunnel = Tunnel(net, adit_server(hooks.line("client-connect")), keys)
        tunnel.start()
        hooks.wait("client-connect").env["common_name"]
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keys import Keys, call
from lab import NAMESPACE_FILES, Failure, Host, Lab, Process, ThreeHosts, check, until
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, client_config

FAR = "192.0.2.53"  # a host in the internet, behind the wire
FAR6 = "2001:db8:f::53"
FAILED = r"AUTH: Received control message: AUTH_FAILED"


# ---- hosts ----


def second_client(lab: Lab, net: ThreeHosts, number: int = 2) -> Host:
    """Another client host at the wire."""
    host = lab.host(f"client{number}")
    lab.link(host, net.wire, (f"198.51.{100 + number}.2/24", f"198.51.{100 + number}.1/24"))
    host.run("ip", "route", "add", "default", "via", f"198.51.{100 + number}.1")
    return host


def far_host(lab: Lab, net: ThreeHosts) -> Host:
    """A host that everybody reaches through the wire."""
    host = lab.host("far")
    lab.link(host, net.wire, (f"{FAR}/24", "192.0.2.1/24"), (f"{FAR6}/64", "2001:db8:f::1/64"))
    host.run("ip", "route", "add", "default", "via", "192.0.2.1")
    host.run("ip", "-6", "route", "add", "default", "via", "2001:db8:f::1")
    return host


def start_second(
    tunnel: Tunnel,
    host: Host,
    identity: str = "client2",
    extra: tuple[str, ...] = (),
    program: str = "",
) -> Process:
    """A further client of the tunnel's server, called after its host. program: that of the tunnel's
    own client if not said."""
    who = tunnel.keys.identity(tunnel.setup.authority, identity)
    own = (f"cert {who.cert}", f"key {who.key}", f"status {host.name}-status.txt 1", *extra)
    config = client_config(tunnel.setup, tunnel.keys, tunnel.remote)
    path = host.write(f"{host.name}.conf", "\n".join([config, *own, ""]))
    return host.start(host.name, PROGRAMS[program or tunnel.setup.client], path)


def completed(*ends: Process, seconds: float = 20) -> None:
    for end in ends:
        end.wait_for(COMPLETED, seconds)


def tunnel_addresses(host: Host) -> list[str]:
    """What a host has on its tunnel devices, without prefix lengths."""
    devices = [name for name in host.devices() if name.startswith("tun")]
    return [a.split("/")[0] for device in devices for a in host.addresses(device)]


def wait_address(host: Host, address: str) -> None:
    until(lambda: address in tunnel_addresses(host), 10, f"{host.name} has {address}")


def real_address(tunnel: Tunnel) -> str:
    """Where client1 comes from, as the server's status file says."""
    status = tunnel.server_status(lambda status: status.client("client1"), "client1")
    return (status.client("client1") or {})["Real Address"]


def reaches(host: Host, address: str, what: str) -> None:
    """Waits until a ping is answered: the other end may still be busy with its last step."""
    until(
        lambda: host.ping(address, 1, wait=1).received, 10, f"{what}: {host.name} pings {address}"
    )


def does_not_reach(host: Host, address: str, what: str) -> None:
    answers = host.ping(address, 3, wait=1).received
    check(answers == 0, f"{what}: {host.name} should not reach {address}")


def routes(host: Host, device: str = "", family: int = 4) -> set[str]:
    """Destinations in the main table; device: only those that lead into it."""
    shown = json.loads(host.run("ip", f"-{family}", "-j", "route", "show") or "[]")
    return {route["dst"] for route in shown if not device or route.get("dev") == device}


def picture(host: Host) -> str:
    """Everything a tunnel may change on a host: links, addresses, routes, rules."""
    parts = [host.run("ip", "-o", *words) for words in (("link",), ("addr",), ("rule",))]
    parts += [host.run("ip", f"-{family}", "route", "show", "table", "all") for family in (4, 6)]
    lines = "".join(parts).splitlines()
    # The kernel takes its time with link-local addresses.
    return "\n".join(sorted(line.strip() for line in lines if "fe80::" not in line))


def check_untouched(host: Host, before: str) -> None:
    """The host is as it was: nothing is left, nothing is missing."""

    def same() -> bool:
        return picture(host) == before

    try:
        until(same, 3, "the host is as it was")
    except AssertionError:
        now = set(picture(host).splitlines())
        old = set(before.splitlines())
        check(False, f"{host.name}: left {sorted(now - old)}, lost {sorted(old - now)}")


def device_index(host: Host) -> str:
    found = re.search(r"^(\d+): tun\d", host.run("ip", "-o", "link", "show"), re.MULTILINE)
    if not found:
        raise Failure(f"{host.name} has no tunnel device")
    return found[1]


@contextlib.contextmanager
def hosts_file(host: Host) -> Iterator[Path]:
    """/etc/hosts as programs started in the namespace see it; nothing else is resolved there."""
    hosts = NAMESPACE_FILES / host.namespace / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    try:
        yield hosts
    finally:
        hosts.unlink(missing_ok=True)


# ---- scripts ----

SCRIPT = """#!/bin/sh
event={folder}/{hook}.$$
{{
/bin/cat /proc/$$/environ; printf '\\0'; for word; do printf '%s\\0' "$word"; done
}} >"$event.part"
/bin/mv "$event.part" "$event.event"
{body}
exit {status}
"""


@dataclass(frozen=True)
class Event:
    """One run of a script: what it was given."""

    env: dict[str, str]
    arguments: list[str]
    moment: int


class Hooks:
    """Scripts that record how they are called, in a folder that anybody may write to."""

    def __init__(self, folder: Path, name: str = "events"):
        self.folder = folder / name
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)
        folder.chmod(0o755)

    def script(self, hook: str, status: int = 0, body: str = "") -> Path:
        path = self.folder / f"{hook}.sh"
        text = SCRIPT.format(
            folder=shlex.quote(str(self.folder)), hook=hook, status=status, body=body
        )
        path.write_text(text)
        path.chmod(0o755)
        return path

    def line(self, hook: str, *words: str, status: int = 0, body: str = "") -> str:
        """The line of configuration that calls it. words: further words of the option."""
        script = self.script(hook, status, body)
        return " ".join((hook, str(script), *words))

    def events(self, hook: str) -> list[Event]:
        found = [event_of(path) for path in self.folder.glob(f"{hook}.*.event")]
        return sorted(found, key=lambda event: event.moment)

    def wait(self, hook: str, count: int = 1, seconds: float = 10) -> Event:
        """The event with that number, from 1, as soon as it is there."""
        what = f"{hook} is called {count}x"
        return until(lambda: self.events(hook)[count - 1 :], seconds, what)[0]

    def forget(self) -> None:
        for path in self.folder.glob("*.event"):
            path.unlink()


def event_of(path: Path) -> Event:
    env, _, words = path.read_bytes().decode(errors="replace").partition("\0\0")
    pairs = (line.partition("=")[::2] for line in env.split("\0") if line)
    return Event(dict(pairs), words.split("\0")[:-1], path.stat().st_mtime_ns)


# ---- configuration ----


def push(*options: str) -> tuple[str, ...]:
    return tuple(f'push "{option}"' for option in options)


def adit_server(*extra: str, **more: object) -> Setup:
    return Setup(server="adit", client="stock", server_extra=extra, **more)


def adit_client(*extra: str, **more: object) -> Setup:
    return Setup(server="stock", client="adit", client_extra=extra, **more)


def credentials(folder: Path, user: str, password: str, name: str = "login.txt") -> str:
    """The line that names a file with this user name and password."""
    path = folder / name
    path.write_text(f"{user}\n{password}\n")
    path.chmod(0o600)
    return f"auth-user-pass {path}"


def inline(tag: str, path: Path) -> str:
    return f"<{tag}>\n{path.read_text().strip()}\n</{tag}>"


def profile_folder(folder: Path, **files: str) -> Path:
    """A client-config-dir with these files."""
    ccd = folder / "ccd"
    ccd.mkdir(exist_ok=True)
    for name, text in files.items():
        (ccd / name).write_text(text)
    return ccd


REVOKER = """
[ca]
default_ca = here
[here]
database = {folder}/index.txt
crlnumber = {folder}/number
default_md = sha256
default_crl_days = 30
"""


def revocation_list(keys: Keys, authority: str, folder: Path, *names: str) -> str:
    """A fresh list of an authority that revokes these certificates, and those of earlier calls."""
    if not (folder / "revoker.cnf").exists():
        (folder / "revoker.cnf").write_text(REVOKER.format(folder=folder))
        (folder / "index.txt").write_text("")
        (folder / "number").write_text("01\n")
    home = keys.folder / authority
    program = ("openssl", "ca", "-config", folder / "revoker.cnf")
    signer = ("-cert", home / "ca.crt", "-keyfile", home / "private/ca.key")
    for name in names:
        call(*program, *signer, "-revoke", keys.identity(authority, name).cert)
    call(*program, *signer, "-gencrl", "-out", folder / "revoked.pem")
    return (folder / "revoked.pem").read_text()
