"""A gateway with a tunnel, and the packet filters it may meet.

    far host "tun0" ═══ tun0  gateway  lan0 ─── host "lan0"      10.8.0.0/24    192.168.1.0/24
                                       wan0 ─── host "wan0"      203.0.113.0/24, knows no way back

A cable plays the tunnel: the filter of the gateway sees a device of that name, and packets. The
devices of the gateway are called as the hosts at their other end.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from lab import ADIT, HERE, Host, Lab, check, until

DATA = HERE.parent / "data" / "firewall"
FAR, GATEWAY_INSIDE, LAN, WORLD = "10.8.0.2", "10.8.0.1", "192.168.1.10", "203.0.113.2"
GATEWAY_OUTSIDE = "203.0.113.1"
FAR6, LAN6, WORLD6 = "fd00:8::2", "fd00:1::10", "2001:db8:5::2"
BLOCKED_SECONDS = 0.5
PORT = 1194

CONNECT = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.settimeout(float(sys.argv[3]))
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    print("connected")
except ConnectionRefusedError:
    print("refused")
except OSError as error:
    print("blocked", error)
"""


@dataclass
class Gateway:
    """The host in the middle, with the commands that are run on it."""

    host: Host
    prefix: list[str] = field(default_factory=list)  # runs a command with other files, or programs

    def run(self, *words: object, fails: bool = False) -> str:
        return self.host.run(*self.prefix, *words, fails=fails)

    def adit(self, verb: str, *words: object, fails: bool = False) -> str:
        return self.run(ADIT, "firewall", verb, *words, fails=fails)

    def filters(self) -> str:
        """All rules of all filters, without what counts packets."""
        legacy = "".join(self.run(f"{tool}-legacy-save") for tool in ("iptables", "ip6tables"))
        legacy = re.sub(r"\[\d+:\d+\]|^#.*$", "", legacy, flags=re.M)
        return self.run("nft", "-s", "list", "ruleset") + legacy

    def check_text(self, *plan: object) -> str:
        return self.adit("check", *plan, fails=True)


@dataclass(frozen=True)
class Site:
    far: Host
    gateway: Gateway
    lan: Host
    world: Host

    def opens(self) -> bool:
        """Whether a packet from the world comes to the server's port."""
        return reach(self.world, GATEWAY_OUTSIDE, PORT) == "refused"


def reach(source: Host, address: str, port: int) -> str:
    """What becomes of a connection: "refused" by the host itself, or "blocked" on the way."""
    words = (sys.executable, "-c", CONNECT, address, port, BLOCKED_SECONDS)
    return source.run(*words).split()[0]


def passes(source: Host, address: str) -> None:
    until(lambda: source.ping(address, 1, wait=1).received, 5, f"{source.name} reaches {address}")


def is_blocked(source: Host, address: str) -> None:
    got = source.ping(address, 1, wait=BLOCKED_SECONDS)
    check(not got.received, f"{source.name} reaches {address}, and should not")


def make_site(lab: Lab, forward: bool = True, lan_knows: bool = True) -> Site:
    """lan_knows: the hosts of the LAN have the gateway as their router, and the far side a way back."""
    gateway = lab.host("gateway")
    far, lan, world = (lab.host(name) for name in ("tun0", "lan0", "wan0"))
    lab.link(gateway, far, (f"{GATEWAY_INSIDE}/24", f"{FAR}/24"), ("fd00:8::1/64", f"{FAR6}/64"))
    lab.link(gateway, lan, ("192.168.1.1/24", f"{LAN}/24"), ("fd00:1::1/64", f"{LAN6}/64"))
    lab.link(
        gateway, world, (f"{GATEWAY_OUTSIDE}/24", f"{WORLD}/24"), ("2001:db8:5::1/64", f"{WORLD6}/64")
    )
    far.run("ip", "route", "add", "203.0.113.0/24", "via", GATEWAY_INSIDE)
    far.run("ip", "-6", "route", "add", "2001:db8:5::/64", "via", "fd00:8::1")
    far.run("ip", "route", "add", "192.168.1.10/32", "via", GATEWAY_INSIDE)
    if lan_knows:
        lan.run("ip", "route", "add", "default", "via", "192.168.1.1")
        lan.run("ip", "-6", "route", "add", "default", "via", "fd00:1::1")
        far.run("ip", "-6", "route", "add", "fd00:1::/64", "via", "fd00:8::1")
    if forward:
        gateway.sysctl("net.ipv4.ip_forward", 1)
        gateway.sysctl("net.ipv6.conf.all.forwarding", 1)
    return Site(far, Gateway(gateway), lan, world)


def with_files_of_ufw(gateway: Gateway) -> Path:
    """Everything that ufw writes goes into a folder of the laboratory from now on."""
    folder = gateway.host.folder / "ufw"
    shutil.copytree("/etc/ufw", folder / "etc")
    shutil.copy("/etc/default/ufw", folder / "default")
    (folder / "run").mkdir()
    places = {"etc": "/etc/ufw", "default": "/etc/default/ufw", "run": "/run"}
    mounts = [f"mount --bind '{folder}/{name}' {place}" for name, place in places.items()]
    script = " && ".join([*mounts, 'exec "$@"'])
    gateway.prefix = ["unshare", "-m", "sh", "-c", script, "sh"]
    return folder / "etc"


FIREWALL_CMD = """#!/usr/bin/env python3
# Does to the rules of firewalld what its own command does, as far as adit asks.
import json, pathlib, subprocess, sys

HOME = pathlib.Path(__file__).parent
STATE = HOME / "state.json"
state = json.loads(STATE.read_text()) if STATE.exists() else {"zones": {}, "policies": {}, "ports": []}
words = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])


def rules():
    lines = ["add table inet firewalld", "delete table inet firewalld", (HOME / "base.nft").read_text()]
    for zone, devices in state["zones"].items():
        lines.append(f"add chain inet firewalld filter_IN_{zone}")
        lines.append(f"add rule inet firewalld filter_IN_{zone} meta l4proto {{ icmp, ipv6-icmp }} accept")
        lines.append(f"add rule inet firewalld filter_IN_{zone} reject with icmpx admin-prohibited")
        lines.append(f"add chain inet firewalld filter_FWD_{zone}")
        lines.append(f"add rule inet firewalld filter_FWD_{zone} jump filter_FORWARD_POLICIES_pre")
        lines.append(f"add rule inet firewalld filter_FWD_{zone} reject with icmpx admin-prohibited")
        for device in devices:
            name = device.replace("+", "*")
            for way, chain in (("INPUT", "IN"), ("FORWARD", "FWD")):
                lines.append(f'insert rule inet firewalld filter_{way}_ZONES iifname "{name}" goto filter_{chain}_{zone}')
    for name, policy in state["policies"].items():
        match = ""
        for way, zone in (("iifname", policy["ingress"]), ("oifname", policy["egress"])):
            for device in state["zones"].get(zone, []):
                match += f'{way} "{device.replace("+", "*")}" '
        lines.append(f"add chain inet firewalld filter_FWD_{name}")
        lines.append(f"add rule inet firewalld filter_FWD_{name} {policy['target'].lower()}")
        lines.append(f"add rule inet firewalld filter_FORWARD_POLICIES_pre {match}jump filter_FWD_{name}")
    for port in state["ports"]:
        number, protocol = port.split("/")
        lines.append(f"add rule inet firewalld filter_IN_public_allow {protocol} dport {number} accept")
    return "\\n".join(lines) + "\\n"


def obey():
    if "state" in words:
        print("running")
    elif "get-zones" in words:
        print(" ".join(["block", "public", *state["zones"]]))
    elif "get-policies" in words:
        print(" ".join(["allow-host-ipv6", *state["policies"]]))
    elif "list-ports" in words:
        print(" ".join(state["ports"]))
    elif "reload" in words:
        subprocess.run(["nft", "-f", "-"], input=rules().encode(), check=True)
    elif "permanent" not in words:
        sys.exit("only permanent changes are imitated")
    elif "new-zone" in words:
        state["zones"][words["new-zone"]] = []
    elif "delete-zone" in words:
        del state["zones"][words["delete-zone"]]
    elif "add-interface" in words:
        state["zones"][words["zone"]].append(words["add-interface"])
    elif "new-policy" in words:
        state["policies"][words["new-policy"]] = {"target": "CONTINUE"}
    elif "delete-policy" in words:
        del state["policies"][words["delete-policy"]]
    elif "policy" in words:
        policy = state["policies"][words["policy"]]
        for option, key in (("add-ingress-zone", "ingress"), ("add-egress-zone", "egress"), ("set-target", "target")):
            if option in words:
                policy[key] = words[option]
    elif "add-port" in words:
        state["ports"].append(words["add-port"])
    elif "remove-port" in words:
        state["ports"].remove(words["remove-port"])
    else:
        sys.exit(f"not imitated: {sys.argv[1:]}")


obey()
STATE.write_text(json.dumps(state))
"""


def with_firewalld(gateway: Gateway) -> None:
    """The rules that firewalld loads, and a firewall-cmd that changes them as it would."""
    folder = gateway.host.folder / "firewalld"
    folder.mkdir()
    rules = (DATA / "firewalld.nft").read_text().replace("eth0", "lan0").replace("eth1", "wan0")
    (folder / "base.nft").write_text(rules)
    command = folder / "firewall-cmd"
    command.write_text(FIREWALL_CMD)
    command.chmod(0o755)
    gateway.prefix = ["env", f"PATH={folder}:{os.environ['PATH']}"]
    gateway.run("firewall-cmd", "--reload")
