"""`[pack]`: what it may say, and how a mistake is told."""

import tomllib

import pytest

from wedsync_dr.errors import RulesInvalid
from wedsync_dr.model import TableName
from wedsync_dr.pack.mapping import Path, parse_pack
from wedsync_dr_tests.pack.conftest import RULES

ROOT = TableName("public", "weddings")


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ('[gests]\ntable = "public.g"', "[pack] has no key 'gests'.", "Did you mean 'guests'?"),
        ('[guests]\ntable = "public.g"\nid = "id"\nfone = "phone"', "no key 'fone'", "Did you mean 'phone'?"),
        ('[guests]\nid = "id"', "[pack.guests] names no table.", "table ="),
        ('[guests]\ntable = "public.g"', "[pack.guests] lacks id.", "Say which column"),
        ('[guests]\ntable = "guests"\nid = "id"', "does not name a table", "with its schema"),
        ('[guests]\ntable = "public.g"\nid = 7', "[pack.guests] id is not the name of a column.", "reference.column"),
        ('[guests]\ntable = "public.g"\nid = "a..b"', "is not the name of a column", "column:member"),
        ('[answers]\ntable = "public.a"\nguest = "g"\ncoming = "yes"', "is not a list of values", '["one"'),
        ('guests = "public.guests"', "is not a table of settings", "[pack.guests]"),
    ],
)
def test_a_mistake_is_told_with_what_to_write(text: str, what: str, remedy: str) -> None:
    with pytest.raises(RulesInvalid) as refused:
        parse_pack(tomllib.loads(text), ROOT)
    assert what in str(refused.value)
    assert remedy in refused.value.remedy


def test_a_column_may_be_behind_references_and_inside_json_and_one_of_several() -> None:
    mapped = parse_pack({"venue": {"name": ["venue_id.name", "details:place"]}}, ROOT)
    assert mapped["venue"].columns["name"] == (Path(("venue_id",), "name"), Path((), "details", "place"))
    assert mapped["venue"].table == ROOT


def test_the_demo_platforms_mapping_has_every_section() -> None:
    assert len(parse_pack(RULES.pack, ROOT)) == 11
