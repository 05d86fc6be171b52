"""Who belongs together: weddings and the vendors that are booked for them."""

from collections.abc import Collection

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import Source, survey


def with_booked(source: Source, scopes: Collection[ScopeId], *, vendors: bool, weddings: bool) -> list[ScopeId]:
    """The scopes with, if asked, the vendors booked for their weddings and the weddings their vendors are booked for.

    Only the scopes that are given are followed, not those found. Raises what reading the source raises.
    """
    if not (vendors or weddings):
        return sorted(scopes)
    found = set(scopes)
    with survey(source) as seen:
        infos = discover(seen.reader, seen.catalog, seen.ownership)
    for info in (info for info in infos if info.scope.kind is Kind.VENDOR):
        booked = {one.scope for one in info.booked}
        if vendors and not booked.isdisjoint(scopes):
            found.add(info.scope)
        if weddings and info.scope in scopes:
            found |= booked
    return sorted(found)
