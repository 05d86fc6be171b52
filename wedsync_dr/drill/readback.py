"""Reading a scratch database back: it must hold the scope's rows and the linked parents, and the hash must be right.

Nothing of the restore's own comparison is used: whole tables are read, whoever their rows belong to there.
"""

from collections import Counter

from wedsync_dr.errors import Damaged
from wedsync_dr.model import RowClass, TableName, quoted
from wedsync_dr.restore.plan import RestorePlan
from wedsync_dr.snapshot.opening import SealedTable, check_content, open_object
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.catalog import Table, load_catalog
from wedsync_dr.source.session import Reader, connect, reading
from wedsync_dr.vault.archive import Archive


def differs(url: str, archive: Archive, plan: RestorePlan) -> str:
    """What is wrong with a database that held no row before a plan was applied to it; nothing where it is equal."""
    brought: dict[TableName, Counter[bytes]] = {}
    for parent in plan.parents:
        brought.setdefault(parent.head.table, Counter()).update(parent.lines)
    sealed = _heads(archive, plan)
    with connect(url, name="wedsync-dr drill") as connection, reading(connection) as reader:
        tables = load_catalog(reader).tables
        for head in {parent.head.table: parent.head for parent in plan.parents}.values():
            if brought[head.table] - _rows(reader, head, tables[head.table]):
                return f"Linked parents of {head.table} did not come as they were sealed."
        rows = [
            (c, SealedTable(h, _others(_rows(reader, h, tables[h.table]), brought.get(h.table)))) for c, h in sealed
        ]
    try:
        check_content(archive, plan.manifest, rows)
    except Damaged:
        return "The rows that came back have another content hash than the manifest."
    return ""


def _heads(archive: Archive, plan: RestorePlan) -> list[tuple[RowClass, TableHead]]:
    """Each table of the snapshot once, with its class, as its objects say; they are opened with keys fetched anew."""
    found: dict[TableName, tuple[RowClass, TableHead]] = {}
    for sealed in plan.manifest.objects:
        for table in open_object(archive, plan.manifest, sealed).tables():
            found.setdefault(table.head.table, (sealed.row_class, table.head))
    return list(found.values())


def _rows(reader: Reader, head: TableHead, table: Table) -> Counter[bytes]:
    names = ", ".join(map(quoted, head.names))
    return Counter(bytes(line) for line in reader.copy(f"SELECT {names} FROM {table.from_sql}"))


def _others(rows: Counter[bytes], brought: Counter[bytes] | None) -> tuple[bytes, ...]:
    return tuple((rows - (brought or Counter())).elements())
