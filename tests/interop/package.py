#!/usr/bin/env python3
"""The Debian package, in a copy of this host's file system that is thrown away: it installs, upgrades
and goes, and what it brings beside the program is sound.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from boot import boot
from lab import ADIT, Failure, Lab, check
from runner import Bench, Case, main
from tunnel import Setup, Tunnel

ROOT = Path(__file__).resolve().parents[2]
NEWER = "0.1.1"
# What an installed system may keep of a package that came and went.
LASTING = ("var/lib/dpkg", "var/log", "var/cache/man", "var/cache/ldconfig", "etc/ld.so.cache", "tmp")

# A fresh world: the host's files below, and above them a layer of memory for what is changed.
WORLD = """
set -e
mount -t tmpfs none {layer}
mkdir {layer}/upper {layer}/work {layer}/root
mount -t overlay none -o lowerdir=/,upperdir={layer}/upper,workdir={layer}/work {layer}/root
mount -t tmpfs none {layer}/root/run
mount -t tmpfs none {layer}/root/tmp
mount -t proc none {layer}/root/proc
mount --rbind /dev {layer}/root/dev
cp {packages} {layer}/root/tmp/
cp {script} {layer}/root/tmp/script
chroot {layer}/root /bin/sh /tmp/script
cd {layer}/upper
find . -mindepth 1 ! -type d ! -type c -printf 'left %P\\n'
find . -mindepth 1 -type d -empty -printf 'left %P\\n'
"""

# Stands for a running service manager, and says what it is told.
MANAGER = """
rm -rf /etc/adit /usr/sbin/policy-rc.d
mkdir -p /run/systemd/system /usr/local/sbin
cat >/usr/local/sbin/systemctl <<'END'
#!/bin/sh
echo "systemctl $*"
END
chmod 755 /usr/local/sbin/systemctl
export PATH=/usr/local/sbin:$PATH
"""


def run(*words: object, fails: bool = False, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        list(map(str, words)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=140,
        env=env,
        cwd=ROOT,
    )
    output = done.stdout
    check(fails or done.returncode == 0, f"{' '.join(map(str, words))}: {done.returncode}\n{output}")
    return output


def families() -> list[str]:
    """The commands that the program itself tells of."""
    found = re.findall(r"^  adit (\w+) ", run(ADIT), re.MULTILINE)
    check({"up", "pki", "doctor"} <= set(found), f"adit names {found}")
    return found


def build(bench: Bench) -> Path:
    """Once for all cases; each has its own copy."""
    shared = bench.folder.parent / "package"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(shared.glob("adit_*.deb")):
            run(ROOT / "tools/deb", ADIT, shared)
    (package,) = shared.glob("adit_*.deb")
    return Path(shutil.copy(package, bench.folder))


def newer(package: Path) -> Path:
    """The same once more under a higher version."""
    tree = package.parent / "newer"
    run("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    changed = [f"Version: {NEWER}" if line.startswith("Version:") else line for line in lines]
    control.write_text("\n".join(changed) + "\n")
    made = package.parent / f"adit_{NEWER}.deb"
    run("dpkg-deb", "-Znone", "-b", tree, made)
    return made


def in_a_world(bench: Bench, script: str, *packages: Path) -> str:
    """What the script says in the copy, and then which files it has left there."""
    layer = bench.folder / "layer"
    layer.mkdir()
    body = bench.folder / "script"
    body.write_text("set -e\nexport DEBIAN_FRONTEND=noninteractive\n" + MANAGER + script)
    names = " ".join(map(str, packages))
    text = WORLD.format(layer=layer, packages=names, script=body)
    return run("unshare", "-m", "--propagation", "private", "sh", "-c", text)


# Before the service manager of a container starts.
SERVICE_FILES = """
rm -rf $root/etc/adit
mkdir -p $root/etc/adit $root/etc/systemd/system/adit-server@.service.d
cp $out/server.conf $root/etc/adit/test.conf
cp $out/quick.conf $root/etc/systemd/system/adit-server@.service.d/quick.conf
chroot $root dpkg --no-triggers -i /out/adit.deb >/dev/null
chroot $root adit pki init --dir /etc/adit/pki >/dev/null
chroot $root adit pki server server --dir /etc/adit/pki >/dev/null
"""

SERVER_CONF = """dev tun
topology subnet
server 10.9.0.0 255.255.255.0
dh none
ca pki/ca.crt
cert pki/issued/server.crt
key pki/private/server.key
crl-verify pki/crl.pem
keepalive 10 60
ifconfig-pool-persist ipp.txt 1
status /var/log/adit-status.log 1
verb 3
"""

QUICK = """[Service]
WatchdogSec=2s
RestartSec=100ms
"""

PROBE = """
unit=adit-server@test
ask() { systemctl show -p "$1" --value $unit; }
is_there() { [ ! -e "$1" ] || echo "there is $1"; }
ip link set lo up
systemctl start $unit
echo "it is $(ask ActiveState): $(ask StatusText)"
ip -br addr show dev tun0
sleep 3
echo "restarts before $(ask NRestarts)"
adit pki client one --dir /etc/adit/pki >/dev/null
adit pki revoke one --dir /etc/adit/pki >/dev/null
echo | openssl ca -gencrl -config /out/ca.cnf -crlsec 3 -keyfile /etc/adit/pki/private/ca.key \
  -cert /etc/adit/pki/ca.crt -out /etc/adit/pki/crl.pem
sleep 4
is_there /etc/adit/ipp.txt
is_there /var/log/adit-status.log
kill -STOP "$(ask MainPID)"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ "$(ask NRestarts)" = 0 ] || [ "$(ask ActiveState)" != active ] || break
  sleep 0.5
done
echo "restarts after $(ask NRestarts), it is $(ask ActiveState)"
before=$(ask MainPID)
dpkg --no-triggers -i /out/adit_newer.deb >/dev/null
[ "$(ask MainPID)" = "$before" ] || echo "upgraded, it is $(ask ActiveState)"
systemctl stop $unit
echo "at the end it is $(ask ActiveState), $(ask Result)"
journalctl --no-pager -o cat -u $unit
unit=adit-server@server
adit up --yes --endpoint 127.0.0.1
echo "up ends with $?, it is $(ask ActiveState) and $(ask UnitFileState)"
systemctl restart $unit
nft list table inet adit | grep -q server-input && echo "rules after a restart"
systemctl stop $unit
nft list tables | grep -q adit || echo "no rules after a stop"
systemctl start $unit
adit down --yes
echo "down ends with $?, it is $(ask ActiveState) and $(ask UnitFileState)"
adit up --yes --no-test
dpkg --no-triggers -P adit
systemctl --quiet is-active $unit || echo "nothing runs after a purge"
is_there /etc/adit/pki/private/ca.key
systemctl exit 0
"""


def left_behind(output: str) -> list[str]:
    """Files, and folders that the host itself does not have."""
    found = [line.removeprefix("left ") for line in output.splitlines() if line.startswith("left ")]
    ours = [path for path in found if path != "usr/local/sbin/systemctl"]
    return [p for p in ours if not p.startswith(LASTING) and not Path("/", p).is_dir()]


# ---- the cases ----


def life_of_the_package(bench: Bench) -> None:
    """Installed, upgraded, removed and purged: instances are restarted and stopped, and nothing is
    left but what is the user's: a CA is never deleted."""
    package = build(bench)
    script = f"""
dpkg -i /tmp/{package.name}
test -x /usr/sbin/adit
adit --version
for family in {" ".join(families())}; do test -e /usr/share/man/man8/adit-$family.8.gz; done
command -v systemd-analyze >/dev/null && systemd-analyze verify --man=no \\
  /lib/systemd/system/adit-server@.service /lib/systemd/system/adit-client@.service && echo units fit
adit pki init --dir /etc/adit/pki >/dev/null
mkdir -p /etc/adit/state /etc/systemd/system/multi-user.target.wants
echo {{}} >/etc/adit/state/up.json
ln -s /lib/systemd/system/adit-server@.service \\
  /etc/systemd/system/multi-user.target.wants/adit-server@server.service
echo UPGRADE
dpkg -i /tmp/adit_{NEWER}.deb
echo REMOVE
dpkg -r adit
test ! -e /usr/sbin/adit
echo PURGE
dpkg -P adit
test -e /etc/adit/pki/private/ca.key
rm -r /etc/adit
"""
    output = in_a_world(bench, script, package, newer(package))
    upgrade, rest = output.split("UPGRADE\n")[1].split("REMOVE\n")
    removal, purge = rest.split("PURGE\n")
    check("try-restart adit-server@*.service adit-client@*.service" in upgrade, upgrade)
    check("systemctl stop adit-server@*.service adit-client@*.service" in removal, removal)
    check('"adit down" and' in removal, removal)
    check("/etc/adit stays" in purge, purge)
    check("units fit" in output or not shutil.which("systemd-analyze"), output)
    left = left_behind(output)
    check(not left, f"left behind: {left[:10]}")


def empty_purge(bench: Bench) -> None:
    """Who never used it keeps nothing of it."""
    package = build(bench)
    script = f"dpkg -i /tmp/{package.name}\nmkdir /etc/adit\ndpkg -P adit\ntest ! -e /etc/adit\n"
    left = left_behind(in_a_world(bench, script, package))
    check(not left, f"left behind: {left[:10]}")


def versions(bench: Bench) -> None:
    """The package has the version of the program."""
    project = re.search(r"project\(adit VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())
    told = run("dpkg-parsechangelog", "-l", ROOT / "debian/changelog", "-S", "Version").strip()
    check(project and project[1] == told, f"the changelog says {told}")


def lint(bench: Bench) -> None:
    """The distribution's own check of packages finds nothing."""
    if not shutil.which("lintian"):
        raise Failure("lintian is missing: tools/packages check")
    found = run("lintian", "--allow-root", "--fail-on", "none", build(bench), fails=True)
    lines = [line for line in found.splitlines() if line.startswith(("E:", "W:"))]
    check(not lines, "\n".join(lines))


def pages(bench: Bench) -> None:
    """Manual pages without a warning of groff, of every command there is."""
    run(ADIT, "generate", "man", bench.folder)
    made = sorted(path.name for path in bench.folder.glob("*.8"))
    wanted = sorted(["adit.8", *(f"adit-{family}.8" for family in families())])
    check(made == wanted, f"there are {made}, expected {wanted}")
    for page in made:
        warned = run("groff", "-ww", "-man", "-Tutf8", "-z", bench.folder / page)
        check(not warned, f"{page}: {warned}")
    text = run("groff", "-man", "-Tascii", "-P-cbou", bench.folder / "adit-pki.8")
    check("adit pki export" in text and "--proto udp|tcp" in text, text)


BASH_ASKS = """
source {script}
ask() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _adit; echo "${{COMPREPLY[*]}}"; }}
ask adit ''; ask adit --conf; ask adit pki ''; ask adit pki export --proto ''; ask adit pki init --c
"""
BASH_HEARS = ("pki", "--config", "init", "udp tcp", "--cn")


# The words that zsh itself would lay out are only printed.
ZSH_ASKS = """
compadd() {{ print -r -- only "$@" }}
_describe() {{ print -rl -- "${{(@P)@[-1]}}" }}
_files() {{ print files }}
ask() {{ words=("$@"); CURRENT=$#; source {script} }}
ask adit pki ''; ask adit --co; ask adit pki export --proto ''
"""


def completions(bench: Bench) -> None:
    """Scripts that their shells take, and the right words in bash and fish."""
    scripts = {shell: bench.folder / shell for shell in ("bash", "zsh", "fish")}
    for shell, path in scripts.items():
        path.write_text(run(ADIT, "generate", "completion", shell))
        check(shutil.which(shell), f"{shell} is missing: tools/packages check")
        home = {**os.environ, "HOME": str(bench.folder)}
        told = run(shell, "-n", path, env=home)
        check(not told, f"{shell}: {told}")
    answers = run("bash", "-euc", BASH_ASKS.format(script=scripts["bash"])).splitlines()
    heard = list(zip(answers, BASH_HEARS))
    check(len(answers) == len(BASH_HEARS), f"bash says {answers}")
    check(all(word in answer for answer, word in heard), f"bash: {heard}")
    missing = set(families()) - set(answers[0].split())
    check(not missing, f"bash does not offer {missing}")
    heard_zsh = run("zsh", "-f", "-c", ZSH_ASKS.format(script=scripts["zsh"]), env=home)
    check("init:make a certificate authority" in heard_zsh, f"zsh: {heard_zsh}")
    check("--config:" in heard_zsh and "only udp tcp" in heard_zsh, f"zsh: {heard_zsh}")
    ask = f'source {scripts["fish"]}; complete -C "adit pki "; complete -C "adit pki export --proto "'
    answer = run("fish", "--no-config", "-c", ask, env={**os.environ, "HOME": str(bench.folder)})
    check("init\t" in answer and "revoke\t" in answer and "tcp" in answer, f"fish: {answer}")


def installed_by_hand(bench: Bench) -> None:
    """`make install`: below any prefix, with units that name the program there."""
    home = bench.folder / "home"
    run("make", "-s", "install", f"DESTDIR={home}", "PREFIX=/opt/adit", f"BINARY={ADIT}")
    unit = (home / "opt/adit/lib/systemd/system/adit-server@.service").read_text()
    check("ExecStart=/opt/adit/sbin/adit " in unit, unit)
    for file in ("sbin/adit", "share/man/man8/adit.8", "share/zsh/site-functions/_adit"):
        check((home / "opt/adit" / file).exists(), f"{file} is not there")


def rights_of_the_unit(bench: Bench) -> None:
    """With no more rights than its unit leaves it, a server still becomes another user, and serves."""
    units = bench.folder / "units"
    units.mkdir()
    run(ADIT, "generate", "units", units)
    unit = (units / "adit-server@.service").read_text()
    found = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE)
    check(found and "NoNewPrivileges=yes" in unit, unit)
    kept = ",".join("+" + name.removeprefix("CAP_").lower() for name in found[1].split())
    fence = ("setpriv", f"--bounding-set=-all,{kept}", "--no-new-privs")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        plain = net.server.start
        net.server.start = lambda name, *words, **more: plain(name, *fence, *words, **more)
        extra = ("user nobody", "nice -5", "mark 7")
        tunnel = Tunnel(net, Setup("adit", "stock", server_extra=extra), bench.keys)
        tunnel.start()
        tunnel.ping_all()
        check(tunnel.server.matches("UID set to nobody"), "it stayed root")


def service(bench: Bench) -> None:
    """Under a real service manager, in its sandbox: it serves, writes where it must, renews its list,
    and is restarted by the watchdog when it hangs and by an upgrade. `adit up` and `down` with the
    package's own units."""
    package, out = build(bench), bench.folder / "out"
    out.mkdir()
    shutil.copy(package, out / "adit.deb")
    shutil.copy(newer(package), out / "adit_newer.deb")
    authority = "[ca]\ndefault_ca = tree\n[tree]\ndatabase = /etc/adit/pki/index.txt\ndefault_md = sha256\n"
    files = {"server.conf": SERVER_CONF, "quick.conf": QUICK, "ca.cnf": authority}
    heard = boot(bench.folder, SERVICE_FILES, files, PROBE)
    for line in (
        "it is active: Initialization Sequence Completed",
        "10.9.0.1/24",
        "restarts before 0",
        "CRL: a new one was made in /etc/adit/pki",
        "there is /etc/adit/ipp.txt",
        "there is /var/log/adit-status.log",
        "restarts after 1, it is active",
        "upgraded, it is active",
        "at the end it is inactive, success",
        "up ends with 0, it is active and enabled",
        "rules after a restart",
        "no rules after a stop",
        "down ends with 0, it is inactive and disabled",
        "nothing runs after a purge",
        "there is /etc/adit/pki/private/ca.key",
    ):
        check(line in heard, f"it does not say {line!r}:\n{heard}")


CASES = [
    Case("life", life_of_the_package),
    Case("empty-purge", empty_purge),
    Case("versions", versions),
    Case("lint", lint),
    Case("pages", pages),
    Case("completions", completions),
    Case("by-hand", installed_by_hand),
    Case("rights", rights_of_the_unit),
    Case("service", service, seconds=150),
]

if __name__ == "__main__":
    sys.exit(main(__doc__, CASES))
