"""Rules that name nothing are refused, by name and with the nearest spelling."""

from datetime import date

import psycopg
import pytest

from wedsync_dr.errors import RulesInvalid
from wedsync_dr.model import Kind, RowClass, TableName
from wedsync_dr.scope.checking import check, expired
from wedsync_dr.scope.report import describe
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr_tests import town


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("[roots", "not TOML", "Mend"),
        ("[root]\nwedding = []", "'root'", "'roots'"),
        ("[roots]\nweding = []", "'weding'", "'wedding'"),
        ('[[reference]]\nfrm = "a.b.c"', "'frm'", "'from'"),
        ('[[reference]]\nfrom = "a.b.c"', "'to'", "example"),
        ('[[reference]]\nfrom = "guests.id"\nto = "public.weddings.id"', "guests.id", "in full"),
        ('[[left_out]]\ntable = "a.b"\nreason = " "\nuntil = 2027-01-01', "without a reason", "auditor"),
        ('[[left_out]]\ntable = "a.b"\nreason = "x"\nuntil = "soon"', "not a date", "until ="),
        ('[tables."a.b"]\nweding_through = ["x"]', "weding_through", "wedding_through"),
    ],
)
def test_a_rules_file_that_cannot_be_meant_is_refused(text: str, what: str, remedy: str) -> None:
    with pytest.raises(RulesInvalid) as refused:
        parse_rules(text)
    assert what in str(refused.value)
    assert remedy in refused.value.remedy


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ('[roots]\nwedding = ["public.wedings"]', "public.wedings", "public.weddings"),
        ('[[reference]]\nfrom = "public.documents.weding_id"\nto = "public.weddings.id"', "weding_id", "wedding_id"),
        ('[walk]\nnot_through = ["public.nobody"]', "public.nobody", ""),
        ('[roots]\nwedding = ["public.visits"]', "no primary key", "Give it one"),
        ('[tables."public.guests"]\nwedding_through = ["weding_id"]', "weding_id", "wedding_id"),
    ],
)
def test_rules_that_name_what_the_database_does_not_have_are_refused(
    database: str, text: str, what: str, remedy: str
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(town.SCHEMA)
    with pytest.raises(RulesInvalid) as refused, survey(Source(database, parse_rules(text))):
        pass
    assert what in str(refused.value)
    assert remedy in refused.value.remedy


def test_quoted_names_and_classes_are_understood() -> None:
    rules = parse_rules('[roots]\nwedding = [\'"Odd.Schema"."We""ddings"\']\n[class]\nbusiness = [\'billing.*\']')
    assert rules.roots[Kind.WEDDING] == (TableName("Odd.Schema", 'We"ddings'),)
    assert rules.row_class(TableName("billing", "payments")) is RowClass.BUSINESS
    assert rules.row_class(TableName("public", "guests")) is RowClass.PERSONAL


def test_an_exception_that_has_run_out_protects_the_table_again() -> None:
    rules = parse_rules('[[left_out]]\ntable = "a.b"\nreason = "x"\nuntil = 2027-06-30')
    assert expired(rules, date(2027, 6, 30)) == ()
    assert expired(rules, date(2027, 7, 1)) == (TableName("a", "b"),)


def test_the_rows_of_all_tables_add_up_to_the_database_and_what_is_undecided_is_said(database: str) -> None:
    source = town.build(database)
    without = Source(database, parse_rules('[roots]\nwedding = ["public.weddings"]'))
    for one in (source, without):
        with survey(one) as seen:
            check(one.rules, seen.catalog)
            document = describe(seen.reader, seen.catalog, seen.ownership)
        for table in document["tables"]:
            (count,) = town.rows(source, f"SELECT count(*) FROM {table['table']}")[0]
            assert sum(table["rows"].values()) == count, table
    warned = " ".join(document["warnings"])
    assert "public.documents.wedding_id" in warned
    assert "public.visits.wedding_id" in warned
