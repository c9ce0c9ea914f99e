"""Configurations and hosts that do not let a program start: what it says, and its exit status."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features import inline
from keys import Identity
from lab import ADIT, Lab, Process, check
from runner import Bench, Case
from scene import Scene, literally, says
from tunnel import PROGRAMS, Setup, client_config, server_config

NOBODY = 65534
HIDE_TUN = (
    *("unshare", "--mount", "--propagation", "private"),
    *("sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh"),
)
NO_CAPABILITIES = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all")
AS_NOBODY = ("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups")

NO_NODE = (
    "ERROR: Cannot open TUN/TAP dev /dev/net/tun: No such file or directory (errno=2) - load the driver with "
    '"modprobe tun"; if /dev/net/tun is missing: "mkdir -p /dev/net && mknod /dev/net/tun c 10 200". '
    "In a container add the device: --device /dev/net/tun --cap-add NET_ADMIN"
)
NO_RIGHT = (
    "ERROR: Cannot ioctl TUNSETIFF tun: Operation not permitted (errno=1) - run as root or with the "
    "capability CAP_NET_ADMIN (in a container: --cap-add NET_ADMIN)"
)
# To some systems' users the device itself is closed.
NO_ENTRY = (
    "ERROR: Cannot open TUN/TAP dev /dev/net/tun: Permission denied (errno=13) - run as root; in a container "
    "allow the device: --device /dev/net/tun --cap-add NET_ADMIN"
)
DYING = "Exiting due to fatal error"


# ---- configurations that cannot be used ----


@dataclass(frozen=True)
class Broken:
    """lines: added to a config that is good. says: %LINE stands for the number of the last line."""

    name: str
    lines: Callable[[Bench], Sequence[str]]
    says: str
    client: bool = False
    arguments: tuple[str, ...] = ()  # instead of the file


def foreign_key(bench: Bench) -> tuple[str]:
    return (f"key {bench.keys.identity('adit', 'client2').key}",)


def no_certificate(bench: Bench) -> tuple[str]:
    path = bench.folder / "empty.crt"
    path.write_text("this is not a certificate\n")
    return (f"ca {path}",)


BROKEN = (
    Broken(
        "unknown-option",
        lambda _: ("keepalvie 5 30",),
        'Options error: In ~/bad.conf:%LINE: Unrecognized option: "keepalvie 5 30" - did you mean '
        '"keepalive"?',
    ),
    Broken(
        "unknown-option-of-a-client",
        lambda _: ("remote-cert-tsl server",),
        'Options error: In ~/bad.conf:%LINE: Unrecognized option: "remote-cert-tsl server" - did you '
        'mean "remote-cert-tls"~?',
        client=True,
    ),
    Broken(
        "unknown-option-on-the-command-line",
        lambda _: (),
        'Options error: In [CMD-LINE]:1: Unrecognized option: "--porto udp" - did you mean "port" or '
        '"proto"?',
        arguments=("--dev", "tun", "--porto", "udp"),
    ),
    Broken(
        "missing-ca-file",
        lambda _: ("ca /nowhere/ca.crt",),
        "Options error: In ~/bad.conf:%LINE: --ca fails with '/nowhere/ca.crt': No such file or "
        "directory (errno=2) - check the path",
    ),
    Broken(
        "missing-key-file",
        lambda _: ("key private/me.key",),
        "Options error: In ~/bad.conf:%LINE: --key fails with 'private/me.key': No such file or "
        "directory (errno=2) - check the path; it begins in /~",
        client=True,
    ),
    Broken(
        "missing-configuration-file",
        lambda _: (),
        "Options error: In [CMD-LINE]:1: --config: Error opening configuration file: cannot open "
        'nowhere.conf: No such file or directory: "--config nowhere.conf" - check the path',
        arguments=("--config", "nowhere.conf"),
    ),
    Broken(
        "key-of-another-certificate",
        foreign_key,
        "key ~/client2.key (~/bad.conf:%LINE) does not belong to cert ~/server.crt (~/bad.conf:~) "
        "(~) - give the key that was made together with this certificate",
    ),
    Broken(
        "key-of-another-certificate-at-a-client",
        foreign_key,
        "key ~/client2.key (~/bad.conf:%LINE) does not belong to cert ~/client1.crt (~/bad.conf:~) "
        "(~) - give the key that was made together with this certificate",
        client=True,
    ),
    Broken(
        "no-certificate-in-ca-file",
        no_certificate,
        "no certificate found in ca ~/empty.crt (~/bad.conf:%LINE) - it must hold certificates as text "
        "(-----BEGIN CERTIFICATE-----)",
    ),
)


def run_broken(broken: Broken, bench: Bench) -> None:
    """Both programs refuse it, with the same status; ours says what is wrong, once."""
    setup = Setup()
    if broken.client:
        good = client_config(setup, bench.keys, "192.0.2.1")
    else:
        good = server_config(setup, bench.keys)
    text = good + "\n".join([*broken.lines(bench), ""])
    with Lab(bench.folder) as lab:
        host = lab.host("host")
        words = broken.arguments or (host.write("bad.conf", text),)
        wanted = literally(broken.says.replace("%LINE", str(len(text.splitlines()))))
        ours = host.start("adit", ADIT, *words)
        status = ours.wait()
        says(ours, wanted)
        check(len(ours.matches(wanted)) == 1, f"it says it more than once:\n{ours.tail()}")
        check(status == 1, f"adit ends with {status}")
        if PROGRAMS["stock"].exists():
            stock = host.start("stock", PROGRAMS["stock"], *words)
            check(stock.wait() == status, f"stock ends with {stock.wait()}, adit with {status}")


# ---- hosts that do not give what is needed ----


def check_dies(process: Process, pattern: str) -> None:
    status = process.wait()
    for line in (pattern, literally(DYING)):
        says(process, line)
    check(status == 1, f"{process.name} ends with {status}:\n{process.tail()}")


def port_in_use(bench: Bench, transport: str) -> None:
    """The server that has the port goes on serving."""
    with Lab(bench.folder) as lab:
        setup = Setup(transport=transport)
        scene = Scene(lab, setup, bench.keys)
        scene.begin()
        second = server_config(setup, bench.keys).replace("10.8.0.0", "10.99.0.0")
        host = scene.net.server
        path = host.write("late.conf", second.replace("server-status", "late-status"))
        late = host.start("late", ADIT, path)
        line = (
            f"cannot bind {transport[:3].upper()} port 1194 to any address: Address already in use - "
            f"it is used by {ADIT.name} (pid {scene.server.pid}); stop it or choose another port"
        )
        check_dies(late, literally(line))
        scene.end()


def server_without(bench: Bench, wrap: Sequence[object], line: str) -> None:
    with Lab(bench.folder) as lab:
        host = lab.host("host")
        path = host.write("server.conf", server_config(Setup(), bench.keys))
        check_dies(host.start("server", *wrap, ADIT, path), literally(line))


def client_without(bench: Bench, server: str, wrap: Sequence[object], line: str) -> None:
    """It learns of it when the tunnel is to be made; the server serves the others."""
    with Lab(bench.folder) as lab:
        scene = Scene(lab, Setup(server=server), bench.keys)
        scene.begin()
        config = client_config(scene.tunnel.setup, bench.keys, scene.tunnel.remote)
        host = scene.net.client
        scene.wrong = host.start("client", *wrap, ADIT, host.write("client.conf", config))
        status = scene.wrong.wait()
        says(scene.wrong, literally(line))
        check(status == 1, f"the client ends with {status}:\n{scene.wrong.tail()}")
        scene.check_not_up()
        scene.end()


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into, with a copy of the program."""
    folder = Path(tempfile.mkdtemp(prefix=f"adit-{os.getpid()}-open-"))
    try:
        folder.chmod(0o755)
        shutil.copy(ADIT, folder / "adit")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def server_not_root(bench: Bench) -> None:
    with Lab(bench.folder) as lab, open_folder() as folder:
        host = lab.host("host")
        path = folder / "server.conf"
        path.write_text(inlined(server_config(Setup(), bench.keys), bench, "server"))
        path.chmod(0o644)
        server = host.start("server", *AS_NOBODY, folder / "adit", path)
        check_dies(server, f"({literally(NO_RIGHT)}|{literally(NO_ENTRY)})")


def key_not_readable(bench: Bench) -> None:
    """Not root, and the key is root's."""
    with Lab(bench.folder) as lab, open_folder() as folder:
        host = lab.host("host")
        text = inlined(server_config(Setup(), bench.keys), bench, "server", but="key")
        key = folder / "server.key"
        shutil.copy(bench.keys.identity("adit", "server").key, key)
        key.chmod(0o600)
        path = folder / "server.conf"
        path.write_text(f"{text}key {key}\n")
        path.chmod(0o644)
        number = len(path.read_text().splitlines())
        process = host.start("server", *AS_NOBODY, folder / "adit", path)
        status = process.wait()
        line = f"Options error: In ~/server.conf:{number}: --key fails with '{key}': Permission denied "
        says(process, literally(line + "(errno=13) - run as root, or give this user the right to it"))
        check(status == 1, f"it ends with {status}")


def inlined(config: str, bench: Bench, name: str, but: str = "") -> str:
    """The configuration with the files inside, and without the one named, and files it writes."""
    identity: Identity = bench.keys.identity("adit", name)
    lines = []
    for line in config.splitlines():
        option = line.split(" ")[0]
        if option in ("ca", "cert", "key"):
            lines += [inline(option, getattr(identity, option))] if option != but else []
        elif option != "status":
            lines.append(line)
    return "\n".join([*lines, ""])


# ---- all ----


def cases() -> list[Case]:
    made = []

    def add(name: str, run: Callable[[Bench], None], stock: bool = False) -> None:
        made.append(Case(name, run, {"stock"} if stock else set(), {"what is wrong": name}))

    for broken in BROKEN:
        add(broken.name, lambda bench, b=broken: run_broken(b, bench))
    add("port-in-use-udp", lambda bench: port_in_use(bench, "udp4"))
    add("port-in-use-tcp", lambda bench: port_in_use(bench, "tcp4"))
    add("no-tun-device-at-server", lambda bench: server_without(bench, HIDE_TUN, NO_NODE))
    add("no-capabilities-at-server", lambda bench: server_without(bench, NO_CAPABILITIES, NO_RIGHT))
    for server in ("adit", "stock"):
        stock = server == "stock"
        add(
            f"no-tun-device-at-client-of-{server}",
            lambda bench, s=server: client_without(bench, s, HIDE_TUN, NO_NODE),
            stock,
        )
    add(
        "no-capabilities-at-client",
        lambda bench: client_without(bench, "stock", NO_CAPABILITIES, NO_RIGHT),
        stock=True,
    )
    add("not-root", server_not_root)
    add("not-root-and-key-not-readable", key_not_readable)
    return made
