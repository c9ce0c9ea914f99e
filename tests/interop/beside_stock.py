"""The same with stock and with adit, and what both wrote held side by side.

    stock, ours = both(play)          play("stock"), play("adit")
    same(stock, ours, "forms")
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lab import check

Seen = TypeVar("Seen")

MASKS = (
    (r"\(fd=\d+,", "(fd=N,"),
    (r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", ""),
    (r"(\d+\.\d+\.\d+\.\d+):\d+", r"\1:PORT"),
    (r"(\[AF_INET6\][0-9a-f:]+):\d+$", r"\1:PORT"),
    (r"sid=[0-9a-f]+ [0-9a-f]+", "sid=SID"),
    (r",tun-mtu \d+", ",tun-mtu N"),  # ours knows how wide the way to a client is
    (r"\[adit [0-9.]+\]", ""),
    (r"^Options error: .*", "Options error: WHAT"),
    (r"(\(errno=\d+\)) - .*", r"\1"),  # ours says what to do
    (r"serial=\d{6,}", "serial=N"),
)


def masked(line: str) -> str:
    for pattern, instead in MASKS:
        line = re.sub(pattern, instead, line)
    return line


def both(play: Callable[[str], Seen]) -> tuple[Seen, Seen]:
    with ThreadPoolExecutor() as pool:
        stock, ours = pool.map(play, ("stock", "adit"))
    return stock, ours


def same(stock: list[str], ours: list[str], what: str) -> None:
    differences = [f"stock: {a!r}\nours:  {b!r}" for a, b in zip(stock, ours) if a != b]
    check(not differences, f"{what}:\n" + "\n".join(differences))
    check(len(stock) == len(ours), f"{what}: stock\n{stock}\nours\n{ours}")
