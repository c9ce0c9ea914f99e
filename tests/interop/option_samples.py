"""A line of each option, and the company it is used in.

    for sample in samples():
        sample.line      "http-proxy 127.0.0.1 3128"
        sample.role      client, server, static, tool: where it is at home
        sample.company   lines that belong beside it; "-dh": a line of the base that must not

BASES has for each role the fewest lines that start, TYPICAL what people write.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

SPECIFICATION = Path(__file__).resolve().parents[2] / "tests/data/options.tsv"

PLUGIN = "/usr/lib/x86_64-linux-gnu/openvpn/plugins/openvpn-plugin-auth-pam.so"
TOKENS = "/usr/lib/softhsm/libsofthsm2.so"
FINGERPRINT = ":".join(["AB"] * 32)

BASES = {
    "client": """
client
dev tun
remote 127.0.0.1 1194 udp
ca {ca}
cert {client_cert}
key {client_key}
""",
    "server": """
dev tun
topology subnet
server 10.8.0.0 255.255.255.0
ca {ca}
cert {server_cert}
key {server_key}
dh none
""",
    "static": """
dev tun
ifconfig 10.1.0.1 10.1.0.2
cipher AES-256-CBC
secret {static}
""",
    "tool": "",
}

TYPICAL = {
    "client": """
proto udp
resolv-retry infinite
nobind
persist-key
persist-tun
remote-cert-tls server
data-ciphers AES-256-GCM:AES-128-GCM
auth SHA256
key-direction 1
tls-auth {static}
verb 3
mute 20
""",
    "server": """
port 1194
proto udp
ifconfig-pool-persist {folder}/ipp.txt
push "redirect-gateway def1 bypass-dhcp"
push "dhcp-option DNS 208.67.222.222"
client-config-dir {folder}
keepalive 10 120
tls-auth {static} 0
max-clients 10
user nobody
group nogroup
persist-key
persist-tun
status {folder}/status.log
verb 3
explicit-exit-notify 1
""",
}

# "LINE | role | company; company". Without a role: as the specification says its context.
LINES = """
allow-compression no
allow-deprecated-insecure-static-crypto | static
allow-nonadmin
allow-pull-fqdn
allow-recursive-routing
askpass {passphrase}
auth SHA256
auth-gen-token 3600 | server | auth-user-pass-verify /bin/true via-file; script-security 2
auth-gen-token-secret {token} | server | auth-gen-token; auth-user-pass-verify /bin/true via-file; script-security 2
auth-nocache
auth-retry nointeract
auth-token abc
auth-token-user YW5u
auth-user-pass {login}
auth-user-pass-optional | server | auth-user-pass-verify /bin/true via-file; script-security 2
auth-user-pass-verify /bin/true via-env | server | script-security 3
auto-proxy
bcast-buffers 512
bind ipv6only | client | proto udp6
bind-dev lo
block-ipv6
block-outside-dns
ca {ca}
capath {folder}
ccd-exclusive | server | client-config-dir {folder}
cd {folder}
cert {client_cert}
chroot {folder}
cipher AES-256-CBC
client
client-cert-not-required
client-config-dir {folder}
client-connect /bin/true | server | script-security 2
client-crresponse /bin/true | server | script-security 2
client-disconnect /bin/true | server | script-security 2
client-nat snat 10.1.0.0 255.255.0.0 10.2.0.0
client-to-client
comp-lzo no
comp-noadapt | client | comp-lzo
compat-mode 2.4.6
compat-names
compress stub-v2
config {other}
connect-freq 5 10
connect-freq-initial 50 10
connect-retry 2 60
connect-retry-max 3
connect-timeout 20
connection
crl-verify {crl}
cryptoapicert SUBJ:x
daemon
data-ciphers AES-256-GCM:?NONE-SUCH:AES-128-CBC
data-ciphers-fallback AES-128-CBC
dev tun7
dev-node /dev/net/tun
dev-type tun | client | dev office
dh {dh} | server
dhcp-internal 1
dhcp-option DNS 10.8.0.1
dhcp-pre-release
dhcp-release
dhcp-renew
disable
disable-dco
disable-occ
dns server 1 address 10.8.0.1
dns-updown disable
down /bin/true | client | script-security 2
down-pre | client | down /bin/true; script-security 2
duplicate-cn
ecdh-curve prime256v1
echo msg hello
engine
errors-to-stderr
explicit-exit-notify 2
extra-certs {ca}
fast-io
float
force-tls-key-material-export
foreign-option DNS 1.2.3.4
fragment 1300
genkey secret {folder}/made.key | tool
gremlin 1
group nogroup
hand-window 30
hash-size 64 64
help | tool
http-proxy 127.0.0.1 3128 | client | -remote; remote 127.0.0.1 1194 tcp-client
http-proxy-fallback
http-proxy-option AGENT curl | client | -remote; remote 127.0.0.1 1194 tcp-client; http-proxy 127.0.0.1 3128
http-proxy-override 127.0.0.1 3128 | client | -remote; remote 127.0.0.1 1194 tcp-client
http-proxy-retry
http-proxy-timeout 5
http-proxy-user-pass {login} | client | -remote; remote 127.0.0.1 1194 tcp-client; http-proxy 127.0.0.1 3128
ifconfig 10.1.0.1 10.1.0.2 | static | -ifconfig
ifconfig-ipv6 fd00::1/64 fd00::2 | static
ifconfig-ipv6-pool fd00::1000/64 | server | server-ipv6 fd00::/64
ifconfig-ipv6-push fd00::5/64
ifconfig-noexec
ifconfig-nowarn
ifconfig-pool 10.8.0.10 10.8.0.20 255.255.255.0 | server | -server; mode server; tls-server; ifconfig 10.8.0.1 255.255.255.0
ifconfig-pool-linear
ifconfig-pool-persist {folder}/pool.txt 10
ifconfig-push 10.8.0.5 255.255.255.0
ifconfig-push-constraint 10.8.0.0 255.255.255.0
ignore-unknown-option none-such
inactive 600 1000
inetd nowait
ip-remote-hint 127.0.0.1
ip-win32 dynamic
ipchange /bin/true | client | script-security 2
iproute /sbin/ip
iroute 10.9.0.0 255.255.255.0
iroute-ipv6 fd01::/64
keepalive 10 60
key {client_key}
key-derivation tls-ekm
key-direction 1 | client | tls-auth {static}
key-method 2
keying-material-exporter EXPORTER-adit 32
keysize 256
learn-address /bin/true | server | script-security 2
link-mtu 1400
lladdr 02:00:00:00:00:01 | client | dev tap
local 127.0.0.1 | server
log {folder}/log
log-append {folder}/log
lport 1195
machine-readable-output
management {folder}/none/m unix
management-client
management-client-auth | server | verify-client-cert none
management-client-group nogroup
management-client-pf
management-client-user nobody
management-external-cert hint | client | management-external-key; -cert; -key
management-external-key nopadding | client | -key
management-forget-disconnect
management-hold
management-log-cache 300
management-query-passwords
management-query-proxy
management-query-remote
management-signal
management-up-down
mark 7
max-clients 50
max-packet-size 1200
max-routes 100
max-routes-per-client 100
memstats {folder}/memstats
mktun | tool | dev {device}
mlock
mode p2p
msg-channel 1
mssfix 1300
mtu-disc yes
mtu-dynamic
mtu-test
multihome
mute 10
mute-replay-warnings
ncp-ciphers AES-256-GCM
ncp-disable
nice 5
nice-work 1
no-iv
no-name-remapping
no-replay
nobind
ns-cert-type server
opt-verify
override-username ann
parameter one
passtos
pause-exit
peer-fingerprint {fingerprint} | client | -ca
peer-id 5
persist-key
persist-local-ip
persist-remote-ip
persist-tun
ping 10
ping-exit 60 | client | ping 10
ping-restart 60 | client | ping 10
ping-timer-rem | client | ping 10; ping-restart 60
pkcs11-cert-private 1
pkcs11-id none-such
pkcs11-id-management
pkcs11-pin-cache 60
pkcs11-private-mode 1
pkcs11-protected-authentication 0
pkcs11-providers {tokens} | client | pkcs11-id none-such; -cert; -key
pkcs12 {p12} | client | -ca; -cert; -key
plugin {plugin} login
port 1195
port-share 127.0.0.1 4443 | server | proto tcp-server
preresolve
prng SHA1 16
proto tcp-client
proto-force udp
protocol-flags cc-exit
providers default
pull | client | -client; tls-client
pull-filter ignore "route "
push "route 10.9.0.0 255.255.255.0"
push-continuation 1
push-peer-info
push-remove route
push-reset
rcvbuf 100000
rdns-internal
redirect-gateway def1 bypass-dhcp
redirect-private def1
register-dns
remap-usr1 SIGTERM
remote localhost 1195 udp
remote-cert-eku "TLS Web Server Authentication"
remote-cert-ku a0 88
remote-cert-tls server
remote-ip-hint 127.0.0.1
remote-random | client | remote 127.0.0.2 1194
remote-random-hostname
reneg-bytes 1000000
reneg-pkts 100000
reneg-sec 1800
replay-persist {folder}/replay | static
replay-window 128 30
resolv-retry 60
rmtun | tool | dev {device}
route 10.9.0.0 255.255.255.0 net_gateway 5
route-delay 2 10
route-gateway 10.8.0.1
route-ipv6 fd02::/64 fd00::1 5
route-ipv6-gateway fd00::1
route-method exe
route-metric 5
route-noexec
route-nopull
route-pre-down /bin/true | client | script-security 2
route-table 100
route-up /bin/true | client | script-security 2
rport 1196
script-security 2
secret {static} | static | -secret
server 10.9.0.0 255.255.255.0 | server | -server
server-bridge 10.8.0.4 255.255.255.0 10.8.0.50 10.8.0.100 | server | -server; -topology; dev tap
server-ipv6 fd00::/64
server-poll-timeout 10
service event 0
session-timeout 3600
setcon ctx
setenv name value
setenv-safe name value
shaper 100000
show-adapters
show-ciphers | tool
show-curves | tool
show-digests | tool
show-engines | tool
show-gateway | tool
show-groups | tool
show-net
show-net-up
show-pkcs11-ids {tokens} | tool
show-proxy-settings
show-tls | tool
show-valid-subnets
single-session
sndbuf 100000
socket-flags TCP_NODELAY
socks-proxy 127.0.0.1 1080
socks-proxy-retry
stale-routes-check 600 60
static-challenge "PIN?" 1
status {folder}/status 10
status-version 2
suppress-timestamps
syslog adit-test
tap-sleep 1
tcp-nodelay | server | proto tcp-server
tcp-queue-limit 100
test-crypto | tool | secret {static}; cipher AES-256-CBC
threads 2
tls-auth {static} 1
tls-cert-profile preferred
tls-cipher DEFAULT
tls-ciphersuites TLS_AES_256_GCM_SHA384
tls-client | client | -client; pull
tls-crypt {static}
tls-crypt-v2 {v2_client}
tls-crypt-v2-max-age 30 | server | tls-crypt-v2 {v2_server}
tls-crypt-v2-verify /bin/true | server | tls-crypt-v2 {v2_server}; script-security 2
tls-exit
tls-export-cert {folder} | client | tls-verify /bin/true; script-security 2
tls-groups X25519:prime256v1
tls-remote server
tls-server | server | -server; -ifconfig-pool-persist; mode server; ifconfig 10.8.0.1 255.255.255.0
tls-timeout 4
tls-verify /bin/true | client | script-security 2
tls-version-max 1.3
tls-version-min 1.2 or-highest
tmp-dir {folder}
topology subnet
tran-window 600
tun-ipv6
tun-mtu 1400
tun-mtu-extra 32 | client | dev tap
tun-mtu-max 1600
txqueuelen 500
udp-mtu 1400
up /bin/true | client | script-security 2
up-delay
up-restart | client | up /bin/true; script-security 2
use-prediction-resistance
user nobody
username-as-common-name | server | auth-user-pass-verify /bin/true via-file; script-security 2
verb 4
verify-client-cert optional
verify-hash {sha1}
verify-x509-name server name
version | tool
vlan-accept untagged | server | -server; -topology; dev tap; server 10.8.0.0 255.255.255.0; vlan-tagging
vlan-pvid 5 | server | -server; -topology; dev tap; server 10.8.0.0 255.255.255.0; vlan-tagging
vlan-tagging | server | -server; -topology; dev tap; server 10.8.0.0 255.255.255.0
win-sys env
windows-driver wintun
writepid {folder}/pid
x509-track CN
x509-username-field emailAddress
"""


@dataclass(frozen=True)
class Sample:
    line: str
    role: str
    company: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.line.split()[0]


@functools.cache
def specification() -> dict[str, dict[str, str]]:
    """What is known of each option of OpenVPN."""
    with SPECIFICATION.open() as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["name"]: row for row in rows}


def samples(text: str) -> list[Sample]:
    at_home = {"server": "server", "p2p": "static", "tool": "tool"}
    made = []
    for row in text.strip().splitlines():
        line, role, company = ([part.strip() for part in row.split(" | ")] + ["", ""])[:3]
        context = specification().get(line.split()[0], {}).get("context", "")
        role = role or at_home.get(context, "client")
        made.append(Sample(line, role, tuple(filter(None, map(str.strip, company.split(";"))))))
    return made


def configuration(
    sample: Sample, role: str, typical: bool = False, company: bool = False
) -> str:
    """The option last, behind what it stands beside."""
    lines = BASES[role].strip().splitlines()
    if typical:
        lines += TYPICAL[role].strip().splitlines()
    if company:
        gone = [line[1:] for line in sample.company if line.startswith("-")]
        lines = [line for line in lines if line.split()[0] not in gone]
        lines += [line for line in sample.company if not line.startswith("-")]
    return "\n".join([*lines, sample.line, ""])
