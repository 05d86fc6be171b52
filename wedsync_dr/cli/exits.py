"""How a command ends: the exit codes, and how an error is said to people and to programs."""

import json
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType

import click

from wedsync_dr import errors
from wedsync_dr.errors import DisasterRecoveryError

DONE, FAULT, USAGE, SOME_FAILED, FINDINGS, REFUSED, NOT_FOUND, UNAVAILABLE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 7, 130

MEANINGS = {
    DONE: "done",
    FAULT: "a fault of wedsync-dr itself, or nobody read the output to its end",
    USAGE: "usage, settings or rules",
    SOME_FAILED: "some scopes failed, the others are done",
    FINDINGS: "something was found that needs somebody",
    REFUSED: "refused: a conflict, damage, a missing key or privilege, or no consent",
    NOT_FOUND: "not found",
    UNAVAILABLE: "temporarily unavailable; run it again",
    INTERRUPTED: "interrupted with Ctrl-C",
}

EXIT_CODES: dict[type[DisasterRecoveryError], int] = {
    errors.DisasterRecoveryError: FAULT,
    errors.SettingsInvalid: USAGE,
    errors.RulesInvalid: USAGE,
    errors.PolicyInvalid: USAGE,
    errors.MalformedId: USAGE,
    errors.NotInitialised: USAGE,
    errors.SourceUnreachable: UNAVAILABLE,
    errors.SourceRefused: REFUSED,
    errors.ToolMissing: USAGE,
    errors.TargetUnfit: REFUSED,
    errors.ScopeNotFound: NOT_FOUND,
    errors.SnapshotNotFound: NOT_FOUND,
    errors.KeyMissing: REFUSED,
    errors.KeyRefused: REFUSED,
    errors.ObjectMissing: REFUSED,
    errors.ObjectExists: REFUSED,
    errors.VaultUnavailable: UNAVAILABLE,
    errors.FormatUnsupported: REFUSED,
    errors.Damaged: REFUSED,
    errors.ScopeBusy: UNAVAILABLE,
    errors.Conflict: REFUSED,
    errors.PlanStale: UNAVAILABLE,
    errors.RestoreNotEqual: REFUSED,
    errors.SchemaChanged: REFUSED,
    errors.RequestNotFound: NOT_FOUND,
    errors.ApprovalNeeded: REFUSED,
    errors.NotTheOther: REFUSED,
    errors.ApprovalStale: REFUSED,
    errors.AlertNotSent: UNAVAILABLE,
    errors.SchedulerUnreachable: UNAVAILABLE,
    errors.JobNotFound: NOT_FOUND,
    errors.JobOver: REFUSED,
    errors.KeyReused: REFUSED,
    errors.ScheduleNotFound: NOT_FOUND,
    errors.ScheduleInvalid: USAGE,
    errors.NotAuthenticated: REFUSED,
    errors.NotPermitted: REFUSED,
    errors.IdentityUnavailable: UNAVAILABLE,
    errors.TokenNotFound: NOT_FOUND,
}

_STOPPED = "interrupted; nothing half-made is listed; run again"


def exit_code(error: DisasterRecoveryError) -> int:
    """The exit code that a command ends with when this error stops it."""
    return EXIT_CODES[type(error)]


def joint_exit_code(failed: Sequence[DisasterRecoveryError], *, succeeded: int) -> int:
    """The exit code of a batch: where nothing succeeded and all failures are of one kind, that kind's."""
    codes = {exit_code(error) for error in failed}
    if not codes:
        return DONE
    return codes.pop() if succeeded == 0 and len(codes) == 1 else SOME_FAILED


def say_error(error: DisasterRecoveryError, *, as_json: bool) -> int:
    """Say what happened and what to do; returns the exit code."""
    return _say(str(error), type(error).__name__, error.remedy, exit_code(error), as_json=as_json)


def say_misuse(error: click.ClickException, *, as_json: bool) -> int:
    """Say what is wrong with the command as it was typed."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    remedy = f"`{context.command_path if context else 'wedsync-dr'} --help` shows how it is used."
    return _say(error.format_message(), "Usage", remedy, USAGE, as_json=as_json)


def say_declined(*, as_json: bool) -> int:
    """Say that the operator did not agree."""
    return _say(
        "Not confirmed; nothing was changed.", "Declined", "Run it again to be asked again.", REFUSED, as_json=as_json
    )


def say_interrupted(*, as_json: bool) -> int:
    """Say that Ctrl-C ended the command."""
    if as_json:
        click.echo(json.dumps({"error": _STOPPED, "code": "Interrupted", "remedy": "Run it again."}))
    else:
        click.echo(_STOPPED, err=True)
    return INTERRUPTED


def _say(what: str, code: str, remedy: str, exit_with: int, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": what, "code": code, "remedy": remedy}, ensure_ascii=False))
    else:
        click.echo(f"error: {what}\nwhat to do: {remedy}", err=True)
    return exit_with


def hide_messages_of_faults() -> None:
    """From now on an error that is not ours prints its type and its place; its message may hold a row's value."""
    sys.excepthook = _excepthook


def _excepthook(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        say_interrupted(as_json=False)
        return
    click.echo("".join(traceback.format_tb(trace)), err=True)
    click.echo(f"error: {kind.__name__}, a fault of wedsync-dr itself", err=True)
    click.echo("what to do: report the lines above; they hold no data.", err=True)
