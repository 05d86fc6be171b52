"""Worlds drawn by hypothesis: dense from the start, with whatever a schema can have."""

from dataclasses import replace
from itertools import product
from random import Random

from hypothesis import strategies as st

from wedsync_dr.model import Kind
from wedsync_dr_tests.scope.worlds import DANGLING, NEARLY, POOLS, SCHEMAS, How, Link, Row, Table, Value, World


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Sizes are hypothesis' to shrink; what fills them comes from a seed, so that worlds are dense from the start."""
    sizes = draw(st.tuples(st.integers(2, 6), st.integers(2, 12), st.integers(2, 5)))
    return _Maker(Random(draw(st.integers(0, 2**32)))).world(*sizes)


class _Maker:
    def __init__(self, random: Random) -> None:
        self.random = random

    def world(self, tables: int, links: int, rows: int) -> World:
        made = [self._table(number) for number in range(tables)]
        linked = [self._link(made, number, rows) for number in range(links)]
        made = [self._odd(made, linked, number) for number in range(tables)]
        world = World(made, linked, self._through(made, linked))
        for number in range(tables):
            self._rows(world, number, rows)
        return world

    def _one_in(self, number: int) -> bool:
        return self.random.randrange(number) == 0

    def _table(self, number: int) -> Table:
        kinds = [Kind.WEDDING] if number == 0 else [*[None] * 7, Kind.WEDDING, Kind.VENDOR, Kind.VENDOR]
        return Table(
            name=self.random.choice([f"t{number}", f"t{number}", f'T."{number}" ✿', f"select '{number}"]),
            key=self.random.choice([("int",), ("text",), ("uuid",), ("uuid",), ("int", "text")]),
            root=self.random.choice(kinds),
            identity=number > 0 and self._one_in(10),
            partitioned=self._one_in(6),
            schema=self.random.choice(SCHEMAS),
        )

    def _odd(self, tables: list[Table], links: list[Link], number: int) -> Table:
        """Where nothing forbids it, now and then without a key, or the child of an earlier table that has the same
        key."""
        table = tables[number]
        referred = any(link.target == number and (link.reverse or link.how is How.FOREIGN_KEY) for link in links)
        if not table.root and not table.partitioned and not referred and self._one_in(3):
            table = replace(table, keyless=True)
        required = {link.source for link in links if link.not_null}
        parents = [
            other
            for other in range(number)
            if tables[other].key == table.key and not tables[other].partitioned and other not in required
        ]
        if parents and not table.partitioned and self._one_in(2):
            return replace(table, parent=self.random.choice(parents))
        return table

    def _link(self, tables: list[Table], number: int, rows: int) -> Link:
        source, target = self._ends(tables)
        how = self.random.choice([How.FOREIGN_KEY, How.FOREIGN_KEY, How.FOREIGN_KEY, How.REFERENCE, How.ARRAY])
        key = tables[target].key
        if how is How.FOREIGN_KEY and not tables[target].partitioned and self._one_in(5):
            return Link(source, target, how, (f"l{number}_0",), ("int",), ("owner",), not_null=self._one_in(2))
        if how is How.FOREIGN_KEY:
            columns = tuple(f"l{number}_{i}" for i in range(len(key)))
            reverse = len(key) == 1 and self._one_in(4)
            keys = tables[target].key_columns
            return Link(source, target, how, columns, key, keys, not_null=self._one_in(2), reverse=reverse)
        return Link(
            source,
            target,
            how,
            (f"l{number}",),
            (self.random.choice([key[0], "text"]),),
            ("k0",),
            conditional=self._one_in(2),
            reverse=how is How.REFERENCE and len(key) == 1 and self._one_in(4),
        )

    def _ends(self, tables: list[Table]) -> tuple[int, int]:
        """Where a link starts and ends: more often from a table that is no root, now and then back to itself."""
        others = [number for number, table in enumerate(tables) if not table.root] or [0]
        source = self.random.choice([*others, *others, *range(len(tables))])
        return source, source if self._one_in(6) else self.random.randrange(len(tables))

    def _through(self, tables: list[Table], links: list[Link]) -> dict[tuple[int, Kind], list[str]]:
        through = {}
        for number in range(len(tables)):
            own = [link.columns for link in links if link.source == number]
            for kind in (Kind.WEDDING, Kind.VENDOR):
                if self._one_in(12):
                    chosen = self.random.sample(own, self.random.randint(0, len(own)))
                    through[number, kind] = [name for columns in chosen for name in columns]
        return through

    def _rows(self, world: World, number: int, most: int) -> None:
        table = world.tables[number]
        keys = self.random.sample(_keys(table), min(most, len(_keys(table))))
        if table.keyless:
            keys += self.random.choices(keys, k=2)
        for key in keys:
            values: dict[str, Value] = dict(zip(table.key_columns, key, strict=True))
            values["owner"] = str(len(world.rows))
            values["kind"] = self.random.choice(["owner", "owner", "other", None])
            for link in world.links:
                if link.source == number or link.source == table.parent:
                    values |= self._values(link, world, most)
            world.rows.append(Row(number, len(world.rows), values))

    def _values(self, link: Link, world: World, most: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for i, name in enumerate(link.columns):
            pool = self._pool(link, i, world, most)
            if link.how is How.ARRAY:
                found[name] = None if self._one_in(4) else self.random.choices(pool, k=self.random.randrange(3))
            elif not link.not_null and self._one_in(3):
                found[name] = None
            else:
                found[name] = self.random.choice(pool)
        return found

    def _pool(self, link: Link, i: int, world: World, most: int) -> list[str]:
        """What a column of a link can hold: keys of the target, and now and then what nearly is one."""
        target = world.tables[link.target]
        if link.target_columns == ("owner",):
            sizes = [min(most, len(_keys(table))) + 2 * table.keyless for table in world.tables]
            first = sum(sizes[: link.target])
            return [*map(str, range(first, first + sizes[link.target])), "9999"]
        kind = target.key[i]
        return [*POOLS[kind] * 3, DANGLING[kind], *([NEARLY[kind]] if link.types[i] == "text" else [])]


def _keys(table: Table) -> list[tuple[str, ...]]:
    return list(product(*(POOLS[kind] for kind in table.key)))
