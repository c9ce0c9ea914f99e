#!/usr/bin/env python3
"""Debian's own units for OpenVPN, unchanged, with /usr/sbin/openvpn diverted to adit: under a real
service manager, in their sandbox, every answer beside that of the distribution's program.
"""

from __future__ import annotations

import sys

from beside_stock import both
from boot import boot
from keys import Keys
from lab import ADIT, check
from runner import Bench, Case, main

SERVER = """port {port}
dev {device}
topology subnet
server {network} 255.255.255.0
dh none
keepalive 10 60
persist-key
persist-tun
script-security 2
verb 3
client-connect "/usr/bin/env touch /run/openvpn-{device}-connected"
"""
CLIENT = """client
dev tun8
remote 127.0.0.1 1194
remote-cert-tls server
route-noexec
ifconfig-noexec
persist-key
persist-tun
user nobody
group nogroup
explicit-exit-notify 1
verb 3
"""

# The unit's own seconds would make the test wait: everything else of it stays.
QUICK = "[Service]\nRestartSec=100ms\n"
PREPARE = """
for unit in openvpn-server@ openvpn-client@ openvpn@; do
  mkdir -p $root/etc/systemd/system/$unit.service.d
done
cp $out/quick.conf $root/etc/systemd/system/openvpn-server@.service.d/
cp $out/quick.conf $root/etc/systemd/system/openvpn@.service.d/
watched=$root/etc/systemd/system/openvpn-server@watched.service.d
mkdir -p $root/etc/openvpn/server $root/etc/openvpn/client $watched
cp $out/watchdog.conf $watched/
cp $out/server.conf $root/etc/openvpn/server/test.conf
cp $out/watched.conf $root/etc/openvpn/server/watched.conf
cp $out/client.conf $root/etc/openvpn/client/test.conf
cp $out/old.conf $root/etc/openvpn/old.conf
"""
DIVERT = """
divert="dpkg-divert --quiet --local --rename"
chroot $root $divert --divert /usr/sbin/openvpn.debian --add /usr/sbin/openvpn
cp {adit} $root/usr/sbin/adit
ln -s adit $root/usr/sbin/openvpn
"""

PROBE = r"""
ask() { systemctl show -p "$1" --value $unit; }
told() { echo "$unit $*"; }
reaches() {  # WORD of systemctl show, what it is to be
  for i in $(seq 100); do
    [ "$(ask $1)" != "$2" ] || break
    sleep 0.1
  done
  told "$1 is $(ask $1)"
}
holds() {  # a pattern, a file
  for i in $(seq 100); do
    grep -q "$1" $2 2>/dev/null && break
    sleep 0.1
  done
  grep -q "$1" $2 && told "$2 holds $1" || told "$2 lacks $1"
}
logs() {  # a pattern, how often
  for i in $(seq 100); do
    journalctl --sync
    count=$(journalctl --no-pager -o cat -u $unit | grep -c "$1")
    [ $count -lt $2 ] || break
    sleep 0.1
  done
  told "$1: $count"
}
logs_at_least_once() {  # a pattern; for a unit that is started again and again
  logs "$1" 1 >/dev/null
  told "$1: $([ $count -ge 1 ] && echo yes)"
}
begins() {
  systemctl start $unit
  told "start ends with $?"
  reaches ActiveState active
  reaches StatusText "Initialization Sequence Completed"
  told "tasks are few: $([ $(ls /proc/$(ask MainPID)/task | wc -l) -le 10 ] && echo yes)"
  told "the program's name is $(cat /proc/$(ask MainPID)/comm)"
  told "in $(readlink /proc/$(ask MainPID)/cwd | sed 's,.*/root/,/,')"
}
ends() {
  systemctl stop $unit
  told "in the end it is $(ask ActiveState), $(ask Result), $(ask ExecMainStatus)"
}
ip link set lo up
systemctl start systemd-journald dev-mqueue.mount 2>/dev/null
systemd-tmpfiles --create openvpn.conf

unit=openvpn-server@test
begins
holds '^TITLE,OpenVPN 2' /run/openvpn-server/status-test.log
told "the status has mode $(stat -c %a /run/openvpn-server/status-test.log)"
server=$unit
unit=openvpn-client@test
begins
unit=$server
logs 'Peer Connection Initiated with' 1
logs 'client1/.*MULTI: primary virtual IP for client1' 1
told "the script ran: $(ls /run/openvpn-tun7-connected)"
kill -USR2 $(ask MainPID)
logs 'CLIENT_LIST,client1,127.0.0.1\|^client1,127.0.0.1' 1
before=$(ask MainPID)
kill -HUP $before
logs 'SIGHUP\[hard,\] received, process restarting' 1
logs '^Initialization Sequence Completed' 2
reaches ActiveState active
reaches StatusText "Initialization Sequence Completed"
[ $before = $(ask MainPID) ] && told "the process stayed"
kill -USR1 $before
logs 'SIGUSR1\[hard,\] received, process restarting' 1
logs '^Initialization Sequence Completed' 3
[ $before = $(ask MainPID) ] && told "the process stayed"
told "restarts: $(ask NRestarts)"
kill -KILL $before
reaches NRestarts 1
reaches StatusText "Initialization Sequence Completed"
unit=openvpn-client@test
told "restarts: $(ask NRestarts), it is $(ask ActiveState)"
told "tun8 is there: $(ip -o link show tun8 | wc -l)"
ends
unit=$server
ends

unit=openvpn@old
systemctl start openvpn
told "openvpn starts it: $(systemctl show -p ActiveState --value openvpn)"
begins
told "pid file: $([ $(cat /run/openvpn/old.pid) = $(ask MainPID) ] && echo true)"
told "its mode: $(stat -c %a /run/openvpn/old.pid)"
holds '^OpenVPN CLIENT LIST' /run/openvpn/old.status
logs 'Initialization Sequence Completed' 1
name='"SYSLOG_IDENTIFIER":"ovpn-[a-z]*"'
told "ident: $(journalctl --no-pager -o json -u $unit | grep -o $name | sort -u)"
kill -HUP $(ask MainPID)
logs 'Initialization Sequence Completed' 2
reaches ActiveState active
kill -KILL $(ask MainPID)
reaches NRestarts 1
reaches StatusText "Initialization Sequence Completed"
systemctl stop openvpn
reaches ActiveState inactive
told "in the end it is $(ask Result); pid file: $(ls /run/openvpn/)"

unit=openvpn-server@broken
echo 'nonsense here' >/etc/openvpn/server/broken.conf
systemctl start $unit 2>/dev/null
told "start ends with $?, $(ask Result)"
logs_at_least_once '^Options error: .*broken.conf:1: .*nonsense'
systemctl stop $unit
"""

WATCHED = r"""
unit=openvpn-server@watched
systemctl start $unit
sleep 3
told "restarts: $(ask NRestarts), it is $(ask ActiveState)"
kill -STOP $(ask MainPID)
reaches NRestarts 1
ends
"""
WATCHED_SAYS = [
    "openvpn-server@watched restarts: 0, it is active",
    "openvpn-server@watched NRestarts is 1",
    "openvpn-server@watched in the end it is inactive, success, 0",
]
AT_THE_END = "\nsystemctl exit 0\n"


def inline(keys: Keys, name: str) -> str:
    who = keys.identity("adit", name)
    parts = {"ca": who.ca, "cert": who.cert, "key": who.key}
    return "".join(f"<{word}>\n{path.read_text()}</{word}>\n" for word, path in parts.items())


def files(keys: Keys) -> dict[str, str]:
    server = lambda port, device, network: (  # noqa: E731
        SERVER.format(port=port, device=device, network=network) + inline(keys, "server")
    )
    return {
        "quick.conf": QUICK,
        "watchdog.conf": "[Service]\nWatchdogSec=2s\n",
        "server.conf": server(1194, "tun7", "10.8.0.0"),
        "watched.conf": server(1195, "tun6", "10.8.1.0"),
        "old.conf": server(1196, "tun5", "10.8.2.0"),
        "client.conf": CLIENT + inline(keys, "client1"),
    }


def answers(bench: Bench, program: str) -> list[str]:
    divert = DIVERT.format(adit=ADIT) if program == "adit" else ""
    probe = PROBE + (WATCHED if program == "adit" else "") + AT_THE_END
    heard = boot(bench.folder / program, PREPARE + divert, files(bench.keys), probe)
    (bench.folder / f"{program}.heard").write_text(heard)
    return heard.splitlines()


def debian_units(bench: Bench) -> None:
    """Ready when they say so, with stock's status text; reload by signal, restart when killed, pid
    file, status file, names in the journal, and their end: line by line as with stock."""
    stock, ours = both(lambda program: answers(bench, program))
    told = [line for line in ours if not line.startswith("openvpn-server@watched")]
    differences = [f"stock: {a}\nours:  {b}" for a, b in zip(stock, told) if a != b]
    check(not differences, "\n".join(differences))
    check(len(stock) == len(told), f"stock says {len(stock)} lines, adit {len(told)}:\n{told}")
    check(len(stock) > 45, "\n".join(stock))
    watched = [line for line in ours if line.startswith("openvpn-server@watched")]
    check(watched == WATCHED_SAYS, f"a unit with a watchdog: {watched}")


CASES = [Case("debian-units", debian_units, seconds=150)]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
