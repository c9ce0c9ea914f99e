#!/usr/bin/env python3
"""What a client tells the host's resolver, and that all of it is taken back.

A stock server pushes DNS settings; the client is adit. The resolver is /etc/resolv.conf of the
client's namespace, Debian's program resolvconf, or systemd-resolved on a D-Bus of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from features import hosts_file, push
from foreign import unpacked
from lab import NAMESPACE_FILES, Host, Lab, ThreeHosts, check, until
from network_manager import BUS
from runner import Bench, Case, main
from tunnel import COMPLETED, PROGRAMS, Setup, Tunnel, client_config

PUSHED = push(
    "dhcp-option DNS 10.8.0.1", "dhcp-option DOMAIN office.example", "route 10.90.0.0 255.255.0.0"
)
OWN = "nameserver 192.0.2.53\nsearch home.example\noptions edns0\n"
STATE = Path("/run/adit/names")


def resolv_conf(host: Host) -> Path:
    """The file that the host sees as /etc/resolv.conf."""
    return NAMESPACE_FILES / host.namespace / "resolv.conf"


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


class Scene:
    def __init__(self, bench: Bench, lab: Lab, pushed: tuple[str, ...], own: tuple[str, ...] = ()):
        self.net: ThreeHosts = lab.three_hosts()
        setup = Setup(server="stock", client="adit", server_extra=pushed, client_extra=own)
        self.tunnel = Tunnel(self.net, setup, bench.keys)
        self.host = self.net.client
        self.file = resolv_conf(self.host)
        self.file.write_text(OWN)
        self.tunnel.start_server()

    def come_up(self):
        client = self.tunnel.start_client()
        client.wait_for(COMPLETED)
        return client

    def text(self) -> str:
        return self.file.read_text()

    def nothing_left(self) -> None:
        check(self.text() == OWN, f"resolv.conf was not brought back:\n{self.text()}")
        inode = os.stat(f"/run/netns/{self.host.namespace}").st_ino
        left = [path.name for path in STATE.glob(f"*-{inode}.*")]
        check(not left, f"left in {STATE}: {left}")


def the_file(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, PUSHED)
        client = scene.come_up()
        wanted = "search office.example home.example\nnameserver 10.8.0.1\noptions edns0\n"
        check(scene.text().endswith(wanted), f"resolv.conf:\n{scene.text()}")
        check("adit for tun0" in scene.text(), "it does not say who wrote it")
        check(client.stop() == 0, "the client does not end well")
        scene.nothing_left()


def killed(bench: Bench) -> None:
    """kill -9: the process beside it takes all back at once. Killed as well, the next start does."""
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, PUSHED)
        client = scene.come_up()
        check(scene.text() != OWN, "nothing was set")
        client.kill()
        until(lambda: scene.text() == OWN, 15, "resolv.conf is brought back after kill -9")
        client = scene.come_up()
        check(scene.text() != OWN, "nothing was set")
        keepers = children(client.pid)
        check(len(keepers) == 1, f"children of the client: {keepers}")
        for pid in (*keepers, client.pid):
            os.kill(pid, signal.SIGKILL)
        client.popen.wait()
        check("10.8.0.1" in scene.text(), "somebody was still there to take it back")
        # Whoever starts next here takes it back, whatever it brings itself.
        scene.tunnel.server.stop()
        other = scene.tunnel.start_client()
        other.wait_for("a tunnel that was killed left DNS settings behind")
        other.wait_for("DNS: restore /etc/resolv.conf")
        check(scene.text() == OWN, f"the next start left:\n{scene.text()}")
        other.stop()
        scene.nothing_left()


def rights_dropped(bench: Bench) -> None:
    """After "user nobody" it is still taken back; and restarts in between change nothing."""
    own = ("user nobody", "group nogroup", "persist-tun", "persist-key")
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, PUSHED, own)
        client = scene.come_up()
        check("nameserver 10.8.0.1" in scene.text(), f"resolv.conf:\n{scene.text()}")
        mark = client.mark()
        client.send_signal(signal.SIGUSR1)
        client.wait_for(COMPLETED, since=mark)
        check("nameserver 10.8.0.1" in scene.text(), f"after a restart:\n{scene.text()}")
        check(client.stop() == 0, "the client does not end well")
        scene.nothing_left()


def between_attempts(bench: Bench) -> None:
    """With persist-tun the device stays; the host's own servers are asked for the server's name."""
    with Lab(bench.folder) as lab:
        own = ("persist-tun", "ping-restart 3", 'pull-filter ignore "ping-restart"')
        scene = Scene(bench, lab, PUSHED, own)
        with hosts_file(scene.host) as hosts:
            hosts.write_text(f"127.0.0.1 localhost\n{scene.net.server4} vpn.example\n")
            scene.tunnel.remote = "vpn.example"
            client = scene.come_up()
            scene.tunnel.server.kill()
            mark = client.mark()
            client.wait_for("process restarting", since=mark)
            until(lambda: scene.text() == OWN, 15, "the host's own servers are back")
            check("tun0" in scene.host.devices(), "the device is gone")
            scene.tunnel.start_server()
            client.wait_for(COMPLETED, since=mark, seconds=25)
            check("nameserver 10.8.0.1" in scene.text(), f"resolv.conf:\n{scene.text()}")
            client.stop()
            scene.nothing_left()


def left_to_scripts(bench: Bench) -> None:
    """Nothing is set twice: an up script, dns-updown disable, route-nopull; and force."""
    up = bench.folder / "up.sh"
    up.write_text("#!/bin/sh\nexit 0\n")
    up.chmod(0o700)
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, PUSHED)
        scripts = ("script-security 2", f"up {up}")
        for own, is_set in (
            (scripts, False),
            (("dns-updown disable",), False),
            (("route-nopull",), False),
            ((*scripts, "dns-updown force"), True),
        ):
            scene.tunnel.setup = replace(scene.tunnel.setup, client_extra=own)
            client = scene.come_up()
            check((scene.text() != OWN) == is_set, f"{own}: resolv.conf is\n{scene.text()}")
            client.stop()
            scene.nothing_left()


def own_script(bench: Bench) -> None:
    """dns-updown CMD hears what there is and does it all, after "user nobody" with full rights."""
    told = bench.folder / "told"
    script = bench.folder / "names.sh"
    script.write_text(
        "#!/bin/sh\n"
        f'echo "$script_type $dev $(/usr/bin/id -u) $dns_server_1_address_1 $dns_server_1_port_1'
        f' $dns_search_domain_1" >> {told}\n'
    )
    script.chmod(0o755)
    pushed = push("dns server 1 address 10.8.0.1:5353", "dns search-domains office.example")
    own = ("script-security 2", f"dns-updown {script}", "user nobody", "group nogroup")
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, pushed, own)
        client = scene.come_up()
        client.stop()
        scene.nothing_left()
    heard = "tun0 0 10.8.0.1 5353 office.example"
    lines = told.read_text().splitlines()
    check(lines == [f"dns-up {heard}", f"dns-down {heard}"], f"the script heard {lines}")


# What a host with the package has; /etc/resolv.conf is a link into what the program makes.
RESOLVCONF_WORLD = """
set -e
mount -t tmpfs none /run
mkdir /run/upper /run/work /run/resolvconf /run/resolvconf/interface
mount -t overlay none -o lowerdir={tree}/sbin:/usr/sbin /usr/sbin
mount -t overlay none -o lowerdir={tree}/lib:/usr/lib /usr/lib
mount -t overlay none -o lowerdir={tree}/etc:/etc,upperdir=/run/upper,workdir=/run/work /etc
ln -sf /run/resolvconf/resolv.conf /etc/resolv.conf
: > /run/resolvconf/enable-updates
echo "nameserver 192.0.2.53" | resolvconf -a eth0.dhcp
exec "$@"
"""

RESOLVED_WORLD = """
set -e
mount -t tmpfs none /run
mkdir -p /run/dbus /run/systemd/resolve
mount --bind {home}/bus /run/dbus
mount --bind {home}/resolve /run/systemd/resolve
mount --bind {home}/passwd /etc/passwd
mount --bind {home}/group /etc/group
chown {id}:{id} /run/systemd/resolve
exec "$@"
"""
RESOLVED_ID = 991


def in_world(host: Host, name: str, world: str, *command: object):
    return host.start(name, "sh", "-c", world, "world", *command)


def seen_by(pid: int, *command: str) -> str:
    """What a program says in the mounts and the network of another one."""
    words = ["nsenter", "-m", "-n", "-t", str(pid), *command]
    return subprocess.run(words, capture_output=True, text=True, timeout=10).stdout


def resolvconf(bench: Bench) -> None:
    """Debian's program of that name makes the file of what it is told."""
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, PUSHED)
        world = RESOLVCONF_WORLD.format(tree=unpacked("resolvconf"))
        sleeper = in_world(scene.host, "world", world, "sleep", "60")
        until(lambda: "192.0.2.53" in seen_by(sleeper.pid, "cat", "/etc/resolv.conf"), 5, "a world")
        config = client_config(scene.tunnel.setup, bench.keys, scene.tunnel.remote)
        path = scene.host.write("client.conf", config)
        client = scene.host.start(
            "client",
            *("nsenter", "-m", "-t", sleeper.pid, PROGRAMS["adit"]),
            *("--cd", bench.folder, "--config", path),
        )
        client.wait_for(COMPLETED)
        client.wait_for("DNS by resolvconf: 10.8.0.1 for all names search office.example")
        text = seen_by(sleeper.pid, "cat", "/etc/resolv.conf")
        check("nameserver 10.8.0.1" in text and "office.example" in text, f"resolv.conf:\n{text}")
        client.kill()
        gone = lambda: "10.8.0.1" not in seen_by(sleeper.pid, "cat", "/etc/resolv.conf")  # noqa: E731
        until(gone, 15, "resolvconf is told after kill -9")


class Resolved:
    """systemd-resolved on a bus of its own, and a world for whoever shall find them."""

    def __init__(self, host: Host, folder: Path):
        home = folder / "resolved"
        for name in ("bus", "resolve"):
            (home / name).mkdir(parents=True)
        home.chmod(0o755)
        for path in (folder, *folder.parents):
            check(path.stat().st_mode & 0o111, f"{path} cannot be entered")
        user = f"systemd-resolve:x:{RESOLVED_ID}:{RESOLVED_ID}::/:/usr/sbin/nologin\n"
        (home / "passwd").write_text(Path("/etc/passwd").read_text() + user)
        group = f"systemd-resolve:x:{RESOLVED_ID}:\n"
        (home / "group").write_text(Path("/etc/group").read_text() + group)
        self.world = RESOLVED_WORLD.format(home=home, id=RESOLVED_ID)
        config = host.write("bus.conf", BUS.format(socket="/run/dbus/system_bus_socket"))
        in_world(host, "bus", self.world, "dbus-daemon", "--config-file", config, "--nofork")
        until((home / "bus" / "system_bus_socket").exists, 5, "the bus is there")
        tree = unpacked("systemd-resolved")
        self.process = in_world(
            host, "resolved", self.world, tree / "lib/systemd/systemd-resolved"
        )
        self.ctl = tree / "usr/bin/resolvectl"
        until(lambda: "Global" in self.status(), 8, "systemd-resolved is there")

    def status(self, *words: str) -> str:
        return seen_by(self.process.pid, self.ctl, "status", "--no-pager", *words)


def resolved(bench: Bench) -> None:
    """systemd-resolved over D-Bus: servers, search and routing domains, DNSSEC, DNS over TLS."""
    pushed = push(
        "dns server 1 address 10.8.0.1:8853 fd00:8::1",
        "dns server 1 resolve-domains corp.example",
        "dns server 1 transport DoT",
        "dns server 1 sni dns.example",
        "dns server 1 dnssec optional",
        "dns search-domains office.example",
    )
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, pushed)
        scene.file.write_text("nameserver 127.0.0.53\noptions edns0 trust-ad\n")
        service = Resolved(scene.host, bench.folder)
        config = client_config(scene.tunnel.setup, bench.keys, scene.tunnel.remote)
        path = scene.host.write("client.conf", config)
        client = in_world(scene.host, "client", service.world, PROGRAMS["adit"], path)
        client.wait_for(COMPLETED)
        told = " ".join(service.status("tun0").split())
        for part in (
            "-DefaultRoute",
            "+DNSOverTLS",
            "DNSSEC=allow-downgrade",
            "DNS Servers: 10.8.0.1:8853#dns.example fd00:8::1#dns.example",
            "DNS Domain: office.example ~corp.example",
        ):
            check(part in told, f"systemd-resolved does not know {part!r} but {told}")
        check(client.stop() == 0, "the client does not end well")
        check("10.8.0.1" not in service.status(), "systemd-resolved still knows the server")
        unchanged = scene.text() == "nameserver 127.0.0.53\noptions edns0 trust-ad\n"
        check(unchanged, f"resolv.conf:\n{scene.text()}")


def only_inside(bench: Bench) -> None:
    """block-outside-dns: questions by other ways are stopped, others are not; and it ends."""
    ask = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "try: s.sendto(b'x', (sys.argv[1], int(sys.argv[2]))); print('sent')\n"
        "except PermissionError: print('stopped')\n"
    )
    with Lab(bench.folder) as lab:
        scene = Scene(bench, lab, (*PUSHED, *push("block-outside-dns")))

        def sends(address: str, port: int) -> bool:
            said = scene.host.run(sys.executable, "-c", ask, address, port).strip()
            check(said in ("sent", "stopped"), f"asking says {said!r}")
            return said == "sent"

        check(sends(scene.net.wire4, 53), "there is something in the way before")
        client = scene.come_up()
        check(not sends(scene.net.wire4, 53), "a question left beside the tunnel")
        check(sends("10.8.0.1", 53) and sends(scene.net.wire4, 54), "too much is stopped")
        client.stop()
        check(sends(scene.net.wire4, 53), "it is stopped for ever")
        scene.nothing_left()


CASES = [
    Case("file", the_file),
    Case("killed", killed),
    Case("rights_dropped", rights_dropped),
    Case("between_attempts", between_attempts),
    Case("left_to_scripts", left_to_scripts),
    Case("own_script", own_script),
    Case("resolvconf", resolvconf),
    Case("resolved", resolved),
    Case("only_inside", only_inside),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
