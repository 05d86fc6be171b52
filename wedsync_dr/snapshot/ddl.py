"""A schema dump as single statements: `pg_dump` heads each object of its plain text with a comment.

What stands in quotes, dollar quotes or comments of an object's own is never taken for such a head.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_TOKENS = re.compile(
    r"^--\n-- Name: (?P<name>[^\n]*); Type: (?P<type>[^\n;]*); Schema: (?P<schema>[^\n]*);"
    r" Owner: (?P<owner>[^\n]*)\n--\n"
    r"|(?P<end>^--\n-- PostgreSQL database dump complete\n--\n)"
    r"|\b[eE]'(?:[^'\\]+|\\.|'')*'|'[^']*'|\"[^\"]*\"|(?P<dollar>\$\w*\$).*?(?P=dollar)|--[^\n]*\n",
    re.MULTILINE | re.DOTALL,
)
_SETTINGS = re.compile(r"(?:^SET default_\w+ = [^\n]*;\s*)+\Z", re.MULTILINE)
_OWNER = re.compile(r"\n\nALTER [^\n]* OWNER TO [^\n]*;\s*\Z")
_REFERENCES = re.compile(r'REFERENCES ("(?:[^"]|"")*")\.("(?:[^"]|"")*")')


@dataclass(frozen=True)
class Statement:
    """One object of a dump, or one thing said of an object; `text` may be several SQL statements."""

    section: str
    type: str
    schema: str
    name: str
    owner: str
    text: str

    @property
    def without_owner(self) -> str:
        """The text without the statement that gives the object to its owner."""
        return _OWNER.sub("\n", self.text)

    @property
    def references(self) -> tuple[tuple[str, str], ...]:
        """The tables that a foreign key's text names, as (schema, name)."""
        return tuple((_plain(schema), _plain(name)) for schema, name in _REFERENCES.findall(self.text))


def split_dump(section: str, dump: str) -> Iterator[Statement]:
    """The objects of a plain-text dump, in its order. Nothing that differs from one dump to the next is kept."""
    heads = [found for found in _TOKENS.finditer(dump) if found["type"] or found["end"]]
    settings = _settings(dump[: heads[0].start()]) if heads else ""
    for head, following in pairwise(heads):
        text = dump[head.end() : following.start()].strip("\n") + "\n"
        later = _settings(text)
        own = text[: text.rindex(later)] if later else text
        yield Statement(section, head["type"], head["schema"], head["name"], head["owner"], settings + own.strip("\n"))
        settings = later


def _settings(text: str) -> str:
    """The settings at the end of a text, which are meant for what follows."""
    found = _SETTINGS.search(text)
    return found[0] if found else ""


def _plain(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"')
