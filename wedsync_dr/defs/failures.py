"""Our errors, told to Dagster: what happened, what to do next, and whether the same step may be tried again."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import ScopeId

AGAIN = dg.RetryPolicy(
    max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL
)  # a database that restarts is back by then
SHOWN = 100  # rows of a table in metadata; the core's own output lists all

Problem = tuple[ScopeId | None, str, str]
"""Which scope, what is wrong, what to do."""


@contextmanager
def told_to_dagster() -> Iterator[None]:
    """Errors of ours raised inside become `dg.Failure`; their causes stay out of the event log."""
    try:
        yield
    except DisasterRecoveryError as error:
        raise failure(error) from None


def failure(error: DisasterRecoveryError) -> dg.Failure:
    """The failure that says what an error says. Dagster tries again only what is transient."""
    metadata = {"remedy": error.remedy, "error": type(error).__name__}
    return dg.Failure(str(error), metadata=metadata, allow_retries=error.transient)


def refused(what: str, *, remedy: str) -> dg.Failure:
    """The failure of a step that was asked for something it must not do."""
    return dg.Failure(what, metadata={"remedy": remedy}, allow_retries=False)


def some_failed(failed: Sequence[tuple[ScopeId, DisasterRecoveryError]]) -> dg.Failure:
    """The failure of a batch in which some scopes have no snapshot now."""
    problems = [(scope, str(error), error.remedy) for scope, error in failed]
    return dg.Failure(
        f"{len(failed)} scope(s) have no new snapshot; the others have.",
        metadata={"failed": problem_table(problems)},
        allow_retries=all(error.transient for _, error in failed),
    )


def listed(scopes: Sequence[ScopeId], most: int = 10) -> str:
    """Some scopes, and how many more there are."""
    more = f" and {len(scopes) - most} more" if len(scopes) > most else ""
    return ", ".join(map(str, scopes[:most])) + more


def problem_table(problems: Iterable[Problem]) -> dg.TableMetadataValue:
    """A table that names the scope, what is wrong and what to do."""
    rows = list(problems)
    records = [_record(str(scope) if scope else "the vault", what, remedy) for scope, what, remedy in rows[:SHOWN]]
    if len(rows) > SHOWN:
        records.append(
            _record("…", f"{len(rows) - SHOWN} more", "`wedsync-dr verify` and `wedsync-dr scopes` list all.")
        )
    columns = [dg.TableColumn("scope"), dg.TableColumn("what"), dg.TableColumn("what_to_do")]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns))


def _record(scope: str, what: str, remedy: str) -> dg.TableRecord:
    return dg.TableRecord({"scope": scope, "what": what, "what_to_do": remedy})
