"""What an operator fills in to restore a wedding or a vendor, and what is checked before anything is read."""

from datetime import datetime
from enum import Enum

import dagster as dg
from pydantic import Field

from wedsync_dr.defs.failures import refused
from wedsync_dr.defs.instants import instant_of
from wedsync_dr.defs.restore_terms import Terms
from wedsync_dr.model import Kind, ScopeId


class ScopeKind(Enum):
    """The kinds of scope that have a restore job."""

    wedding = "wedding"
    vendor = "vendor"


class Restore(Terms):
    """The part of the form that is the same for both kinds."""

    as_of: str = Field(
        default="",
        description="Use the newest intact snapshot up to this instant, e.g. 2026-06-05T10:00:00Z. Empty: the newest.",
    )
    snapshot: str = Field(
        default="", description="Exactly this snapshot, by its id: to take a restore back, its safety snapshot."
    )
    plan_only: bool = Field(
        default=True, description="true: show what would change, and stop. false: change it; needs `confirm`."
    )
    confirm: str = Field(default="", description="To change anything, repeat the id here.")
    requested_by: str = Field(default="", description="Who asks for it; written into the ledger.")
    request_id: str = Field(
        default="",
        description="Do what was asked for under this id (`wedsync-dr approvals`): it says all but `rows`, and "
        "`requested_by`, who must be who asked.",
    )


class RestoreWedding(Restore):
    """Restore one wedding."""

    wedding: str = Field(description="The wedding's id: its partition of `wedding_snapshot`.")


class RestoreVendor(Restore):
    """Restore one vendor."""

    vendor: str = Field(description="The vendor's id: its partition of `vendor_snapshot`.")


class EmergencyRestore(Restore):
    """Restore one wedding or vendor without a second person."""

    kind: ScopeKind = Field(default=ScopeKind.wedding, description="What the id names.")
    id: str = Field(description="The id of the wedding or vendor.")
    reason: str = Field(default="", description="Why nobody else can be asked, in 10 to 500 characters. Alarms all.")


class GoAlone(dg.Config):
    """Why one responder does without a second person."""

    reason: str = Field(default="", description="Why nobody else can be asked, in 10 to 500 characters. Alarms all.")


class RestoreRequest(Restore):
    """The form once it is known which job it came from."""

    kind: ScopeKind = Field(description="What the id names.")
    id: str = Field(description="The id of the wedding or vendor.")

    def scope(self) -> ScopeId:
        """The scope to restore. Raises MalformedId, and `dg.Failure` where a change is not confirmed."""
        scope = ScopeId(Kind(self.kind.value), self.id.strip())
        if not self.plan_only and self.confirm.strip() != scope.id:
            raise refused(
                f"To change {scope}, `confirm` must repeat its id; nothing was read or changed.",
                remedy="Put the id into `confirm` as well, or leave `plan_only` true to see the plan.",
            )
        return scope

    def instant(self) -> datetime | None:
        """The asked instant; one without an offset is UTC. Raises MalformedId where the text is none."""
        return instant_of(self.as_of)


@dg.config_mapping
def wedding_form(form: RestoreWedding) -> dg.RunConfig:
    """The form of `restore_wedding` as the first op takes it."""
    return _request(ScopeKind.wedding, form.wedding, form)


@dg.config_mapping
def vendor_form(form: RestoreVendor) -> dg.RunConfig:
    """The form of `restore_vendor` as the first op takes it."""
    return _request(ScopeKind.vendor, form.vendor, form)


@dg.config_mapping
def emergency_form(form: EmergencyRestore) -> dg.RunConfig:
    """The form of `emergency_restore` as its ops take it."""
    return _request(form.kind, form.id, form, approve_alone=GoAlone(reason=form.reason))


def _request(kind: ScopeKind, scope_id: str, form: Restore, **more: dg.Config) -> dg.RunConfig:
    shared = {name: getattr(form, name) for name in Restore.model_fields}
    return dg.RunConfig(ops={"resolve": RestoreRequest(kind=kind, id=scope_id, **shared), **more})
