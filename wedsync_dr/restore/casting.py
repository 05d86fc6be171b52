"""Values of a snapshot as another type, as PostgreSQL casts them, and whether they come back the same."""

from collections.abc import Sequence
from dataclasses import replace

from wedsync_dr.restore.live import Target
from wedsync_dr.restore.mapping import ColumnFit, Fit
from wedsync_dr.source.copytext import texts_of
from wedsync_dr.source.literal import array

_AT_ONCE = 5_000


def cast(target: Target, fit: ColumnFit, values: Sequence[bytes]) -> tuple[ColumnFit, list[bytes]]:
    """The values as the new type, with a fit that says what they lose; impossible where one of them has no cast."""
    (_, old), (_, new) = fit.before or ("", ""), fit.after or ("", "")
    if not values:
        return replace(fit, why=f"{old} becomes {new}"), []
    ways = (
        (f"(v.value::{old})::{new}", f"((v.value::{old})::{new})::{old} IS DISTINCT FROM v.value::{old}"),
        (f"(v.value::{old})::{new}", f"((v.value::{old})::{new})::text IS DISTINCT FROM v.value"),
        (f"v.value::{new}", f"(v.value::{new})::text IS DISTINCT FROM v.value"),
    )
    for value, differs in ways:
        if (answer := _answer(target, value, differs, values)) is not None:
            loses = any(flag == b"t" for flag, _ in answer)
            why = f"{old} becomes {new}" + (", and some values come out different" if loses else "")
            return replace(fit, why=why, loses=loses), [value for _, value in answer]
    return replace(fit, fit=Fit.IMPOSSIBLE, why=f"not every value of {old} can be {new}"), list(values)


def _answer(target: Target, value: str, differs: str, values: Sequence[bytes]) -> list[tuple[bytes, bytes]] | None:
    found: list[tuple[bytes, bytes]] = []
    for start in range(0, len(values), _AT_ONCE):
        given = array(texts_of(values[start : start + _AT_ONCE]))
        rows = f"pg_catalog.unnest({given}) WITH ORDINALITY AS v (value, place)"
        lines = target.reader.attempt(f"SELECT {differs}, {value} FROM {rows} ORDER BY v.place")
        if lines is None:
            return None
        for line in lines:
            flag, _, new = line[:-1].partition(b"\t")
            found.append((flag, new))
    return found
