#!/usr/bin/env python3
"""The plug-in of NetworkManager for OpenVPN, the real one, on a private bus: it starts adit where it
would start openvpn, with its own command line, management socket and helper, and tells the same of it.
"""

from __future__ import annotations

import difflib
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from beside_stock import both
from foreign import unpacked
from lab import Failure, Host, Lab, check, until
from runner import Bench, Case, main
from tunnel import PROGRAMS, Setup, Tunnel

SERVICE = "org.freedesktop.NetworkManager.openvpn"
INTERFACE = "org.freedesktop.NetworkManager.VPN.Plugin"
PLUGIN = (SERVICE, "/org/freedesktop/NetworkManager/VPN/Plugin", INTERFACE)
UUID = "11111111-1111-1111-1111-111111111111"
STARTED, STOPPED = 4, 6  # states of a connection

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""

# The plug-in expects itself and its helper below /usr/lib, the program in /usr/sbin, the bus in /run.
WORLD = """
set -e
mount -t overlay none -o lowerdir={plugin}/usr/lib:{library}/usr/lib:/usr/lib /usr/lib
mount --bind {program} /usr/sbin/openvpn
mount -t tmpfs none /run
mkdir -p /run/jail/tmp /run/dbus
chown nobody:nogroup /run/jail /run/jail/tmp
mount --bind {bus} /run/dbus
export NM_OPENVPN_USER=nobody NM_OPENVPN_GROUP=nogroup NM_OPENVPN_CHROOT={jail}
exec /usr/lib/NetworkManager/nm-openvpn-service --debug
"""

SERVER = (
    'push "route 10.99.0.0 255.255.0.0"',
    'push "route-ipv6 fd00:77::/32"',
    'push "dhcp-option DNS 10.8.0.1"',
    'push "dhcp-option DOMAIN example.org"',
)
OF_A_RUN = ("daemon_pid", "daemon_start_time", "remote_port_1", "trusted_port", "untrusted_port")


class Manager:
    """The bus with the plug-in on it, and everything that is said there."""

    def __init__(self, host: Host, folder: Path, program: str, jail: str):
        if not shutil.which("dbus-daemon") or not shutil.which("busctl"):
            raise Failure("dbus-daemon or busctl is missing: tools/packages check")
        self.host = host
        home = folder / "bus"
        home.mkdir()
        socket = home / "system_bus_socket"
        config = host.write("bus.conf", BUS.format(socket=socket))
        host.start("bus", "dbus-daemon", "--config-file", config, "--nofork", "--nopidfile")
        until(socket.exists, 5, "the bus is there")
        self.address = f"--address=unix:path={socket}"
        self.heard = host.start("heard", "busctl", self.address, "monitor", "--json=short")
        self.heard.wait_for("Monitoring")
        world = WORLD.format(
            plugin=unpacked("network-manager-openvpn"),
            library=unpacked("libnm0"),
            program=PROGRAMS[program],
            bus=home,
            jail=jail,
        )
        self.service = host.start("service", "sh", "-c", world)
        until(lambda: SERVICE in host.run("busctl", self.address, "list"), 5, "the plug-in is there")

    def call(self, method: str, *words: str) -> str:
        return self.host.run("busctl", self.address, "call", *PLUGIN, method, *words, fails=True)

    def connect(self, data: dict[str, object], secrets: dict[str, str]) -> None:
        connection = [("id", "test"), ("uuid", UUID), ("type", "vpn")]
        words = ["a{sa{sv}}", "2", "connection", str(len(connection))]
        for name, value in connection:
            words += [name, "s", value]
        words += ["vpn", "3", "service-type", "s", SERVICE]
        for name, table in (("data", data), ("secrets", secrets)):
            words += [name, "a{ss}", str(len(table))]
            for item in table.items():
                words += map(str, item)
        told = self.call("Connect", *words)
        check(not told.strip(), f"Connect: {told}")

    def said(self, members: tuple[str, ...], since: int = 0) -> list[tuple[str, object]]:
        """Signals and the helper's calls, each with its words."""
        all_of_it = []
        for line in self.heard.text(since).splitlines():
            message = json.loads(line) if line.startswith("{") else {}
            if message.get("interface") == INTERFACE and message.get("member") in members:
                all_of_it.append((message["member"], message["payload"]["data"]))
        return all_of_it

    def reaches(self, state: int, since: int = 0) -> None:
        until(
            lambda: ("StateChanged", [state]) in self.said(("StateChanged",), since),
            12,
            f"state {state}",
        )

    def helper(self) -> list[str]:
        """What the helper was started with: its words and its environment, run after run."""
        pattern = r"\[helper-\d+\] (command line|environment): (.*)"
        found = [match[2] for match in re.finditer(pattern, self.service.text())]
        masked = [re.sub(r'"--debug" "6" "\d+"', '"--debug" "6" "PID"', text) for text in found]
        kept = [text for text in masked if text.split("=")[0] not in OF_A_RUN]
        return sorted(kept)


Play = Callable[[Bench, Lab, str], list[object]]


def story(bench: Bench, program: str, play: Play) -> list[object]:
    with Lab(bench.folder / program) as lab:
        return play(bench, lab, program)


def same(bench: Bench, play: Play) -> list[object]:
    """The same with stock and with adit under the plug-in."""
    unpacked("network-manager-openvpn")
    stock, ours = both(lambda program: story(bench, program, play))
    for a, b in zip(stock, ours):
        lists = [[str(item) for item in told] for told in (a, b)]
        check(a == b, "\n".join(difflib.unified_diff(*lists, "stock", "adit", lineterm="", n=0)))
    return stock


def tunnel_of(lab: Lab, bench: Bench, *server: str) -> Tunnel:
    setup = Setup("stock", "stock", server_extra=(*SERVER, *server))
    tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
    tunnel.start_server()
    return tunnel


def certificate(bench: Bench, **more: object) -> dict[str, object]:
    who = bench.keys.identity("adit", "client1")
    data = {"connection-type": "tls", "remote": "203.0.113.2:1194:udp", "dev": "tun"}
    data |= {"ca": who.ca, "cert": who.cert, "key": who.key, "cert-pass-flags": "4"}
    data |= {"remote-cert-tls": "server", "verify-x509-name": "name:server"}
    data |= {"data-ciphers": "AES-256-GCM", "reneg-seconds": "0"}
    data |= {"mssfix": "yes", "tunnel-mtu": "1400"}
    return data | {name.replace("_", "-"): value for name, value in more.items()}


CONFIGURATION = ("Config", "Ip4Config", "Ip6Config", "SetConfig", "SetIp4Config", "SetIp6Config")


# ---- the cases ----


def by_certificate(bench: Bench, lab: Lab, program: str) -> list[object]:
    tunnel = tunnel_of(lab, bench)
    manager = Manager(tunnel.net.client, lab.folder, program, "/run/jail")
    manager.connect(certificate(bench), {})
    manager.reaches(STARTED)
    host = tunnel.net.client
    host.run("ip", "link", "set", "tun0", "up", "mtu", "1400")
    host.run("ip", "address", "add", "10.8.0.2/24", "dev", "tun0")
    check(host.ping(tunnel.inside.server4).received == 3, "the tunnel carries nothing")
    check("--chroot /run/jail" in manager.service.text(), "the plug-in asked for no other root")
    told = [manager.said(CONFIGURATION), manager.helper()]
    manager.call("Disconnect")
    manager.reaches(STOPPED)
    ended = manager.service.wait_for(r"openvpn\[\d+\] exited", 10)
    return [*told, manager.said(("StateChanged", "Failure")), ended.split("]")[-1]]


def restarts(bench: Bench, lab: Lab, program: str) -> list[object]:
    """The helper is called once more, with its device where it was."""
    tunnel = tunnel_of(lab, bench)
    manager = Manager(tunnel.net.client, lab.folder, program, "/nowhere")
    manager.connect(certificate(bench), {})
    manager.reaches(STARTED)
    pid = re.search(r"openvpn\[(\d+)\] started", manager.service.text())[1]
    mark = manager.heard.mark()
    lab.hosts[0].run("kill", "-USR1", pid)
    until(lambda: len(manager.said(("Ip6Config",), mark)) == 1, 12, "the helper comes again")
    return [manager.said(CONFIGURATION), manager.helper()]


def with_password(password: str) -> Play:
    def play(bench: Bench, lab: Lab, program: str) -> list[object]:
        script = lab.folder / "verify"
        script.write_text('#!/bin/sh\n[ "$username$password" = somebodygood ]\n')
        script.chmod(0o755)
        tunnel = tunnel_of(lab, bench, "script-security 3", f"auth-user-pass-verify {script} via-env")
        manager = Manager(tunnel.net.client, lab.folder, program, "/run/jail")
        data = certificate(bench, connection_type="password-tls")
        data |= {"username": "somebody", "password-flags": "0"}
        manager.connect(data, {"password": password})
        manager.reaches(STARTED if password == "good" else STOPPED)
        return [manager.said((*CONFIGURATION, "StateChanged", "Failure"))]

    return play


MANY = {
    "remote-random": "yes",
    "allow-pull-fqdn": "yes",
    "tun-ipv6": "yes",
    "float": "yes",
    "ping": "5",
    "ping-restart": "30",
    "connect-timeout": "20",
    "max-routes": "100",
    "dev-type": "tun",
    "cipher": "AES-256-GCM",
    "auth": "SHA256",
    "ta-dir": "1",
    "tls-version-min": "1.2",
    "tls-version-max": "1.3",
    "tunnel-mtu": "1400",
    "mssfix": "1200",
    "mtu-disc": "maybe",
    "push-peer-info": "yes",
    "remote": "203.0.113.2:1194:udp4, 203.0.113.2:1194:udp",
}


def with_many_options(bench: Bench, lab: Lab, program: str) -> list[object]:
    key = bench.keys.static("stock")
    tunnel = tunnel_of(lab, bench, f"tls-auth {key} 0", "auth SHA256", "tun-mtu 1400")
    manager = Manager(tunnel.net.client, lab.folder, program, "/run/jail")
    manager.connect(certificate(bench) | MANY | {"ta": key}, {})
    manager.reaches(STARTED)
    command = manager.service.wait_for("EXEC: ")
    for word in ("--tun-ipv6", "--max-routes 100", "--tls-auth", "--mssfix 1200", "--chroot"):
        check(word in command, f"the plug-in does not write {word}: {command}")
    return [manager.said(CONFIGURATION), manager.helper()]


def many_options(bench: Bench) -> None:
    """What a connection's dialogue has, as far as stock 2.6 takes it."""
    told = same(bench, with_many_options)
    check(len(told[0]) == 6, f"stock's side: {told}")


def connects(bench: Bench) -> None:
    """With certificates, as another user and in another root directory; and disconnected in order."""
    told = same(bench, by_certificate)
    check(len(told[0]) == 6 and len(told[1]) > 30, f"stock's side: {told}")


def comes_back(bench: Bench) -> None:
    told = same(bench, restarts)
    check(sum("restart" in text for text in told[1]) >= 1, f"stock's helper: {told[1]}")


def right_password(bench: Bench) -> None:
    """Asked for by the management socket, and answered there."""
    told = same(bench, with_password("good"))
    check(any(member == "Ip4Config" for member, _ in told[0]), f"stock's side: {told}")


def wrong_password(bench: Bench) -> None:
    told = same(bench, with_password("bad"))
    check(("Failure", [0]) in told[0], f"stock's side: {told}")


CASES = [
    Case("connects", connects),
    Case("comes-back", comes_back),
    Case("many-options", many_options),
    Case("right-password", right_password),
    Case("wrong-password", wrong_password),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
