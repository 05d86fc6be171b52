"""What the ledger's events mean to an auditor: a table of known names, and a way to show all others.

Of an event that is not known only what cannot hold a person's data is shown: when, which scope, and who.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from wedsync_dr.audit.document import Row, Table, counted, table
from wedsync_dr.audit.period import Period
from wedsync_dr.model import utc_text
from wedsync_dr.vault.ledger import LedgerEntry

ROUTINE = frozenset(
    {"batch-started", "snapshots", "batch-finished", "batch-abandoned", "verified", "drilled", "channel", "reported"}
)
"""What runs by the clock and has sections of its own; everything else was done by somebody."""

_WHO = ("approved_by", "refused_by", "by", "subject", "requested_by")
_RUN = re.compile(r"\bdagster run ([0-9a-f-]{36})\b")
_LONGEST = 120


def _rows(body: dict[str, Any]) -> str:
    rows = body.get("rows")
    counts = rows if isinstance(rows, dict) else {}
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "no rows"


_PLAIN = {
    "restore-requested": "asked for a restore",
    "restore-approved": "approved a restore",
    "restore-refused": "refused a restore",
    "restore-withdrawn": "withdrew the request",
    "approval-used": "used the approval",
    "alone-acknowledged": "saw that somebody went alone",
    "token-revoked": "revoked a token",
    "reported": "made a report",
}
_KNOWN: dict[str, Callable[[dict[str, Any]], str]] = {
    "api-call": lambda body: " ".join(
        ("called", _text(body, "method"), _text(body, "path"), str(body.get("status", "")))
    ),
    "token-created": lambda body: f"made a token with the role {_text(body, 'role') or 'unknown'}",
    "restore-alone": lambda body: f"went alone in an emergency: {_text(body, 'reason') or 'no reason given'}",
    "restore-started": lambda body: f"began a restore ({_text(body, 'mode') or 'the whole platform'})",
    "restored": lambda body: f"restored ({_rows(body)})" if "rows" in body else "restored the platform",
    "removed": lambda body: f"removed {counted(len(body.get('snapshots', ())), 'snapshot')} by the policy",
    "held": lambda body: f"held it until {_text(body, 'until') or 'released'}: {_text(body, 'reason')}",
    "released": lambda body: f"released the hold: {_text(body, 'reason')}",
    "drilled": lambda body: "drilled" if body.get("ok") else "drilled, and found problems",
    "verified": lambda body: "verified the vault" if body.get("whole") else "verified a part of the vault",
}


def sentence(entry: LedgerEntry) -> str:
    """What was done."""
    known = _KNOWN.get(entry.event)
    return known(entry.body) if known else _PLAIN.get(entry.event, entry.event.replace("-", " "))


def who(body: dict[str, Any]) -> str:
    """Who did it, as the ledger says; a run of Dagster by that name alone, as its id stands beside it."""
    return _RUN.sub("Dagster", named(body))


def named(body: dict[str, Any]) -> str:
    """Who did it, in the ledger's words; a person is an object with a `subject`."""
    return next((text for name in _WHO if (text := _text(body, name) or _subject(body.get(name)))), "")


def _subject(value: object) -> str:
    return _text(value, "subject") if isinstance(value, dict) else ""


def by_drill(entry: LedgerEntry) -> bool:
    """Whether a drill did it, in a scratch database: drills have a section of their own."""
    return named(entry.body).startswith("drill of ")


def scope_in(body: dict[str, Any]) -> str:
    """The scope that an entry is about; empty where it names none."""
    kind, scope_id = _text(body, "kind"), _text(body, "id") or _text(body, "scope_id")
    return f"{kind}/{scope_id}" if kind and scope_id else ""


def run_in(body: dict[str, Any]) -> str:
    """The id of the Dagster run that did it; empty where none is named."""
    found = _RUN.search(named(body))
    return found[1] if found else _text(body, "run_id")


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value[:_LONGEST] if isinstance(value, str) else ""


def within(entries: Iterable[LedgerEntry], period: Period, *events: str) -> list[LedgerEntry]:
    """The entries of a period, of some events or of all."""
    begin, end = utc_text(period.begin), utc_text(period.end)
    return [one for one in entries if begin <= one.at < end and (not events or one.event in events)]


def deeds(entries: Iterable[LedgerEntry], name: str, caption: str, *, nothing: str = "None in this period.") -> Table:
    """Entries as a table: when, what, of which scope, who, in which run."""
    columns = "at:instant | event | what | scope:id | who | Dagster run:run"
    rows = [
        Row((one.at, one.event, sentence(one), scope_in(one.body), who(one.body), run_in(one.body)), (one.sequence,))
        for one in entries
    ]
    return table(name, caption, columns, rows, nothing=nothing)
