"""How the work of a batch is cut, so that memory stays bounded whatever the size of a database, a scope or a row."""

from dataclasses import dataclass

_MB = 2**20


@dataclass(frozen=True)
class Limits:
    """Bytes are of row text, unless said otherwise. With these a process stays below 500 MB.

    A table is read in stretches of `stretch` bytes of its blocks, and split in chunks. A group of scopes is committed
    together; its rows are arranged in bundles of several scopes, or, of a scope that is larger by itself, in parts.
    Rows that wait stay in memory up to `in_memory`, sealed objects up to `sealed` (bytes of theirs). A row longer than
    `row` is refused. Below `worth_processes` starting other processes takes longer than doing without them.
    """

    stretch: int = 48 * _MB
    chunk: int = 8 * _MB
    group_scopes: int = 100
    bundle: int = 32 * _MB
    part: int = 32 * _MB  # arranging it takes seven times as much
    in_memory: int = 32 * _MB
    sealed: int = 16 * _MB
    row: int = 256 * _MB
    worth_processes: int = 64 * _MB


LIMITS = Limits()
