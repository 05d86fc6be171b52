"""A draft of the rules for a database that nobody has described: what its names propose and its data prove."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from wedsync_dr.model import Kind, Progress, TableName, silent
from wedsync_dr.scope.clues import Clue, Sample, clues, look
from wedsync_dr.scope.evidence import weigh
from wedsync_dr.scope.graph import WalkGraph
from wedsync_dr.scope.hubs import Hub, hubs
from wedsync_dr.scope.names import ColumnName
from wedsync_dr.scope.ownership import Ownership
from wedsync_dr.scope.reverse import ReverseLink, reverse_links
from wedsync_dr.scope.rules import Reference, Rules
from wedsync_dr.scope.verdict import Verdict, judge
from wedsync_dr.source.catalog import Catalog
from wedsync_dr.source.session import Reader

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_TYPE_NAME = re.compile(r"[^\W\d_][\w.:\\/ -]{0,59}")


@dataclass(frozen=True)
class Proposal:
    """A reference that the data proves."""

    reference: Reference
    verdict: Verdict


@dataclass(frozen=True)
class Suggestion:
    """What was found, beside the rules that there are. `idle` references are true, but no row's owner hangs on them."""

    rules: Rules
    hubs: tuple[Hub, ...]
    references: tuple[Proposal, ...]
    idle: tuple[Proposal, ...]
    doubtful: tuple[Verdict, ...]
    reverse: tuple[ReverseLink, ...]

    @property
    def whole(self) -> Rules:
        """The rules with all that is proven."""
        return replace(
            self.rules,
            not_through=(*self.rules.not_through, *(hub.table for hub in self.hubs)),
            owned_by=(*self.rules.owned_by, *(link.rule for link in self.reverse if link.proven)),
            references=(*self.rules.references, *(proposal.reference for proposal in self.references)),
        )


def suggest(reader: Reader, catalog: Catalog, rules: Rules, progress: Progress = silent) -> Suggestion:
    """Rules for what foreign keys do not say, proven by the data at the reader's instant; what the rules say stays.

    Reads a bounded number of rows of each table. No value of a row leaves it, but the words that say the type of what a
    column points to.
    """
    roots = [root for tables in rules.roots.values() for root in tables]
    people = [hub for hub in hubs(catalog, roots) if hub.table not in rules.not_through]
    ground = Suggestion(rules, tuple(people), (), (), (), ())
    verdicts = [judge(evidence) for evidence in weigh(reader, catalog, _samples(reader, catalog, rules, progress))]
    proposals = [Proposal(reference, one) for one in verdicts if (reference := _reference(one))]
    links = reverse_links(reader, WalkGraph(catalog, ground.whole), _from_roots(proposals, roots))
    ground = replace(ground, reverse=tuple(links))
    useful = _useful(reader, catalog, ground.whole, proposals)
    return replace(
        ground,
        references=tuple(useful),
        idle=tuple(proposal for proposal in proposals if proposal not in useful),
        doubtful=tuple(one for one in verdicts if one.proven is None and one.evidence.candidates),
    )


def _samples(reader: Reader, catalog: Catalog, rules: Rules, progress: Progress) -> dict[Clue, Sample]:
    found: dict[Clue, Sample] = {}
    by_table = clues(catalog, rules)
    for done, (table, some) in enumerate(by_table.items()):
        progress("sampling", done, len(by_table))
        found |= look(reader, catalog.tables[table], some)
    progress("sampling", len(by_table), len(by_table))
    return found


def _reference(verdict: Verdict) -> Reference | None:
    """The rule that says what is proven; none where a type's word does not look like one."""
    clue, proven = verdict.evidence.clue, verdict.proven
    if proven is None or (clue.when and not _TYPE_NAME.fullmatch(clue.when[1])):
        return None
    return Reference(ColumnName(clue.table, clue.column), proven.target, _condition(clue))


def _condition(clue: Clue) -> str | None:
    if clue.when is None:
        return None
    name, word = clue.when
    shown = name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
    return f"{shown} = '{word}'"


def _from_roots(proposals: Iterable[Proposal], roots: Sequence[TableName]) -> list[tuple[ColumnName, TableName]]:
    """Columns of roots that are proven to point somewhere, in whatever row."""
    return [
        (proposal.reference.source, proposal.reference.target.table)
        for proposal in proposals
        if proposal.reference.source.table in roots and proposal.reference.when is None
    ]


def _useful(reader: Reader, catalog: Catalog, rules: Rules, proposals: Sequence[Proposal]) -> list[Proposal]:
    """Those that give a row an owner which it has not, or a wedding where it has a vendor; one may wait for another."""
    tables = sorted({proposal.reference.source.table for proposal in proposals})
    missing = _missing(reader, Ownership(catalog, rules), tables)
    useful: list[Proposal] = []
    while True:
        references = (*rules.references, *(proposal.reference for proposal in useful))
        graph = WalkGraph(catalog, replace(rules, references=references))
        more = [one for one in proposals if one not in useful and _helps(graph, one.reference, missing)]
        if not more:
            return [one for one in proposals if one in useful]
        useful += more


def _missing(reader: Reader, ownership: Ownership, tables: Iterable[TableName]) -> dict[TableName, set[Kind]]:
    """The kinds of owner that some row of a table could yet get."""
    resolved = ownership.resolve(reader)
    missing = {}
    for table in tables:
        ((_, vendors, platform, _),) = reader.rows(resolved.select_counts(table))
        kinds = {Kind.WEDDING: vendors + platform, Kind.VENDOR: platform}
        missing[table] = {kind for kind, rows in kinds.items() if rows}
    return missing


def _helps(graph: WalkGraph, reference: Reference, missing: dict[TableName, set[Kind]]) -> bool:
    source, target = graph.root(reference.source.table), graph.root(reference.target.table)
    if source is not None:
        return target is not None and target.kind is source.kind and target.number < source.number
    if target is not None:
        return target.kind in missing[reference.source.table]
    if graph.is_identity(reference.target.table):
        return False
    return any(graph.reaches(reference.target.table, kind) for kind in missing[reference.source.table])
