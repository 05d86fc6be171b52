"""`python -m benchmarks [WEDDINGS [ROUNDS]]`: interleaved rounds of each opponent and us, medians to docs."""

import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks import changes_cost, dagster_cost, sprawl_cost
from benchmarks.platform import ROWS, whole_platform
from benchmarks.stage import Stage, timed
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import restore
from wedsync_dr.scope.survey import Schema
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import verify

WEDDINGS, ROUNDS = 5000, 3
DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARK = "<!-- figures: written by `make bench` -->\n"
Figures = dict[str, list[float]]


def main() -> None:
    given = [int(text) for text in sys.argv[1:]]
    weddings, count = (given + [WEDDINGS, ROUNDS][len(given) :])[:2]
    home = Path(tempfile.mkdtemp(prefix="wedsync-bench-"))
    stage = Stage(home, weddings)
    figures: Figures = {}
    try:
        stage.open()
        rounds(stage, figures, count)
        with sprawl_cost.sprawl(stage) as source:
            for _ in range(count):
                for name, seconds in sprawl_cost.measure(stage, source).items():
                    note(figures, name, seconds)
        write(stage, figures)
    finally:
        stage.server.destroy()
        shutil.rmtree(home, ignore_errors=True)


def rounds(stage: Stage, figures: Figures, count: int) -> None:
    now = datetime.now(UTC)
    backup(stage, stage.archive(now), None, now)  # makes the keys
    for number in range(count):
        say(f"round {number + 1} of {count}")
        archive = stage.archive(now)
        everything = partial(backup, stage, archive, None, now)
        note(figures, "full: ours", timed(everything))
        note(figures, "full: pg_dump", timed(lambda: stage.dump(stage.home / "dump")))
        note(figures, "verify: ours", timed(lambda: verify(archive)))
        note(figures, "base backup", timed(lambda: stage.base_backup(stage.home / "base")))
        whole_platform(stage, archive, lambda name, seconds: note(figures, name, seconds))
        one_wedding(stage, archive, figures)
        for name, seconds in zip(("wave: by Dagster", "wave: core"), dagster_cost.compare(stage), strict=True):
            note(figures, name, seconds)
        change_one_percent(stage)
        changes_cost.rounds(stage, archive, partial(note, figures))
        changed = change_one_percent(stage)
        note(figures, "nightly: given scopes", timed(partial(backup, stage, archive, changed, now)))
        note(figures, "nightly: whole pass", timed(everything))
        note(figures, "nightly: incremental", timed(lambda: stage.base_backup(
            stage.home / "incremental", "--incremental", str(stage.home / "base/backup_manifest"))))  # fmt: skip


def backup(stage: Stage, archive: Archive, scopes: list[ScopeId] | None, now: datetime) -> None:
    batch = take(stage.source, archive, scopes, now=now, requested_by="bench")
    if batch.failed:
        raise SystemExit(f"{len(batch.failed)} scopes failed; the first: {batch.failed[0].error}")


def one_wedding(stage: Stage, archive: Archive, figures: Figures) -> None:
    """Lose a wedding's guests and all that hangs on them, and bring the wedding back; then the opponent's way."""
    now = datetime.now(UTC)
    lost = stage.sql("SELECT id FROM weddings ORDER BY md5(id::text) LIMIT 5").split()
    source = stage.source
    schema = Schema(source.rules)

    def bring_back(wedding: str) -> None:
        scope, how = ScopeId(Kind.WEDDING, wedding), Mode.replace
        restore(source, archive, scope, mode=how, apply=True, now=now, requested_by="bench", schema=schema)

    for wedding in lost:
        forget(stage, wedding)
        note(figures, "one wedding: ours", timed(partial(bring_back, wedding)))

    def copy_rows(url: str) -> None:
        for table in ("guests", "rsvps"):
            stage.tool("psql", "-qAtX", "-d", url, "-c", f"COPY (SELECT * FROM {table} LIMIT 100) TO STDOUT")

    note(figures, "one wedding: aside", timed(lambda: stage.aside(stage.home / "base", copy_rows)))


def forget(stage: Stage, wedding: str) -> None:
    guests = f"SELECT id FROM guests WHERE wedding_id = '{wedding}'"
    stage.sql(
        f"SET session_replication_role = replica; DELETE FROM rsvps WHERE guest_id IN ({guests});"
        f" DELETE FROM guests WHERE wedding_id = '{wedding}'"
    )


def change_one_percent(stage: Stage) -> list[ScopeId]:
    ids = stage.sql(
        f"SELECT id FROM weddings ORDER BY md5(random()::text) LIMIT {max(1, stage.weddings // 100)}"
    ).split()
    listed = ", ".join(f"'{one}'" for one in ids)
    stage.sql(f"UPDATE guests SET given_name = given_name || '.' WHERE wedding_id IN ({listed})")
    return [ScopeId(Kind.WEDDING, one) for one in ids]


def note(figures: Figures, name: str, seconds: float) -> None:
    figures.setdefault(name, []).append(seconds)
    say(f"  {name}: {seconds:.3f} s")


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def write(stage: Stage, figures: Figures) -> None:
    """Replace what stands below the mark in docs/benchmarks.md."""
    median = {name: statistics.median(values) for name, values in figures.items()}
    size = stage.sql("SELECT pg_size_pretty(pg_database_size(current_database()))")
    memory = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    pairs = [
        ("full backup, one object per wedding and class", "full: ours", "pg_dump, zstd, openssl", "full: pg_dump"),
        ("one wedding back, verified, safety snapshot included", "one wedding: ours", "cluster aside, rows copied",
         "one wedding: aside"),
        ("1 % changed, whole pass", "nightly: whole pass", "pg_basebackup --incremental", "nightly: incremental"),
        ("1 % changed, those weddings alone", "nightly: given scopes", "pg_basebackup --incremental",
         "nightly: incremental"),
        ("full pass over 1,000 tables and 600,000 rows", "sprawl: ours", "bare COPY of each table", "sprawl: copy"),
        ("500 weddings by a Dagster run", "wave: by Dagster", "the core function alone", "wave: core"),
        *ROWS,
        *changes_cost.ROWS,
    ]  # fmt: skip
    lines = [
        f"{stage.weddings:,} weddings, {size}; {platform.system()} {platform.machine()}, {os.cpu_count()} processors,"
        f" Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}; medians of"
        f" {len(figures['full: ours'])} interleaved round(s).",
        "",
        "| ours | s | against | s | ratio |",
        "|---|--:|---|--:|--:|",
        *(
            f"| {ours} | {median[a]:.3f} | {theirs} | {median[b]:.3f} | {median[a] / median[b]:.3f} |"
            for ours, a, theirs, b in pairs
        ),
        "",
        f"Verification of every byte: {median['verify: ours']:.1f} s. Largest process: {memory:.0f} MB."
        f" 1,000 tables: `scopes` {median['sprawl: scopes']:.1f} s, a draft of their rules"
        f" {median['sprawl: draft']:.1f} s.",
    ]
    head = DOCUMENT.read_text().partition(MARK)[0]
    DOCUMENT.write_text(head + MARK + "\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
