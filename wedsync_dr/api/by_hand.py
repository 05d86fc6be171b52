"""The same thing on the command line: what a refusal advises while Dagster is down."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wedsync_dr.errors import SchedulerUnreachable
from wedsync_dr.model import ScopeId


@contextmanager
def by_hand(otherwise: str) -> Iterator[None]:
    """Where Dagster does not do what is asked inside, the refusal says how else it is done."""
    try:
        yield
    except SchedulerUnreachable as error:
        raise SchedulerUnreachable(str(error), remedy=otherwise) from None


def by_command(command: str) -> str:
    """The advice to do it with a command, which needs no Dagster."""
    return f"What cannot wait is done where vault and keyring are: `{command}`. Else see that Dagster runs."


def snapshot_command(scopes: Sequence[ScopeId] | None, *, changed_only: bool) -> str:
    """The command that takes these snapshots (None: everything) at one instant."""
    if scopes is None:
        return "wedsync-dr snapshot " + ("--changed" if changed_only else "--all")
    named = [f"--{scope.kind.value} {shlex.quote(scope.id)}" for scope in scopes]
    return " ".join(["wedsync-dr snapshot", *named, *(["--changed"] if changed_only else [])])
