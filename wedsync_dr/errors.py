"""Every error that wedsync_dr raises on purpose: what happened, and what to do next.

A message may name tables, columns, scopes, snapshots and keys' ids; it never holds a value of a row or key material.
`docs/runbook.md` has a heading for each class.
"""

from typing import Self


class DisasterRecoveryError(Exception):
    """What happened (`str(error)`), the next step (`remedy`), whether the same call may work later (`transient`)."""

    transient = False

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy

    def at(self, where: str) -> Self:
        """The same error, which says first where it happened."""
        return type(self)(f"{where}: {self}", remedy=self.remedy)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), str(self), self.remedy)


def _rebuild(kind: type[DisasterRecoveryError], what: str, remedy: str) -> DisasterRecoveryError:
    return kind(what, remedy=remedy)


class SettingsInvalid(DisasterRecoveryError):
    """A setting is absent or makes no sense."""


class RulesInvalid(DisasterRecoveryError):
    """`rules.toml` names something that the database or the format does not have."""


class PolicyInvalid(DisasterRecoveryError):
    """`policy.toml` names something that a policy does not have, or numbers that cannot be meant."""


class MalformedId(DisasterRecoveryError):
    """The text is not the id of any scope, table or snapshot."""


class NotInitialised(DisasterRecoveryError):
    """Root key, keyring or vault do not exist yet."""


class SourceUnreachable(DisasterRecoveryError):
    """The database does not answer, or the connection was lost."""

    transient = True


class SourceRefused(DisasterRecoveryError):
    """The database answered and said no: wrong password, missing privilege, rows hidden by a policy."""


class ToolMissing(DisasterRecoveryError):
    """A program that is needed is not there: one of PostgreSQL as new as the server, or a browser that prints."""


class TargetUnfit(DisasterRecoveryError):
    """The database to rebuild the platform in is not empty, or lacks something that the platform needs."""


class ScopeNotFound(DisasterRecoveryError):
    """No such wedding, vendor or platform table in the source or the vault."""


class SnapshotNotFound(DisasterRecoveryError):
    """The scope exists but has no snapshot at or before the asked instant."""


class KeyMissing(DisasterRecoveryError):
    """The keyring does not hold the key: erased, never created, or another keyring."""


class KeyRefused(DisasterRecoveryError):
    """The root key does not open the keyring, or its file is readable by others."""


class ObjectMissing(DisasterRecoveryError):
    """The store has no object of that name."""


class ObjectExists(DisasterRecoveryError):
    """An object of that name was written before; objects are written once."""


class VaultUnavailable(DisasterRecoveryError):
    """The store cannot be read or written: full, read-only, gone."""

    transient = True


class FormatUnsupported(DisasterRecoveryError):
    """Written by a newer wedsync_dr, or not by wedsync_dr at all."""


class Damaged(DisasterRecoveryError):
    """An object, manifest or ledger entry is not what was written."""


class ScopeBusy(DisasterRecoveryError):
    """Another run is taking or restoring a snapshot of the same scope."""

    transient = True


class Conflict(DisasterRecoveryError):
    """The restore would change what it does not own, or break a constraint."""


class PlanStale(DisasterRecoveryError):
    """Rows moved between plan and apply."""

    transient = True


class RestoreNotEqual(DisasterRecoveryError):
    """After writing, the database did not hold what the snapshot says; everything was rolled back."""


class SchemaChanged(DisasterRecoveryError):
    """The snapshot's columns do not fit the database's columns."""


class RequestNotFound(DisasterRecoveryError):
    """Nobody asked for a restore under that id."""


class ApprovalNeeded(DisasterRecoveryError):
    """What is asked takes the approval of another person, or a reason, which it does not have."""


class NotTheOther(DisasterRecoveryError):
    """Whoever does this may not: nobody approves what they asked for themselves, nor withdraws what others did."""


class ApprovalStale(DisasterRecoveryError):
    """The request is over: expired, used, refused, withdrawn, or the plan is not the one that was approved."""


class AlertNotSent(DisasterRecoveryError):
    """A channel for alerts did not take a message."""

    transient = True


class NotAuthenticated(DisasterRecoveryError):
    """Nobody says who is calling, or the credentials do not hold."""


class NotPermitted(DisasterRecoveryError):
    """The caller is known and may not do this."""


class IdentityUnavailable(DisasterRecoveryError):
    """The issuer of identities does not tell its keys, so nothing it signed can be checked."""

    transient = True


class TokenNotFound(DisasterRecoveryError):
    """No token has this id."""


class SchedulerUnreachable(DisasterRecoveryError):
    """Dagster does not answer, or does not take what it is asked; what is stored can still be read."""

    transient = True


class JobNotFound(DisasterRecoveryError):
    """No such job, or none that the caller may know of."""


class JobOver(DisasterRecoveryError):
    """The job has ended; there is nothing left to stop."""


class KeyReused(DisasterRecoveryError):
    """The idempotency key was used before, for something else."""


class ScheduleNotFound(DisasterRecoveryError):
    """No such schedule or sensor, or none that the caller may know of."""


class ScheduleInvalid(DisasterRecoveryError):
    """A schedule that can never run, or whose cron line or time zone makes no sense."""
