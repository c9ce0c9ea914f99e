"""`adit reload`: a running server takes up its changed configuration, and stock clients notice nothing
of it: no ping of a steady flow is lost, no further handshake is seen.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess

from features import completed, reaches, revocation_list, second_client, start_second
from lab import ADIT, Host, Lab, Process, check, until
from runner import Bench, Case
from tunnel import COMPLETED, HANDSHAKE, Tunnel, Setup

PUSHED = "10.72.0.0"
BEHIND = "192.168.88.0"
HOST_BEHIND = "192.168.88.1"
TAKEN, REFUSED, WAITS = 0, 1, 3  # exit statuses


class Flow:
    """Twenty pings a second through the tunnel, until it is finished."""

    def __init__(self, host: Host, address: str):
        self.who = f"{host.name} to {address}"
        self.process = host.start(f"flow-{address}", "ping", "-n", "-i", 0.05, "-W", 2, address)

    def finish(self) -> None:
        """A few more, for what shows late; the last one may be under way."""
        last = re.findall(r"icmp_seq=(\d+) ttl", self.process.text())[-1:]
        self.process.wait_for(rf"icmp_seq={int((last or [0])[0]) + 12} ttl", 5)
        self.process.stop(signal.SIGINT)
        found = re.search(r"(\d+) packets transmitted, (\d+) received", self.process.text())
        sent, received = int(found[1]), int(found[2])
        check(sent > 10 and received >= sent - 1, f"{self.who}: {received} of {sent} answers")


class Living:
    """A server of ours with one or two stock clients that ping, and its configuration file."""

    def __init__(self, lab: Lab, bench: Bench, *lines: str):
        net = lab.three_hosts()
        self.ccd = net.server.folder / "ccd"
        self.ccd.mkdir()
        extra = ("client-config-dir ccd", *lines)
        self.tunnel = Tunnel(net, Setup("adit", "stock", server_extra=extra), bench.keys)
        self.tunnel.start()
        self.server = self.tunnel.server
        self.path = net.server.folder / "server.conf"
        self.clients = [self.tunnel.client]
        self.flows = [Flow(net.client, "10.8.0.1")]

    def edit(self, add: tuple[str, ...] = (), without: str = r"(?!)") -> None:
        """without: lines that match it go."""
        lines = self.path.read_text().splitlines()
        kept = [line for line in lines if not re.search(without, line)]
        self.path.write_text("\n".join([*kept, *add, ""]))

    def reload(self, status: int, *words: object) -> dict:
        """The answer as programs get it."""
        asked = [str(ADIT), "reload", *map(str, words or (self.server.pid,)), "--json"]
        done = subprocess.run(asked, capture_output=True, timeout=20, text=True)
        check(done.returncode == status, f"{asked}: {done.returncode}\n{done.stdout}{done.stderr}")
        (answer,) = json.loads(done.stdout)
        check(answer["pid"] == self.server.pid, f"{answer}")
        return answer

    def nobody_noticed(self) -> None:
        for flow in self.flows:
            flow.finish()
        for client in self.clients:
            for line in (COMPLETED, HANDSHAKE):
                check(len(client.matches(line)) == 1, f"{client.name} came again:\n{client.tail()}")
        check(self.server.running, "the server ended")
        check(len(self.server.matches(COMPLETED)) == 1, "the server began anew")


def effects(answer: dict) -> dict[str, str]:
    return {change["option"]: change["effect"] for change in answer["changes"]}


def taken_up(bench: Bench) -> None:
    """Lines of many kinds change under a client: routes of kernel and tunnel, timers, the status
    file, the log; what new clients are told. And back again."""
    with Lab(bench.folder) as lab:
        living = Living(lab, bench, "max-clients 3")
        net = living.tunnel.net
        net.client.run("ip", "addr", "add", f"{HOST_BEHIND}/32", "dev", "lo")
        (living.ccd / "client1").write_text(f"iroute {BEHIND} 255.255.255.0\n")
        added = (
            f"route {BEHIND} 255.255.255.0",
            f'push "route {PUSHED} 255.255.0.0"',
            "verb 4", "keepalive 7 40", "status other.txt 1", "max-clients 50", "reneg-sec 7200",
            "data-ciphers AES-128-GCM",
        )  # fmt: skip
        living.edit(added, r"^(verb|keepalive|status|max-clients|data-ciphers) ")
        mark = living.server.mark()
        planned = living.reload(TAKEN, living.server.pid, "--dry-run")
        check(planned["dry_run"] and effects(planned)["route"] == "now", f"{planned}")
        check(not living.server.matches("Configuration read again", mark), "a dry run did something")
        answer = living.reload(TAKEN)
        expected = {
            "route": "now", "iroute": "now", "verb": "now", "keepalive": "now", "status": "now",
            "max-clients": "now", "push": "new sessions", "data-ciphers": "new sessions",
            "reneg-sec": "new handshakes",
        }  # fmt: skip
        check(effects(answer) == expected, f"{effects(answer)}, expected {expected}")
        check(answer["outcome"] == "applied" and answer["clients"] == 1, f"{answer}")
        check(answer["failures"] == [], f"{answer}")
        places = {change["option"]: f"{change['file']}:{change['line']}" for change in answer["changes"]}
        check(places["iroute"] == "ccd/client1:1", f"{places}")
        reaches(net.server, HOST_BEHIND, "the route and the iroute are there")
        until(lambda: (net.server.folder / "other.txt").exists(), 3, "the other status file")
        check("192.168.88.0/24,client1" in (net.server.folder / "other.txt").read_text(), "no route")
        newcomer = start_second(living.tunnel, second_client(lab, net))
        newcomer.wait_for(rf"PUSH_REPLY.*route {PUSHED} 255\.255\.0\.0.*ping 7.*ping-restart 40")
        newcomer.wait_for(r"Data Channel: cipher 'AES-128-GCM'")
        check(not living.clients[0].matches(PUSHED), "a connected client was told")
        living.edit(without=rf"^route {BEHIND}")
        (living.ccd / "client1").unlink()
        answer = living.reload(TAKEN)
        gone = {change["option"]: change["now"] for change in answer["changes"]}
        check(gone == {"route": None, "iroute": None}, f"{gone}")
        check("tun" not in net.server.run("ip", "route", "get", HOST_BEHIND, fails=True), "still there")
        check(living.reload(TAKEN)["outcome"] == "unchanged", "a second time changes something")
        living.nobody_noticed()


def waits_or_refused(bench: Bench) -> None:
    """What needs a restart is said, and only the rest is taken up; with an error nothing is. The
    restart then has it all."""
    with Lab(bench.folder) as lab:
        living = Living(lab, bench)
        living.edit(("lport 1196", "verb 5"), r"^(lport|verb) ")
        answer = living.reload(WAITS, "--config", living.path)
        check(effects(answer) == {"lport": "restart", "verb": "now"}, f"{answer}")
        told = subprocess.run([ADIT, "reload", str(living.server.pid)], capture_output=True, text=True)
        check(told.returncode == WAITS, f"{told}")
        check("needs a restart" in told.stdout and "server.conf:" in told.stdout, told.stdout)
        check("1 client stays connected" in told.stdout, told.stdout)
        before = living.path.read_text()
        for line, reason in (
            ("frobnicate", "Unrecognized option"),
            ("crl-verify nothing.pem", "nothing.pem"),
            ("tls-auth missing.key 0", "missing.key"),
            ("tls-cipher NONE-OF-THEM", "tls-cipher"),
        ):
            living.path.write_text(f"{before}{line}\nverb 1\n")
            answer = living.reload(REFUSED)
            check(reason in " ".join(answer["errors"]) and answer["changes"] == [], f"{answer}")
        living.path.write_text(before)
        answer = living.reload(WAITS)
        check(effects(answer) == {"lport": "restart"}, f"verb 5 did not last: {answer}")
        living.nobody_noticed()
        living.server.send_signal(signal.SIGHUP)
        living.server.wait_for(r"link local \(bound\).*:1196")


def lines_and_list(bench: Bench) -> None:
    """How lines look; a list that revokes is another file from now on: who is on it goes at once."""
    with Lab(bench.folder) as lab:
        living = Living(lab, bench)
        net = living.tunnel.net
        other = second_client(lab, net)
        victim = start_second(living.tunnel, other, extra=("remap-usr1 SIGTERM",))
        completed(victim)
        revoked = bench.folder / "revoked-ones.pem"
        revoked.write_text(revocation_list(bench.keys, "adit", bench.folder, "client2"))
        mark = living.server.mark()
        lines = ("suppress-timestamps", "mute 3", f"crl-verify {revoked}")
        living.edit(lines)
        answer = living.reload(TAKEN)
        check(set(effects(answer).values()) == {"now"}, f"{answer}")
        victim.wait_for("certificate revoked", 5)
        bare = living.server.matches(r"^reload: .*suppress-timestamps", mark)
        check(bare, f"lines still have times:\n{living.server.tail()}")
        mark = living.server.mark()
        living.edit(("machine-readable-output",), "^suppress")
        living.reload(TAKEN)
        check(living.server.matches(r"^\d+\.\d+ [0-9a-f]+ reload: ", mark), living.server.tail())
        living.nobody_noticed()


def as_nobody(bench: Bench) -> None:
    """The server has another user by now and may not read its key any more: it keeps the one it has."""
    with Lab(bench.folder) as lab:
        for folder in (bench.folder, bench.folder.parent, lab.folder):
            folder.chmod(0o755)
        living = Living(lab, bench, "user nobody")
        living.tunnel.net.server.folder.chmod(0o755)
        living.ccd.chmod(0o755)
        living.path.chmod(0o644)
        living.edit((f"route {BEHIND} 255.255.255.0", "verb 4"), "^verb ")
        answer = living.reload(TAKEN)
        check(effects(answer) == {"route": "now", "verb": "now"}, f"{answer}")
        check(answer["failures"] == [], f"{answer}")
        living.nobody_noticed()


CASES = [
    Case("taken-up", taken_up),
    Case("waits-or-refused", waits_or_refused),
    Case("lines-and-list", lines_and_list),
    Case("reload-as-nobody", as_nobody),
]
