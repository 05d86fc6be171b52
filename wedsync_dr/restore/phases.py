"""When each statement of a schema is run in a recovery. Pure: statements go in, phases come out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from wedsync_dr.snapshot.ddl import Statement

_KEYS = {"CONSTRAINT", "INDEX", "CHECK CONSTRAINT"}
_LATE = {"PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA", "COMMENT"}
REFRESH = "MATERIALIZED VIEW DATA"
_FIRES_ANYWAY = ("ENABLE ALWAYS TRIGGER", "ENABLE REPLICA TRIGGER")
_PRIVILEGES = {"ACL", "DEFAULT ACL"}


@dataclass(frozen=True)
class Numbered:
    """A statement with its place in the schema object, which is what a recovery marks."""

    number: int
    statement: Statement
    repeated: bool = False

    @property
    def step(self) -> str:
        """What a recovery marks."""
        return f"statement {self.number}{' (early)' if self.repeated else ''}"

    @property
    def text(self) -> str:
        return self.statement.text

    @property
    def unvalidated(self) -> "Numbered":
        """The same foreign key, made without looking at the rows that are there."""
        return replace(
            self, statement=replace(self.statement, text=f"{self.text.rstrip().removesuffix(';')} NOT VALID;")
        )

    @property
    def again(self) -> "Numbered":
        """The same statement, run once more than at its place."""
        return replace(self, repeated=True)

    @property
    def what(self) -> str:
        """For people: type and name, as pg_dump heads it."""
        said = self.statement
        return f"{said.type} {said.name}" if said.schema == "-" else f"{said.type} {said.schema}.{said.name}"


@dataclass(frozen=True)
class Phases:
    """`before` the rows; then `keys` (in any order), `attached` (in order), `foreign` keys without looking at the rows
    there are, `rules` (triggers, policies, …); when all rows are there `indexes` (in any order), `refresh` and `late`;
    when nothing is left to do `last`, which would fire on what we do ourselves."""

    before: tuple[Numbered, ...]
    keys: tuple[Numbered, ...]
    attached: tuple[Numbered, ...]
    foreign: tuple[Numbered, ...]
    rules: tuple[Numbered, ...]
    indexes: tuple[Numbered, ...]
    refresh: tuple[Numbered, ...]
    late: tuple[Numbered, ...]
    last: tuple[Numbered, ...]


def phases_of(statements: Iterable[Statement], *, no_owner: bool, indexes_early: bool) -> Phases:
    """Every statement in exactly one phase; with `no_owner` none that names who owns or may use an object.

    An index that is not unique holds no truth: unless `indexes_early`, it is built when all rows are there.
    """
    chosen = [Numbered(i, statement) for i, statement in enumerate(statements)]
    if no_owner:
        kept = [one for one in chosen if one.statement.type not in _PRIVILEGES]
        chosen = [replace(one, statement=replace(one.statement, text=one.statement.without_owner)) for one in kept]
    waiting = set() if indexes_early else {_place(one.statement) for one in chosen if _only_fast(one.statement)}
    found: dict[str, list[Numbered]] = {}
    for one in chosen:
        found.setdefault(_waiting_phase(one.statement, waiting) or _phase(one.statement), []).append(one)
    names = ("before", "keys", "attached", "foreign", "rules", "indexes", "refresh", "late", "last")
    return Phases(**{name: tuple(found.get(name, ())) for name in names})


def _waiting_phase(statement: Statement, waiting: set[tuple[str, str]]) -> str | None:
    """The phase of an index that waits for the rows, and of what makes it a part of a partitioned one."""
    if _place(statement) not in waiting:
        return None
    return {"INDEX": "indexes", "INDEX ATTACH": "refresh"}.get(statement.type)


def _only_fast(statement: Statement) -> bool:
    """Whether it is an index that nothing but speed needs."""
    return statement.type == "INDEX" and not statement.text.startswith("CREATE UNIQUE")


def _place(statement: Statement) -> tuple[str, str]:
    return statement.schema, statement.name


def _phase(statement: Statement) -> str:
    if "EVENT TRIGGER" in (statement.type, statement.name[:13]):
        return "last"
    if statement.section == "pre-data":
        return "before"
    by_type = dict.fromkeys(_KEYS, "keys") | dict.fromkeys(_LATE, "late")
    by_type |= {"INDEX ATTACH": "attached", REFRESH: "refresh", "FK CONSTRAINT": _foreign(statement)}
    if statement.type == "TRIGGER" and any(sign in statement.text for sign in _FIRES_ANYWAY):
        return "late"
    return by_type.get(statement.type, "rules")


def _foreign(statement: Statement) -> str:
    """A key that the source never validated is made last, so that it is not validated here either; so is one of a
    partitioned table (no ONLY), which PostgreSQL before 18 makes with a look at the rows or not at all."""
    early = statement.text.startswith("ALTER TABLE ONLY") and not _not_valid(statement.text)
    return "foreign" if early else "late"


def _not_valid(text: str) -> bool:
    return text.rstrip().removesuffix(";").rstrip().endswith("NOT VALID")
