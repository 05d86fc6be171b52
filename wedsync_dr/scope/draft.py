"""A suggestion as the text of a `rules.toml`, with what speaks for each line beside it; never with a value of a row."""

import json
import re
from collections.abc import Iterable, Iterator

from wedsync_dr.model import Kind, TableName
from wedsync_dr.scope.evidence import Candidate, Evidence
from wedsync_dr.scope.names import ColumnName
from wedsync_dr.scope.reverse import ReverseLink
from wedsync_dr.scope.rules import LeftOut, Reference, Rules
from wedsync_dr.scope.suggest import Proposal, Suggestion
from wedsync_dr.scope.verdict import Verdict, percent

_MOST_CANDIDATES = 5
_BARE = re.compile(r'[^".]+')
_HEAD = """\
# A draft of the rules, made from the names and the data of one database. Read it, then keep it: every line that is not
# a comment holds from the next snapshot on. What is commented out was not proven. A table that no rule mentions is the
# platform's, and protected. Shares are of distinct values, of a sample where said so; no value of a row stands here but
# the words that say what a column points to.
"""


def draft(suggestion: Suggestion) -> str:
    """Parses as rules, and says as rules what the suggestion holds for proven and what was decided before."""
    rules = suggestion.rules
    blocks = [
        _HEAD,
        _roots(rules),
        *_part("columns that point somewhere without a foreign key", _references(suggestion)),
        *_part("not proven: uncomment at most one of each", map(_doubtful, suggestion.doubtful)),
        *_part("rows that belong to the row which points to them", _owned_by(suggestion)),
        *_part("nobody's wedding is found through who made a row", _walk(suggestion)),
        *_part("which columns count of several ways to an owner", _through(rules)),
        *_part("classes, dates and exceptions as they were", _rest(rules)),
        *_part("where the emergency pack finds what a coordinator needs", _pack(rules)),
        *_part("true, and no row's owner hangs on it", map(_idle, suggestion.idle)),
    ]
    return "\n".join(blocks)


def toml(text: str) -> str:
    """A text as a string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def written(name: TableName | ColumnName) -> str:
    """A name as rules write it, in TOML's quotes."""
    parts = (
        (name.schema, name.name) if isinstance(name, TableName) else (name.table.schema, name.table.name, name.column)
    )
    return toml(".".join(part if _BARE.fullmatch(part) else '"' + part.replace('"', '""') + '"' for part in parts))


def _part(title: str, blocks: Iterable[str]) -> list[str]:
    found = list(blocks)
    return [f"# ---- {title}\n", *found] if found else []


def _roots(rules: Rules) -> str:
    lines = [f"{kind.value} = [{_names(rules.roots[kind])}]" for kind in Kind if rules.roots.get(kind)]
    return "\n".join(["[roots]", *lines, ""])


def _names(tables: Iterable[TableName]) -> str:
    return ", ".join(map(written, tables))


def _references(suggestion: Suggestion) -> Iterator[str]:
    for reference in suggestion.rules.references:
        yield _reference(reference)
    for proposal in suggestion.references:
        yield f"{_comment(_seen(proposal.verdict.evidence), proposal.verdict.why)}{_reference(proposal.reference)}"


def _reference(reference: Reference) -> str:
    lines = ["[[reference]]", f"from = {written(reference.source)}", f"to   = {written(reference.target)}"]
    lines += [f"when = {toml(reference.when)}"] if reference.when else []
    return "\n".join([*lines, ""])


def _comment(*parts: str) -> str:
    return f"# {'; '.join(parts)}\n"


def _seen(evidence: Evidence) -> str:
    return f"{evidence.distinct} distinct value(s){'' if evidence.whole else ', a sample'}"


def _doubtful(verdict: Verdict) -> str:
    """The candidates, each as a line to choose. The word for a type is a value, and unsaid where nothing is proven."""
    evidence = verdict.evidence
    source = ColumnName(evidence.clue.table, evidence.clue.column)
    typed = " for one of its types" if evidence.clue.when else ""
    lines = [f"{written(source)}{typed}: {_seen(evidence)}; {verdict.why}"]
    if not evidence.clue.when:
        lines += ["[[reference]]", f"from = {written(source)}"]
    lines += [_choice(one) for one in evidence.candidates[:_MOST_CANDIDATES]]
    more = len(evidence.candidates) - _MOST_CANDIDATES
    lines += [f"  … and {more} more"] if more > 0 else []
    return "".join(f"# {line}\n" for line in lines)


def _choice(one: Candidate) -> str:
    return f"to   = {written(one.target)}    # {percent(one.share)} of the values"


def _idle(proposal: Proposal) -> str:
    to, seen = written(proposal.reference.target), _seen(proposal.verdict.evidence)
    return _comment(f"{written(proposal.reference.source)} → {to}", seen, proposal.verdict.why).rstrip("\n")


def _owned_by(suggestion: Suggestion) -> Iterator[str]:
    for rule in suggestion.rules.owned_by:
        yield f"[[owned_by]]\ntable = {written(rule.table)}\nvia   = {written(rule.via)}\n"
    for link in sorted(suggestion.reverse, key=lambda link: not link.proven):
        yield _reverse(link)


def _reverse(link: ReverseLink) -> str:
    lines = ["[[owned_by]]", f"table = {written(link.rule.table)}", f"via   = {written(link.rule.via)}", ""]
    named = "named like a couple" if link.named else "not named like a couple: shared rows can look the same"
    said = _comment(f"{link.values} {link.kind.value}s point to {link.distinct} different rows", named)
    return said + "\n".join(line if link.proven or not line else f"# {line}" for line in lines)


def _walk(suggestion: Suggestion) -> Iterator[str]:
    tables = [(name, "") for name in suggestion.rules.not_through]
    tables += [(hub.table, f"{hub.columns} columns point to it, {hub.actors} say who") for hub in suggestion.hubs]
    if tables:
        lines = [f"    {written(name)},{f'    # {why}' if why else ''}" for name, why in tables]
        yield "\n".join(["[walk]", "not_through = [", *lines, "]", ""])


def _through(rules: Rules) -> Iterator[str]:
    for table in dict.fromkeys(table for table, _ in rules.through):
        lines = [
            f"{kind.value}_through = [{', '.join(map(toml, columns))}]"
            for (name, kind), columns in rules.through.items()
            if name == table
        ]
        yield "\n".join([f"[tables.{written(table)}]", *lines, ""])


def _rest(rules: Rules) -> Iterator[str]:
    if rules.business:
        yield f"[class]\nbusiness = [{', '.join(map(toml, rules.business))}]\n"
    dates = [("wedding", rules.wedding_date), ("end_date", rules.end_date), ("time_zone", rules.time_zone)]
    if any(column for _, column in dates):
        yield "\n".join(["[dates]", *(f"{name} = {written(column)}" for name, column in dates if column), ""])
    yield from map(_left_out, rules.left_out)


def _left_out(entry: LeftOut) -> str:
    return f"[[left_out]]\ntable  = {written(entry.table)}\nreason = {toml(entry.reason)}\nuntil  = {entry.until}\n"


def _pack(rules: Rules) -> Iterator[str]:
    """`[pack]` as it was: its sections are names of columns and lists of words."""
    for name, section in rules.pack.items():
        if isinstance(section, dict):
            lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in section.items()]
            yield "\n".join([f"[pack.{name}]", *lines, ""])
