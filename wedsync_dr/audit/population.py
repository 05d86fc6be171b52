"""Every batch of snapshots of the period, from which an auditor draws a sample; and those that failed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from wedsync_dr.audit.document import Deviation, Row, Section, Table, counted, table
from wedsync_dr.audit.events import run_in, who
from wedsync_dr.audit.material import Material
from wedsync_dr.audit.period import Period
from wedsync_dr.model import Manifest, parse_utc
from wedsync_dr.vault.ledger import LedgerEntry

_EVENTS = frozenset({"batch-started", "snapshots", "batch-finished", "batch-abandoned"})
_LONGEST = timedelta(hours=2)
"""A batch that began so lately may be at work still."""


Place = tuple[str, str, str]
Sizes = Mapping[Place, tuple[int, int]]
"""Rows and bytes of the snapshots in the vault, by kind, id and snapshot."""


@dataclass
class BatchSeen:
    """A batch as the ledger tells it; `ended` is empty while it is open."""

    batch: str
    started: str = ""
    by: str = ""
    run: str = ""
    purpose: str = ""
    ended: str = ""
    stored: int = 0
    current: int = 0
    failed: int = 0
    missed: int = 0
    abandoned: bool = False
    seconds: float | None = None
    numbers: list[int] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    @property
    def result(self) -> str:
        if self.abandoned:
            return "abandoned"
        if not self.ended:
            return "open"
        return f"{self.failed} failed" if self.failed else "done"

    @property
    def good(self) -> bool:
        return bool(self.ended) and not self.failed and not self.abandoned


def batches(entries: Iterable[LedgerEntry]) -> list[BatchSeen]:
    """All batches, in the order in which they began."""
    found: dict[str, BatchSeen] = {}
    for entry in entries:
        if entry.event in _EVENTS:
            name = entry.body["batch"]
            _add(found.setdefault(name, BatchSeen(name, entry.at)), entry)
    return list(found.values())


def _add(batch: BatchSeen, entry: LedgerEntry) -> None:
    body = entry.body
    batch.numbers.append(entry.sequence)
    if entry.event == "batch-started":
        batch.started, batch.by, batch.run = entry.at, who(body), run_in(body)
        batch.purpose = str(body.get("purpose", ""))
    elif entry.event == "snapshots":
        batch.stored += len(body["stored"])
        batch.places += [(line["kind"], line["id"], line["snapshot_id"]) for line in body["stored"]]
        batch.current += len(body["current"])
    elif entry.event == "batch-finished":
        batch.ended, batch.failed, batch.missed = entry.at, body.get("failed", 0), len(body.get("missed", ()))
        batch.seconds = body.get("seconds")
    elif entry.event == "batch-abandoned":
        batch.ended, batch.abandoned = entry.at, True


def of_period(found: Iterable[BatchSeen], period: Period) -> list[BatchSeen]:
    """Those that began in a period."""
    return [one for one in found if parse_utc(one.started) in period]


def population(material: Material) -> Section:
    """All batches: by day, and one by one."""
    chosen = of_period(batches(material.entries), material.period)
    text = (
        f"{len(chosen):,} batches began in this period. A batch is one consistent instant of the source. Scopes whose "
        "rows had not changed are recorded as current and not stored again. The whole population is in batches.csv; "
        "sample from it.",
    )
    return Section(
        "population",
        "Every batch of the period",
        ("A1.2", "A.8.13"),
        text,
        (_by_day(chosen, material), _all(chosen, _sizes(material.stored))),
        deviations=tuple(_silences(chosen, material)),
    )


def _by_day(chosen: Sequence[BatchSeen], material: Material) -> Table:
    columns = "day | batches:number | stored:number | current:number | scopes failed:number | abandoned or open:number"
    rows = []
    for day in material.period.days(material.until):
        today = [one for one in chosen if one.started.startswith(day.isoformat())]
        broken = sum(one.abandoned or not one.ended for one in today)
        failed = sum(one.failed for one in today)
        sums = (sum(one.stored for one in today), sum(one.current for one in today), failed, broken)
        evidence = tuple(number for one in today for number in one.numbers)
        rows.append(Row((day.isoformat(), len(today), *sums), evidence, wrong=not today or bool(failed or broken)))
    return table("batches_by_day", "Batches by day; a day without one is a gap", columns, rows)


def _sizes(stored: Iterable[Manifest]) -> Sizes:
    return {(one.scope.kind.value, one.scope.id, one.snapshot_id): (one.rows, one.bytes) for one in stored}


def _size(batch: BatchSeen, sizes: Sizes) -> tuple[int | None, int | None]:
    """Rows and bytes of what it stored, as far as that is in the vault; nothing where none of it is."""
    there = [sizes[place] for place in batch.places if place in sizes]
    return (sum(rows for rows, _ in there), sum(size for _, size in there)) if there else (None, None)


def _all(chosen: Sequence[BatchSeen], sizes: Sizes) -> Table:
    columns = (
        "batch:id | began:instant | took:seconds | stored:number | rows:number | bytes:bytes | current:number | "
        "missed:number | result | purpose | who | Dagster run:run"
    )
    rows = [
        Row((one.batch, one.started, one.seconds, one.stored, *_size(one, sizes), one.current, one.missed,
             one.result, one.purpose, one.by, one.run), tuple(one.numbers), wrong=not one.good)
        for one in chosen
    ]  # fmt: skip
    return table(
        "batches",
        "The batches; rows and bytes are of the snapshots that are still in the vault",
        columns,
        rows,
        shown=25,
    )


def _silences(chosen: Sequence[BatchSeen], material: Material) -> Iterator[Deviation]:
    """The first and last batch of the period must be near its ends, and no day be without one."""
    days = material.period.days(material.until)
    seen = {one.started[:10] for one in chosen}
    silent = [day.isoformat() for day in days[:-1] if day.isoformat() not in seen]
    if silent:
        what = f"{len(silent)} of {len(days)} days have no batch: {', '.join(silent[:5])}"
        yield Deviation(what + (f" and {len(silent) - 5} more." if len(silent) > 5 else "."))


def failures(material: Material) -> Section:
    """What failed in the period, and what came after it."""
    every = batches(material.entries)
    rows, deviations = [], []
    for one in of_period(every, material.period):
        if one.good or _under_way(one, material):
            continue
        mended = _mended(one, every)
        closed = f"{mended.ended} by batch {mended.batch}" if mended else ""
        evidence = (*one.numbers[-1:], *(mended.numbers[-1:] if mended else ()))
        rows.append(Row((one.started, f"batch {one.batch}", _why(one), closed or "open"), evidence, wrong=not mended))
        deviations.append(Deviation(f"Batch {one.batch} of {one.started[:16]}: {_why(one)}.", closed, evidence))
    columns = "at:instant | what:id | failed | closed by"
    text = (
        "A failure of a batch is closed by the next batch that ended without any. Failed verifications and drills "
        "stand with their closure in their own sections. When an alert was sent and acknowledged is not in the ledger.",
    )
    return Section("failures", "Failures and how they closed", ("CC7.2", "A1.2"), text,
                   (table("failures", "Batches that failed, were abandoned or did not end", columns, rows),),
                   deviations=tuple(deviations))  # fmt: skip


def _under_way(one: BatchSeen, material: Material) -> bool:
    return not one.ended and material.made_at - parse_utc(one.started) < _LONGEST


def _why(one: BatchSeen) -> str:
    if one.abandoned:
        return "its writer died; what it had not finished was removed"
    return f"{counted(one.failed, 'scope')} failed" if one.failed else "it has not ended"


def _mended(broken: BatchSeen, every: Sequence[BatchSeen]) -> BatchSeen | None:
    return next((one for one in every if one.good and one.started > broken.started and not one.purpose), None)
