"""The values that everything speaks in. No behaviour beyond naming, parsing and printing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote, unquote

from wedsync_dr.errors import MalformedId

_SAFE_ID = re.compile(r"(?=.)[A-Za-z0-9_.~-]*(?:%[0-9A-F]{2}[A-Za-z0-9_.~-]*)*\Z")  # in runs: there are many ids
_LONGEST_ID = 200


class Kind(StrEnum):
    """What a scope is."""

    WEDDING = "wedding"
    VENDOR = "vendor"
    PLATFORM = "platform"
    SCHEMA = "schema"


class RowClass(StrEnum):
    """Which of a scope's two keys seals a row."""

    BUSINESS = "business"
    PERSONAL = "personal"


class Tier(StrEnum):
    """How urgent a wedding is; `schedule.tiers` decides."""

    DAY_OF = "day_of"
    IMMINENT = "imminent"
    CRITICAL = "critical"
    NORMAL = "normal"
    SETTLED = "settled"


def encode_id(raw: str) -> str:
    """Percent-encode to `[A-Za-z0-9_.~%-]`; never `.`, `..` or a name with `...` in it."""
    encoded = quote(raw, safe="").replace("~", "%7E")
    if encoded.startswith(".") or ".." in encoded:
        encoded = encoded.replace(".", "%2E")
    if not encoded or len(encoded) > _LONGEST_ID:
        raise MalformedId(
            f"A key of {len(raw)} characters cannot be the id of a scope.",
            remedy=f"Root rows need a key of 1 to {_LONGEST_ID} characters (encoded).",
        )
    return encoded


@dataclass(frozen=True, order=True)
class TableName:
    """A table with its schema, exactly as PostgreSQL spells them."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """Quoted for SQL."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


def quoted(identifier: str) -> str:
    """An identifier quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


@dataclass(frozen=True, order=True)
class ScopeId:
    """A wedding, a vendor, a platform table, or the schema. `id` is percent-encoded and safe as a file name."""

    kind: Kind
    id: str

    def __post_init__(self) -> None:
        if not _SAFE_ID.match(self.id) or self.id.startswith(".") or ".." in self.id or len(self.id) > _LONGEST_ID:
            raise MalformedId(
                f"{self.id[:60]!r} is not the id of a {self.kind.value}.",
                remedy="Use the id as `wedsync-dr scopes` or `wedsync-dr snapshots` print it.",
            )

    def __str__(self) -> str:
        return f"{self.kind.value}/{self.id}"

    @property
    def key(self) -> str:
        """The root row's key as PostgreSQL prints it."""
        return unquote(self.id)

    @classmethod
    def of_key(cls, kind: Kind, key: str) -> "ScopeId":
        """The scope of the root row whose key PostgreSQL prints as `key`."""
        return cls(kind, encode_id(key))

    @classmethod
    def named(cls, kind: Kind, text: str) -> "ScopeId":
        """The scope that somebody names: by its id, or by its root row's key. Raises MalformedId."""
        try:
            return cls(kind, text)
        except MalformedId:
            return cls.of_key(kind, text)

    @classmethod
    def of_table(cls, table: TableName) -> "ScopeId":
        """The platform scope of a table; a dot inside a name is encoded, so that the two names stay apart."""
        return cls(Kind.PLATFORM, ".".join(encode_id(part).replace(".", "%2E") for part in (table.schema, table.name)))

    @property
    def table(self) -> TableName:
        """The table of a platform scope."""
        schema, _, name = self.id.partition(".")
        return TableName(unquote(schema), unquote(name))


SCHEMA = ScopeId(Kind.SCHEMA, "database")
"""The scope of the schema object: what the database is, apart from its rows. Each vault has one."""


@dataclass(frozen=True)
class Instant:
    """When the source was read: its clock, and its position in the write-ahead log."""

    taken_at: datetime
    lsn: str


@dataclass(frozen=True)
class SourceIdentity:
    """Which database a snapshot came from."""

    system: str
    database: str
    server_version: int


@dataclass(frozen=True)
class Horizon:
    """How far back a reading transaction saw everything settled: each transaction before `xmin` had ended by then.

    It says something only about the same run of the same server's database (`server`) and where tables, rules and tool
    are what they were (`shape`).
    """

    server: str
    shape: str
    xmin: int


@dataclass(frozen=True)
class SealedObject:
    """One sealed file of a snapshot, as its manifest lists it."""

    name: str
    row_class: RowClass
    key_id: str
    bytes: int
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What makes a snapshot exist, or a supplement: some rows of the scope that rows of another one refer to.

    Readable without any key; holds no names, no values, no counts per table.
    """

    scope: ScopeId
    snapshot_id: str
    taken_at: datetime
    lsn: str
    tier: Tier | None
    source: SourceIdentity
    schema_fingerprint: str
    objects: tuple[SealedObject, ...]
    content: Mapping[RowClass, str]
    tool_version: str
    previous: str | None
    supplement: bool = False

    @property
    def rows(self) -> int:
        return sum(sealed.rows for sealed in self.objects)

    @property
    def bytes(self) -> int:
        return sum(sealed.bytes for sealed in self.objects)


@dataclass(frozen=True)
class Finding:
    """Something verification found wrong: a stable code, where, and what. The runbook has a heading a code."""

    code: "FindingCode"
    detail: str
    scope: ScopeId | None = None
    snapshot_id: str | None = None
    object: str | None = None


class FindingCode(StrEnum):
    """The codes are stable: alerts and runbooks are written against them."""

    MISSING = "missing"
    ALTERED = "altered"
    SWAPPED = "swapped"
    UNREADABLE = "unreadable"
    KEY_MISSING = "key-missing"
    UNSIGNED = "unsigned"
    NOT_IN_LEDGER = "not-in-ledger"
    OLDER_THAN_LEDGER = "older-than-ledger"
    ORPHAN_OBJECT = "orphan-object"
    FOREIGN_FILE = "foreign-file"
    WRONG_CONTENT = "wrong-content"
    OPEN_LINK = "open-link"
    LEDGER_BROKEN = "ledger-broken"
    NEWER_FORMAT = "newer-format"
    NOTHING_CHECKED = "nothing-checked"


@dataclass(frozen=True)
class LinkedRow:
    """A row of another owner that a scope refers to, by the referenced columns; `owner` is None where unknown."""

    table: TableName
    columns: tuple[str, ...]
    values: tuple[str, ...] = field(repr=False)
    owner: ScopeId | None = None


def utc_text(moment: datetime) -> str:
    """ISO 8601 with microseconds and Z: the only way an instant is written down."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_utc(text: str) -> datetime:
    """The inverse of `utc_text`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) often; whoever shows it works out rate and time left."""


def silent(stage: str, done: int, total: int) -> None:
    """A progress that shows nothing."""


class SnapshotInstant(datetime):
    """An instant that was asked for by the id of the snapshot taken then."""

    snapshot_id: str

    @classmethod
    def of(cls, snapshot_id: str, at: datetime) -> "SnapshotInstant":
        asked = cls.combine(at.date(), at.timetz())
        asked.snapshot_id = snapshot_id
        return asked
