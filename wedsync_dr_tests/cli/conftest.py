"""An operator at a desk: a working directory with a `.env`, a small wedding platform, and the commands."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from wedsync_dr.cli.main import cli
from wedsync_dr.embedded.server import Server
from wedsync_dr.settings import NAMES

EMMA, ZOE = "0e5f0000-0000-4000-8000-000000000001", "0e5f0000-0000-4000-8000-000000000002"
ROSES = "0e5f0000-0000-4000-8000-00000000000a"
SECRET_NAME = "Bartholomew Featherstonehaugh"

_PLATFORM = """
CREATE TABLE vendors (id uuid PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE weddings (id uuid PRIMARY KEY, couple text NOT NULL, wedding_date date);
CREATE TABLE guests (
    id serial PRIMARY KEY,
    wedding_id uuid NOT NULL REFERENCES weddings,
    name text NOT NULL,
    plus_one_of int REFERENCES guests,
    UNIQUE (wedding_id, name)
);
CREATE TABLE bookings (
    id serial PRIMARY KEY,
    wedding_id uuid NOT NULL REFERENCES weddings,
    vendor_id uuid NOT NULL REFERENCES vendors,
    price numeric(10, 2)
);
CREATE TABLE venues (id serial PRIMARY KEY, name text);
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
INSERT INTO vendors VALUES ('ROSES', 'Roses & Co');
INSERT INTO weddings VALUES ('EMMA', 'Emma & Noah', '2026-11-25'), ('ZOE', 'Zoë & Łukasz', '2027-06-05');
INSERT INTO guests (wedding_id, name) SELECT 'EMMA', 'Guest ' || n FROM generate_series(1, 50) AS n;
INSERT INTO guests (wedding_id, name, plus_one_of) VALUES ('EMMA', 'SECRET_NAME', 1);
INSERT INTO guests (wedding_id, name) VALUES ('ZOE', E'tab\\tand \\x1b[2J newline\\n');
INSERT INTO bookings (wedding_id, vendor_id, price) VALUES ('EMMA', 'ROSES', 1200.50), ('ZOE', 'ROSES', 80);
INSERT INTO venues (name) VALUES ('Town hall');
CREATE TRIGGER shouting BEFORE INSERT OR UPDATE ON guests FOR EACH ROW EXECUTE FUNCTION shout();
"""
_WORDS = {"EMMA": EMMA, "ZOE": ZOE, "ROSES": ROSES, "SECRET_NAME": SECRET_NAME}

RULES = """
[roots]
wedding = ["public.weddings"]
vendor = ["public.vendors"]

[class]
business = ["public.bookings"]
"""

_NUMBERS = count(1)
_ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Desk:
    """Where commands are typed. Nobody sits at a terminal here: nothing asks."""

    home: Path
    url: str

    def run(self, *arguments: str) -> Result:
        """A command, in this process."""
        unset: dict[str, str | None] = dict.fromkeys(NAMES)
        return CliRunner(env=unset).invoke(cli, arguments, catch_exceptions=False)

    def done(self, *arguments: str) -> str:
        """The output of a command that has to succeed."""
        ended = self.run(*arguments)
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    def json(self, *arguments: str, code: int = 0) -> Any:
        """The JSON of a command that has to end with this code."""
        ended = self.run(*arguments, "--json")
        assert ended.exit_code == code, ended.output
        return json.loads(ended.stdout)

    def start(self, *arguments: str, **how: Any) -> subprocess.Popen[bytes]:
        """The real program, in a process group of its own."""
        program = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from wedsync_dr.cli.main import main; main()"
        command: Sequence[str] = [sys.executable, "-c", program, *arguments]
        return subprocess.Popen(command, cwd=self.home, env={}, start_new_session=True, **how)  # noqa: S603

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """A statement on the platform, as its owner, with the ids written as EMMA, ZOE and ROSES."""
        for word, text in _WORDS.items():
            statement = statement.replace(f"'{word}'", f"'{text}'")
        with psycopg.connect(self.url, autocommit=True) as connection:
            ended = connection.execute(statement.encode())
            return ended.fetchall() if ended.description else []

    def guests(self) -> list[tuple[Any, ...]]:
        return self.sql("SELECT * FROM guests ORDER BY id")

    def objects(self, kind: str = "wedding", scope_id: str = EMMA) -> list[Path]:
        """The sealed files of a scope's snapshots, oldest first."""
        return sorted((self.home / ".wedsync" / "vault" / "snapshots" / kind / scope_id).glob("*/*.parquet"))


def _sit_down(home: Path, url: str) -> Desk:
    (home / ".env").write_text(f"WEDSYNC_SOURCE_URL='{url}'\n")
    (home / "rules.toml").write_text(RULES)
    return Desk(home, url)


@pytest.fixture
def desk(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk at which nothing was done yet."""
    monkeypatch.chdir(tmp_path)
    desk = _sit_down(tmp_path, database)
    desk.sql(_PLATFORM)
    return desk


@pytest.fixture(scope="session")
def first_day(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory after `init` and the first snapshot of everything in the database `first_day`."""
    server.create_database("first_day")
    desk = _sit_down(tmp_path_factory.mktemp("first_day"), server.url("first_day"))
    desk.sql(_PLATFORM)
    with chdir(desk.home):
        desk.done("init")
        desk.done("snapshot", "--all")
    return desk.home


@pytest.fixture
def ready(server: Server, first_day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk of its own on the first day, with a database of its own."""
    name = f"desk_{next(_NUMBERS)}"
    server.create_database(name, "first_day")
    shutil.copytree(first_day, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    yield _sit_down(tmp_path, server.url(name))
    server.drop_database(name)


def damage(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
