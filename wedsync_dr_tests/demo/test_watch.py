"""What crashes is started again: soon, and ever less eagerly where it crashes at once."""

from dataclasses import dataclass, field

from wedsync_dr.demo.watch import CALM_S, Part, Watch, wait_before
from wedsync_dr.errors import DisasterRecoveryError


@dataclass
class Lamp:
    """Burns until somebody blows it out."""

    burning: bool = True
    broken: bool = False
    lit_at: list[float] = field(default_factory=list)
    now: float = 0.0

    def light(self) -> None:
        self.lit_at.append(self.now)
        if self.broken:
            raise DisasterRecoveryError("No oil.", remedy="Buy some.")
        self.burning = True

    def part(self) -> Part:
        return Part("the lamp", lambda: self.burning, self.light)


def _look(lamp: Lamp, watch: Watch, seconds: int, *, gusts: bool) -> None:
    """One look a second; with gusts the lamp goes out again at once."""
    for _ in range(seconds):
        watch.look(lamp.now)
        lamp.burning = lamp.burning and not gusts
        lamp.now += 1


def test_a_part_that_is_alive_is_let_be() -> None:
    lamp, said = Lamp(), list[str]()
    _look(lamp, Watch([lamp.part()], said.append), 5, gusts=False)
    assert lamp.lit_at == [] and said == []


def test_a_part_that_ended_is_started_at_once_and_both_is_said() -> None:
    lamp, said = Lamp(burning=False), list[str]()
    _look(lamp, Watch([lamp.part()], said.append), 5, gusts=False)
    assert lamp.lit_at == [0]
    assert said == ["the lamp ended by itself; it is started again now.", "the lamp was started again."]


def test_a_part_that_ends_again_and_again_waits_ever_longer_but_never_more_than_a_minute() -> None:
    lamp = Lamp(burning=False)
    _look(lamp, Watch([lamp.part()], lambda _: None), 400, gusts=True)
    waits = [later - earlier for earlier, later in zip(lamp.lit_at, lamp.lit_at[1:], strict=False)]
    assert waits == sorted(waits) and waits[:4] == [2, 4, 8, 16] and waits[-1] == 61
    assert [wait_before(crashes) for crashes in (1, 2, 3, 50)] == [0, 1, 3, 60]


def test_after_a_long_calm_a_crash_counts_as_the_first() -> None:
    lamp = Lamp(burning=False)
    watch = Watch([lamp.part()], lambda _: None)
    _look(lamp, watch, 30, gusts=True)
    lamp.burning, lamp.now = False, lamp.now + CALM_S
    before = len(lamp.lit_at)
    watch.look(lamp.now)
    assert len(lamp.lit_at) == before + 1


def test_a_part_that_cannot_be_started_is_tried_again_and_stops_no_other() -> None:
    broken, other, said = Lamp(burning=False, broken=True), Lamp(burning=False), list[str]()
    watch = Watch([broken.part(), Part("another", lambda: other.burning, other.light)], said.append)
    watch.look(0)
    assert other.burning and "the lamp does not start: No oil." in said
    broken.broken = False
    watch.look(1)
    watch.look(2)
    assert broken.burning
