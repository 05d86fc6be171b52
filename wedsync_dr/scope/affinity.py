"""What names say: which table a column may mean. A name only proposes; `scope.evidence` asks the data."""

import re
from enum import IntEnum
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![^\W\d_A-Z])|[^\W\d_][^\W_A-Z]*|\d+")
_SUFFIXES = {"id", "ids", "ref", "refs", "uuid", "uuids", "guid", "key", "keys", "fk", "pk"}
_TYPE_WORDS = {"type", "kind", "table", "class", "model", "name"}
_SINGULAR = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("ss", "ss"), ("s", ""))


class Affinity(IntEnum):
    """How well a name fits a table: not at all, a part of the table's name, its end with more before it, exactly."""

    NONE = 0
    PART = 1
    ENDS = 2
    EXACT = 3


def id_like(column: str) -> bool:
    """Whether a column is named like one that holds the key of something: `wedding_id`, `weddingRef`, `guest_uuids`."""
    found = _words(column)
    return len(found) > 1 and found[-1] in _SUFFIXES


def affinity(column: str, table: str) -> Affinity:
    """How well the name of a column, or a word for a type of thing, fits the name of a table."""
    mine, theirs = _stem(column), things(table)
    if not mine or not theirs:
        return Affinity.NONE
    if mine == theirs:
        return Affinity.EXACT
    if mine[-len(theirs) :] == theirs:
        return Affinity.ENDS
    if theirs[-len(mine) :] == mine or theirs[: len(mine)] == mine:
        return Affinity.PART
    return Affinity.NONE


def type_column_of(column: str, other: str) -> bool:
    """Whether `other` is named like what says which kind of thing `column` points to: `entity_type` of `entity_id`."""
    mine, theirs = _words(column), _words(other)
    return len(mine) > 1 and mine[-1] in _SUFFIXES and mine[:-1] == theirs[:-1] and theirs[-1] in _TYPE_WORDS


@lru_cache(maxsize=65536)
def things(name: str) -> tuple[str, ...]:
    return tuple(_singular(word) for word in _words(name))


@lru_cache(maxsize=65536)
def _stem(column: str) -> tuple[str, ...]:
    found = _words(column)
    return tuple(_singular(word) for word in (found[:-1] if found and found[-1] in _SUFFIXES else found))


def _words(name: str) -> list[str]:
    """Split at what is no letter and where a capital begins."""
    return [word.lower() for word in _WORD.findall(name)]


def _singular(word: str) -> str:
    for ending, instead in _SINGULAR:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    return word
