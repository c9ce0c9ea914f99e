"""The rows of the table: what is held against what, and how it is shown."""

from __future__ import annotations

import html
import math
import statistics
from dataclasses import dataclass
from pathlib import Path

Rounds = dict[str, list[float]]  # "scenario/metric": one number a round


@dataclass(frozen=True)
class Row:
    """One figure and what is asked of it."""

    what: str
    unit: str
    mine: str  # a key of the rounds
    other: str  # the peer's key, or empty: the figure itself has a limit
    target: float  # the least ratio to the peer; the limit
    more_is_better: bool = True


def rows() -> list[Row]:
    made = []

    def both_ways(what: str, mine: str, other: str, target: float) -> None:
        for way in ("up", "down"):
            made.append(Row(f"{what}, {way}", "Gbit/s", f"{mine}/tcp {way}", f"{other}/tcp {way}", target))

    def less(what: str, unit: str, mine: str, other: str, target: float = 1.0) -> None:
        made.append(Row(what, unit, mine, other, target, more_is_better=False))

    both_ways("AES-256-GCM, adit - adit", "gcm", "gcm stock", 12)
    both_ways("adit server, stock client", "gcm adit-stock", "gcm stock", 1.3)
    both_ways("stock server, adit client", "gcm stock-adit", "gcm stock", 1.3)
    for way in ("up", "down"):
        for end, other in (("server", "client"), ("client", "server")):
            pair = "gcm adit-stock" if end == "server" else "gcm stock-adit"
            mine = f"{pair}/cpu {end} {way}"
            less(f"CPU a byte, adit {end}, {way}", "ns", mine, f"{pair}/cpu {other} {way}", 4)
            less(f"  beside the stock {end} it replaces", "ns", mine, f"gcm stock/cpu {end} {way}", 4)
    both_ways("beside wireguard-go", "gcm", "wireguard-go", 3)
    both_ways("CHACHA20-POLY1305 beside wireguard-go", "chacha", "wireguard-go", 1.3)
    both_ways("beside a pump without crypto", "gcm", "pump", 0.85)
    both_ways("AES-256-CBC SHA256", "cbc", "cbc stock", 6)
    both_ways("over TCP", "over tcp", "over tcp stock", 8)
    for size in (64, 1372):
        made.append(Row(f"UDP inside, {size} bytes", "packets/s", f"gcm/udp {size}", f"gcm stock/udp {size}", 4))
    less("ping, idle", "ms", "gcm/ping idle", "gcm stock/ping idle")
    less("ping, one flow fills the tunnel", "ms", "gcm/ping loaded", "gcm stock/ping loaded")
    less("server CPU a handshake", "ms", "load/handshake ms", "", 0.7)
    less("memory of an idle client", "KiB", "load/client KiB", "", 40)
    less("10000 peers, beside 1", "ns/packet", "memory/peers 10000", "memory/peers 1", 0.85)
    return made


@dataclass(frozen=True)
class Figure:
    row: Row
    mine: float
    other: float | None  # the peer; stock's figure where only the limit counts
    ratio: float  # how much better than the peer; 0 without one

    @property
    def passed(self) -> bool:
        if not self.row.other:
            return self.mine <= self.row.target
        return self.ratio >= self.row.target

    @property
    def beside(self) -> str:
        """The ratio against its target, in words."""
        if not self.row.other:
            return f"<= {self.row.target:g}"
        return f">= {self.row.target:.2f} x"


def figures(rounds: Rounds) -> list[Figure]:
    made = []
    for row in rows():
        if row.mine not in rounds or (row.other and row.other not in rounds):
            continue
        mine = statistics.median(rounds[row.mine])
        beside = row.other or row.mine.replace("/", " stock/")
        other = statistics.median(rounds[beside]) if beside in rounds else None
        ratio = 0.0
        if other is not None:
            ratio = mine / max(other, 1e-9) if row.more_is_better else other / max(mine, 1e-9)
        made.append(Figure(row, mine, other, ratio))
    return made


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def render(made: list[Figure]) -> str:
    lines = [f"{'':44}{'adit':>10}{'peer':>10}  {'unit':10}{'ratio':>7}  {'target':>10}"]
    for figure in made:
        ratio = f"{figure.ratio:.2f}" if figure.other is not None else "-"
        verdict = "ok" if figure.passed else "MISSED"
        lines.append(
            f"{figure.row.what:44}{number(figure.mine):>10}{number(figure.other):>10}  {figure.row.unit:10}"
            f"{ratio:>7}  {figure.beside:>10}  {verdict}"
        )
    return "\n".join(lines)


def as_json(made: list[Figure], rounds: Rounds) -> list[dict[str, object]]:
    return [
        {
            "what": figure.row.what,
            "unit": figure.row.unit,
            "adit": figure.mine,
            "peer": figure.other,
            "ratio": figure.ratio,
            "target": figure.row.target,
            "target_of": "ratio" if figure.row.other else "adit",
            "passed": figure.passed,
            "rounds": {"adit": rounds[figure.row.mine], "peer": rounds.get(figure.row.other, [])},
        }
        for figure in made
    ]


# ---- the plot ----

LINE, LEFT, WIDTH = 22, 300, 420


def plot(made: list[Figure], about: str, path: Path) -> None:
    """Bars of ratio to target, on a logarithmic scale: right of the line is better than asked for."""
    shown = [(figure, reached(figure)) for figure in made]
    span = max([abs(math.log2(max(value, 1e-3))) for _, value in shown] + [1.0])
    height = LINE * (len(shown) + 2)
    middle = LEFT + WIDTH / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 280}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="8" y="16">{html.escape(about)}</text>',
        f'<line x1="{middle}" x2="{middle}" y1="{LINE}" y2="{height - 8}" stroke="#444"/>',
    ]
    for place, (figure, value) in enumerate(shown):
        y = LINE * (place + 1) + 4
        length = math.log2(max(value, 1e-3)) / span * WIDTH / 2
        colour = "#2e7d32" if figure.passed else "#c62828"
        parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{html.escape(figure.row.what)}</text>')
        left = min(middle, middle + length)
        parts.append(f'<rect x="{left:.1f}" y="{y}" width="{abs(length):.1f}" height="16" fill="{colour}"/>')
        ratio = f", {figure.ratio:.2f} x" if figure.other else ""
        told = f"{number(figure.mine)} {figure.row.unit}{ratio} ({figure.beside})"
        parts.append(f'<text x="{LEFT + WIDTH + 8}" y="{y + 13}">{html.escape(told)}</text>')
    path.write_text("\n".join([*parts, "</svg>", ""]))


def reached(figure: Figure) -> float:
    """1: exactly the target; above: better."""
    return figure.ratio / figure.row.target if figure.row.other else figure.row.target / max(figure.mine, 1e-9)
