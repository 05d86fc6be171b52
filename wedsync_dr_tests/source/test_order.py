"""In which order tables are written."""

from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.model import TableName
from wedsync_dr.source.catalog import Catalog, ForeignKey, Table
from wedsync_dr.source.order import components, cycles, cyclic_keys, restore_order


def name(text: str) -> TableName:
    return TableName("public", text)


def table(own: str, *parents: str) -> Table:
    keys = tuple(
        ForeignKey(
            name=f"{own}_{parent}",
            columns=(parent,),
            target=name(parent),
            target_columns=("id",),
            validated=True,
            deferrable=False,
            on_delete="a",
            enforced=True,
            operators=("=",),
        )
        for parent in parents
    )
    return Table(
        name=name(own),
        columns=(),
        primary_key=("id",),
        unique_keys=(),
        foreign_keys=keys,
        triggers=(),
        partitioned=False,
        unlogged=False,
        row_security=False,
        force_row_security=False,
        estimated_rows=0,
        estimated_bytes=0,
        owner="",
    )


def catalog(*tables: Table) -> Catalog:
    return Catalog({table.name: table for table in tables}, (), ())


WEDDING = catalog(
    table("seats", "guests"),
    table("guests", "households", "weddings"),
    table("households", "guests", "weddings"),
    table("tasks", "tasks", "weddings"),
    table("weddings"),
    table("countries"),
    table("orphans", "elsewhere"),
)


def test_parents_come_first_and_equals_by_name() -> None:
    order = ["countries", "orphans", "weddings", "guests", "households", "tasks", "seats"]
    assert restore_order(WEDDING) == [name(text) for text in order]


def test_only_true_circles_are_cycles() -> None:
    assert cycles(WEDDING) == [frozenset({name("guests"), name("households")})]


def test_the_keys_that_must_wait_are_self_references_and_the_way_forward_in_a_cycle() -> None:
    found = {str(table): [key.name for key in keys] for table, keys in cyclic_keys(WEDDING).items()}
    assert found == {"public.guests": ["guests_households"], "public.tasks": ["tasks_tasks"]}


def test_a_chain_deeper_than_the_interpreters_stack_is_ordered() -> None:
    deep = {name(f"t{i:05}"): [name(f"t{i + 1:05}")] for i in range(1500)} | {name("t01500"): []}
    assert components(deep)[0] == [name("t01500")]


@given(st.dictionaries(st.integers(0, 7), st.sets(st.integers(0, 9), max_size=4), max_size=8))
def test_components_are_the_mutually_reachable_tables_each_after_what_it_points_to(
    numbers: dict[int, set[int]],
) -> None:
    graph = {name(str(a)): [name(str(b)) for b in to] for a, to in numbers.items()}
    reach = {a: reachable(graph, a) for a in graph}
    found = components(graph)
    assert sorted(n for group in found for n in group) == sorted(graph)
    place = {n: i for i, group in enumerate(found) for n in group}
    for a in graph:
        for b in reach[a]:
            assert (place[a] == place[b]) == (a in reach[b])
            assert place[a] >= place[b]


def reachable(graph: dict[TableName, list[TableName]], start: TableName) -> set[TableName]:
    seen = {start}
    waiting = [start]
    while waiting:
        for to in graph[waiting.pop()]:
            if to in graph and to not in seen:
                seen.add(to)
                waiting.append(to)
    return seen
