"""Drafted rules: what the data proves is proposed, and nothing else."""

import re
from pathlib import Path

import psycopg
import pytest

from wedsync_dr import demo
from wedsync_dr.model import Kind, TableName
from wedsync_dr.scope.checking import check
from wedsync_dr.scope.draft import draft
from wedsync_dr.scope.report import describe
from wedsync_dr.scope.rules import OwnedBy, Rules, load_rules, parse_rules
from wedsync_dr.scope.suggest import Suggestion, suggest
from wedsync_dr.scope.survey import Source, survey

REVIEWED = load_rules(Path(demo.__file__).with_name("rules.toml"))
BARE = Rules(roots=REVIEWED.roots)
UUID = "('00000000-0000-4000-8000-' || lpad(({})::text, 12, '0'))::uuid"


def made(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(re.sub(r"uuid\(([^()]+)\)", lambda m: UUID.format(m[1]), statement).encode())


def suggested(url: str, rules: Rules) -> Suggestion:
    with survey(Source(url, rules)) as seen:
        return suggest(seen.reader, seen.catalog, rules)


def references(suggestion: Suggestion) -> set[tuple[str, str, str | None]]:
    found = [proposal.reference for proposal in suggestion.references]
    return {(str(one.source), str(one.target), one.when) for one in found}


@pytest.fixture
def weddings(database: str) -> str:
    """Forty weddings and vendors with uuids, and guests."""
    made(
        database,
        "CREATE TABLE weddings (id uuid PRIMARY KEY); CREATE TABLE vendors (id uuid PRIMARY KEY);"
        " CREATE TABLE guests (id uuid PRIMARY KEY, wedding_id uuid NOT NULL REFERENCES weddings)",
        "INSERT INTO weddings SELECT uuid(i) FROM generate_series(1, 40) i",
        "INSERT INTO vendors SELECT uuid(1000 + i) FROM generate_series(1, 40) i",
        "INSERT INTO guests SELECT uuid(2000 + i), uuid(1 + i % 40) FROM generate_series(1, 200) i",
    )
    return database


ROOTS = parse_rules('[roots]\nwedding = ["public.weddings"]\nvendor = ["public.vendors"]')


def test_every_planted_reference_of_the_demo_platform_is_found_and_no_wrong_one(platform: str) -> None:
    suggestion = suggested(platform, BARE)
    assert references(suggestion) == {(str(r.source), str(r.target), r.when) for r in REVIEWED.references}
    assert [link.rule for link in suggestion.reverse if link.proven] == list(REVIEWED.owned_by)
    assert {hub.table for hub in suggestion.hubs} == set(REVIEWED.not_through)


def test_the_draft_used_as_it_is_gives_each_row_of_the_demo_platform_the_owner_of_the_reviewed_rules(
    platform: str,
) -> None:
    drafted = parse_rules(draft(suggested(platform, BARE)))
    rows = []
    for rules in (drafted, REVIEWED):
        with survey(Source(platform, rules)) as seen:
            document = describe(seen.reader, seen.catalog, seen.ownership)
        rows.append({table["table"]: (table["rows"], table["several"]) for table in document["tables"]})
    assert rows[0] == rows[1]


def test_a_draft_holds_no_value_of_a_row_but_the_words_for_types(platform: str) -> None:
    text = draft(suggested(platform, BARE))
    words = set(re.findall(r"[\w@.-]{6,}", text))
    with psycopg.connect(platform, autocommit=True) as connection:
        for table in ("public.guests", "auth.users", "public.notes", "public.documents", "storage.objects"):
            for (row,) in connection.execute(f"SELECT to_jsonb(t) FROM {table} AS t".encode()):
                values = {value for name, value in row.items() if isinstance(value, str) and name != "entity_type"}
                assert not values & words
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", text)


def test_drafting_again_from_the_draft_keeps_all_of_it_and_finds_nothing_new(platform: str) -> None:
    first = parse_rules(draft(suggested(platform, REVIEWED)))
    assert first == REVIEWED
    again = suggested(platform, first)
    assert (again.references, again.hubs, [link for link in again.reverse if link.proven]) == ((), (), [])


def test_numbers_that_every_table_counts_prove_nothing(database: str) -> None:
    made(
        database,
        "CREATE TABLE weddings (id serial PRIMARY KEY, n int); CREATE TABLE vendors (id serial PRIMARY KEY, n int);"
        " CREATE TABLE rooms (id serial PRIMARY KEY, n int);"
        " CREATE TABLE visits (id serial PRIMARY KEY, wedding_id int, total_weddings int, rank_id int)",
        "INSERT INTO weddings (n) SELECT 0 FROM generate_series(1, 100)",
        "INSERT INTO vendors (n) SELECT 0 FROM generate_series(1, 100)",
        "INSERT INTO rooms (n) SELECT 0 FROM generate_series(1, 100)",
        "INSERT INTO visits (wedding_id, total_weddings, rank_id) SELECT i, i, i % 7 FROM generate_series(1, 90) i",
    )
    suggestion = suggested(database, ROOTS)
    assert references(suggestion) == set()
    text = draft(suggestion)
    assert '# from = "public.visits.wedding_id"\n# to   = "public.weddings.id"    # 100 % of the values' in text
    assert "total_weddings" not in text


def test_numbers_that_one_table_alone_has_and_the_name_says_are_a_reference(database: str) -> None:
    made(
        database,
        "CREATE TABLE weddings (id int PRIMARY KEY); CREATE TABLE vendors (id int PRIMARY KEY);"
        " CREATE TABLE visits (id serial PRIMARY KEY, wedding_id bigint)",
        "INSERT INTO weddings SELECT 7919 * i FROM generate_series(1, 100) i",
        "INSERT INTO vendors SELECT i FROM generate_series(1, 100) i",
        "INSERT INTO visits (wedding_id) SELECT 7919 * (1 + i % 50) FROM generate_series(1, 90) i",
    )
    assert references(suggested(database, ROOTS)) == {("public.visits.wedding_id", "public.weddings.id", None)}


def test_the_data_and_not_the_name_says_where_a_column_points(weddings: str) -> None:
    made(
        weddings,
        "CREATE TABLE files (id uuid PRIMARY KEY, wedding_id uuid, vendor_id text, made_for uuid)",
        "INSERT INTO files SELECT uuid(9000 + i), uuid(1000 + i), uuid(1 + i)::text, uuid(2000 + i)"
        " FROM generate_series(1, 30) i",
    )
    assert references(suggested(weddings, ROOTS)) == {
        ("public.files.wedding_id", "public.vendors.id", None),
        ("public.files.vendor_id", "public.weddings.id", None),
        ("public.files.made_for", "public.guests.id", None),
    }


def test_a_name_without_data_and_values_that_are_found_nowhere_propose_nothing(weddings: str) -> None:
    made(
        weddings,
        "CREATE TABLE hollow (id serial PRIMARY KEY, wedding_id uuid)",
        "CREATE TABLE foreign_ids (id serial PRIMARY KEY, wedding_id uuid)",
        "INSERT INTO hollow (wedding_id) SELECT NULL FROM generate_series(1, 30)",
        "INSERT INTO foreign_ids (wedding_id) SELECT uuid(70000 + i) FROM generate_series(1, 30) i",
    )
    suggestion = suggested(weddings, ROOTS)
    assert references(suggestion) == set()
    assert "0 % of the values" in draft(suggestion)


def test_equal_shares_are_shown_and_commented_out(weddings: str) -> None:
    made(
        weddings,
        "CREATE TABLE core_facts (id uuid PRIMARY KEY)",
        "INSERT INTO core_facts SELECT id FROM weddings",
        "CREATE TABLE files (id serial PRIMARY KEY, wedding_id uuid)",
        "INSERT INTO files (wedding_id) SELECT id FROM weddings",
    )
    suggestion = suggested(weddings, ROOTS)
    assert references(suggestion) == set()
    text = draft(suggestion)
    for target in ("public.weddings.id", "public.core_facts.id"):
        assert f'# to   = "{target}"    # 100 % of the values' in text


def test_values_of_two_tables_in_one_column_are_not_given_to_either(weddings: str) -> None:
    made(
        weddings,
        "CREATE TABLE files (id serial PRIMARY KEY, wedding_id uuid)",
        "INSERT INTO files (wedding_id) SELECT id FROM weddings UNION ALL SELECT id FROM vendors",
    )
    suggestion = suggested(weddings, ROOTS)
    assert references(suggestion) == set()
    assert draft(suggestion).count("# 50 % of the values") == 2


def test_a_list_and_a_pair_with_its_type_are_taken_apart(weddings: str) -> None:
    made(
        weddings,
        "CREATE TYPE thing AS ENUM ('Guest', 'wedding', 'nothing')",
        'CREATE TABLE files (id serial PRIMARY KEY, affected uuid[], "Of Type" thing, "Of Id" uuid)',
        'INSERT INTO files (affected, "Of Type", "Of Id") SELECT ARRAY[uuid(1 + i), uuid(2 + i)], \'wedding\', uuid(i)'
        " FROM generate_series(1, 20) i",
        'INSERT INTO files ("Of Type", "Of Id") SELECT \'Guest\', uuid(2000 + i) FROM generate_series(1, 20) i',
        'INSERT INTO files ("Of Type", "Of Id") SELECT \'nothing\', uuid(80000 + i) FROM generate_series(1, 20) i',
    )
    suggestion = suggested(weddings, ROOTS)
    assert references(suggestion) == {
        ("public.files.affected", "public.weddings.id", None),
        ("public.files.Of Id", "public.weddings.id", "\"Of Type\" = 'wedding'"),
        ("public.files.Of Id", "public.guests.id", "\"Of Type\" = 'Guest'"),
    }
    rules = parse_rules(draft(suggestion))
    with survey(Source(weddings, rules)) as seen:
        tables = {t["table"]: t for t in describe(seen.reader, seen.catalog, seen.ownership)["tables"]}
    assert (
        tables["public.files"]["rows"]["wedding"] == 20
    )  # each list names two weddings, so its rows are the platform's


def test_a_reference_that_no_owner_hangs_on_is_a_comment(weddings: str) -> None:
    made(
        weddings,
        "ALTER TABLE guests ADD friends uuid[]",
        "UPDATE guests AS g SET friends = ARRAY(SELECT f.id FROM guests AS f WHERE f.wedding_id = g.wedding_id)",
    )
    suggestion = suggested(weddings, ROOTS)
    assert references(suggestion) == set()
    assert '# "public.guests.friends" → "public.guests.id"' in draft(suggestion)


def test_a_reference_may_lead_on_by_another_one(weddings: str) -> None:
    made(
        weddings,
        "CREATE TABLE folders (id uuid PRIMARY KEY, wedding_id uuid); CREATE TABLE files (id int, folder_id uuid)",
        "INSERT INTO folders SELECT uuid(5000 + i), uuid(i) FROM generate_series(1, 30) i",
        "INSERT INTO files SELECT i, uuid(5000 + i) FROM generate_series(1, 30) i",
    )
    assert references(suggested(weddings, ROOTS)) == {
        ("public.folders.wedding_id", "public.weddings.id", None),
        ("public.files.folder_id", "public.folders.id", None),
    }


def test_a_couple_of_one_wedding_is_a_reverse_link_and_a_shared_venue_is_not(weddings: str) -> None:
    made(
        weddings,
        "CREATE TABLE couples (id uuid PRIMARY KEY); CREATE TABLE venues (id uuid PRIMARY KEY);"
        " CREATE TABLE palettes (id uuid PRIMARY KEY)",
        "INSERT INTO couples SELECT uuid(3000 + i) FROM generate_series(1, 50) i",
        "INSERT INTO venues SELECT uuid(4000 + i) FROM generate_series(1, 50) i",
        "INSERT INTO palettes SELECT uuid(5000 + i) FROM generate_series(1, 50) i",
        "ALTER TABLE weddings ADD couple_id uuid REFERENCES couples, ADD venue_id uuid REFERENCES venues,"
        " ADD palette_id uuid REFERENCES palettes, ADD n serial",
        "UPDATE weddings SET couple_id = uuid(3000 + n), venue_id = uuid(4001 + n / 3), palette_id = uuid(5000 + n)",
    )
    suggestion = suggested(weddings, ROOTS)
    proven = [link.rule for link in suggestion.reverse if link.proven]
    assert [str(rule.via) for rule in proven] == ["public.weddings.couple_id"]
    assert isinstance(proven[0], OwnedBy)
    text = draft(suggestion)
    assert '# table = "public.palettes"' in text
    assert "venues" not in text


def test_of_a_large_table_a_part_is_read_and_the_draft_says_so(weddings: str) -> None:
    made(
        weddings,
        "CREATE TABLE clicks (id bigserial PRIMARY KEY, wedding_id uuid)",
        "INSERT INTO clicks (wedding_id) SELECT uuid(1 + i % 40) FROM generate_series(1, 120000) i",
        "ANALYZE clicks",
    )
    suggestion = suggested(weddings, ROOTS)
    assert references(suggestion) == {("public.clicks.wedding_id", "public.weddings.id", None)}
    assert "# 40 distinct value(s), a sample; 100 % found" in draft(suggestion)


HOSTILE_NAMES = ['Wedding "Facts".x', "ünï→✿", 'line\nbreak"""', "a'b\\c", "select"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_draft_with_any_name_parses_and_names_the_same(weddings: str, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    made(
        weddings,
        f"CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.{quoted} ({quoted} uuid, wedding_id uuid)",
        f"INSERT INTO {quoted}.{quoted} SELECT id, id FROM weddings",
    )
    suggestion = suggested(weddings, ROOTS)
    assert len(suggestion.references) == 2
    rules = parse_rules(draft(suggestion))
    assert rules == suggestion.whole
    with survey(Source(weddings, rules)) as seen:
        check(rules, seen.catalog)
        assert seen.ownership.kinds(TableName(name, name)) == {Kind.WEDDING, Kind.PLATFORM}
