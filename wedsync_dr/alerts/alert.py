"""What an alert is: something that is wrong now, where, since when, and what to do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Severity(StrEnum):
    """An error threatens a recovery point or an objective now; a warning will, if nobody looks."""

    ERROR = "error"
    WARNING = "warning"


class AlertCode(StrEnum):
    """The codes are stable: the runbook has a heading for each."""

    NOTHING_PROTECTED = "nothing-protected"
    UNPROTECTED = "unprotected"
    OBJECTIVE_MISSED = "objective-missed"
    VANISHED = "vanished"
    DRILL_FAILED = "drill-failed"
    DRILL_MISSING = "drill-missing"
    VERIFICATION_FINDINGS = "verification-findings"
    VERIFICATION_MISSING = "verification-missing"
    VAULT_SPACE = "vault-space"
    VAULT_UNREADABLE = "vault-unreadable"
    SOURCE_UNREADABLE = "source-unreadable"
    CHANNEL_FAILED = "channel-failed"
    RESTORE_ALONE = "restore-alone"
    RUN_FAILED = "run-failed"


@dataclass(frozen=True)
class Alert:
    """Something that is wrong now. `subjects` are the ids of the scopes it is about, the worst first; never a name.

    Two alerts of one `key` are the same trouble at two instants. What must first have lasted for a while before people
    are told has `patience`.
    """

    code: AlertCode
    severity: Severity
    title: str
    what_to_do: str
    part: str = ""
    subjects: tuple[str, ...] = ()
    since: datetime | None = None
    patience: timedelta = timedelta()

    @property
    def key(self) -> str:
        return f"{self.code.value}:{self.part}"


@dataclass(frozen=True)
class Judgement:
    """All that is wrong, and of which codes nothing can be said: what could not be read is not thereby well."""

    alerts: tuple[Alert, ...]
    unknown: frozenset[AlertCode] = frozenset()
