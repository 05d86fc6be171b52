"""Objectives: what each tier was promised, and what share of the time it had it, day by day."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from wedsync_dr.audit.document import Deviation, Panel, Row, Section, Shares, Table, table
from wedsync_dr.audit.events import within
from wedsync_dr.audit.material import Material
from wedsync_dr.model import Kind, ScopeId, Tier, parse_utc
from wedsync_dr.schedule.objectives import kept_share
from wedsync_dr.schedule.policy import URGENCY
from wedsync_dr.schedule.words import spoken
from wedsync_dr.snapshot.urgency import scope_tier
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr.vault.ledger_state import SAFETY

_DAY, _NOON = timedelta(days=1), time(12)
_LANES = (*URGENCY, None)
NEAR = (Tier.DAY_OF, Tier.IMMINENT, Tier.CRITICAL)
TOGETHER = "near weddings together"
_HELD = 0.999  # a share that is shown as 100 %


@dataclass(frozen=True)
class Kept:
    """A tier on a day: of its scopes' time the share inside the objective, and the oldest that a newest one became.

    `without` had no recovery point on that day at all; `share` is None where nobody had one.
    """

    scopes: int
    share: float | None
    oldest: timedelta
    without: int


Days = Mapping[tuple[Tier | None, date], Kept]


def promises(material: Material) -> Section:
    """Targets beside what was achieved, per tier: over the period and by day."""
    kept = by_day(material)
    days = material.period.days(material.until)
    text = (
        "A scope keeps its objective while its newest recovery point is no older than its tier's RPO. What is shown is "
        "the share of the scopes' time in which it was so, from the instants at which the ledger says that a scope was "
        "stored or found unchanged. A wedding moves from tier to tier as its date comes nearer: tiers of past days are "
        "worked out with today's dates and today's policy.",
    )
    if material.infos is None:
        return Section("objectives", "Objectives kept", ("A1.3", "A.8.13"), ("The source could not be read, so tiers "
                       "are not known.",))  # fmt: skip
    tables = (_by_tier(material, kept, days), _daily(material, kept, days))
    return Section("objectives", "Objectives kept", ("A1.3", "A.8.13"), text, tables, (_chart(material, kept, days),),
                   tuple(_broken(material, kept, days)))  # fmt: skip


def by_day(material: Material) -> Days:
    """Every tier that had scopes on a day of the period."""
    instants = known_instants(material.entries)
    found: dict[tuple[Tier | None, date], Kept] = {}
    for day in material.period.days(material.until):
        begin = datetime.combine(day, time(), UTC)
        end = min(begin + _DAY, material.until)
        for lane, scopes in _lanes(material, datetime.combine(day, _NOON, UTC)).items():
            rpo = material.policy.of(lane).rpo
            found[lane, day] = _kept([_around(instants.get(one, ()), begin, end) for one in scopes], rpo, begin, end)
    return found


def known_instants(entries: Iterable[LedgerEntry]) -> dict[ScopeId, list[datetime]]:
    """When each scope was known to be as its newest recovery point; what a restore secured before it is none."""
    found: dict[ScopeId, set[datetime]] = defaultdict(set)
    unfit: set[str] = set()
    for entry in entries:
        begun = entry.event == "batch-started" and entry.body.get("purpose") == SAFETY
        if begun or entry.event == "batch-abandoned":
            unfit.add(entry.body["batch"])
        if entry.event != "snapshots" or entry.body["batch"] in unfit:
            continue
        at = parse_utc(entry.body["taken_at"])
        for line in (*entry.body["stored"], *entry.body["current"]):
            found[ScopeId(Kind(line["kind"]), line["id"])].add(at)
    return {scope: sorted(instants) for scope, instants in found.items()}


def _lanes(material: Material, at: datetime) -> dict[Tier | None, list[ScopeId]]:
    found: dict[Tier | None, list[ScopeId]] = defaultdict(list)
    for info in material.infos or ():
        found[scope_tier(info, at, material.time_zone, material.policy)].append(info.scope)
    return found


def _around(instants: Sequence[datetime], begin: datetime, end: datetime) -> Sequence[datetime]:
    """Those up to the end that matter from the beginning on: the last one before it, too."""
    return instants[max(0, bisect_right(instants, begin) - 1) : bisect_left(instants, end)]


def _kept(scopes: Sequence[Sequence[datetime]], rpo: timedelta, begin: datetime, end: datetime) -> Kept:
    shares = [share for one in scopes if (share := kept_share(one, rpo, begin, end)) is not None]
    oldest = max((_oldest(one, begin, end) for one in scopes), default=timedelta())
    return Kept(len(scopes), sum(shares) / len(shares) if shares else None, oldest, len(scopes) - len(shares))


def _oldest(known: Sequence[datetime], begin: datetime, end: datetime) -> timedelta:
    """How old the newest recovery point of a scope became on a day."""
    following = [*known[1:], end][: len(known)]
    ages = (min(after, end) - at for at, after in zip(known, following, strict=True) if after > begin)
    return max(ages, default=timedelta())


def share_of(kept: Days, lanes: Sequence[Tier | None], days: Sequence[date]) -> float | None:
    """Over several tiers and days, each scope's day with the same weight."""
    found = [one for lane in lanes for day in days if (one := kept.get((lane, day))) and one.share is not None]
    weight = sum(one.scopes - one.without for one in found)
    return sum((one.share or 0) * (one.scopes - one.without) for one in found) / weight if weight else None


def _name(lane: Tier | None) -> str:
    return lane.value if lane else "platform tables"


def _by_tier(material: Material, kept: Days, days: Sequence[date]) -> Table:
    columns = (
        "tier | RPO:seconds | time inside it:share | most scopes on a day:number | "
        "oldest that a newest one became:seconds | days kept in full:number | of days:number"
    )
    rows, numbers = [], tuple(number for some in _numbers(material).values() for number in some)
    for lane in _LANES:
        mine = [one for day in days if (one := kept.get((lane, day)))]
        share, rpo = share_of(kept, [lane], days), material.policy.of(lane).rpo
        if not mine:
            continue
        full = sum((one.share or 0) >= _HELD and not one.without for one in mine)
        oldest = max(one.oldest for one in mine)
        most, spans = max(one.scopes for one in mine), (rpo.total_seconds(), oldest.total_seconds())
        rows.append(Row((_name(lane), spans[0], share, most, spans[1], full, len(mine)), numbers, full < len(mine)))
    near = share_of(kept, NEAR, days)
    rows.append(Row((TOGETHER, None, near, None, None, None, None), numbers, near is not None and near < 1))
    return table("objectives_by_tier", "Targets and what was achieved, over the period", columns, rows)


def _numbers(material: Material) -> dict[str, tuple[int, ...]]:
    """By day the entries that say which scopes were current."""
    found: dict[str, list[int]] = defaultdict(list)
    for entry in within(material.entries, material.period, "snapshots"):
        found[entry.at[:10]].append(entry.sequence)
    return {day: tuple(numbers) for day, numbers in found.items()}


def _daily(material: Material, kept: Days, days: Sequence[date]) -> Table:
    numbers = _numbers(material)
    lanes = [lane for lane in _LANES if any((lane, day) in kept for day in days)]
    columns = " | ".join(("day", *(f"{_name(lane)}:share" for lane in lanes)))
    rows = [
        Row(
            (day.isoformat(), *(one.share if (one := kept.get((lane, day))) else None for lane in lanes)),
            numbers.get(day.isoformat(), ()),
        )
        for day in days
    ]
    return table("objectives_by_day", "Time inside the objective, by day (the chart's numbers)", columns, rows)


def _chart(material: Material, kept: Days, days: Sequence[date]) -> Shares:
    panels = []
    for lane in _LANES:
        values = tuple(one.share if (one := kept.get((lane, day))) else None for day in days)
        if any(value is not None for value in values):
            panels.append(Panel(_name(lane), f"RPO {spoken(material.policy.of(lane).rpo)}", values))
    names = tuple(day.isoformat() for day in days)
    return Shares("Share of the time inside the objective, day by day", "objectives_by_day", names, tuple(panels))


def _broken(material: Material, kept: Days, days: Sequence[date]) -> Iterator[Deviation]:
    for lane in _LANES:
        bad = [day for day in days if (one := kept.get((lane, day))) and one.share is not None and one.share < _HELD]
        if bad:
            last = kept.get((lane, days[-1]))
            closed = "" if bad[-1] == days[-1] or not last else f"kept again since {bad[-1] + _DAY}"
            share = share_of(kept, [lane], bad) or 0
            rpo = spoken(material.policy.of(lane).rpo)
            yield Deviation(f"{_name(lane)}: the RPO of {rpo} was missed on {len(bad)} of {len(days)} days "
                            f"(kept {share:.1%} of the time on those).", closed)  # fmt: skip
