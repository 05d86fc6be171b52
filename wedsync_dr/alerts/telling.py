"""What to tell now, given what was told before. Pure: the same input gives the same answer.

A new trouble is told at once. A scope that joins one is told too, at most every `MORE_EVERY`; what goes on is repeated
after ever longer whiles; what has been gone for `SETTLED` is told to be over, once. What comes and goes in between is
one trouble, not many.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wedsync_dr.alerts.alert import Alert, AlertCode, Judgement, Severity
from wedsync_dr.alerts.message import SHOWN, Message, News, Notice

REMINDED_AFTER = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""How long after it was told a trouble is repeated; the last one again and again."""
MORE_EVERY = timedelta(minutes=5)
SETTLED = timedelta(minutes=10)
MANY = 1000
"""Of more subjects than these only the number is remembered: a tenth more is told, not each."""
_A_TENTH = 1.1


@dataclass(frozen=True)
class Told:
    """What people know of a trouble. `joined` are subjects that they were not told of yet; `left` those that they were
    told of and that are gone since then."""

    alert: Alert
    since: datetime
    repeated: datetime
    updated: datetime
    count: int
    times: int = 0
    joined: tuple[str, ...] = ()
    left: Mapping[str, datetime] = field(default_factory=dict)
    gone: datetime | None = None


@dataclass(frozen=True)
class Memory:
    """What people were told, by the key of the alert; and since when what is not told yet has been there."""

    told: Mapping[str, Told] = field(default_factory=dict)
    pending: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)


def tell(memory: Memory, judged: Judgement, now: datetime) -> tuple[Message | None, Memory]:
    """What to tell, if anything, in one message; and what people know once they have it."""
    ripe, pending = _ripened(memory, judged, now)
    present = {alert.key: alert for alert in ripe}
    notices: list[Notice] = []
    told: dict[str, Told] = {}
    for key in (*present, *(key for key in memory.told if key not in present)):
        notice, known = _one(memory.told.get(key), present.get(key), judged.unknown, now)
        notices += [notice] if notice else []
        told |= {key: known} if known else {}
    return Message(now, tuple(notices)) if notices else None, Memory(told, pending)


def _one(
    known: Told | None, alert: Alert | None, unknown: Collection[AlertCode], now: datetime
) -> tuple[Notice | None, Told | None]:
    if alert is None:
        return _absent(known, unknown, now) if known else (None, None)
    if known is None:
        fresh = Told(_slim(alert), alert.since or now, now, now, len(alert.subjects))
        return _notice(News.NEW, alert, alert.subjects, fresh.since), fresh
    return _present(_met(known, alert, now), alert, now)


def _absent(known: Told, unknown: Collection[AlertCode], now: datetime) -> tuple[Notice | None, Told | None]:
    if known.alert.code in unknown:
        return None, known
    gone = known.gone or now
    if now - gone < SETTLED:
        return None, replace(known, gone=gone)
    subjects = (*known.alert.subjects, *known.joined)
    return _notice(News.OVER, known.alert, subjects, known.since, max(known.count, len(subjects))), None


def _present(known: Told, alert: Alert, now: datetime) -> tuple[Notice | None, Told]:
    step = REMINDED_AFTER[min(known.times, len(REMINDED_AFTER) - 1)]
    worse = alert.severity is Severity.ERROR and known.alert.severity is not Severity.ERROR
    if now - known.repeated >= step or worse:
        subjects = tuple(dict.fromkeys((*alert.subjects, *known.joined)))
        after = replace(known, alert=_slim(alert, subjects), repeated=now, updated=now, joined=(), left={},
                        times=0 if worse else known.times + 1, count=len(subjects))  # fmt: skip
        return _notice(News.NEW if worse else News.STILL, alert, subjects, known.since), after
    if known.joined and now - known.updated >= MORE_EVERY:
        subjects = (*known.alert.subjects, *known.joined)
        after = replace(known, alert=_slim(alert, subjects, known.alert), updated=now, joined=(),
                        count=max(len(subjects), len(alert.subjects)))  # fmt: skip
        return _notice(News.MORE, alert, known.joined, known.since, _more(known, alert)), after
    return None, known


def _met(known: Told, alert: Alert, now: datetime) -> Told:
    """What is known, with those that joined and those that have been away for long."""
    if known.count > MANY or len(alert.subjects) > MANY:
        return _met_many(known, alert)
    here = set(alert.subjects)
    left = {one: known.left.get(one, now) for one in known.alert.subjects if one not in here}
    away = {one for one, since in left.items() if now - since >= SETTLED}
    remembered = tuple(one for one in known.alert.subjects if one not in away)
    met = {*remembered, *known.joined}
    joined = (*known.joined, *(one for one in alert.subjects if one not in met))
    left = {one: since for one, since in left.items() if one not in away}
    return replace(known, alert=replace(known.alert, subjects=remembered), joined=joined, left=left, gone=None)


def _met_many(known: Told, alert: Alert) -> Told:
    if len(alert.subjects) <= MANY:
        fewer = replace(known.alert, subjects=alert.subjects)
        return replace(known, alert=fewer, count=len(alert.subjects), joined=(), left={}, gone=None)
    joined = alert.subjects[:SHOWN] if len(alert.subjects) > known.count * _A_TENTH else known.joined
    return replace(known, joined=joined, left={}, gone=None)


def _more(known: Told, alert: Alert) -> int:
    if len(alert.subjects) > MANY:
        return len(alert.subjects) - known.count
    return len(known.joined)


def _slim(alert: Alert, subjects: Sequence[str] | None = None, before: Alert | None = None) -> Alert:
    """An alert as it is remembered: of very many subjects none is."""
    kept = tuple(alert.subjects if subjects is None else subjects)
    severity = before.severity if before else alert.severity
    return replace(alert, severity=severity, subjects=kept if len(alert.subjects) <= MANY else ())


def _notice(news: News, alert: Alert, subjects: Sequence[str], since: datetime, count: int | None = None) -> Notice:
    shown = tuple(subjects[:SHOWN])
    number = len(subjects) if count is None else count
    return Notice(news, alert.code, alert.severity, alert.title, alert.what_to_do, shown, number, since)


def _ripened(memory: Memory, judged: Judgement, now: datetime) -> tuple[list[Alert], dict[str, dict[str, datetime]]]:
    """The alerts without those subjects that have not been there for as long as their patience asks."""
    ripe: list[Alert] = []
    pending: dict[str, dict[str, datetime]] = {}
    for alert in judged.alerts:
        if not alert.patience or len(alert.subjects) > MANY:
            ripe.append(alert)
            continue
        seen = memory.pending.get(alert.key, {})
        pending[alert.key] = {one: seen.get(one, now) for one in alert.subjects}
        lasting = tuple(one for one, since in pending[alert.key].items() if now - since >= alert.patience)
        if lasting:
            ripe.append(replace(alert, subjects=lasting))
    kept = {key: dict(seen) for key, seen in memory.pending.items() if _is_of(key, judged.unknown)}
    return ripe, kept | pending


def _is_of(key: str, codes: Collection[AlertCode]) -> bool:
    return key.partition(":")[0] in codes
