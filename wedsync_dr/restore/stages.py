"""The stages of a recovery, from the schema to the proof. What a crash left done is not done again."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from wedsync_dr.model import Progress
from wedsync_dr.restore.crew import Crew, Result, crew_of
from wedsync_dr.restore.journal import Journal, Run
from wedsync_dr.restore.loading import Done, Load
from wedsync_dr.restore.phases import REFRESH, phases_of
from wedsync_dr.restore.proof import prove
from wedsync_dr.restore.rebuild import (
    Dangling,
    advance_sequences,
    build,
    build_all,
    build_marked,
    builder,
    set_sequences,
    validate,
)
from wedsync_dr.restore.recovery import Fallback, Outcome, RecoveryPlan, Unproven, WaveDone
from wedsync_dr.restore.waves import MANY_ROWS, Order, Wave, chunks, early
from wedsync_dr.source.translation import translated
from wedsync_dr.vault.archive import Archive

_SCHEMA, _USABLE = "schema", "usable"


def rebuild(archive: Archive, url: str, plan: RecoveryPlan, run: Run, progress: Progress, workers: int) -> Outcome:
    """Carry out a plan in a target that is fit for it, or go on with it."""
    started = time.monotonic()
    replica = plan.order is Order.urgent or plan.target.replica
    with crew_of(workers, url, archive, replica=replica) as crew, builder(url) as connection, translated():
        stages = _Stages(url, plan, connection, crew, progress)
        stages.schema(run)
        first = early(plan.waves) if plan.order is Order.urgent else plan.waves
        stages.load(first)
        stages.keys()
        stages.load([wave for wave in plan.waves if wave not in first])
        dangling = stages.finish()
        unproven, tables = stages.proof()
        outcome = stages.outcome(dangling, unproven, tables, started)
        stages.end()
        return outcome


class _Stages:
    def __init__(
        self,
        url: str,
        plan: RecoveryPlan,
        connection: psycopg.Connection[Any],
        crew: Crew,
        progress: Progress,
    ) -> None:
        self._url, self._plan, self._connection, self._crew, self._progress = url, plan, connection, crew, progress
        self._journal = Journal(connection)
        statements, large = plan.inventory.schema.statements, plan.rows > MANY_ROWS
        self._phases = phases_of(statements, no_owner=plan.no_owner, indexes_early=large)

    def schema(self, run: Run) -> None:
        """The journal and everything that stands before the rows, in one transaction."""
        self._progress("schema", 0, len(self._phases.before))
        if self._journal.run() is None:
            with self._connection.transaction():
                self._journal.begin(run)
                build(self._connection, self._phases.before)
                self._journal.mark(_SCHEMA)
        self._progress("schema", len(self._phases.before), len(self._phases.before))

    def load(self, waves: Sequence[Wave]) -> None:
        """Waves one after another; where a wave has nothing more to hand out, the next one begins."""
        marked = {scope for scope, *_ in self._journal.scopes()}
        work = [(wave, task) for wave in waves for task in _tasks(wave, marked)]
        left = Counter(wave.name for wave, _ in work)
        rows = Counter({wave.name: sum(w.rows for w in wave.wanted if w.scope in marked) for wave in waves})

        def done(number: int, result: Result) -> None:
            assert isinstance(result, Done)  # noqa: S101
            wave = work[number][0]
            for refusal in result.refusals:
                detail = {"refused": refusal.what, "why": refusal.why}
                self._journal.mark(f"refused {wave.name} {number} {refusal.what}", detail)
            left[wave.name] -= 1
            rows[wave.name] += result.rows
            self._progress(f"wave {wave.name}", rows[wave.name], max(wave.rows, rows[wave.name]))
            if not left[wave.name]:
                self._journal.mark(_loaded(wave))

        for wave in waves:
            if not left[wave.name]:
                self._journal.mark(_loaded(wave))
        self._crew.run([task for _, task in work], done)

    def keys(self) -> None:
        """Keys and indexes, foreign keys that hold from now on, triggers, policies: what is there is usable then."""
        done, phases = self._journal.steps(), self._phases
        total = len(phases.keys) + len(phases.attached) + len(phases.foreign) + len(phases.rules)
        self._progress("keys and indexes", 0, total)
        build_all(self._url, phases.keys, done.keys())
        later = [*phases.attached, *(one.unvalidated for one in phases.foreign), *phases.rules]
        if self._plan.order is Order.urgent:
            later += [one.again for one in phases.refresh if one.statement.type == REFRESH]
        for place, one in enumerate(one for one in later if one.step not in done):
            self._progress("keys and indexes", len(phases.keys) + place, total)
            build_marked(self._connection, one)
        if _USABLE not in done:
            with self._connection.transaction():
                set_sequences(self._connection, self._plan.inventory.schema.surroundings.sequences)
                advance_sequences(self._connection)
                self._journal.mark(_USABLE)
        self._progress("keys and indexes", total, total)

    def finish(self) -> tuple[Dangling, ...]:
        """What has to wait for the last row: foreign keys looked at, sequences, views refreshed, comments."""
        self._progress("indexes", 0, len(self._phases.indexes))
        build_all(self._url, self._phases.indexes, self._journal.steps().keys())
        self._progress("indexes", len(self._phases.indexes), len(self._phases.indexes))
        self._progress("foreign keys", 0, len(self._phases.foreign))
        dangling = validate(self._url)
        self._progress("foreign keys", len(self._phases.foreign), len(self._phases.foreign))
        done = self._journal.steps()
        for one in [*self._phases.refresh, *self._phases.late]:
            if one.step not in done:
                build_marked(self._connection, one)
        with self._connection.transaction():
            advance_sequences(self._connection)
        return tuple(dangling)

    def proof(self) -> tuple[tuple[Unproven, ...], int]:
        """Every table read again. Raises RestoreNotEqual where one differs and nobody else has written into it."""
        return prove(self._connection, self._crew, self._progress)

    def end(self) -> None:
        """The journal goes, and what would fire on that comes, in one durable transaction."""
        self._connection.execute("SET synchronous_commit = on")
        with self._connection.transaction():
            self._journal.end()
            build(self._connection, self._phases.last)

    def outcome(
        self, dangling: tuple[Dangling, ...], unproven: tuple[Unproven, ...], tables: int, started: float
    ) -> Outcome:
        """What the journal says was done, by this run or one before it."""
        scopes, steps = list(self._journal.scopes()), self._journal.steps()
        refused = [detail for _, detail in steps.values() if detail]
        fallbacks = [Fallback(scope, used, refused) for scope, used, _, _, refused in scopes if refused]
        bare = [Fallback(scope, None, ()) for scope in self._plan.inventory.bare]
        return Outcome(
            policy=self._plan.inventory.policy,
            waves=tuple(self._waves(steps)),
            fallbacks=(*fallbacks, *bare),
            dangling=dangling,
            refusals=tuple((one["refused"], one["why"]) for one in refused),
            unproven=unproven,
            tables=tables,
            seconds=time.monotonic() - started,
        )

    def _waves(self, steps: dict[str, tuple[float, Any]]) -> Iterator[WaveDone]:
        before, keys = steps[_SCHEMA][0], steps[_USABLE][0]
        rows: Counter[str] = Counter()
        for _, _, name, count, _ in self._journal.scopes():
            rows[name] += count
        for wave in self._plan.waves:
            at = steps[_loaded(wave)][0]
            began = max(before, keys) if at > keys else before
            yield WaveDone(wave.name, wave.tier, len(wave.wanted), rows[wave.name], max(0.0, at - began), max(at, keys))
            before = max(before, at)


def _tasks(wave: Wave, marked: set[Any]) -> Iterator[Load]:
    left = Wave(wave.name, wave.tier, tuple(one for one in wave.wanted if one.scope not in marked))
    for chunk in chunks(left, 2):
        yield Load(wave.name, tuple((one.scope, one.snapshot_ids) for one in chunk))


def _loaded(wave: Wave) -> str:
    return f"loaded {wave.name}"
