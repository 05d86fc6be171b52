"""Triggers, rules and event triggers, off while a restore writes, and back as they were before it commits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg

from wedsync_dr.errors import SourceRefused
from wedsync_dr.model import TableName, quoted
from wedsync_dr.source.guards import EventTrigger, Hook

GRANT = "GRANT SET ON PARAMETER session_replication_role TO the role (PostgreSQL 15 or newer)."
_FIRES_AS_REPLICA = {"A", "R"}
_ENABLE = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}


@dataclass(frozen=True)
class Silenced:
    """A trigger or rule of a table, or an event trigger, that will not run."""

    table: TableName | None
    name: str
    kind: str


class Silence:
    """Nothing that somebody wrote runs between `begin` and `end`; the transaction that ends badly puts all back itself.

    As a replica most of it is off by itself. Where the role may not become one, each trigger and rule is switched off.
    """

    def __init__(
        self, connection: psycopg.Connection, hooks: Iterable[Hook], event_triggers: Iterable[EventTrigger]
    ) -> None:
        self._connection, self._hooks, self._event_triggers = connection, list(hooks), list(event_triggers)
        self._disabled: list[Hook] = []
        self._disabled_events: list[EventTrigger] = []

    def begin(self) -> bool:
        """Returns whether foreign keys are still enforced row by row (the role may not become a replica).

        Raises SourceRefused, with the GRANT that is missing, where something would run all the same.
        """
        enforced = not self._may("SET LOCAL session_replication_role = replica")
        self._silence_events([event for event in self._event_triggers if _fires(event.enabled, enforced)])
        for hook in self._hooks:
            if _fires(hook.enabled, enforced):
                self._alter(hook, "DISABLE")
                self._disabled.append(hook)
        return enforced

    def end(self) -> None:
        """Put back what was switched off. Checks that wait for the end of the transaction are made first."""
        if self._disabled:
            self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for hook in self._disabled:
            self._alter(hook, _ENABLE[hook.enabled])
        for event in self._disabled_events:
            self._connection.execute(f"ALTER EVENT TRIGGER {event.sql} {_ENABLE[event.enabled]}".encode())

    def _silence_events(self, firing: Sequence[EventTrigger]) -> None:
        if not firing:
            return
        if self._connection.info.server_version >= 170000 and self._may("SET LOCAL event_triggers = off"):
            return
        for event in firing:
            if not self._may(f"ALTER EVENT TRIGGER {event.sql} DISABLE"):
                raise SourceRefused(
                    f"Event trigger {event.name} would run while rows are restored; the role may not switch it off.",
                    remedy=f"{GRANT} Or let a superuser run ALTER EVENT TRIGGER {event.sql} DISABLE meanwhile.",
                )
            self._disabled_events.append(event)

    def _alter(self, hook: Hook, action: str) -> None:
        only = "ONLY " if hook.kind == "trigger" else ""
        statement = f"ALTER TABLE {only}{hook.on.sql} {action} {hook.kind.upper()} {quoted(hook.name)}"
        if not self._may(statement):
            raise SourceRefused(f"The role may not switch off triggers and rules of {hook.on}.", remedy=GRANT)

    def _may(self, statement: str) -> bool:
        """Execute a statement, unless the role may not."""
        try:
            with self._connection.transaction():
                self._connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege:
            return False
        return True


def _fires(enabled: str, enforced: bool) -> bool:
    return enabled in ("O", "A") if enforced else enabled in _FIRES_AS_REPLICA


def silenced(hooks: Iterable[Hook], events: Iterable[EventTrigger]) -> list[Silenced]:
    """What would run and will not."""
    found = [Silenced(hook.on, hook.name, hook.kind) for hook in hooks]
    return [*found, *(Silenced(None, event.name, "event trigger") for event in events)]
