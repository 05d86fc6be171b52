"""What `POST /api/backup/manual` takes, and which scopes that means."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import Field, WithJsonSchema

from wedsync_dr.api.caller import Caller
from wedsync_dr.api.problems import Refusal, not_found
from wedsync_dr.api.wire import Asked
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.schedule.due import Candidate
from wedsync_dr.schedule.policy import Policy, Priority, TierPolicy

Id = Annotated[str, Field(min_length=1, max_length=200)]
Ids = Annotated[list[Id], Field(max_length=500)]


class BackupType(StrEnum):
    """FULL reads the rows again; the others record what is proven unchanged as still current, without reading it. A
    snapshot is complete in each case."""

    FULL = "FULL"
    INCREMENTAL = "INCREMENTAL"
    DIFFERENTIAL = "DIFFERENTIAL"


class ManualForm(Asked):
    """Which scopes to snapshot at one instant. An organization alone means itself and the weddings it takes part in;
    nothing at all means everything, which only those may ask for who belong to no organization."""

    organization_id: Id | None = None
    wedding_id: Id | None = None
    wedding_ids: Ids = Field(default=[])
    vendor_ids: Ids = Field(default=[])
    backup_type: BackupType = BackupType.FULL
    include_vendor_data: bool = Field(default=False, description="Also the vendors that are booked for the weddings.")
    include_client_data: Annotated[bool, WithJsonSchema({"const": True})] = Field(
        default=True, description="A snapshot always has the personal rows, too."
    )
    include_media_files: Annotated[bool, WithJsonSchema({"const": False})] = Field(
        default=False, description="Files are not in the database."
    )
    description: Annotated[str, Field(max_length=200)] | None = None


@dataclass(frozen=True)
class Meant:
    """What a form means: the scopes it names (None: everything), and all that will be taken with them."""

    form: ManualForm
    named: tuple[ScopeId, ...] | None
    with_weddings: bool
    known: dict[ScopeId, Candidate]
    policy: Policy

    @cached_property
    def all(self) -> frozenset[ScopeId]:
        """Every scope that will be taken, as far as it is known now."""
        if self.named is None:
            return frozenset(self.known)
        vendors = [one for one in self.known.values() if one.scope.kind is Kind.VENDOR]
        found = set(self.named)
        for vendor in vendors:
            if self.form.include_vendor_data and not set(self.named).isdisjoint(vendor.booked):
                found.add(vendor.scope)
            if self.with_weddings and vendor.scope in self.named:
                found.update(vendor.booked)
        return frozenset(found)

    @cached_property
    def urgency(self) -> TierPolicy:
        """The numbers of the most urgent scope."""
        tiers = (self.policy.of(self.known[scope].tier) for scope in self.all if scope in self.known)
        return max(tiers, key=lambda one: (one.critical, one.run_priority), default=self.policy.of(None))

    @property
    def priority(self) -> Priority:
        """As the platform's interface defines it: CRITICAL within 30 days of the wedding."""
        return self.urgency.priority


def meaning(form: ManualForm, caller: Caller) -> Meant:
    """Understand a form. Raises the refusals of what it must not ask for, that of what the caller may not know of, and
    why the source cannot be read."""
    _refuse_what_cannot_be(form)
    view, named = caller.site.standing.view(), _named(form, caller)
    if view.health.candidates is None:
        raise view.fault
    if any(scope not in view.candidates for scope in named):
        raise not_found()
    if not named:
        caller.require_unbound()
    return Meant(form, tuple(named) or None, _is_organization(form), view.candidates, view.health.policy)


def _named(form: ManualForm, caller: Caller) -> list[ScopeId]:
    weddings = [caller.wedding(one) for one in [*([form.wedding_id] if form.wedding_id else []), *form.wedding_ids]]
    vendors = [caller.vendor(one) for one in form.vendor_ids]
    if form.organization_id is None:
        return sorted({*weddings, *vendors})
    organization = caller.vendor(form.organization_id)
    if _is_organization(form):
        return [organization]
    members = (caller.site.standing.view().members or {}).get(organization.id, frozenset())
    if not members.issuperset(weddings):
        raise not_found()
    return sorted({*weddings, *vendors})


def _is_organization(form: ManualForm) -> bool:
    named = form.wedding_id or form.wedding_ids or form.vendor_ids
    return form.organization_id is not None and not named


_MEDIA = "Photos and documents lie in the platform's object storage; a snapshot has the rows that refer to them."
_PERSONAL = (
    "A snapshot always has both classes, each under a key of its own; to forget the personal one, its key is destroyed."
)


def _refuse_what_cannot_be(form: ManualForm) -> None:
    if form.include_media_files:
        raise _cannot(
            "includeMediaFiles", _MEDIA, "Send includeMediaFiles: false, and copy the bucket by its own means."
        )
    if not form.include_client_data:
        raise _cannot("includeClientData", _PERSONAL, "Send includeClientData: true, or leave it out.")


def _cannot(field: str, why: str, remedy: str) -> Refusal:
    return Refusal(422, why, remedy=remedy, slug="not-offered", errors=[{"pointer": f"/body/{field}", "detail": why}])
