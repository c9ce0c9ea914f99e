"""A service manager of a test's own: systemd as process 1 of a container whose files are a copy of
this host's that is thrown away.

    heard = boot(bench.folder, PREPARE, {"server.conf": "..."}, PROBE)

PREPARE is shell, run before the start with $root as the file system to be and $out as the folder with
the files (/out inside). PROBE is the script of the one service that is started; what it prints is the
answer, and with its last line ("systemctl exit 0") the container ends.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab import Failure, check

APART = ("--pid", "--mount", "--net", "--uts", "--ipc", "--cgroup", "--propagation", "private")

WORLD = """
set -e
mount -t tmpfs none {layer}
mkdir {layer}/upper {layer}/work {layer}/root
root={layer}/root
out={out}
mount -t overlay none -o lowerdir=/,upperdir={layer}/upper,workdir={layer}/work $root
mount -t proc none $root/proc
mount -t sysfs none $root/sys
mount -t cgroup2 none $root/sys/fs/cgroup
mount -t tmpfs none $root/run
mount -t tmpfs none $root/tmp
mount --rbind /dev $root/dev
rm -rf $root/usr/sbin/policy-rc.d $root/etc/systemd/system/*.wants
mkdir -p $root/out $root/etc/systemd/system
mount --bind $out $root/out
cp $out/probe.service $root/etc/systemd/system/probe.service
{prepare}
exec chroot $root env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --system --unit=probe.service --show-status=false
"""

PROBE_SERVICE = """[Unit]
After=basic.target
[Service]
Type=oneshot
StandardOutput=file:/out/heard
StandardError=file:/out/heard
ExecStart=/bin/sh /out/probe
"""


def boot(folder: Path, prepare: str, files: dict[str, str], probe: str, seconds: int = 120) -> str:
    """What the probe says. folder: for the files, which are readable afterwards in folder/out."""
    if not Path("/lib/systemd/systemd").exists():
        raise Failure("systemd is missing: tools/packages check")
    out, layer = folder / "out", folder / "layer"
    for path in (out, layer):
        path.mkdir(parents=True, exist_ok=True)
    for name, text in {**files, "probe.service": PROBE_SERVICE, "probe": probe}.items():
        (out / name).write_text(text)
    script = WORLD.format(layer=layer, out=out, prepare=prepare)
    words = ["timeout", "-k", "5", str(seconds), "unshare", "--fork", "--kill-child", *APART]
    done = subprocess.run(
        [*words, "sh", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=seconds + 20,
    )
    heard = out / "heard"
    check(done.returncode == 0, f"it ended with {done.returncode}:\n{done.stdout}")
    return heard.read_text(errors="replace") if heard.exists() else done.stdout
