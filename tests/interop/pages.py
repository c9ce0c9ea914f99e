#!/usr/bin/env python3
"""The commands of README.md, docs/two-sites.md and their Chinese translations, run as they stand there:
a first client; an office and a data centre with hosts behind them, and two people on the road."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from features import does_not_reach, reaches, second_client
from lab import Host, Lab, check, ip_batch
from machine import Machine
from runner import Bench, Case, main

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
PAGES = ("docs/two-sites.md", "docs/two-sites.zh-CN.md")
OFFICE, DATA_CENTRE = "192.168.20.10", "192.168.1.10"
STRANGER = "192.168.1.11"  # a host of the data centre whose default route leads elsewhere: to nobody
SERVER = "10.0.0.1"
MOST_COMMANDS = 6
MOST_SECONDS = 20  # from nothing to the first client's ping


def commands_of(page: str) -> list[tuple[str, list[str]]]:
    """(machine, words) of each line in the page's console blocks, in their order."""
    blocks = re.findall(r"^```console\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    found = [re.fullmatch(r"(\w+)# (adit .*)", line) for line in lines]
    check(all(found), f"{page}: {lines}")
    return [(match[1], match[2].split()[1:]) for match in found if match]


def make_machines(lab: Lab) -> dict[str, Machine]:
    net = lab.three_hosts()
    office, notebook = second_client(lab, net, 3), second_client(lab, net, 4)
    hosts = {"server": net.server, "office": office, "client1": net.client, "notebook": notebook}
    return {name: Machine(host) for name, host in hosts.items()}


def add_lan_hosts(lab: Lab, machines: dict[str, Machine]) -> tuple[Host, Host, Host]:
    office, centre, stranger = lab.host("officepc"), lab.host("centre"), lab.host("stranger")
    lab.link(office, machines["office"], (f"{OFFICE}/24", "192.168.20.1/24"))
    server = machines["server"]
    lab.link(centre, server, (f"{DATA_CENTRE}/24", "192.168.1.1/24"))
    lab.link(stranger, server, (f"{STRANGER}/24", "192.168.1.2/32"))
    server.run("ip", "route", "add", f"{STRANGER}/32", "dev", "stranger")
    for host, gateway in ((office, "192.168.20.1"), (centre, "192.168.1.1")):
        ip_batch(f"route add default via {gateway}", namespace=host.namespace)
    return office, centre, stranger


def carry_profile(server: Machine, to: Machine, name: str) -> None:
    """What scp would do."""
    (to.folder / f"{name}.ovpn").write_text(server.read(f"/etc/adit/clients/{name}.ovpn"))


def check_everybody(machines: dict[str, Machine], lan: tuple[Host, Host, Host]) -> None:
    office, centre, _ = lan
    for name in ("client1", "notebook", "office"):
        reaches(machines[name], SERVER, "the server inside the tunnel")
        reaches(machines[name], DATA_CENTRE, "the data centre")
        reaches(machines[name], STRANGER, "a host without a route back")
    for name in ("client1", "notebook"):
        reaches(machines[name], OFFICE, "the office")
    reaches(office, DATA_CENTRE, "office to data centre")
    reaches(office, STRANGER, "office to a host without a route back")
    reaches(centre, OFFICE, "data centre to office")


def run_page(bench: Bench, page: str) -> None:
    commands = commands_of(page)
    doing = [words for _, words in commands if words[0] != "doctor"]
    check(len(doing) <= MOST_COMMANDS, f"{page} needs {len(doing)} commands")
    with Lab(bench.folder) as lab:
        machines = make_machines(lab)
        lan = add_lan_hosts(lab, machines)
        server = machines["server"]
        does_not_reach(lan[0], DATA_CENTRE, "before")
        before = {name: machine.look() for name, machine in machines.items()}
        for name, words in commands:
            if words[0] == "join":
                carry_profile(server, machines[name], words[1].removesuffix(".ovpn"))
            said = machines[name].adit(*words, seconds=60)
            check("FAILED" not in said, f"{name}: {words}: {said}")
        check_everybody(machines, lan)
        for name, machine in machines.items():
            machine.adit(*(("down",) if name == "server" else ("leave",)))
            machine.check_same(before[name], "after it was undone")
        does_not_reach(lan[0], DATA_CENTRE, "after")


def run_readme(bench: Bench, page: str) -> None:
    """One command on the server, one on the client, no line edited."""
    with Lab(bench.folder) as lab:
        net = lab.three_hosts()
        machines = {"server": Machine(net.server), "client": Machine(net.client)}
        begun = time.monotonic()
        for name, words in commands_of(page):
            if words[0] == "join":
                carry_profile(machines["server"], machines[name], words[1].removesuffix(".ovpn"))
            machines[name].adit(*words)
        reaches(machines["client"], "10.8.0.1", "the first ping")
        took = time.monotonic() - begun
        check(took < MOST_SECONDS, f"it took {took:.1f} s")


def same_commands(_: Bench) -> None:
    for pages in (READMES, PAGES):
        english, chinese = map(commands_of, pages)
        check(english and english == chinese, f"{english}\n{chinese}")


def cases() -> list[Case]:
    made = [Case("same_commands", same_commands)]
    # The translations have the same commands, as the first case shows.
    for page, run in ((READMES[0], run_readme), (PAGES[0], run_page)):
        made.append(Case(Path(page).stem, lambda bench, r=run, p=page: r(bench, p)))
    return made


if __name__ == "__main__":
    sys.exit(main(__doc__, cases()))
