"""Looking into snapshots: a table on the screen, or files of typed rows. Both put plaintext where the caller says."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from wedsync_dr.cli import at_hand, exits
from wedsync_dr.cli.options import (
    as_of_option,
    close_matches,
    example,
    json_option,
    one_scope,
    table_names,
    tables_option,
    the_scope,
)
from wedsync_dr.cli.output import counted, note, print_json, print_table, say
from wedsync_dr.model import Manifest, ScopeId, utc_text
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.snapshot.export import FileFormat, frame
from wedsync_dr.snapshot.export import export as export_files
from wedsync_dr.snapshot.opening import open_snapshot
from wedsync_dr.vault.archive import Archive

_ROWS = 20  # of a table, what a person sees unless --rows says otherwise


@click.command(epilog=example("wedsync-dr show --wedding 6f1c7e42-… --table guests"))
@one_scope
@as_of_option
@click.option("--table", metavar="T", help="The table, as guests or public.guests; without it, the list of tables.")
@click.option("--rows", type=click.IntRange(min=1), metavar="N", help=f"How many rows ({_ROWS}; with --json all).")
@json_option
def show(
    wedding: str | None,
    vendor: str | None,
    platform: str | None,
    as_of: datetime | None,
    table: str | None,
    rows: int | None,
    as_json: bool,
) -> int:
    """Print a table of a recovery point as a data frame, or without --table the tables that it holds."""
    archive = at_hand.archive()
    manifest = _recovery_point(archive, the_scope(wedding, vendor, platform), as_of)
    document = _table(archive, manifest, table) if table else _tables(archive, manifest)
    if as_json:
        print_json(document | ({"rows": document["rows"][:rows]} if table else {}))
    elif table:
        _print_table(document, rows or _ROWS)
    else:
        print_table(("table", "rows"), [(t["table"], t["rows"]) for t in document["tables"]], numbers=("rows",))
    return exits.DONE


def _recovery_point(archive: Archive, scope: ScopeId, as_of: datetime | None) -> Manifest:
    with close_matches(scope, at_hand.known_scopes(archive)):
        point = resolve(archive, scope, as_of)
    for snapshot_id, findings in point.refused:
        note(f"refused: {snapshot_id} is damaged ({findings[0].code.value}); using an older one")
    return point.manifest


def _heading(manifest: Manifest) -> dict[str, Any]:
    return {
        "kind": manifest.scope.kind.value,
        "scope_id": manifest.scope.id,
        "snapshot_id": manifest.snapshot_id,
        "taken_at": utc_text(manifest.taken_at),
    }


def _tables(archive: Archive, manifest: Manifest) -> dict[str, Any]:
    tables = open_snapshot(archive, manifest).tables
    return _heading(manifest) | {"tables": [{"table": str(name), "rows": len(t.lines)} for name, t in tables.items()]}


def _table(archive: Archive, manifest: Manifest, name: str) -> dict[str, Any]:
    """Every value as text, so that nothing is bent on its way through JSON; the types stand beside it."""
    data = frame(archive, manifest, name)
    columns = [data.column(i).cast("string").to_pylist() for i in range(data.num_columns)]
    return _heading(manifest) | {
        "table": name,
        "columns": [{"name": part.name, "type": str(part.type)} for part in data.schema],
        "rows": [list(row) for row in zip(*columns, strict=True)],
    }


def _print_table(document: dict[str, Any], limit: int) -> None:
    names = [column["name"] for column in document["columns"]]
    shown = document["rows"][:limit]
    print_table(names, [["∅" if cell is None else cell for cell in row] for row in shown])
    say(f"{len(shown):,} of {counted(len(document['rows']), 'row')}, taken at {document['taken_at']}")


@click.command(epilog=example("wedsync-dr export --wedding 6f1c7e42-… --to smith-files --format csv"))
@one_scope
@as_of_option
@click.option(
    "--to", "directory", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write to."
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FileFormat, case_sensitive=False),
    default=FileFormat.parquet,
    show_default=True,
)
@tables_option
@json_option
def export(
    wedding: str | None,
    vendor: str | None,
    platform: str | None,
    as_of: datetime | None,
    directory: Path,
    file_format: FileFormat,
    tables: tuple[str, ...],
    as_json: bool,
) -> int:
    """Write the tables of a recovery point as one typed file each. The files are not encrypted: guard them.

    The sealed snapshot stays the exact copy; a column whose values no Arrow type can hold is written as text.
    """
    archive = at_hand.archive()
    manifest = _recovery_point(archive, the_scope(wedding, vendor, platform), as_of)
    try:
        files = export_files(archive, manifest, directory, file_format, table_names(tables))
    except OSError as error:
        raise click.FileError(str(directory), error.strerror) from None
    if as_json:
        print_json(_heading(manifest) | {"files": [str(path) for path in files]})
    else:
        say(f"{counted(len(files), 'file')} in {directory}, taken at {utc_text(manifest.taken_at)}")
        say("They are not encrypted; only you may read them.")
    return exits.DONE
