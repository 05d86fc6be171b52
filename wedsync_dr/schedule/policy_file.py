"""`policy.toml`: what it may say, and what is refused in it. It only has to name what differs from the default."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from wedsync_dr.errors import PolicyInvalid
from wedsync_dr.model import Tier
from wedsync_dr.schedule.policy import DEFAULT, Approvals, Policy, Priority, Retention, TierPolicy
from wedsync_dr.scope.rules import did_you_mean

_SPAN = re.compile(r"(\d{1,5}) ?(min|h|d|y)")
_SPANS = 'Write it as "15 min", "24 h", "30 d" or "3 y".'
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "y": timedelta(days=366)}
_MOST = 100_000
_WINDOWED = [tier for tier, numbers in DEFAULT.tiers.items() if numbers.days_before is not None]


def load_policy(path: Path | None) -> Policy:
    """The default, changed by what a file says; PolicyInvalid names what is wrong with it."""
    if path is None:
        return DEFAULT
    try:
        return parse_policy(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyInvalid(
            f"The policy file {path.name} cannot be read ({error.strerror}).",
            remedy="Without one the built-in numbers hold; WEDSYNC_POLICY names one elsewhere.",
        ) from None
    except UnicodeDecodeError:
        raise PolicyInvalid(f"The policy file {path.name} is not UTF-8.", remedy="Save it as UTF-8.") from None


def parse_policy(text: str) -> Policy:
    """The text of a policy file."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyInvalid(f"policy.toml is not TOML: {error}.", remedy="Mend the line that it names.") from None
    _require_known(data, [*(tier.value for tier in Tier), "retention", "approvals"], "policy.toml")
    common = _retention(Retention(), _section(data, "retention"), "[retention]")
    tiers = {}
    for tier, numbers in DEFAULT.tiers.items():
        entry = _section(data, tier.value)
        tiers[tier] = _tier(replace(numbers, retention=common), entry, tier)
    _require_nested(tiers)
    return Policy(tiers, _approvals(_section(data, "approvals"), "[approvals]"))


def _tier(base: TierPolicy, entry: Mapping[str, Any], tier: Tier) -> TierPolicy:
    where = f"[{tier.value}]"
    known = [*_TIER, *(_WINDOW if tier in _WINDOWED else ()), "retention"]
    _require_known(entry, known, where)
    read = _TIER | _WINDOW
    values = {key: read[key](value, f"{where} {key}") for key, value in entry.items() if key != "retention"}
    kept = _retention(base.retention, _section(entry, "retention"), f"[{tier.value}.retention]")
    found = replace(base, retention=kept, **values)
    if found.cadence > found.rpo:
        raise PolicyInvalid(
            f"{where} is looked at less often than its rpo allows.", remedy="Make cadence shorter than rpo."
        )
    return found


def _retention(base: Retention, entry: Mapping[str, Any], where: str) -> Retention:
    _require_known(entry, _RETENTION, where)
    return replace(base, **{key: _RETENTION[key](value, f"{where} {key}") for key, value in entry.items()})


def _approvals(entry: Mapping[str, Any], where: str) -> Approvals:
    _require_known(entry, _APPROVALS, where)
    return Approvals(**{key: _APPROVALS[key](value, f"{where} {key}") for key, value in entry.items()})


def _section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    entry = data.get(name, {})
    if not isinstance(entry, dict):
        raise PolicyInvalid(f"{name} is not a table of settings.", remedy=f"Write it as [{name}].")
    return entry


def _require_nested(tiers: Mapping[Tier, TierPolicy]) -> None:
    """Each tier reaches further than the more urgent one; else one of them would never be any wedding's."""
    for near, far in pairwise(_WINDOWED):
        if (tiers[near].days_before or 0) >= (tiers[far].days_before or 0):
            raise PolicyInvalid(
                f"[{far.value}] reaches no further before the wedding than [{near.value}].",
                remedy=f"Give [{far.value}] a larger days_before.",
            )


def _require_known(entry: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in entry:
        if key not in known:
            raise PolicyInvalid(f"{where} has no key {key!r}.", remedy=did_you_mean(key, known))


def _span(value: Any, where: str) -> timedelta:
    found = _reach(value, where)
    if not found:
        raise PolicyInvalid(f"{where} is no time at all.", remedy=_SPANS)
    return found


def _reach(value: Any, where: str) -> timedelta:
    """A span that may be none."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise PolicyInvalid(f"{where} is not a span of time.", remedy=_SPANS)
    return int(found[1]) * _UNITS[found[2]]


def _whole(least: int) -> Callable[[Any, str], int]:
    def whole(value: Any, where: str) -> int:
        if type(value) is not int or not least <= value <= _MOST:
            raise PolicyInvalid(f"{where} is not a number that can be meant.", remedy=f"Write {least} or more.")
        return value

    return whole


def _priority(value: Any, where: str) -> Priority:
    try:
        return Priority(value)
    except ValueError:
        remedy = did_you_mean(str(value), [priority.value for priority in Priority])
        raise PolicyInvalid(f"{where} is not a priority.", remedy=remedy) from None


def _switch(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise PolicyInvalid(f"{where} is neither true nor false.", remedy="Write true or false.")
    return value


_TIER: dict[str, Callable[[Any, str], Any]] = {
    "rpo": _span,
    "rto": _span,
    "cadence": _span,
    "run_priority": _whole(-_MOST),
    "priority": _priority,
}
_WINDOW: dict[str, Callable[[Any, str], Any]] = {"days_before": _whole(0), "days_after": _whole(0)}
_RETENTION: dict[str, Callable[[Any, str], Any]] = {
    "every": _reach,
    "hourly": _reach,
    "daily": _reach,
    "weekly": _whole(0),
    "monthly": _whole(0),
    "yearly": _whole(0),
    "minimum": _whole(1),
    "personal": _span,
}
_APPROVALS: dict[str, Callable[[Any, str], Any]] = {"required": _switch, "expires": _span, "emergency_expires": _span}
