"""The form of the job that takes snapshots, and whom a run is for: as the job `snapshot_wave` has it."""

from collections.abc import Iterable, Mapping
from typing import Any

from wedsync_dr.api.runs import Run
from wedsync_dr.errors import MalformedId
from wedsync_dr.model import Kind, ScopeId

JOB, _STEP = "snapshot_wave", "snapshot_scopes"
_FIELDS = {Kind.WEDDING: "weddings", Kind.VENDOR: "vendors", Kind.PLATFORM: "platform_tables"}
_SINGLE = {Kind.WEDDING: "wedding", Kind.VENDOR: "vendor"}


def wave_form(scopes: Iterable[ScopeId] | None, **more: object) -> dict[str, Any]:
    """The run config of a wave of these scopes (None: everything)."""
    form: dict[str, Any] = {"everything": True} if scopes is None else {}
    for scope in scopes or ():
        form.setdefault(_FIELDS[scope.kind], []).append(scope.id)
    return {"ops": {_STEP: {"config": form | more}}}


def scopes_of(run: Run) -> frozenset[ScopeId] | None:
    """The scopes that a run was asked for; None where it is about everything, or nobody can tell."""
    try:
        found = frozenset(_named(run))
    except MalformedId:
        return None
    return found or None


def wave_of(run: Run) -> Mapping[str, Any]:
    """The form of a wave as it was filled in; empty where the run is none."""
    step = run.config.get("ops", {}).get(_STEP, {})
    return dict(step.get("config", {})) if isinstance(step, dict) else {}


def _named(run: Run) -> Iterable[ScopeId]:
    form = wave_of(run)
    for kind, name in _FIELDS.items():
        yield from (ScopeId(kind, id_) for id_ in form.get(name, ()))
    for kind, name in _SINGLE.items():
        if isinstance(named := run.config.get(name) or run.tags.get(f"wedsync/{name}"), str):
            yield ScopeId(kind, named)
