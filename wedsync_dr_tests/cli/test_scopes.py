"""`scopes` at the desk of somebody who has never seen the database."""

from pathlib import Path

import pytest

from wedsync_dr_tests.cli.conftest import SECRET_NAME, Desk


@pytest.fixture
def new_desk(desk: Desk) -> Desk:
    """A desk without a rules file, and a column that nobody gave a foreign key."""
    (desk.home / "rules.toml").unlink()
    desk.sql("CREATE TABLE files (id serial PRIMARY KEY, wedding_id uuid, path text)")
    desk.sql("INSERT INTO files (wedding_id, path) VALUES ('EMMA', 'a'), ('ZOE', 'SECRET_NAME')")
    return desk


def test_without_rules_the_usual_roots_are_taken_and_said(new_desk: Desk) -> None:
    ended = new_desk.run("scopes")
    assert ended.exit_code == 0
    assert "taken as roots by their names: wedding: public.weddings; vendor: public.vendors" in ended.stderr
    assert "undecided, the most urgent first:\n  public.files.wedding_id" in ended.stdout
    assert "60 rows, each with one owner" in ended.stdout


def test_roots_that_are_named_need_no_rules_file_and_another_table_is_refused_by_its_nearest(new_desk: Desk) -> None:
    document = new_desk.json("scopes", "--wedding-root", "public.vendors", "--vendor-root", "public.weddings")
    kinds = {table["table"]: table["owner_kind"] for table in document["tables"]}
    assert (kinds["public.vendors"], kinds["public.weddings"]) == ("wedding", "vendor")
    refused = new_desk.json("scopes", "--wedding-root", "public.wedings", code=2)
    assert "public.weddings" in refused["error"] + refused["remedy"]


def test_without_rules_another_command_says_how_to_draft_them(new_desk: Desk) -> None:
    error = new_desk.json("init", code=2)["source"]
    assert "scopes --suggest" in error["remedy"]


def test_a_draft_is_written_once_and_holds_from_then_on(new_desk: Desk) -> None:
    said = new_desk.done("scopes", "--suggest", "--output", "rules.toml")
    assert "1 references" in said
    draft = Path("rules.toml").read_text()
    assert 'from = "public.files.wedding_id"' in draft
    assert SECRET_NAME not in draft
    files = next(t for t in new_desk.json("scopes")["tables"] if t["table"] == "public.files")
    assert files["rows"] == {"wedding": 2, "vendor": 0, "platform": 0}
    assert new_desk.run("scopes", "--suggest", "--output", "rules.toml").exit_code == 2
    assert Path("rules.toml").read_text() == draft


def test_a_draft_comes_on_the_standard_output_and_as_json(new_desk: Desk) -> None:
    printed = new_desk.done("scopes", "--suggest")
    document = new_desk.json("scopes", "--suggest")
    assert document["draft"] == printed
    assert (document["references"], document["output"]) == (1, None)
    assert new_desk.run("scopes", "--output", "somewhere.toml").exit_code == 2
