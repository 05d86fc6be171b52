"""What is measured: a server with the demo platform, a vault a round, and the opponents' commands."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from wedsync_dr.demo.generate import load_platform
from wedsync_dr.embedded.binaries import find_binaries
from wedsync_dr.embedded.server import Server
from wedsync_dr.encryption.keyring import Keyring
from wedsync_dr.encryption.root_key import RootKey
from wedsync_dr.scope.rules import load_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.vault import Vault

TODAY = date(2026, 11, 24)
RULES = Path(__file__).parent.parent / "wedsync_dr" / "demo" / "rules.toml"


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@dataclass
class Stage:
    """One server, one keyring, fresh vaults."""

    home: Path
    weddings: int
    binaries: Path = field(default_factory=lambda: find_binaries(None))

    def __post_init__(self) -> None:
        self.server = Server(self.home / "server", self.binaries)
        self._vaults = 0

    def open(self) -> None:
        """Create and load; nothing of it is measured."""
        self.server.create("bench")
        self.server.start()
        self.server.create_database("platform")
        self.server.create_database("dagster")
        load_platform(self.url, weddings=self.weddings, seed=1, today=TODAY)
        self.sql("ALTER SYSTEM SET summarize_wal = on", "SELECT pg_reload_conf()", "CHECKPOINT")

    @property
    def url(self) -> str:
        return self.server.url("platform")

    def dagster_storage(self) -> dict[str, object]:
        """Where Dagster keeps its runs and events."""
        parts = urlsplit(self.server.url("dagster"))
        return {
            "username": parts.username,
            "password": parts.password,
            "hostname": parts.hostname,
            "port": parts.port,
            "db_name": "dagster",
        }

    @property
    def source(self) -> Source:
        return Source(self.url, load_rules(RULES))

    def archive(self, now: datetime) -> Archive:
        """A vault of its own with the stage's keyring: keys are made once, as in production."""
        self._vaults += 1
        vault = Vault(LocalStore(self.home / f"vault{self._vaults}"))
        vault.create(now)
        keyring = Keyring(LocalStore(self.home / "keyring"), RootKey(b"b" * 32))
        keyring.create(now)
        return Archive.open(vault, keyring)

    def sql(self, *statements: str) -> str:
        """Run statements through psql; the last one's output."""
        return [self.tool("psql", "-qAtX", "-d", self.url, "-c", one) for one in statements][-1]

    def tool(self, name: str, *arguments: str) -> str:
        return subprocess.run(
            [self.binaries / name, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    def dump(self, path: Path) -> None:
        """`pg_dump | zstd | openssl`, synced like our objects are."""
        command = (
            f'"{self.binaries}/pg_dump" -d "{self.url}" -Fc -Z0 | zstd -q -3'
            f' | openssl enc -aes-256-ctr -pbkdf2 -pass pass:bench > "{path}" && sync "{path}"'
        )
        subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True)

    def base_backup(self, path: Path, *options: str) -> None:
        """A physical backup of the whole cluster."""
        shutil.rmtree(path, ignore_errors=True)
        self.tool("pg_basebackup", "-d", self.server.url("postgres"), "-D", str(path), "-c", "fast", *options)

    def aside(self, backup: Path, work: Callable[[str], object]) -> None:
        """Restore a physical backup into a server of its own, use it, end it."""
        server = Server(self.home / "aside", self.binaries)
        server.create("bench")
        data = server._data
        owner = pwd.getpwuid(data.stat().st_uid)
        shutil.rmtree(data)
        shutil.copytree(backup, data)
        data.chmod(0o700)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{owner.pw_uid}:{owner.pw_gid}", data], check=True)
        try:
            server.start()
            work(f"postgresql://wedsync:bench@127.0.0.1:{server.port()}/platform")
        finally:
            server.destroy()
