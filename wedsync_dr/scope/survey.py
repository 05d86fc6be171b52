"""A source looked at: one consistent session, its catalogue, and whose every row is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from wedsync_dr.scope.checking import check
from wedsync_dr.scope.ownership import Ownership, ResolvedOwnership
from wedsync_dr.scope.rules import Rules
from wedsync_dr.source.access import require_all_rows
from wedsync_dr.source.catalog import Catalog, load_catalog
from wedsync_dr.source.session import Reader, join_reader, open_reader


@dataclass(frozen=True)
class Source:
    """The database that is protected, the rules that say whose its rows are, and where PostgreSQL's programs are."""

    url: str = field(repr=False)
    rules: Rules
    default_time_zone: str = "UTC"
    pg_bin: Path | None = None


@dataclass(frozen=True)
class Survey:
    """What one read transaction sees of a source."""

    reader: Reader
    catalog: Catalog
    ownership: ResolvedOwnership


@contextmanager
def survey(source: Source, exported: str | None = None) -> Iterator[Survey]:
    """Look at the source, at a new instant or at one that another session exported.

    Raises SourceUnreachable, SourceRefused (also where a policy hides rows from the role) and RulesInvalid.
    """
    with join_reader(source.url, exported) if exported else open_reader(source.url) as reader:
        catalog = load_catalog(reader)
        require_all_rows(reader, catalog)
        check(source.rules, catalog)
        yield Survey(reader, catalog, Ownership(catalog, source.rules).resolve(reader))
