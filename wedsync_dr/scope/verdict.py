"""Does the evidence prove where a column points? Pure: evidence in, a verdict with its reason out."""

from collections.abc import Sequence
from dataclasses import dataclass

from wedsync_dr.scope.affinity import Affinity
from wedsync_dr.scope.evidence import Candidate, Evidence

_FEWEST = {"uuid": 3, "bigint": 12, "text": 6}
_FOUND, _FOUND_NOWHERE_ELSE = 0.9, 0.5
_SAME = 0.02
_TRACE = 0.05
_NAMED = {Affinity.EXACT: "named like it", Affinity.ENDS: "its name ends like it"}


@dataclass(frozen=True)
class Verdict:
    """Where a clue points, if that is proven, and why, or why not; in words without any value."""

    evidence: Evidence
    proven: Candidate | None
    why: str


def judge(evidence: Evidence) -> Verdict:
    """A reference is proven by distinct values that one key has and no other key; what the names say only helps."""
    found = [one for one in evidence.candidates if one.share]
    if not found:
        return Verdict(evidence, None, "none of its values is the key of anything")
    best, doubt = found[0], _doubt(evidence, found)
    return Verdict(evidence, None if doubt else best, doubt or _grounds(evidence, best))


def _doubt(evidence: Evidence, found: Sequence[Candidate]) -> str:
    """What speaks against the first candidate; empty where nothing does."""
    best, others = found[0], found[1:]
    named = best.fits >= Affinity.ENDS
    rivals = [one for one in others if one.share >= best.share - _SAME]
    if rivals:
        return f"the same values are keys of {len(rivals)} more table(s): the data does not decide"
    if evidence.kind != "uuid" and not named:
        return "numbers and words are found by chance, and the name does not say this table"
    if evidence.distinct < (1 if named and evidence.kind == "uuid" else _FEWEST[evidence.kind]):
        return f"only {evidence.distinct} distinct value(s)"
    alone = named and evidence.kind == "uuid" and all(one.share < _TRACE for one in others)
    needed = _FOUND_NOWHERE_ELSE if alone else _FOUND
    if best.share < needed:
        return f"only {percent(best.share)} of the values are keys of it"
    return ""


def _grounds(evidence: Evidence, best: Candidate) -> str:
    named = _NAMED.get(best.fits, "not named like it")
    others = [one for one in evidence.candidates[1:] if one.share]
    elsewhere = f"at most {percent(others[0].share)} in any other key" if others else "in no other key"
    return f"{percent(best.share)} found, {elsewhere}; {named}"


def percent(share: float) -> str:
    """A share for people; 100 % and 0 % only where they are exact."""
    if 0 < share < 0.01:
        return "less than 1 %"
    return f"{int(share * 100)} %"
