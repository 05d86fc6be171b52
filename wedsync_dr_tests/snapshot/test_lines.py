"""Rows cut, split and arranged many at once are those that looking at one after the other gives."""

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.snapshot.limits import Limits
from wedsync_dr.snapshot.lines import Lines, take
from wedsync_dr.snapshot.split import NOBODY, split
from wedsync_dr.source.copytext import NULL

field = st.sampled_from([b"", b"a", b"\\N", b"\\t", b"long " * 9, "\u05d0\u0301".encode(), b"\x0b", b"\x08"])
WIDTH = 4
rows = st.lists(st.lists(field, min_size=WIDTH, max_size=WIDTH).map(b"\t".join), max_size=20)
owner = st.sampled_from([b"", b"w0:1", b"w0:22", b"v0:3", b"elsewhere"])
PLACES = {b"": 2, b"w0:1": 0, b"w0:22": 1, b"v0:3": 7}


def whole(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


@given(rows)
def test_fields_are_those_between_the_tabs(lines: list[bytes]) -> None:
    cut = Lines(whole(lines))
    fields = [line.split(b"\t") for line in lines]
    assert len(cut) == len(lines)
    assert cut.whole().to_pylist() == [line + b"\n" for line in lines]
    for i in range(WIDTH):
        assert cut.field(i).to_pylist() == [one[i] for one in fields]
        assert cut.prefix(i).to_pylist() == [b"\t".join(one[:i]) for one in fields]
        expected = [None if NULL in (one[i], one[0]) else one[i] + b"\t" + one[0] for one in fields]
        assert cut.values((i, 0)).to_pylist() == expected


@given(rows, st.randoms())
def test_stretches_are_taken_in_any_order(lines: list[bytes], random: object) -> None:
    cut, order = Lines(whole(lines)), np.arange(len(lines))[::-1]
    assert take(cut.text, cut.starts, cut.ends, order).to_pylist() == [line + b"\n" for line in reversed(lines)]


@given(st.lists(st.tuples(owner, rows.filter(bool).map(lambda lines: lines[0])), max_size=30), st.integers(1, 80))
def test_rows_are_split_by_owner_and_lose_no_other(pairs: list[tuple[bytes, bytes]], portion: int) -> None:
    lines = [o + b"\t" + line + b"\n" for o, line in pairs]
    batches = list(split(lines, lambda o: PLACES.get(o, NOBODY), Limits(chunk=portion)))
    found = [(p, row) for b in batches for p, row in zip(b["place"].to_pylist(), b["row"].to_pylist(), strict=True)]
    wanted = [(PLACES[o], line + b"\n") for o, line in pairs if o in PLACES]
    assert sorted(found) == sorted(wanted)
    for batch in batches:
        places = batch["place"].to_pylist()
        assert places == sorted(places)
        assert len({place for place, _ in groupby(places)}) == len(set(places))


def test_a_table_without_columns_has_rows_all_the_same() -> None:
    (batch,) = split([b"w0:1\n", b"\n", b"w0:1\n"], lambda o: PLACES[o])
    assert batch.to_pydict() == {"place": [0, 0, 2], "row": [b"\n"] * 3}
