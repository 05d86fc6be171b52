"""The content hash: what must leave it alone, and what must not."""

from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.snapshot.content import TableContent, add_up, class_content, content_of, digest

KEY = b"k" * 32
lines = st.lists(st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"") + b"\n"), max_size=12)


@given(lines, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[bytes], random: object) -> None:
    assert content_of(KEY, rows) == content_of(KEY, rows[::-1])


@given(lines, lines)
def test_parts_add_up_to_the_whole(first: list[bytes], second: list[bytes]) -> None:
    assert content_of(KEY, first) + content_of(KEY, second) == content_of(KEY, first + second)


@given(st.lists(lines, max_size=6))
def test_many_tables_at_once_are_the_same_as_one_by_one(tables: list[list[bytes]]) -> None:
    digests = [one for rows in tables for one in digest(KEY, rows)]
    assert add_up(digests, [len(rows) for rows in tables]) == [content_of(KEY, rows) for rows in tables]


@given(lines, lines)
def test_other_rows_have_another_content(first: list[bytes], second: list[bytes]) -> None:
    assert (content_of(KEY, first) == content_of(KEY, second)) == (sorted(first) == sorted(second))


@given(lines)
def test_another_key_gives_another_content(rows: list[bytes]) -> None:
    assert not rows or content_of(KEY, rows).sum != content_of(b"j" * 32, rows).sum


@given(lines)
def test_a_content_survives_the_footer(rows: list[bytes]) -> None:
    content = content_of(KEY, rows)
    assert TableContent.from_hex(content.rows, content.hex) == content


def test_columns_and_table_names_are_part_of_the_class() -> None:
    content = content_of(KEY, [b"1\n"])
    whole = class_content(KEY, {"a.b": ('[["id","integer"]]', content)})
    assert whole != class_content(KEY, {"a.b": ('[["id","bigint"]]', content)})
    assert whole != class_content(KEY, {"a.c": ('[["id","integer"]]', content)})
    assert whole == class_content(KEY, {"a.c": ("[]", TableContent()), "a.b": ('[["id","integer"]]', content)})
