"""The report: all sections, the verdict over them, and five figures for the first page. Pure over what was read."""

from collections.abc import Callable, Sequence

from wedsync_dr.audit.access import access
from wedsync_dr.audit.changes import changes
from wedsync_dr.audit.coverage import coverage, covered
from wedsync_dr.audit.crosscheck import crosscheck
from wedsync_dr.audit.document import Figure, Page, Row, Section, cited
from wedsync_dr.audit.drills import drills, lines
from wedsync_dr.audit.events import within
from wedsync_dr.audit.integrity import integrity, whole_ones
from wedsync_dr.audit.items import items
from wedsync_dr.audit.keeping import copies, erasures, holds, retention
from wedsync_dr.audit.keys import keys
from wedsync_dr.audit.limits import headline, limits, open_now, register
from wedsync_dr.audit.material import Material
from wedsync_dr.audit.population import batches, failures, of_period, population
from wedsync_dr.audit.promises import TOGETHER, promises
from wedsync_dr.drill.report import EVENT as DRILLED
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr.verification.record import EVENT as VERIFIED

_SECTIONS: tuple[Callable[[Material], Section], ...] = (
    coverage, population, failures, promises, drills, integrity, keys, access, retention, holds, erasures, copies,
    changes, crosscheck, open_now, limits,
)  # fmt: skip


def report(material: Material) -> Page:
    """Everything that can be said of a period."""
    parts = [make(material) for make in _SECTIONS]
    sections = (register(parts), *parts, items())
    verdict, good, reasons = _verdict(material, parts)
    return Page(
        title="Backup and recovery: evidence",
        subtitle=str(material.period),
        verdict=verdict,
        good=good,
        reasons=reasons,
        facts=headline(material),
        figures=_figures(material, parts),
        sections=sections,
        evidence=evidence(material.entries, cited(sections)),
        files=True,
    )


def _verdict(material: Material, parts: Sequence[Section]) -> tuple[str, bool, tuple[str, ...]]:
    """Green only where something was shown: nothing done is never nothing wrong."""
    found = [one for part in parts for one in part.deviations]
    still = [one for one in found if not one.closed]
    if material.unread:
        return "Incomplete: a part could not be read", False, tuple(f"{one.what}: {one.why}" for one in material.unread)
    if not within(material.entries, material.period):
        return "Nothing is recorded of this period", False, ()
    if still:
        more = (f"and {len(still) - 3} more, in Findings",) if len(still) > 3 else ()
        count = "One finding is open" if len(still) == 1 else f"{len(still)} findings are open"
        return count, False, (*(one.what for one in still[:3]), *more)
    if found:
        return "Everything examined holds; what was found was closed", True, tuple(one.what for one in found[:3])
    return "Everything examined holds, without a finding", True, ()


def _figures(material: Material, parts: Sequence[Section]) -> tuple[Figure, ...]:
    return (_tables(material), _batches(material, parts), _near(parts), _restores(material), _read(material))


def _tables(material: Material) -> Figure:
    every, good = covered(material)
    if not every:
        return Figure("not read", "tables of the source", "coverage", wrong=True)
    excepted = f", {every - good} excepted" if good < every else ""
    return Figure(f"{good} of {every}", f"tables covered{excepted}", "coverage")


def _batches(material: Material, parts: Sequence[Section]) -> Figure:
    chosen = of_period(batches(material.entries), material.period)
    bad = sum(len(part.deviations) for part in parts if part.id == "failures")
    return Figure(f"{len(chosen):,}", f"batches of snapshots, {bad or 'none'} failed", "population", wrong=bool(bad))


def _near(parts: Sequence[Section]) -> Figure:
    """The line of the table that says it."""
    rows = (row.cells for part in parts for one in part.tables if one.name == "objectives_by_tier" for row in one.rows)
    share = next((cells[2] for cells in rows if cells[0] == TOGETHER), None)
    label = "of the time near weddings were inside their RPO"
    if not isinstance(share, float):
        return Figure("none", "near weddings to measure the RPO by", "objectives")
    return Figure(f"{int(share * 10_000) / 100:g} %", label, "objectives", wrong=share < 1)


def _restores(material: Material) -> Figure:
    found = [line for _, line in lines(within(material.entries, material.period, DRILLED))]
    if not found:
        return Figure("none", "restores were proven by drills", "drills", wrong=True)
    equal, slowest = sum(bool(line["equal"]) for line in found), max(line["seconds"] for line in found)
    label = f"drilled restores were equal, the slowest in {slowest:.1f} s"
    return Figure(f"{equal} of {len(found)}", label, "drills", wrong=equal < len(found))


def _read(material: Material) -> Figure:
    seen = whole_ones(within(material.entries, material.period, VERIFIED))
    bad = sum(bool(one.body["findings"]) for one in seen)
    label = f"verifications of every byte, {bad or 'none'} with findings"
    return Figure(str(len(seen)), label, "integrity", wrong=bool(bad) or not seen)


def evidence(entries: Sequence[LedgerEntry], numbers: Sequence[int]) -> tuple[Row, ...]:
    """The entries that a page refers to: number, instant, event, digest."""
    wanted = set(numbers)
    return tuple(Row((one.sequence, one.at, one.event, one.digest)) for one in entries if one.sequence in wanted)
