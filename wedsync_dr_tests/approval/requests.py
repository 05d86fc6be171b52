"""Requests as tests need them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from wedsync_dr.approval.request import Asked, Hours, Person, Preview, Request, TableTouch
from wedsync_dr.model import Kind, ScopeId

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ANNA, BERT, CARA = Person("anna", "t1"), Person("bert", "t2"), Person("cara", "t3")
HOURS = (Hours(NOW + timedelta(hours=2), NOW + timedelta(hours=8)),)
TOUCH = Preview(1, 0, (TableTouch("public.guests", 1, 2, 3),), NOW - timedelta(days=1))
ASKED = Asked(ScopeId(Kind.WEDDING, "3"), "replace", "2026-x", "p" * 64, TOUCH, 1, hours=HOURS)
WHY = "The couple is on the phone."


def request(**changes: Any) -> Request:
    made = Request("r1", ASKED, ANNA, "why", NOW, NOW + timedelta(hours=24), emergency=True)
    return replace(made, **changes)
