"""Who did what, and who approved it: restores, holds, removals, calls, and events that this version does not know."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from wedsync_dr.audit.document import Deviation, Row, Section, Table, table
from wedsync_dr.audit.events import ROUTINE, by_drill, deeds, scope_in, who, within
from wedsync_dr.audit.material import Material
from wedsync_dr.audit.restores import ALONE, DECIDED, SEEN, RestoreSeen, restore_table, restores_of, undecided
from wedsync_dr.vault.ledger import LedgerEntry

_MANY = 3  # calls: more by one person are summed up


def access(material: Material) -> Section:
    """Restores with their approvals, and everything else that somebody did."""
    entries, period = material.entries, material.period
    seen = restores_of(entries, period)
    told = {number for one in seen for number in one.numbers}
    others = [one for one in within(entries, period) if not _is_told(one) and one.sequence not in told]
    single, many = _split(others)
    text = (
        "Who an entry names is who the tool was run by: the account on the machine, the subject of a token, or the "
        "run of Dagster, whose own records say who launched it. An approval is one by somebody else than who asked "
        "for it. Restores by drills stand with the drills.",
    )
    tables = (
        restore_table(seen),
        deeds(
            undecided(entries, period), "decisions_without_restore", "Requests and decisions that no restore followed"
        ),
        deeds(
            [one for one in single if one.event not in DECIDED], "deeds", "Everything else that was done by somebody"
        ),
        _summed(many),
    )
    controls = ("CC6.1", "CC6.2", "CC6.3")
    return Section(
        "access", "Access and approvals", controls, text, tables, deviations=tuple(_doubtful(seen, material.entries))
    )


def _is_told(entry: LedgerEntry) -> bool:
    """Whether another section has it."""
    return entry.event in ROUTINE or by_drill(entry)


def _split(entries: Sequence[LedgerEntry]) -> tuple[list[LedgerEntry], dict[tuple[str, str], list[LedgerEntry]]]:
    """Single deeds, and those that one person did many times."""
    groups: dict[tuple[str, str], list[LedgerEntry]] = defaultdict(list)
    for one in entries:
        groups[one.event, who(one.body)].append(one)
    many = {key: found for key, found in groups.items() if len(found) > _MANY and key[0] == "api-call"}
    summed = {one.sequence for found in many.values() for one in found}
    return [one for one in entries if one.sequence not in summed], many


def _summed(many: dict[tuple[str, str], list[LedgerEntry]]) -> Table:
    columns = "event | who | times:number | first:instant | last:instant"
    rows = [
        Row((event, name, len(found), found[0].at, found[-1].at), tuple(one.sequence for one in found))
        for (event, name), found in sorted(many.items())
    ]
    return table("calls", "Calls of the API, by who made them", columns, rows)


def _doubtful(seen: Sequence[RestoreSeen], entries: Sequence[LedgerEntry]) -> Iterator[Deviation]:
    """Who went alone, until somebody has seen it; and what did not end."""
    looked = {
        one.body.get("request"): f"{one.at[:16]}, seen by {who(one.body)}" for one in entries if one.event == SEEN
    }
    for one in seen:
        alone = next((entry for entry in one.decisions if entry.event == ALONE), None)
        if alone:
            what = f"{scope_in(one.started.body)} was restored by one person alone, in an emergency: review it."
            yield Deviation(what, looked.get(alone.body.get("request", ""), ""), one.numbers)
        if one.ended is None:
            yield Deviation(f"The restore of {scope_in(one.started.body)} of {one.started.at[:16]} did not end.", "",
                            one.numbers)  # fmt: skip
