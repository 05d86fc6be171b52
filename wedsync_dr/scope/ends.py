"""Where the ways of a walk end, and what several ends come to."""

from collections.abc import Sequence
from dataclasses import dataclass

NOTHING = 'NULL::text COLLATE "C"'


@dataclass(frozen=True)
class End:
    """Lowest and highest scope at the end of one way: as text, or as the root's key where `native` names its type."""

    low: str
    high: str
    native: str | None = None


@dataclass(frozen=True)
class Reached:
    """What a row reaches of one kind. `one` is the condition that it is exactly one scope, `low` its text."""

    low: str
    one: str
    none: str

    @property
    def several(self) -> str:
        return f"NOT ({self.none}) AND NOT ({self.one})"


def fold(ends: Sequence[End]) -> Reached:
    """Several ends as one: lowest, and whether lowest and highest are the same."""
    natives = {end.native for end in ends}
    if len(natives) > 1:
        ends = [as_text(end) for end in ends]
    low, high = _pick("LEAST", [end.low for end in ends]), _pick("GREATEST", [end.high for end in ends])
    text = as_text(End(low, low, ends[0].native)).low
    one = f"{low} IS NOT NULL" if low == high else f"{low} = {high}"
    return Reached(text, one, f"{low} IS NULL")


def extremes(ends: Sequence[End]) -> tuple[str, str]:
    """The lowest and the highest scope as text; NULL where there is none."""
    texts = [as_text(end) for end in ends]
    return _pick("LEAST", [end.low for end in texts]), _pick("GREATEST", [end.high for end in texts])


def as_text(end: End) -> End:
    """An end that can be compared with those of any root."""
    if end.native is None:
        return end
    return End(_native_text(end.low), _native_text(end.high))


def _native_text(key: str) -> str:
    return f"('0:' || {key}::text) COLLATE \"C\""


def _pick(function: str, values: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(values))
    return distinct[0] if len(distinct) == 1 else f"{function}({', '.join(distinct)})"
