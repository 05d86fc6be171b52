"""Several workers beside Dagster, as on several machines: Redis, and the workers that take runs from it."""

import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from wedsync_dr.errors import DisasterRecoveryError

RUNS_AT_ONCE = 3


@dataclass(frozen=True)
class Fleet:
    """So many workers, and a broker on loopback whose password its file and the environment hold."""

    workers: int
    port: int
    home: Path
    password: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What everybody must know who starts runs or takes them."""
        url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        return {"DAGSTER_CELERY_BROKER": url, "DAGSTER_CELERY_BACKEND": url}

    def broker(self) -> dict[str, list[str]]:
        """The command that starts the broker. Raises DisasterRecoveryError where there is no Redis."""
        program = shutil.which("redis-server")
        if program is None:
            raise DisasterRecoveryError(
                "There is no redis-server on this machine.",
                remedy="Install it (on Debian: apt-get install redis-server), or leave --workers out.",
            )
        file = self.home / "redis.conf"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(f'bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\nsave ""\n')
        return {"redis": [program, str(file)]}

    def commands(self) -> dict[str, list[str]]:
        """The commands that start the workers."""
        worker = [sys.executable, "-m", "celery", "-A", "dagster_celery.app", "worker", "--queues", "dagster"]
        told = ["--concurrency", str(RUNS_AT_ONCE), "--loglevel", "INFO"]
        names = [f"worker-{number}" for number in range(1, self.workers + 1)]
        return {name: [*worker, *told, "--hostname", f"{name}@%h"] for name in names}


def fleet(workers: int, port: int, home: Path) -> Fleet:
    """So many workers. Raises DisasterRecoveryError where the extra `celery` is not installed."""
    if find_spec("dagster_celery") is None:
        raise DisasterRecoveryError(
            "dagster-celery is not installed.", remedy="Install it: pip install 'wedsync-dr[celery]'"
        )
    return Fleet(workers, port, home, secrets.token_urlsafe(24))
