"""What people read: which trouble is new, which goes on, which is over; where, since when, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from wedsync_dr.alerts.alert import AlertCode, Severity
from wedsync_dr.model import utc_text
from wedsync_dr.schedule.words import spoken

SHOWN = 10  # ids of a notice; more do not help a tired person


class News(StrEnum):
    """What is told about a trouble."""

    NEW = "new"
    MORE = "more"
    STILL = "still"
    OVER = "over"


_WORDS = {News.NEW: "new", News.MORE: "more of the same", News.STILL: "still", News.OVER: "over"}


@dataclass(frozen=True)
class Notice:
    """One trouble in a message. `subjects` are the first of the `count` ids that it is about."""

    news: News
    code: AlertCode
    severity: Severity
    title: str
    what_to_do: str
    subjects: tuple[str, ...]
    count: int
    since: datetime

    def lines(self, now: datetime) -> Iterator[str]:
        """For people."""
        if self.news is News.OVER:
            yield f"OVER: {self.title}"
        else:
            yield f"{self.severity.value.upper()}, {_WORDS[self.news]}: {self.title}"
        yield f"  since {self.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {spoken(now - self.since)}"
        if self.subjects:
            more = f" and {self.count - len(self.subjects):,} more" if self.count > len(self.subjects) else ""
            yield f"  which: {', '.join(self.subjects)}{more}"
        if self.news is not News.OVER:
            yield f"  what to do: {self.what_to_do}"
            yield f"  runbook: docs/runbook.md, {self.code.value}"

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "news": self.news.value,
            "code": self.code.value,
            "severity": self.severity.value,
            "title": self.title,
            "what_to_do": self.what_to_do,
            "subjects": list(self.subjects),
            "count": self.count,
            "since": utc_text(self.since),
            "runbook": f"docs/runbook.md, {self.code.value}",
        }


@dataclass(frozen=True)
class Message:
    """All that there is to tell at one instant. Holds ids, codes and counts; nothing of what is in a row."""

    at: datetime
    notices: tuple[Notice, ...]

    @property
    def subject(self) -> str:
        """One line."""
        over = sum(notice.news is News.OVER for notice in self.notices)
        wrong = len(self.notices) - over
        parts = [f"{wrong} to look at"] * bool(wrong) + [f"{over} over"] * bool(over)
        return f"wedsync-dr: {', '.join(parts)}" + (f" ({self._worst().title})" if len(self.notices) == 1 else "")

    def text(self) -> str:
        """For people, the worst first."""
        ordered = sorted(self.notices, key=_rank)
        return "\n\n".join("\n".join(notice.lines(self.at)) for notice in ordered) + "\n"

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        notices = [notice.to_json() for notice in sorted(self.notices, key=_rank)]
        return {"at": utc_text(self.at), "subject": self.subject, "text": self.text(), "notices": notices}

    def _worst(self) -> Notice:
        return min(self.notices, key=_rank)


def _rank(notice: Notice) -> tuple[bool, bool, str]:
    return notice.news is News.OVER, notice.severity is not Severity.ERROR, notice.code.value
