"""A source looked at: one consistent session, its catalogue, and whose every row is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from wedsync_dr.scope.checking import check
from wedsync_dr.scope.ownership import Ownership, ResolvedOwnership
from wedsync_dr.scope.rules import Rules
from wedsync_dr.scope.usual_roots import usual_roots
from wedsync_dr.source.access import require_all_rows
from wedsync_dr.source.catalog import Catalog, load_catalog
from wedsync_dr.source.session import PATIENCE, Patience, Reader, join_reader, open_reader
from wedsync_dr.source.stamp import Stamp, stamp_of


@dataclass(frozen=True)
class Source:
    """The database that is protected, the rules that say whose its rows are, and where PostgreSQL's programs are."""

    url: str = field(repr=False)
    rules: Rules
    default_time_zone: str = "UTC"
    patience: Patience = PATIENCE
    pg_bin: Path | None = None


@dataclass(frozen=True)
class Survey:
    """What one read transaction sees of a source."""

    reader: Reader
    catalog: Catalog
    ownership: ResolvedOwnership
    known_stamp: Stamp | None = None

    @cached_property
    def stamp(self) -> Stamp:
        """Changes with whatever the catalogue was loaded from."""
        return self.known_stamp or stamp_of(self.reader)


@contextmanager
def survey(source: Source, exported: str | None = None) -> Iterator[Survey]:
    """Look at the source, at a new instant or at one that another session exported.

    Raises SourceUnreachable, SourceRefused (also where a policy hides rows from the role) and RulesInvalid.
    """
    url, patience = source.url, source.patience
    with join_reader(url, exported, patience) if exported else open_reader(url, patience) as reader:
        ownership = _load(reader, source.rules)
        yield Survey(reader, ownership.catalog, ownership.resolve(reader))


def with_usual_roots(source: Source) -> Source:
    """The source with no other rules than the roots that its tables' names suggest.

    Raises SourceUnreachable, SourceRefused, and RulesInvalid where no table is called like weddings.
    """
    with open_reader(source.url, source.patience) as reader:
        return replace(source, rules=usual_roots(load_catalog(reader)))


class Schema:
    """What is known of a database's schema from one transaction to the next: loaded when it is first needed, and again
    when it has changed."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._known: tuple[Stamp, Ownership] | None = None

    def survey(self, reader: Reader) -> Survey:
        """What the reader's transaction sees. Raises SourceRefused and RulesInvalid."""
        stamp = stamp_of(reader)
        if self._known is None or self._known[0] != stamp:
            self._known = stamp, _load(reader, self._rules)
        ownership = self._known[1]
        return Survey(reader, ownership.catalog, ownership.resolve(reader), stamp)


def _load(reader: Reader, rules: Rules) -> Ownership:
    catalog = load_catalog(reader)
    check(rules, catalog)
    ownership = Ownership(catalog, rules)
    require_all_rows(reader, ownership.read(reader.instant.taken_at.date()))
    return ownership
