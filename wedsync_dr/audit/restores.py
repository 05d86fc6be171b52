"""Restores as the ledger tells them: who asked, who approved, what was restored."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wedsync_dr.audit.document import Row, Table, table
from wedsync_dr.audit.events import by_drill, named, run_in, scope_in, sentence, who, within
from wedsync_dr.audit.period import Period
from wedsync_dr.model import SCHEMA, parse_utc
from wedsync_dr.vault.ledger import LedgerEntry

ALONE, SEEN = "restore-alone", "alone-acknowledged"
DECIDED = (
    "restore-requested",
    "restore-approved",
    "restore-refused",
    "restore-withdrawn",
    ALONE,
    "approval-used",
)
_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ASKED, _USED = "restore-requested", "approval-used"


@dataclass
class RestoreSeen:
    """A restore as the ledger tells it. `decisions` are those about the request that it names, or, where it names none,
    those that name none either.
    """

    started: LedgerEntry
    decisions: list[LedgerEntry] = field(default_factory=list)
    ended: LedgerEntry | None = None

    @property
    def approved(self) -> bool:
        """Whether the ledger has an approval of it by somebody else than who asked for it."""
        asked = {named(one.body) for one in (self.started, *self.decisions) if one.event in (_ASKED, "restore-started")}
        return any(one.event == "restore-approved" and named(one.body) not in asked for one in self.decisions)

    @property
    def approvals(self) -> str:
        """Who decided what, but for who asked and who used it; a restore that nobody else approved says so."""
        decided = [one for one in self.decisions if one.event not in (_ASKED, _USED)]
        said = [f"{who(one.body) or 'somebody'} {sentence(one)}" for one in decided]
        return "; ".join([*said, *([] if self.approved else ["nobody else approved it"])])

    @property
    def run(self) -> str:
        """The run of Dagster that carried it out, as far as the ledger has it."""
        used = [str(one.body.get("use", "")) for one in self.decisions if one.event == _USED]
        return run_in(self.started.body) or next((one for one in used if _RUN.fullmatch(one)), "")

    @property
    def outcome(self) -> str:
        return sentence(self.ended) if self.ended else "did not end: nothing was changed, or it was cut off"

    @property
    def numbers(self) -> tuple[int, ...]:
        all_of_it = (*self.decisions, self.started, *((self.ended,) if self.ended else ()))
        return tuple(entry.sequence for entry in all_of_it)


def restores(entries: Iterable[LedgerEntry]) -> list[RestoreSeen]:
    """All restores but those of drills, in the order in which they began, each with its decisions: those of the request
    that it names, also later ones, or those on its scope that name none, since the restore before it."""
    found: list[RestoreSeen] = []
    scopes: dict[str, str] = {}
    waiting: dict[str, list[LedgerEntry]] = defaultdict(list)
    under_way: dict[str, RestoreSeen] = {}
    requests: dict[object, RestoreSeen] = {}
    for entry in entries:
        if by_drill(entry):
            continue
        if entry.event in DECIDED:
            scope, request = _scope_of(entry, scopes), entry.body.get("request")
            (requests[request].decisions if request in requests else waiting[scope]).append(entry)
        elif entry.event == "restore-started":
            scope, request = scope_in(entry.body), entry.body.get("request")
            under_way[scope] = RestoreSeen(entry, _taken(waiting, scope, request))
            found.append(under_way[scope])
            if request is not None:
                requests[request] = under_way[scope]
        elif entry.event == "restored" and scope_in(entry.body) in under_way:
            under_way.pop(scope_in(entry.body)).ended = entry
    return found


def _scope_of(entry: LedgerEntry, scopes: dict[str, str]) -> str:
    """The scope that a decision is about: its own, or that of the request it names."""
    request = str(entry.body.get("request", ""))
    own = scope_in(entry.body) or (str(SCHEMA) if entry.body.get("everything") else "")
    if request and own:
        scopes[request] = own
    return own or scopes.get(request, "")


def _taken(waiting: dict[str, list[LedgerEntry]], scope: str, request: object) -> list[LedgerEntry]:
    """The decisions that a restore stands on; those of other requests go on waiting."""
    there = waiting.pop(scope, [])
    waiting[scope] = [one for one in there if one.body.get("request") != request]
    return [one for one in there if one.body.get("request") == request]


def undecided(entries: Sequence[LedgerEntry], period: Period) -> list[LedgerEntry]:
    """Requests, approvals and refusals of the period that no restore followed."""
    followed = {one.sequence for seen in restores(entries) for one in seen.decisions}
    return [one for one in within(entries, period, *DECIDED) if one.sequence not in followed]


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
             who(body), one.approvals, one.outcome, one.run)  # fmt: skip
    return Row(cells, one.numbers, wrong=one.ended is None)
