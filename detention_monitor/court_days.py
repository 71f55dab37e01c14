"""The days on which a magistrates' court must be found for a child kept after charge (PACE s.46).

Easter is reckoned by the anonymous Gregorian computus: ten lines of whole-number arithmetic that
cannot change, against a library to keep up to date for one day a year.
"""

from __future__ import annotations

from datetime import date, timedelta

from detention_monitor.times import day_of, start_of_day

_CHRISTMAS = (12, 25)
_SUNDAY = 6


def good_friday(year: int) -> date:
    """Return Good Friday of a year, two days before Easter Sunday.

    >>> good_friday(2024), good_friday(2038)
    (datetime.date(2024, 3, 29), datetime.date(2038, 4, 23))
    """
    golden = year % 19
    century, rest = divmod(year, 100)
    leaps, over = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moon + 15) % 30
    quarter, last = divmod(rest, 4)
    weekday = (32 + 2 * over + 2 * quarter - epact - last) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1) - timedelta(days=2)


def is_left_out(day: date) -> bool:
    """Whether s.46(8) passes over a day: Sunday, Christmas Day or Good Friday."""
    return (
        day.weekday() == _SUNDAY
        or (day.month, day.day) == _CHRISTMAS
        or day == good_friday(day.year)
    )


def last_day_for_court(day: date) -> date:
    """Return the last day on which a court must sit for somebody charged on `day` (s.46(6)-(8)).

    The day after, or the first after it that is not passed over. A court that sits before then
    makes it earlier; nothing makes it later.

    >>> last_day_for_court(date(2024, 3, 28))  # Maundy Thursday: Good Friday is passed over
    datetime.date(2024, 3, 30)
    """
    following = day + timedelta(days=1)
    while is_left_out(following):
        following += timedelta(days=1)
    return following


def end_of_day(day: date) -> int:
    """Return the last second of a local day."""
    return start_of_day(day + timedelta(days=1)) - 1


def court_by(instant: int) -> int:
    """Return the last second in which somebody charged at an instant may first come to court."""
    return end_of_day(last_day_for_court(day_of(instant)))
