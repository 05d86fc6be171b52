"""The words of a verification on the wire. The score is there for the platform's interface; it decides nothing."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from wedsync_dr.api.backup_id import EXAMPLE as BACKUP_ID
from wedsync_dr.api.backup_id import backup_id
from wedsync_dr.api.checker import State
from wedsync_dr.api.wire import Asked, Wire
from wedsync_dr.model import FindingCode, utc_text
from wedsync_dr.verification.checked import Checked, Found
from wedsync_dr.verification.depth import CHECKS, Check, Depth

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]
Category = Literal["INTEGRITY", "ENCRYPTION", "DATA_CONSISTENCY", "PERFORMANCE"]
_COSTS: Mapping[Severity, int] = {"CRITICAL": 30, "HIGH": 20, "MEDIUM": 10, "LOW": 5}
_BEST_OF_INVALID = 79
_TEXTS: Mapping[FindingCode, tuple[Severity, Category, str]] = {
    FindingCode.MISSING: ("CRITICAL", "INTEGRITY", "It is not there."),
    FindingCode.ALTERED: ("CRITICAL", "INTEGRITY", "Its bytes are not those that were sealed."),
    FindingCode.SWAPPED: ("CRITICAL", "INTEGRITY", "Another object stands in its place."),
    FindingCode.UNREADABLE: ("CRITICAL", "ENCRYPTION", "It cannot be read, or does not authenticate under its key."),
    FindingCode.KEY_MISSING: ("CRITICAL", "ENCRYPTION", "The keyring does not hold its key."),
    FindingCode.UNSIGNED: ("CRITICAL", "INTEGRITY", "The manifest is not signed by this vault's key."),
    FindingCode.NOT_IN_LEDGER: ("CRITICAL", "INTEGRITY", "No entry of the ledger names it."),
    FindingCode.OLDER_THAN_LEDGER: ("CRITICAL", "INTEGRITY", "The ledger says that it is gone; somebody put it back."),
    FindingCode.ORPHAN_OBJECT: ("MEDIUM", "INTEGRITY", "The manifest does not list this object."),
    FindingCode.FOREIGN_FILE: ("LOW", "INTEGRITY", "This file is not wedsync_dr's."),
    FindingCode.WRONG_CONTENT: ("CRITICAL", "DATA_CONSISTENCY", "The rows are not those that were sealed."),
    FindingCode.OPEN_LINK: ("HIGH", "DATA_CONSISTENCY", "Rows refer to rows of the snapshot that are not in it."),
    FindingCode.LEDGER_BROKEN: ("CRITICAL", "INTEGRITY", "The ledger is broken."),
    FindingCode.NEWER_FORMAT: ("HIGH", "INTEGRITY", "A newer wedsync_dr wrote it."),
    FindingCode.NOTHING_CHECKED: ("CRITICAL", "INTEGRITY", "There was nothing to check."),
}


class ValidationRequest(Asked):
    """Which snapshot, and how deep. `include…` leave a part of FULL out where they are false: without encryption
    nothing is opened, without consistency no row is looked at. What is opened has its digest checked in any case.
    """

    backup_id: str = Field(min_length=1, max_length=500, examples=[BACKUP_ID])
    validation_type: Depth = Depth.FULL
    include_integrity_check: bool = True
    include_encryption_validation: bool = True
    include_data_consistency_check: bool = True

    @property
    def depth(self) -> Depth:
        """How deep that is."""
        if self.validation_type is not Depth.FULL:
            return self.validation_type
        if not self.include_encryption_validation:
            return Depth.INTEGRITY_ONLY if self.include_integrity_check else Depth.QUICK
        return Depth.FULL if self.include_data_consistency_check else Depth.ENCRYPTION_ONLY


class Issue(Wire):
    """A finding; docs/runbook.md has a heading for each code."""

    code: FindingCode
    severity: Severity
    category: Category
    description: str
    recommendation: str
    object: str | None


class Warned(Wire):
    """Something that does not make a snapshot worse."""

    category: Literal["PERFORMANCE", "BEST_PRACTICE", "SECURITY"]
    description: str
    suggestion: str


class Validation(Wire):
    """A verification. `isValid` is false where any check failed, whatever the score, and null until it is done."""

    validation_id: str
    backup_id: str
    validation_type: Depth
    status: State
    is_valid: bool | None
    validation_score: int | None
    issues: list[Issue]
    warnings: list[Warned]
    completed_checks: list[Check]
    requested_at: str
    validated_at: str | None


class Summary(Wire):
    """The verifications of the last 30 days that are done, and the ten newest."""

    total_validations: int
    valid_backups: int
    invalid_backups: int
    average_validation_score: float | None
    validations: list[Validation]


class ValidationAnswer(Wire):
    """One verification. `poll` is where to look while it is not done."""

    success: bool = True
    validation: Validation
    poll: str | None = None


class Validations(Wire):
    """Verifications: of a snapshot, or in summary."""

    success: bool = True
    validation: Validation | None = None
    validations: list[Validation] | None = None
    summary: Summary | None = None


def validation(checked: Checked, state: State) -> Validation:
    """A verification on the wire."""
    done = checked.at is not None
    issues = [_issue(one) for one in checked.found]
    return Validation(
        validation_id=checked.id,
        backup_id=backup_id(checked.ref.scope, checked.ref.snapshot_id),
        validation_type=checked.depth,
        status=state,
        is_valid=checked.intact if done else None,
        validation_score=_score(issues) if done else None,
        issues=issues,
        warnings=_warnings(checked.depth) if done else [],
        completed_checks=list(CHECKS[checked.depth]) if done else [],
        requested_at=utc_text(checked.asked),
        validated_at=utc_text(checked.at) if checked.at else None,
    )


def _issue(found: Found) -> Issue:
    severity, category, description = _TEXTS[found.code]
    recommendation = f"docs/runbook.md, {found.code.value}. Restores use the newest intact recovery point."
    return Issue(
        code=found.code,
        severity=severity,
        category=category,
        description=description,
        recommendation=recommendation,
        object=found.object,
    )


def _score(issues: list[Issue]) -> int:
    """As the platform's interface counts, but what failed a check never looks like what passed all."""
    score = max(0, 100 - sum(_COSTS[one.severity] for one in issues))
    return min(score, _BEST_OF_INVALID) if issues else score


def _warnings(depth: Depth) -> list[Warned]:
    if depth is Depth.FULL:
        return []
    left_out = ", ".join(one.value for one in Check if one not in CHECKS[depth])
    return [
        Warned(
            category="BEST_PRACTICE",
            description=f"Not looked at: {left_out}.",
            suggestion="FULL looks at everything.",
        )
    ]


_DONE: dict[str, Any] = {
    "validationId": "v-5f2c8a1e9b3d7a60",
    "backupId": BACKUP_ID,
    "validationType": "FULL",
    "status": "COMPLETED",
    "isValid": True,
    "validationScore": 100,
    "issues": [],
    "warnings": [],
    "completedChecks": [one.value for one in Check],
    "requestedAt": "2026-11-24T09:10:00.000000Z",
    "validatedAt": "2026-11-24T09:10:00.120000Z",
}
DONE = {"success": True, "validation": _DONE, "poll": None}
WAITING = {
    "success": True,
    "validation": {
        **_DONE, "status": "INITIATED", "isValid": None, "validationScore": None, "completedChecks": [],
        "validatedAt": None,
    },
    "poll": "/api/backup/validation/v-5f2c8a1e9b3d7a60",
}  # fmt: skip
LISTED = {
    "success": True,
    "validation": None,
    "validations": None,
    "summary": {
        "totalValidations": 1,
        "validBackups": 1,
        "invalidBackups": 0,
        "averageValidationScore": 100.0,
        "validations": [_DONE],
    },
}
