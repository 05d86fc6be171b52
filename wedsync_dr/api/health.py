"""Whether the API is alive, and who it takes the caller for; it says nothing of how the backups stand."""

from typing import Literal

from fastapi import APIRouter

from wedsync_dr.access.roles import RIGHTS
from wedsync_dr.api.caller import Reader
from wedsync_dr.api.wire import Wire, example

router = APIRouter(tags=["health"])


class Alive(Wire):
    """The process answers."""

    status: Literal["alive"] = "alive"


@router.get("/health", responses=example({"status": "alive"}), summary="Whether the API answers")
async def health() -> Alive:
    """Needs no token, reads nothing and waits for nobody. Whether the backups stand well is `/api/backup/status`."""
    return Alive()


class Myself(Wire):
    """The caller, as the API knows them. `organizations` null: bound to none, and so sees everything."""

    subject: str
    role: str
    rights: list[str]
    organizations: list[str] | None


_ME = {"subject": "token:nightly job", "role": "viewer", "rights": ["read"], "organizations": ["7c1e0f4a"]}


@router.get("/api/me", responses=example(_ME), summary="Who the caller is taken for")
def me(caller: Reader) -> Myself:
    """To try a token: its role, what that may do, and which organizations it belongs to."""
    who = caller.identity
    bound_to = None if who.organizations is None else sorted(who.organizations)
    return Myself(subject=who.subject, role=who.role.value, rights=sorted(RIGHTS[who.role]), organizations=bound_to)
