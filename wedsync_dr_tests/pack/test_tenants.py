"""Tenants are never mixed: rows carry the mark of their wedding or vendor, and a pack is searched for marks."""

import re

import pytest

from wedsync_dr.model import ScopeId
from wedsync_dr.pack.content import PackContent
from wedsync_dr.pack.gather import gather
from wedsync_dr.pack.render import render
from wedsync_dr_tests.pack.conftest import NOW, World
from wedsync_dr_tests.pack.paper import read

_MARKS = re.compile(r"\b([wv])([0-9a-f]{8})\b")


@pytest.mark.parametrize("number", range(3))
def test_a_pack_shows_marks_of_its_own_wedding_and_of_vendors_it_booked_and_no_others(
    world: World, number: int
) -> None:
    scope = world.nearest(3)[number]
    text = read(render(content := gather(world.archive, scope, world.rules), "open", NOW), "open").text
    printed, typed = _marks(text.replace("\n", " ")), _marks(_everything(content))
    assert printed["w"] == typed["w"] == {scope.key[:8]}
    assert typed["v"] == _booked(world, scope)
    assert printed["v"] <= typed["v"]


def _marks(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"w": set(), "v": set()}
    for kind, mark in _MARKS.findall(text):
        found[kind].add(mark)
    return found


def _everything(content: PackContent) -> str:
    parts = (content.wedding, content.venue, *content.timeline, *content.guests, *content.vendors, *content.payments)
    values = [vars(part) for part in (*parts, *content.documents) if part]
    return f"{values} {content.tables} {content.plans}"


def _booked(world: World, scope: ScopeId) -> set[str]:
    sql = "SELECT left(vendor_id::text, 8) FROM bookings WHERE wedding_id = %s"
    return {vendor for (vendor,) in world.sql(sql, scope.key)}
