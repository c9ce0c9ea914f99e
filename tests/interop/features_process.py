#!/usr/bin/env python3
"""The life of the process: daemon, log, rights, signals, exit statuses, and the stand-alone tools.

adit at both ends where a tunnel is needed; what the tools make is tried with stock openvpn.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

from ask import ask
from features import check_untouched, completed, device_index, picture, reaches
from lab import ADIT, STOCK, Host, Lab, Process, check, until
from runner import Bench, Case, main
from tunnel import COMPLETED, LEFT, Setup, Tunnel

MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "
NOBODY = 65534
ENGINE_BYTES = 4 << 20
FAST_ENGINES = ("vaes", "ipsec-mb")


def both(*extra: str) -> Setup:
    """adit at both ends; the lines are the client's."""
    return Setup("adit", "adit", client_extra=extra)


def status_of(host: Host, *command: object, seconds: float = 20) -> tuple[int, str]:
    """How a program ends, and what it says."""
    process = host.start("tool", *command)
    return process.wait(seconds), process.text()


def wait_text(path: Path, pattern: str) -> str:
    def probe() -> str:
        text = path.read_text(errors="replace") if path.exists() else ""
        return text if re.search(pattern, text, re.MULTILINE) else ""

    return until(probe, 15, f"{path.name} says /{pattern}/")


# ---- daemon and log ----


def daemon(bench: Bench) -> None:
    """The parent ends with 0; the child has its pid in a file and its words in another."""
    own = ("daemon vpn", "writepid client.pid", f"cd {bench.folder}/state", "log words.txt")
    state = bench.folder / "state"
    state.mkdir()
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, both(*own), bench.keys)
        before = picture(net.client)
        tunnel.start_server()
        check(tunnel.start_client().wait() == 0, "the parent does not end with 0")
        wait_text(state / "words.txt", COMPLETED)
        tunnel.ping_all()
        pid = int((state / "client.pid").read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        check(words[0].decode().endswith("adit"), f"{pid} is {words}")
        check(
            os.getsid(pid) != os.getsid(0) and os.getpgid(pid) == os.getsid(pid), "no own session"
        )
        os.kill(pid, signal.SIGTERM)
        until(lambda: not Path(f"/proc/{pid}").exists(), 10, "the daemon ends")
        wait_text(state / "words.txt", r"process exiting$")
        check_untouched(net.client, before)


def log_files(bench: Bench) -> None:
    """`log` begins anew, `log-append` goes on; SIGHUP opens the file again after it was moved."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        words = bench.folder / "words.txt"
        for option, runs in (("log", 1), ("log-append", 2), ("log", 1)):
            tunnel = Tunnel(net, both(f"{option} {words}", "suppress-timestamps"), bench.keys)
            tunnel.start_client()
            until(lambda: runs_in(words) == runs, 10, f"{option}: it runs")
            status = tunnel.client.stop()
            check(status == 0, f"it ends with {status}:\n{words.read_text()}")
        tunnel = Tunnel(net, both(f"log-append {words}"), bench.keys)
        tunnel.start_client()
        until(lambda: runs_in(words) == 2, 10, "it runs again")
        words.rename(bench.folder / "words.old")
        tunnel.client.send_signal(signal.SIGHUP)
        wait_text(words, rf"^{MOMENT}UDPv4 link remote: ")
        check(tunnel.client.stop() == 0, "it does not end with 0")


def runs_in(log: Path) -> int:
    """How many times the program came as far as its link."""
    return log.read_text().count("UDPv4 link remote") if log.exists() else 0


def verbosity(bench: Bench) -> None:
    """verb 0 says nothing, each level more than the one before; timestamps as they are wanted."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, both(), bench.keys)
        tunnel.start_server()
        sizes = []
        for level in (0, 1, 2, 3, 4):
            text = one_life(tunnel, f"verb {level}", "suppress-timestamps")
            sizes.append(len(text.splitlines()))
            check(not re.search(rf"^{MOMENT}", text, re.MULTILINE), "there are timestamps")
            check((COMPLETED in text) == (level >= 1), f"verb {level}: {text}")
        check(sizes[0] == 0 and sizes == sorted(sizes), f"lines by level: {sizes}")
        check(len(set(sizes[:4])) == 4, f"lines by level: {sizes}")
        text = one_life(tunnel, "verb 4")
        check(re.search(rf"^{MOMENT}us=\d+ ", text, re.MULTILINE), "verb 4 without microseconds")


def mute(bench: Bench) -> None:
    """Lines of one kind, one after the other, are held back: here of a stranger without the key."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        setup = Setup("adit", "adit", wrapping="tls-auth", server_extra=("mute 1",))
        tunnel = Tunnel(net, setup, bench.keys)
        tunnel.start_server()
        tunnel.setup = both()
        tunnel.start_client()
        tunnel.server.wait_for(r"TLS Error: cannot locate HMAC in incoming packet")
        tunnel.server.wait_for(r"NOTE: --mute triggered\.\.\.")


def one_life(tunnel: Tunnel, *lines: str) -> str:
    """What the client says from its start, through a working tunnel, to its end."""
    tunnel.setup = both(*lines, "route 10.81.0.0 255.255.0.0")
    tunnel.start_client()
    until(lambda: "tun0" in tunnel.net.client.devices(), 10, "the tunnel is there")
    reaches(tunnel.net.client, tunnel.inside.server4, "between start and end")
    check(tunnel.client.stop() == 0, "it does not end with 0")
    return tunnel.client.text()


# ---- rights ----


def ids_of(process: Process) -> set[int]:
    text = Path(f"/proc/{process.pid}/status").read_text()
    return {
        int(n) for line in re.findall(r"^[UG]id:(.*)$", text, re.MULTILINE) for n in line.split()
    }


def gives_up_rights(bench: Bench) -> None:
    """Both ends as nobody: a restart works with what is kept, the end leaves nothing behind."""
    rights = ("user nobody", "group nogroup", "persist-key", "persist-tun")
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        own = (*rights, "route 10.81.0.0 255.255.0.0", "redirect-gateway def1")
        server = (*rights, "route 10.82.0.0 255.255.0.0", "explicit-exit-notify 1")
        tunnel = Tunnel(
            net, Setup("adit", "adit", client_extra=own, server_extra=server), bench.keys
        )
        before = picture(net.client), picture(net.server)
        tunnel.start()
        for end in (tunnel.server, tunnel.client):
            until(lambda: ids_of(end) == {NOBODY}, 5, f"the {end.name} is nobody")
            end.wait_for(r"UID set to nobody")
        index = device_index(net.client)
        for end in (tunnel.client, tunnel.server):
            marks = tunnel.marks()
            end.send_signal(signal.SIGUSR1)
            end.wait_for(COMPLETED, 25, marks[0] if end is tunnel.server else marks[1])
            tunnel.client.wait_for(COMPLETED, 25, marks[1])
            tunnel.ping_all()
        check(device_index(net.client) == index, "the device was made anew")
        tunnel.say_goodbye()
        tunnel.stop_server()
        check_untouched(net.client, before[0])
        check_untouched(net.server, before[1])


def nice(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, both("nice 7"), bench.keys)
        tunnel.start_server()
        completed(tunnel.start_client())
        check(os.getpriority(os.PRIO_PROCESS, tunnel.client.pid) == 7, "it is not nice")


# ---- signals and statuses ----


def remapped_signal(bench: Bench) -> None:
    """remap-usr1: SIGUSR1 ends the process, or makes it read its configuration again."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, both("remap-usr1 SIGTERM"), bench.keys)
        before = picture(net.client)
        tunnel.start_server()
        completed(tunnel.start_client())
        check(tunnel.client.stop(signal.SIGUSR1) == 0, "it does not end with 0")
        check_untouched(net.client, before)
        tunnel.setup = both("remap-usr1 SIGHUP", "route 10.71.0.0 255.255.0.0")
        completed(tunnel.start_client())
        path = net.client.folder / "client.conf"
        path.write_text(path.read_text().replace("10.71", "10.72"))
        mark = tunnel.client.mark()
        tunnel.client.send_signal(signal.SIGUSR1)
        tunnel.client.wait_for(r"10\.72\.0\.0/16", since=mark)


def signal_that_weighs_more(bench: Bench) -> None:
    """SIGTERM counts though SIGUSR1, or SIGHUP, has come before it and still waits."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, both(), bench.keys)
        tunnel.start_server()
        for lighter in (signal.SIGUSR1, signal.SIGHUP):
            completed(tunnel.start_client())
            for number in (signal.SIGSTOP, lighter, signal.SIGTERM, signal.SIGCONT):
                tunnel.client.send_signal(number)
            check(tunnel.client.wait() == 0, f"it does not end with 0 after {lighter.name}")


def end_by_itself(bench: Bench) -> None:
    """The server is told of it, as when a signal ends the client."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, both("inactive 3 100000"), bench.keys)
        tunnel.start_server()
        mark = tunnel.server.mark()
        completed(tunnel.start_client())
        check(tunnel.client.wait(15) == 0, "it does not end with 0")
        check(tunnel.client.matches(r"SIGTERM\[soft,exit-with-notification\]"), "it ends otherwise")
        tunnel.server.wait_for(LEFT["udp"], 5, mark)


def clean_end(bench: Bench) -> None:
    """SIGINT and SIGTERM at both ends: 0, and the hosts are as they were."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        own, server = ("route 10.81.0.0 255.255.0.0",), ("route 10.82.0.0 255.255.0.0",)
        setup = Setup("adit", "adit", client_extra=own, server_extra=server)
        before = picture(net.client), picture(net.server)
        for number in (signal.SIGINT, signal.SIGTERM):
            tunnel = Tunnel(net, setup, bench.keys)
            tunnel.start()
            for end, host, was in (
                (tunnel.client, net.client, before[0]),
                (tunnel.server, net.server, before[1]),
            ):
                status = end.stop(number)
                check(status == 0, f"the {end.name} ends with {status}")
                check_untouched(host, was)


def exit_statuses(bench: Bench) -> None:
    with Lab(bench.folder) as lab:
        host = lab.host("alone")
        for words, wanted in (
            ((), 0),
            (("--help",), 0),
            (("--version",), 0),
            (("--nonsense",), 1),
            (("--config", "/nowhere"), 1),
            (("word", "word"), 1),
            (("--show-ciphers",), 0),
            (("--genkey", "bogus"), 1),
        ):
            found, text = status_of(host, ADIT, *words)
            check(found == wanted, f"{words}: {found}, expected {wanted}\n{text}")
            check(text.strip(), f"{words}: not a word")


# ---- called openvpn, and the tools ----


def called_openvpn(bench: Bench) -> None:
    """A link named openvpn takes every form of that command."""
    link = bench.folder / "openvpn"
    link.symlink_to(ADIT)
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        tunnel = Tunnel(net, both(), bench.keys)
        tunnel.start_server()
        tunnel.start_client().wait_for(COMPLETED)
        tunnel.client.stop()
        config = net.client.folder / "client.conf"
        for words in ((config,), ("--config", config), ("--verb", 4, "--config", config)):
            tunnel.client = net.client.start("client", link, *words)
            completed(tunnel.client)
            check(tunnel.client.stop() == 0, f"{words}: it does not end with 0")
        status, text = status_of(net.client, link, "--version")
        check(status == 0 and re.match(r"OpenVPN 2\.\d+", text), f"--version: {status}\n{text}")
        status, text = status_of(net.client, link, "--help")
        check(re.search(r"^--remote ", text, re.MULTILINE), "--help does not list the options")
        check(text.startswith("OpenVPN 2."), "--help does not begin with the title")
        for words in ((), ("--help",)):
            status, text = status_of(net.client, link, *words)
            check(status == 1, f"{words}: {status}, expected 1")


def shows_what_it_can(bench: Bench) -> None:
    """Every name that stock shows and that belongs to today's configurations is shown by adit."""
    with Lab(bench.folder) as lab:
        host = lab.host("alone")
        for tool, pattern, least in (
            ("--show-ciphers", r"^(AES-\d+-(?:GCM|CBC)|CHACHA20-POLY1305) +\(\d+ bit key", 7),
            ("--show-digests", r"^(SHA(?:1|256|384|512)) \d+ bit digest size", 4),
            ("--show-tls", r"^(TLS_[A-Z0-9_]+|TLS-[A-Z0-9-]+GCM[A-Z0-9-]+)$", 9),
        ):
            shown = [
                set(re.findall(pattern, status_of(host, program, tool)[1], re.MULTILINE))
                for program in (STOCK, ADIT)
            ]
            check(len(shown[0]) >= least, f"{tool}: stock shows {shown[0]}")
            check(shown[0] <= shown[1], f"{tool}: {sorted(shown[0] - shown[1])} are missing")


def makes_keys(bench: Bench) -> None:
    """Private files that stock reads; without a name they go to standard output."""
    with Lab(bench.folder) as lab:
        host = lab.host("alone")
        files = {
            kind: bench.folder / kind for kind in ("secret", "tls-crypt-v2-server", "auth-token")
        }
        for kind, path in files.items():
            status, text = status_of(host, ADIT, "--genkey", kind, path)
            check(status == 0 and not text, f"{kind}: {status}\n{text}")
            check(path.stat().st_mode & 0o777 == 0o600, f"{kind} may be read by others")
        server, client = files["tls-crypt-v2-server"], bench.folder / "client.key"
        for maker in (ADIT, STOCK):
            words = ("--tls-crypt-v2", server, "--genkey", "tls-crypt-v2-client", client)
            check(status_of(host, maker, *words)[0] == 0, f"{maker} cannot make a client key")
            check("BEGIN OpenVPN tls-crypt-v2 client key" in client.read_text(), "no client key")
            client.unlink()
        status, text = status_of(host, ADIT, "--genkey", "secret")
        check(status == 0 and "BEGIN OpenVPN Static key V1" in text, "no key at standard output")
        words = ("--test-crypto", "--secret", files["secret"], "--cipher", "AES-256-CBC")
        status, text = status_of(host, STOCK, *words)
        check("SUCCEEDED" in text, f"stock does not take the key:\n{text}")


def persistent_device(bench: Bench) -> None:
    """--mktun makes a device that stays, with an owner; --rmtun takes it away."""
    with Lab(bench.folder) as lab:
        host = lab.host("alone")
        words = ("--dev", "tun7", "--user", "nobody", "--group", "nogroup")
        status, text = status_of(host, ADIT, "--mktun", *words)
        check(status == 0 and "Persist state set to: ON" in text, f"--mktun: {status}\n{text}")
        check("tun7" in host.devices(), "there is no device")
        shown = host.run("ip", "-d", "link", "show", "tun7")
        check(
            "persist on" in shown and "user nobody" in shown, f"the device is not nobody's: {shown}"
        )
        status, text = status_of(host, ADIT, "--rmtun", "--dev", "tun7")
        check(status == 0 and "Persist state set to: OFF" in text, f"--rmtun: {status}\n{text}")
        check("tun7" not in host.devices(), "the device stayed")


def runs_with(bench: Bench, engine: str, cipher: str) -> str:
    """Data both ways between ours with that engine and stock; what our log calls the engine."""
    with Lab(bench.folder) as lab:
        own = (f"crypto-engine {engine}",)
        setup = Setup("adit", "stock", cipher=cipher, server_extra=own)
        tunnel = Tunnel(lab.three_hosts(), setup, bench.keys)
        tunnel.start()
        tunnel.start_up(ENGINE_BYTES).finish()
        tunnel.start_down(ENGINE_BYTES).finish()
        told = ask("status", tunnel.server.pid)
        name = re.search(r"Data channel crypto: (.*)", tunnel.server.text())
        check(name, "the log does not name the engine")
        check(f"packets are encrypted by {name[1]}\n" in told, f"adit status says\n{told}")
        tunnel.say_goodbye()
        return name[1]


def crypto_engine(bench: Bench) -> None:
    """With every engine packets are as stock wants them; the log and adit status tell which it is;
    one that cannot be had ends the start."""
    usable = [engine for engine in FAST_ENGINES if can_be_had(bench, engine)]
    forced = {engine: runs_with(bench, engine, "AES-256-GCM") for engine in usable}
    best = set(forced.values()) or {"OpenSSL"}
    for cipher in ("AES-256-GCM", "CHACHA20-POLY1305", "AES-256-CBC"):
        found = {engine: runs_with(bench, engine, cipher) for engine in ("auto", "openssl")}
        check(found["openssl"] == "OpenSSL", f"openssl was asked for, {found['openssl']} came")
        check(found["auto"] in best, f"auto is {found['auto']}, of {best}")


def can_be_had(bench: Bench, engine: str) -> bool:
    """Whether the program starts with that engine; otherwise it says why, and ends."""
    with Lab(bench.folder) as lab:
        host = lab.three_hosts().client
        identity = bench.keys.identity("adit", "client1")
        words = ["--dev", "tun", "--client", "--remote", "192.0.2.1", "--ca", identity.ca]
        words += ["--cert", identity.cert, "--key", identity.key, "--verb", "3"]
        process = host.start("tool", ADIT, *words, "--crypto-engine", engine)
        refused = f"{engine} cannot be used: "
        line = process.wait_for(f"Data channel crypto: |{refused}")
        if refused not in line:
            return True
        status = process.wait()
        check(status == 1, f"{status}\n{process.text()}")
        return False


RUNS = (
    daemon,
    log_files,
    verbosity,
    mute,
    gives_up_rights,
    nice,
    remapped_signal,
    signal_that_weighs_more,
    end_by_itself,
    clean_end,
    exit_statuses,
    called_openvpn,
    persistent_device,
    shows_what_it_can,
    makes_keys,
    crypto_engine,
)

if __name__ == "__main__":
    sys.exit(main(__doc__, [Case(run.__name__, run) for run in RUNS]))
