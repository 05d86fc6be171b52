"""A schema that grew: a thousand tables shaped like the real one (nullable keys, several ways, soft references)."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from wedsync_dr.model import Kind, TableName
from wedsync_dr.scope.rules import Rules

TABLES, ROWS = 1000, 600_000
WEDDING_ROOTS, VENDOR_ROOTS = ("weddings", "clients", "couples"), ("organizations", "suppliers", "vendors")
ROOT_ROWS = {"weddings": 300, "clients": 300, "couples": 200, "organizations": 60, "suppliers": 90, "vendors": 60}
RULES = Rules(
    roots={
        Kind.WEDDING: tuple(TableName("public", name) for name in WEDDING_ROOTS),
        Kind.VENDOR: tuple(TableName("public", name) for name in VENDOR_ROOTS),
    },
    not_through=(TableName("public", "users"), TableName("public", "user_profiles")),
)
_PLAIN = ("text", "text", "timestamptz", "timestamptz", "int", "numeric", "boolean", "jsonb", "text[]", "date")
_VALUES = {
    "text": "'text ' || i",
    "timestamptz": "now() - i * interval '1 minute'",
    "int": "i",
    "numeric": "i * 1.37",
    "boolean": "i % 2 = 0",
    "jsonb": "jsonb_build_object('n', i)",
    "text[]": "ARRAY['a', 'b' || i]",
    "date": "DATE '2026-01-01' + i % 900",
}


@dataclass(frozen=True)
class _Key:
    """A column that points to a table: with a foreign key or without, null now and then or never."""

    column: str
    target: str
    nullable: bool
    enforced: bool


class Sprawl:
    """The statements that make and fill such a schema; the same for the same seed."""

    def __init__(self, tables: int = TABLES, rows: int = ROWS, seed: int = 1) -> None:
        self._random = Random(seed)
        self.rows = dict(ROOT_ROWS) | {"users": 500, "user_profiles": 500}
        self._keys: dict[str, list[_Key]] = {name: [] for name in self.rows}
        self._keys |= {
            "suppliers": [_Key("organization_id", "organizations", nullable=False, enforced=True)],
            "vendors": [_Key("organization_id", "organizations", nullable=True, enforced=True)],
            "user_profiles": [_Key("user_id", "users", nullable=False, enforced=True)],
        }
        names = [f"t{number:04}" for number in range(tables - len(self.rows))]
        weights = [self._random.paretovariate(1.1) for _ in names]
        scale = (rows - sum(self.rows.values())) / sum(weights)
        self.rows |= {name: max(1, int(weight * scale)) for name, weight in zip(names, weights, strict=True)}
        for number, name in enumerate(names):
            self._keys[name] = list(self._keys_of(names[:number]))

    def statements(self) -> Iterator[str]:
        """Tables first, then rows, then foreign keys; of the keys a third has no index."""
        columns = {name: self._random.choices(_PLAIN, k=self._random.randint(4, 20)) for name in self.rows}
        for name, kinds in columns.items():
            pointing = "".join(f", {k.column} uuid{'' if k.nullable else ' NOT NULL'}" for k in self._keys[name])
            plain = "".join(f", c{i} {kind}" for i, kind in enumerate(kinds))
            yield f"CREATE TABLE {name} (id uuid PRIMARY KEY{pointing}{plain})"
        for number, (name, kinds) in enumerate(columns.items()):
            yield self._fill(number, name, kinds)
        for name, keys in self._keys.items():
            for key in keys:
                if key.enforced:
                    yield f"ALTER TABLE {name} ADD FOREIGN KEY ({key.column}) REFERENCES {key.target}"
                if self._random.random() < 2 / 3:
                    yield f"CREATE INDEX ON {name} ({key.column})"
        yield "ANALYZE"

    def _fill(self, number: int, name: str, kinds: list[str]) -> str:
        values = [_uuid(number, "i"), *map(self._value, self._keys[name]), *(_VALUES[kind] for kind in kinds)]
        return f"INSERT INTO {name} SELECT {', '.join(values)} FROM generate_series(1, {self.rows[name]}) AS i"

    def _value(self, key: _Key) -> str:
        """Children lie beside their parents, so that ways through several tables mostly agree."""
        value = _uuid(
            list(self.rows).index(key.target),
            f"1 + (i * {self._random.choice((1, 1, 1, 7))}) % {self.rows[key.target]}",
        )
        return f"CASE WHEN i % 5 > 0 THEN {value} END" if key.nullable else value

    def _keys_of(self, earlier: list[str]) -> Iterator[_Key]:
        """Three of five tables reach something: roots directly, or earlier tables; most are written by a user."""
        random = self._random
        wanted: list[str] = []
        if random.random() < 0.6:
            wanted += random.sample(VENDOR_ROOTS, random.choice((1, 1, 1, 2)))
            wanted += random.sample(WEDDING_ROOTS, random.choice((0, 0, 0, 1, 1, 2)))
            wanted += random.sample(earlier, min(len(earlier), random.choice((0, 0, 1, 1, 2))))
        wanted += random.sample(("users", "user_profiles"), random.choice((0, 1, 1)))
        for target in dict.fromkeys(wanted):
            soft = random.random() < 0.03
            yield _Key(f"{target.removesuffix('s')}_id", target, nullable=random.random() < 0.59, enforced=not soft)


def _uuid(table: int, row: str) -> str:
    return f"('{table:08x}-0000-4000-8000-' || lpad(to_hex({row}), 12, '0'))::uuid"
