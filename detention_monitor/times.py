"""Time at the edges: parsing, Europe/London, durations in words. The only module with pendulum.

Inside the program an instant is whole seconds since 1970-01-01T00:00Z and a duration is whole
seconds, so that six hours are six hours through a clock change (design D4).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import lru_cache

import pendulum

LONDON = "Europe/London"
_LONDON = pendulum.timezone(LONDON)
HOUR, MINUTE, DAY = 3600, 60, 86_400
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_SPAN = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")


@lru_cache(maxsize=1_024)
def parse_duration(text: str) -> int:
    """Return the seconds of a duration as people write it; ValueError says what to write.

    >>> parse_duration("6h"), parse_duration("2h30m"), parse_duration("0s")
    (21600, 9000, 0)
    """
    match = _SPAN.fullmatch(text)
    if not text or match is None:
        message = f"'{text}' is not a duration; write 6h, 90m or 2h30m"
        raise ValueError(message)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * HOUR + minutes * MINUTE + seconds


def in_words(seconds: int) -> str:
    """Return a duration in words, whole minutes rounded up.

    >>> in_words(960), in_words(8400), in_words(7200), in_words(20)
    ('16 min', '2 h 20 min', '2 h', '1 min')
    """
    minutes = -(-seconds // MINUTE)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?(Z|z|[+-]\d\d:?\d\d)?"
)
_EARLIEST, _LATEST = 0, 4_102_444_800
_FIRST_DAY = date(1970, 1, 1).toordinal()
_days: dict[str, int] = {}
_clocks: dict[str, int] = {}
_shifts: dict[str, int] = {}
"""Seconds of the pieces of times read before: "2024-09-13T", "05:30:00", "+01:00"."""


def parse_instant(text: str, zone: str | None = None) -> tuple[int, ...]:
    """Return the instants (seconds UTC) that a written time can mean, earliest first.

    One instant for a time with an offset; one, or two in the hour that the autumn change repeats,
    for a time without one in a declared `zone`. Fractions of a second are cut off. ValueError
    says what is wrong: no offset and no zone, an hour that the spring change skips, or no time.

    >>> parse_instant("2025-10-26T01:15", "Europe/London")
    (1761437700, 1761441300)
    """
    try:
        return (_days[text[:11]] + _clocks[text[11:19]] - _shifts[text[19:]],)
    except KeyError:
        return _parsed(text, zone)


def _parsed(text: str, zone: str | None) -> tuple[int, ...]:
    """Read a time piece by piece, and keep the pieces of one written in the common form."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text[:40]}' is not a time; write 2024-09-13T05:30:00+01:00")
    day, clock, offset = match.groups()
    try:
        if offset is not None:
            pieces = _midnight(day), _seconds(clock), _shift(offset)
            found: tuple[int, ...] = (pieces[0] + pieces[1] - pieces[2],)
        else:
            found = _in_zone(datetime.fromisoformat(f"{day}T{clock}"), text, zone)
    except (ValueError, OverflowError) as error:
        if "'" in str(error):
            raise
        raise ValueError(f"'{text[:40]}' is not a time: {error}") from error
    if not _EARLIEST <= found[0] < _LATEST:
        raise ValueError(f"'{text[:40]}' is not between 1970 and 2100")
    common = offset is not None and len(clock) == 8 and len(text) == 19 + len(offset)
    if common and _EARLIEST + 2 * DAY <= pieces[0] < _LATEST - 3 * DAY:  # at any hour and offset
        _days[text[:11]], _clocks[clock], _shifts[offset] = pieces
    return found


def _midnight(day: str) -> int:
    """Return the seconds from 1970 to the beginning of a calendar day, UTC."""
    return (date.fromisoformat(day).toordinal() - _FIRST_DAY) * DAY


def _seconds(clock: str) -> int:
    """Return the seconds from midnight to a time of day."""
    at = time.fromisoformat(clock)
    return at.hour * HOUR + at.minute * MINUTE + at.second


def _shift(offset: str) -> int:
    """Return a written offset from UTC in seconds."""
    if offset in "Zz":
        return 0
    shift = time.fromisoformat(f"00:00:00{offset}").utcoffset()
    return 0 if shift is None else int(shift.total_seconds())


def _in_zone(naive: datetime, text: str, zone: str | None) -> tuple[int, ...]:
    if zone is None:
        raise ValueError(
            f"'{text[:40]}' has no offset; write it with one (+01:00), or declare the zone of "
            "the source"
        )
    earlier, later = (
        int(naive.replace(tzinfo=pendulum.timezone(zone), fold=fold).timestamp()) for fold in (0, 1)
    )
    if later > earlier:
        return earlier, later
    if later < earlier:  # the two readings of an hour that is skipped come the wrong way round
        raise ValueError(f"'{text[:40]}' does not exist: the clocks went forward over it")
    return (earlier,)


def is_zone(name: str) -> bool:
    """Whether a name is that of a time zone."""
    try:
        pendulum.timezone(name)
    except (ValueError, LookupError):
        return False
    return True


@lru_cache(maxsize=16_384)
def _offset(hour: int) -> int:
    """Return the offset of London from UTC in seconds in a clock hour counted from 1970."""
    shift = datetime.fromtimestamp(hour * HOUR, tz=_LONDON).utcoffset()
    return 0 if shift is None else int(shift.total_seconds())


def offset_at(instant: int) -> int:
    """Return the offset of London from UTC at an instant, in seconds (0 or 3600)."""
    return _offset(instant // HOUR)


_CLOCK = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(DAY // MINUTE))
_TWO_DIGITS = tuple(f"{number:02d}" for number in range(60))


@lru_cache(maxsize=4_096)
def _day(number: int) -> date:
    """Return the calendar day counted from 1 January 1970."""
    return date.fromordinal(_FIRST_DAY + number)


@lru_cache(maxsize=4_096)
def _day_text(number: int) -> str:
    return _day(number).isoformat()


@lru_cache(maxsize=4_096)
def _day_in_words(number: int) -> str:
    day = _day(number)
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


@lru_cache(maxsize=8_192)
def rfc3339(instant: int) -> str:
    """Return an instant as RFC 3339 with London's offset.

    >>> rfc3339(1726201800)
    '2024-09-13T05:30:00+01:00'
    """
    offset = offset_at(instant)
    day, rest = divmod(instant + offset, DAY)
    minute, second = divmod(rest, MINUTE)
    zone = "+01:00" if offset else "+00:00"
    return f"{_day_text(day)}T{_CLOCK[minute]}:{_TWO_DIGITS[second]}{zone}"


def local_naive(instant: int) -> str:
    """Return the local time without an offset, as careless systems write it.

    >>> local_naive(1726201800)
    '2024-09-13T05:30:00'
    """
    return rfc3339(instant)[:-6]


@lru_cache(maxsize=8_192)
def local_text(instant: int, *, seconds: bool = False) -> str:
    """Return an instant for people, with the zone in words of the day.

    >>> local_text(1726201800)
    'Fri 13 Sep 2024 05:30 BST'
    """
    offset = offset_at(instant)
    day, rest = divmod(instant + offset, DAY)
    minute, second = divmod(rest, MINUTE)
    clock = _CLOCK[minute]
    if seconds or second:
        clock = f"{clock}:{_TWO_DIGITS[second]}"
    return f"{_day_in_words(day)} {clock} {'BST' if offset else 'GMT'}"


def clock_text(instant: int) -> str:
    """Return the local time of day of an instant, hh:mm."""
    hours, rest = divmod((instant + offset_at(instant)) % DAY, HOUR)
    return f"{hours:02d}:{rest // 60:02d}"


def countdown(seconds: int) -> str:
    """Return how long is left, or by how much it is past: hours, minutes, seconds.

    >>> countdown(3_723), countdown(-125)
    ('1:02:03', '-0:02:05')
    """
    hours, rest = divmod(abs(seconds), HOUR)
    return f"{'-' if seconds < 0 else ''}{hours}:{rest // 60:02d}:{rest % 60:02d}"


def day_of(instant: int) -> date:
    """Return the local calendar day of an instant."""
    return _day((instant + offset_at(instant)) // DAY)


@lru_cache(maxsize=4_096)
def start_of_day(day: date) -> int:
    """Return the instant at which a local day begins."""
    if not 1972 <= day.year < 2400:
        return pendulum.datetime(day.year, day.month, day.day, tz=LONDON).int_timestamp
    midnight = (day.toordinal() - _FIRST_DAY) * DAY
    return midnight - offset_at(midnight)  # the clocks never change at midnight in London


@lru_cache(maxsize=4_096)
def at_local(day: date, time_of_day: int) -> int:
    """Return the instant of a local time (seconds after midnight by the clock) on a day."""
    hours, rest = divmod(time_of_day, HOUR)
    return pendulum.datetime(
        day.year, day.month, day.day, hours, rest // 60, rest % 60, tz=LONDON
    ).int_timestamp


def next_local(instant: int, clock: str) -> int:
    """Return the first instant strictly after `instant` with this local time ("22:00")."""
    hours, _, minutes = clock.partition(":")
    seconds = int(hours) * HOUR + int(minutes) * MINUTE
    day = day_of(instant)
    today = at_local(day, seconds)
    return today if today > instant else at_local(date.fromordinal(day.toordinal() + 1), seconds)


@lru_cache(maxsize=4_096)
def birthday_start(born: date, age: int) -> int:
    """Return the instant at which somebody attains an age: the start of the birthday, local.

    A 29 February birth counts from 1 March in other years (domain.md section 8).
    """
    try:
        day = born.replace(year=born.year + age)
    except ValueError:
        day = date(born.year + age, 3, 1)
    return start_of_day(day)


def age_at(born: date, instant: int) -> int:
    """Return the age in whole years at an instant."""
    day = day_of(instant)
    years = day.year - born.year
    return years if instant >= birthday_start(born, years) else years - 1


def night_windows(start: int, end: int, begins: int, ends: int) -> list[tuple[date, int, int]]:
    """Return the night windows touching a stretch of time: evening's day, start and end instants.

    `begins` and `ends` are local times of day in seconds; the window crosses midnight and has 8
    to 10 elapsed hours on the nights of a clock change.
    """
    out = []
    for ordinal in range(day_of(start).toordinal() - 1, day_of(end).toordinal() + 1):
        evening, morning = date.fromordinal(ordinal), date.fromordinal(ordinal + 1)
        out.append((evening, at_local(evening, begins), at_local(morning, ends)))
    return [each for each in out if each[2] > start and each[1] < end]
