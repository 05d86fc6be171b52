"""Who did what, and who approved it: restores, holds, removals, calls, and events that this version does not know."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from wedsync_dr.audit.document import Deviation, Row, Section, Table, table
from wedsync_dr.audit.events import ROUTINE, by_drill, deeds, run_in, scope_in, sentence, who, within
from wedsync_dr.audit.material import Material
from wedsync_dr.audit.period import Period
from wedsync_dr.model import parse_utc
from wedsync_dr.vault.ledger import LedgerEntry

_DECIDED = ("restore-requested", "restore-approved", "restore-refused", "restore-alone")
_MANY = 3  # calls: more by one person are summed up


@dataclass
class RestoreSeen:
    """A restore as the ledger tells it. `decisions` are the requests and approvals that came before it."""

    started: LedgerEntry
    decisions: list[LedgerEntry] = field(default_factory=list)
    ended: LedgerEntry | None = None

    @property
    def approved(self) -> bool:
        """Whether the ledger has an approval of it."""
        return any(one.event == "restore-approved" for one in self.decisions)

    @property
    def approvals(self) -> str:
        """Who decided what; a restore that nobody approved says so."""
        said = [f"{who(one.body) or 'somebody'} {sentence(one)}" for one in self.decisions]
        return "; ".join(said) or "nobody; started at the command line"

    @property
    def outcome(self) -> str:
        return sentence(self.ended) if self.ended else "did not end: nothing was changed, or it was cut off"

    @property
    def numbers(self) -> tuple[int, ...]:
        all_of_it = (*self.decisions, self.started, *((self.ended,) if self.ended else ()))
        return tuple(entry.sequence for entry in all_of_it)


def restores(entries: Iterable[LedgerEntry]) -> list[RestoreSeen]:
    """All restores but those of drills, in the order in which they began, each with the decisions on its scope since
    the one before it."""
    found: list[RestoreSeen] = []
    waiting: dict[str, list[LedgerEntry]] = defaultdict(list)
    under_way: dict[str, RestoreSeen] = {}
    for entry in entries:
        scope = scope_in(entry.body)
        if by_drill(entry):
            continue
        if entry.event in _DECIDED:
            waiting[scope].append(entry)
        elif entry.event == "restore-started":
            under_way[scope] = RestoreSeen(entry, waiting.pop(scope, []))
            found.append(under_way[scope])
        elif entry.event == "restored" and scope in under_way:
            under_way.pop(scope).ended = entry
    return found


def undecided(entries: Sequence[LedgerEntry], period: Period) -> list[LedgerEntry]:
    """Requests, approvals and refusals of the period that no restore followed."""
    followed = {one.sequence for seen in restores(entries) for one in seen.decisions}
    return [one for one in within(entries, period, *_DECIDED) if one.sequence not in followed]


def restores_of(entries: Iterable[LedgerEntry], period: Period) -> list[RestoreSeen]:
    """The restores that began in a period."""
    return [one for one in restores(entries) if parse_utc(one.started.at) in period]


def restore_table(seen: Sequence[RestoreSeen]) -> Table:
    """Every restore and who approved it."""
    columns = "began:instant | scope:id | recovery point:id | mode | who | approved by | outcome | Dagster run:run"
    rows = [_restore(one) for one in seen]
    return table("restores", "Every restore, and who approved it", columns, rows, nothing="Nothing was restored.")


def _restore(one: RestoreSeen) -> Row:
    body = one.started.body
    cells = (one.started.at, scope_in(body), str(body.get("snapshot_id", "")), str(body.get("mode") or "everything"),
             who(body), one.approvals, one.outcome, run_in(body))  # fmt: skip
    return Row(cells, one.numbers, wrong=one.ended is None)


def access(material: Material) -> Section:
    """Restores with their approvals, and everything else that somebody did."""
    entries, period = material.entries, material.period
    seen = restores_of(entries, period)
    told = {number for one in seen for number in one.numbers}
    others = [one for one in within(entries, period) if not _is_told(one) and one.sequence not in told]
    single, many = _split(others)
    text = (
        "Who an entry names is who the tool was run by: the account on the machine, the name of the API's token, or "
        "the run of Dagster, whose own records say who launched it. A restore at the command line asks for no "
        "approval. Restores by drills stand with the drills.",
    )
    tables = (
        restore_table(seen),
        deeds(
            undecided(entries, period), "decisions_without_restore", "Requests and decisions that no restore followed"
        ),
        deeds(
            [one for one in single if one.event not in _DECIDED], "deeds", "Everything else that was done by somebody"
        ),
        _summed(many),
    )
    controls = ("CC6.1", "CC6.2", "CC6.3")
    return Section("access", "Access and approvals", controls, text, tables, deviations=tuple(_doubtful(seen)))


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


def _doubtful(seen: Sequence[RestoreSeen]) -> Iterator[Deviation]:
    for one in seen:
        if any(entry.event == "restore-alone" for entry in one.decisions):
            what = f"{scope_in(one.started.body)} was restored by one person alone, in an emergency: review it."
            yield Deviation(what, "", one.numbers)
        if one.ended is None:
            yield Deviation(f"The restore of {scope_in(one.started.body)} of {one.started.at[:16]} did not end.", "",
                            one.numbers)  # fmt: skip
