"""What a report is worked out from, read once: ledger, vault, keyring, source, and what Dagster remembers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wedsync_dr.alerts.alert import Alert
from wedsync_dr.audit.period import Period
from wedsync_dr.model import Finding, Manifest, ScopeId
from wedsync_dr.schedule.policy import DEFAULT, Policy
from wedsync_dr.schedule.retention import Held, RetentionPlan
from wedsync_dr.scope.discovery import ScopeInfo
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr.vault.ledger_state import LedgerState


@dataclass(frozen=True)
class KeyFact:
    """A key that snapshots in the vault are sealed with, and when it was made; None where the keyring has it not."""

    scope: ScopeId
    key_id: str
    made_at: datetime | None


@dataclass(frozen=True)
class CheckSeen:
    """One evaluation of an asset check, as Dagster remembers it."""

    check: str
    at: datetime
    passed: bool
    run_id: str


@dataclass(frozen=True)
class RunSeen:
    """A run, as Dagster remembers it."""

    job: str
    run_id: str
    succeeded: bool
    ended: datetime


@dataclass(frozen=True)
class DagsterSide:
    """What Dagster remembers of the period and a few hours around it."""

    checks: tuple[CheckSeen, ...] = ()
    runs: tuple[RunSeen, ...] = ()


@dataclass(frozen=True)
class Unread:
    """A part that could not be read: what it is, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Material:
    """Everything. `entries` are all readable entries up to when the report is made, `state` what they add up to.

    `stored` are the snapshots of the vault, `broken` what is wrong with their manifests. Of what could not be read
    there is None, and `unread` says why: it is never taken for an empty answer.
    """

    period: Period
    made_at: datetime
    made_by: str
    tool: str
    entries: tuple[LedgerEntry, ...]
    state: LedgerState
    chain: tuple[Finding, ...] = ()
    stored: tuple[Manifest, ...] = ()
    broken: tuple[Finding, ...] = ()
    keys: tuple[KeyFact, ...] = ()
    signing_key_made: datetime | None = None
    public_key: str = ""
    policy: Policy = DEFAULT
    rules_digest: str = ""
    time_zone: str = "UTC"
    infos: tuple[ScopeInfo, ...] | None = None
    scopes: Mapping[str, Any] | None = None
    held: tuple[Held, ...] | None = None
    overdue: RetentionPlan | None = None
    alerts: tuple[Alert, ...] = ()
    dagster: DagsterSide | None = None
    unread: tuple[Unread, ...] = field(default=())

    @property
    def until(self) -> datetime:
        """The end of the period, or when the report was made where that came first."""
        return min(self.period.end, self.made_at)
