"""The canary: a wedding that nobody has seen before goes the whole way, and its rows are compared one by one.

Content hashes cannot vouch for themselves; here what comes back is compared with what was written.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import datetime

from wedsync_dr.drill.scratch import Scratch
from wedsync_dr.encryption.keyring import Keyring
from wedsync_dr.encryption.root_key import RootKey
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.restore.run import restore
from wedsync_dr.scope.rules import Rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.source.session import Session, connect
from wedsync_dr.source.translation import translated
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.beneath import BeneathStore
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr.vault.vault import DRILL, Vault
from wedsync_dr.verification.verify import verify

_GUESTS = 120
_SCHEMA = """
CREATE TABLE public.weddings (
    id uuid PRIMARY KEY, couple text, wedding_date date, at timestamptz, seal bytea, budget numeric);
CREATE TABLE public.guests (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, wedding_id uuid NOT NULL REFERENCES public.weddings, name text,
    plus_one_of bigint REFERENCES public.guests, tags text[], answers jsonb, slept interval, share float8);
"""
_FILL = """
INSERT INTO public.weddings SELECT gen_random_uuid(), md5(random()::text) || E'\\t\\n\\\\N', current_date + 3,
    clock_timestamp(), decode(md5(random()::text), 'hex'), (random() * 1e12)::numeric / 7;
INSERT INTO public.guests (wedding_id, name, tags, answers, slept, share)
SELECT w.id, md5(random()::text || n), ARRAY[md5(random()::text), NULL, '{,"}'],
    jsonb_build_object('n', n, 'r', random()), make_interval(secs => random() * 1e6), random()
FROM public.weddings AS w, generate_series(1, %d) AS n;
UPDATE public.guests SET plus_one_of = id - 1 WHERE id %% 2 = 0;
"""
_ROWS = (
    "SELECT 'w', w::text FROM public.weddings AS w UNION ALL SELECT 'g', g::text FROM public.guests AS g ORDER BY 1, 2"
)
_RULES = Rules(roots={Kind.WEDDING: (TableName("public", "weddings"),)})


@dataclass(frozen=True)
class Canary:
    """Whether a fresh wedding came back row by row, how many rows it had, and why not."""

    equal: bool
    rows: int
    seconds: float
    problem: str = ""


def fly(scratch: Scratch, archive: Archive, *, now: datetime, requested_by: str) -> Canary:
    """Write a fresh wedding, seal it into the vault's own store, lose it, bring it back. Leaves nothing behind."""
    started = time.monotonic()
    store = BeneathStore(archive.vault.store, DRILL)
    try:
        store.clear()
        with scratch.empty() as url:
            rows, equal = _there_and_back(url, store, now, requested_by)
    except DisasterRecoveryError as error:
        return Canary(False, 0, time.monotonic() - started, str(error))
    finally:
        store.clear()
    return Canary(equal, rows, time.monotonic() - started, "" if equal else "It came back with other rows.")


def _there_and_back(url: str, store: BeneathStore, now: datetime, requested_by: str) -> tuple[int, bool]:
    archive = _own_archive(store, now)
    with connect(url, name="wedsync-dr canary") as connection, translated():
        connection.execute((_SCHEMA + _FILL % _GUESTS).encode())
        before = _rows(connection)
        (key,) = connection.execute("SELECT id::text FROM public.weddings").fetchall()[0]
    source, scope = Source(url, _RULES), ScopeId.of_key(Kind.WEDDING, key)
    for failed in take(source, archive, [scope], now=now, requested_by=requested_by, workers=1).failed:
        raise failed.error
    intact = verify(archive, processes=1).intact
    with connect(url, name="wedsync-dr canary") as connection, translated():
        connection.execute("TRUNCATE public.weddings, public.guests RESTART IDENTITY")
    restore(source, archive, scope, apply=True, now=now, requested_by=requested_by)
    with connect(url, name="wedsync-dr canary") as connection, translated():
        return len(before), intact and _rows(connection) == before


def _rows(connection: Session) -> list[tuple[str, ...]]:
    return [tuple(row) for row in connection.execute(_ROWS).fetchall()]


def _own_archive(store: BeneathStore, now: datetime) -> Archive:
    """An archive with keys of its own, which end with the drill."""
    vault, keyring = Vault(store), Keyring(MemoryStore(), RootKey(secrets.token_bytes(32)))
    vault.create(now)
    keyring.create(now)
    return Archive.open(vault, keyring)
