"""Where the lines of a chart go. Black on white is enough: series differ by shape, not by colour."""

from dataclasses import dataclass
from datetime import date
from math import log10

from wedsync_dr.audit.document import Dots, Panel, Shares

WIDTH, LEFT, RIGHT = 760, 132, 88
_PANEL, _GAP, _TOP, _FOOT = 46, 18, 10, 26
_PLOT, _LOW, _HIGH = 250, 0.01, 86_400.0
_DECADES = ((0.01, "10 ms"), (0.1, "100 ms"), (1, "1 s"), (10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"),
            (36_000, "10 h"))  # fmt: skip
_TICKS = 6


@dataclass(frozen=True)
class Bar:
    """A day: how high it is, and `missing` how much of it is not; a day of which nothing is known has no height."""

    x: float
    y: float
    width: float
    height: float
    missing: float
    known: bool


@dataclass(frozen=True)
class Strip:
    """A panel of bars."""

    label: str
    target: str
    top: float
    bars: tuple[Bar, ...]
    least: str


@dataclass(frozen=True)
class Mark:
    """A line or a word at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Drawing:
    """All that a template needs to draw a chart; everything is in the units of the view box."""

    kind: str
    title: str
    table: str
    height: float
    ticks: tuple[Mark, ...]
    strips: tuple[Strip, ...] = ()
    levels: tuple[Mark, ...] = ()
    targets: tuple[Mark, ...] = ()
    dots: tuple[tuple[float, float, int], ...] = ()
    series: tuple[str, ...] = ()
    panel: int = _PANEL


def drawing(chart: Shares | Dots) -> Drawing:
    """The chart, laid out."""
    return _shares(chart) if isinstance(chart, Shares) else _dots(chart)


def _inner() -> float:
    return WIDTH - LEFT - RIGHT


def _shares(chart: Shares) -> Drawing:
    step = _inner() / max(1, len(chart.days))
    strips = tuple(_strip(panel, _TOP + number * (_PANEL + _GAP), step) for number, panel in enumerate(chart.panels))
    bottom = _TOP + len(strips) * (_PANEL + _GAP)
    return Drawing("shares", chart.title, chart.table, bottom + _FOOT, _ticks(chart.days, bottom), strips)


def _strip(panel: Panel, top: float, step: float) -> Strip:
    bars = []
    for number, value in enumerate(panel.values):
        high = _PANEL * (value or 0)
        x = LEFT + number * step + step * 0.12
        bars.append(Bar(x, top + _PANEL - high, step * 0.76, high, _PANEL - high, value is not None))
    known = [value for value in panel.values if value is not None]
    least = f"{int(min(known) * 1000) / 10:g} %" if known else ""
    return Strip(panel.label, panel.target, top, tuple(bars), least)


def _dots(chart: Dots) -> Drawing:
    dots = tuple((LEFT + one.at * _inner(), _y(one.seconds), one.series) for one in chart.dots)
    levels = tuple(Mark(LEFT, _y(seconds), text) for seconds, text in _DECADES)
    targets: dict[float, list[str]] = {}
    for name, target in chart.series:
        targets.setdefault(target, []).append(name)
    named = tuple(Mark(WIDTH - RIGHT, _y(target), f"RTO {_spoken(target)}") for target in targets)
    names = tuple(name for name, _ in chart.series)
    bottom = _TOP + _PLOT
    return Drawing("dots", chart.title, chart.table, bottom + _FOOT + 24, _ticks(chart.days, bottom), (), levels, named,
                   dots, names)  # fmt: skip


def _y(seconds: float) -> float:
    share = (log10(min(max(seconds, _LOW), _HIGH)) - log10(_LOW)) / (log10(_HIGH) - log10(_LOW))
    return _TOP + _PLOT * (1 - share)


def _spoken(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def _ticks(days: tuple[str, ...], bottom: float) -> tuple[Mark, ...]:
    """Some days by name."""
    if not days:
        return ()
    step, every = _inner() / len(days), max(1, round(len(days) / _TICKS))
    chosen = range(0, len(days), every)
    return tuple(Mark(LEFT + (n + 0.5) * step, bottom, _day(days[n])) for n in chosen)


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {day:%b}"
