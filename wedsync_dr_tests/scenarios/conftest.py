"""A wedding platform on the morning after a full pass: what goes wrong from here on is the scenario's."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from wedsync_dr.demo.accident import Picture, picture
from wedsync_dr.demo.generate import wedding_of_tomorrow
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import Restored, restore
from wedsync_dr.scope.survey import Source
from wedsync_dr.settings import Settings, open_archive, open_source
from wedsync_dr.snapshot.batch import Batch
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests.conftest import NOW, demo_settings


@dataclass(frozen=True)
class Day:
    """The platform, what protects it, and the wedding that is tomorrow."""

    settings: Settings
    source: Source
    archive: Archive
    home: Path
    wedding: ScopeId

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """What somebody does to the platform, each statement by itself; `$W` is the wedding. Rows of the last one."""
        rows: list[tuple[Any, ...]] = []
        with psycopg.connect(self.source.url, autocommit=True) as connection:
            for statement in statements:
                done = connection.execute(statement.replace("$W", f"'{self.wedding.id}'").encode())
                rows = done.fetchall() if done.description else []
        return rows

    def break_in(self, *statements: str) -> None:
        """The same with neither triggers nor foreign keys in the way, as a bad script with too many rights would."""
        self.sql("BEGIN; SET LOCAL session_replication_role = replica; " + "; ".join(statements) + "; COMMIT")

    def number(self, statement: str) -> int:
        return int(self.sql(statement)[0][0])

    def look(self, scope: ScopeId | None = None) -> Picture:
        """Every row of every table, and those of one scope by themselves."""
        return picture(self.source, scope or self.wedding)

    def take(self, scopes: Iterable[ScopeId] | None = None) -> Batch:
        wanted = None if scopes is None else list(scopes)
        return take(self.source, self.archive, wanted, now=NOW, requested_by="a scenario")

    def put_back(self, scope: ScopeId | None = None, *, mode: Mode = Mode.replace, **terms: Any) -> Restored:
        """Applied, unless the terms say otherwise."""
        order: dict[str, Any] = {"apply": True, "now": NOW, "requested_by": "a scenario"} | terms
        return restore(self.source, self.archive, scope or self.wedding, mode=mode, **order)

    def vendors(self, most: int) -> list[ScopeId]:
        """Vendors that are booked for the wedding, by the scope that their rows belong to."""
        rows = self.sql(
            "SELECT DISTINCT coalesce(v.organization_id, v.id)::text FROM bookings b JOIN vendors v"
            f" ON v.id = b.vendor_id WHERE b.wedding_id = $W ORDER BY 1 LIMIT {most}"
        )
        return [ScopeId.of_key(Kind.VENDOR, key) for (key,) in rows]

    def others(self, most: int) -> list[ScopeId]:
        """Other weddings."""
        rows = self.sql(f"SELECT id::text FROM weddings WHERE id <> $W ORDER BY id LIMIT {most}")
        return [ScopeId.of_key(Kind.WEDDING, key) for (key,) in rows]

    def objects(self, scope: ScopeId | None = None) -> list[Path]:
        """The sealed files of a scope, oldest first."""
        scope = scope or self.wedding
        return sorted((self.home / "vault" / "snapshots" / scope.kind.value / scope.id).rglob("*.parquet"))


@pytest.fixture
def day(platform: str, first_night: Path, tmp_path: Path) -> Day:
    home = tmp_path / "home"
    shutil.copytree(first_night, home)
    settings = demo_settings(platform, home)
    wedding = ScopeId.of_key(Kind.WEDDING, wedding_of_tomorrow(platform))
    return Day(settings, open_source(settings), open_archive(settings), home, wedding)
