"""The times at which Aurora backs up and maintains a cluster: `03:00-04:00`, `sun:05:00-sun:06:00`.

Both are in UTC. Source:
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DAY = 24 * 60
WEEK = 7 * DAY
SHORTEST = 30
"""Minutes that a window lasts at least."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01][0-9]|2[0-3]):([0-5][0-9])"
_DAILY = re.compile(f"{_TIME}-{_TIME}")
_WEEKLY = re.compile(f"({'|'.join(_DAYS)}):{_TIME}-({'|'.join(_DAYS)}):{_TIME}", re.IGNORECASE)


@dataclass(frozen=True)
class Window:
    """A time that comes again.

    Attributes:
        start: minutes from the beginning of the day or week to the window's.
        length: minutes that it lasts.
        period: minutes after which it comes again, `DAY` or `WEEK`.
    """

    start: int
    length: int
    period: int

    def overlaps(self, other: Window) -> bool:
        """Whether two windows have a minute in common, in any week.

        Args:
            other: the other window.

        Returns:
            Whether they have.
        """
        mine, its = self._in_week(), other._in_week()
        return any(
            begin < end_other and begin_other < end
            for begin, end in mine
            for begin_other, end_other in its
        )

    def after(self, other: Window) -> str:
        """The same day's window of the same length that begins when another ends.

        Args:
            other: a daily window.

        Returns:
            The window as text, such as `sun:04:00-sun:05:00`.
        """
        day = self.start // DAY * DAY
        begin = day + (other.start + other.length) % DAY
        length = min(self.length, DAY - other.length)
        return f"{_text(begin)}-{_text(begin + length)}"

    def _in_week(self) -> list[tuple[int, int]]:
        """Begin and end of each time in one week, that before and that after it among them."""
        begins = range(self.start - self.period, WEEK + self.period, self.period)
        return [(begin, begin + self.length) for begin in begins]


def daily(text: str) -> Window | None:
    """Read a backup window.

    Args:
        text: such as `03:00-04:00`; one that ends before it begins ends the next day.

    Returns:
        The window, or `None` if the text has another form.
    """
    match = _DAILY.fullmatch(text)
    if match is None:
        return None
    hour, minute, to_hour, to_minute = map(int, match.groups())
    start = hour * 60 + minute
    return Window(start, (to_hour * 60 + to_minute - start) % DAY, DAY)


def weekly(text: str) -> Window | None:
    """Read a maintenance window.

    Args:
        text: such as `sun:05:00-sun:06:00`.

    Returns:
        The window, or `None` if the text has another form.
    """
    match = _WEEKLY.fullmatch(text)
    if match is None:
        return None
    day, hour, minute, to_day, to_hour, to_minute = match.groups()
    start, end = (
        _DAYS.index(name.lower()) * DAY + int(hours) * 60 + int(minutes)
        for name, hours, minutes in ((day, hour, minute), (to_day, to_hour, to_minute))
    )
    return Window(start, (end - start) % WEEK, WEEK)


def _text(minutes: int) -> str:
    days, rest = divmod(minutes % WEEK, DAY)
    return f"{_DAYS[days]}:{rest // 60:02}:{rest % 60:02}"
