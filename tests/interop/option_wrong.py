"""Lines of options with words that are wrong, in the form of option_samples.py."""

WRONG = """
auth NONE-SUCH
cipher NONE-SUCH
data-ciphers AES-256-GCM:NONE-SUCH
data-ciphers-fallback NONE-SUCH
dev-type tin | client | dev office
proto tcpx
remote 127.0.0.1 port
remote 127.0.0.1 0
remote 127.0.0.1 70000
remote 127.0.0.1 1194 sctp
verb twelve
mute -1
keepalive 0 60 | server
keepalive 10 5 | server
ifconfig 10.1.0.1 hostname..x | static | -ifconfig
ifconfig-ipv6 10.1.0.1 fd00::2 | static
ifconfig-pool 10.8.0.20 10.8.0.10 | server | -server; mode server; tls-server; ifconfig 10.8.0.1 255.255.255.0
server 10.8.0.0 255.255.255.252 | server | -server
server 10.8.0.1 255.255.255.0 | server | -server
server 10.8.0.0 255.0.255.0 | server | -server
server-ipv6 fd00::/200 | server
server-ipv6 10.8.0.0/24 | server
topology star
tun-mtu 50
tun-mtu-max 10
fragment 10
link-mtu 10
mtu-disc sometimes
mssfix 10 fixed
max-clients 0 | server
max-packet-size 10
max-packet-size 2000
max-routes-per-client 0 | server
connect-freq 0 0 | server
connect-freq-initial 0 0 | server
bcast-buffers 0 | server
hash-size 0 1 | server
tcp-queue-limit 0 | server
reneg-sec -1
reneg-sec 100 200
replay-window 100000
replay-window 64 1000
hand-window 0
tls-version-min 9.9
tls-version-max 1.9
tls-cert-profile best
tls-auth {static} 2
tls-auth {folder}/none
key-direction 2
tls-crypt-v2 {v2_client} sometimes
remote-cert-tls peer
remote-cert-ku zz
ns-cert-type peer
verify-x509-name server suffix
verify-client-cert sometimes | server
peer-fingerprint 00:11
x509-username-field nope
crl-verify {folder}/none
ca {folder}/none
cert {folder}/none
key {folder}/none
dh {folder}/none | server
askpass {folder}/none
auth-user-pass {folder}/none
auth-retry maybe
static-challenge PIN 5
explicit-exit-notify -1
inactive x
ping x
session-timeout -5
shaper 10
shaper 1000000000
sndbuf 0
txqueuelen 0
inactive 0
session-timeout 0
connect-retry 0 | client
server-poll-timeout 0 | client
socket-flags NONE_SUCH
script-security 7
up /nonexistent/script | client | script-security 2
up "" | client | script-security 2
up "/bin/true 'x" | client | script-security 2
plugin {folder}/none.so
management {folder}/none/m
management-log-cache 0
remap-usr1 SIGINT
status {folder}/none/status
status-version 4
log {folder}/none/log
writepid {folder}/none/pid
user none-such-user
group none-such-group
cd {folder}/none
chroot {folder}/none
tmp-dir {folder}/none
client-config-dir {folder}/none | server
compat-mode 2
compat-mode 2.3.2
compress zip
comp-lzo maybe
allow-compression maybe
route 300.1.1.1
route 10.9.0.0 255.0.255.0
route 10.9.0.0 255.255.255.0 net_gateway -1
route 10.9.0.0 255.255.255.0 net_gateway 70000
route-ipv6 fd02::/64 default 70000
route-ipv6 fd02::/200
route-ipv6 10.0.0.0/8
route-gateway 10.8.0.999
route-gateway net_gateway
route-metric -1
redirect-gateway everything
pull-filter drop x
push-peer-info yes
proto-force sctp
resolv-retry never
setenv 1name value
setenv MY-VAR value
setenv-safe my.var value
setenv a b c
setenv FORWARD_COMPATIBLE 0
setenv GENERIC_CONFIG 1
dhcp-option NONE-SUCH 1
dhcp-option DNS x
dns server x address 10.8.0.1
dns server 1 port 53
dns search-domains
client-nat both 10.1.0.0 255.255.0.0 10.2.0.0
http-proxy 127.0.0.1 0 | client | -remote; remote 127.0.0.1 1194 tcp-client
http-proxy 127.0.0.1 3128 {login} kerberos | client | -remote; remote 127.0.0.1 1194 tcp-client
http-proxy 127.0.0.1 3128 auto basic | client | -remote; remote 127.0.0.1 1194 tcp-client
http-proxy 127.0.0.1 3128 | client | proto udp
http-proxy-option NONE-SUCH x | client | -remote; remote 127.0.0.1 1194 tcp-client; http-proxy 127.0.0.1 3128
socks-proxy 127.0.0.1 0
port-share 127.0.0.1 4443 | server | proto udp
vlan-accept some | server
vlan-pvid 5000 | server
lladdr nonsense
nice 100
mark x
txqueuelen -5
tls-groups NONE-SUCH
tls-cipher NONE-SUCH
tls-ciphersuites NONE-SUCH
providers none-such
engine none-such
keying-material-exporter label 5
keying-material-exporter "my label" 32
auth-gen-token x | server | auth-user-pass-verify /bin/true via-file; script-security 2
auth-gen-token 60 60 something | server | auth-user-pass-verify /bin/true via-file; script-security 2
auth-user-pass-verify /bin/true via-mail | server | script-security 2
auth-user-pass-optional | server
duplicate-cn | client
client-to-client | client
ccd-exclusive | server
nobind | server
remote 127.0.0.1 | server
pull | server
redirect-gateway def1 | server
local 127.0.0.1 | client | nobind
lport 1195 | client | nobind
single-session | server
mode server | client
server 10.8.0.0 255.255.255.0 | client
server 10.8.0.0 255.255.255.0 | static
client | server
tls-client | server
tls-server | client
secret {static} | client
secret {static} | server
ifconfig-pool 10.8.0.10 10.8.0.20 | client
dev tap | server | topology p2p
dev null | server
dev lo0 | client
"""
