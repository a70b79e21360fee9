"""Months between two dates, exactly."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from fractions import Fraction


def months_between(start: dt.date, end: dt.date) -> Fraction:
    """Months from one date to another; negative when `end` comes first.

    Every calendar month is 1 long, and each of its days 1/28 to 1/31 of it:
    place(d) = 12 × year + month + day ÷ days of that month, and the months are
    place(end) − place(start). Ends of months are therefore whole months apart,
    whatever their last day is, and months add up: a to c is a to b and b to c.

    >>> months_between(dt.date(2021, 6, 30), dt.date(2021, 12, 31))
    Fraction(6, 1)
    >>> months_between(dt.date(2020, 2, 29), dt.date(2021, 2, 28))
    Fraction(12, 1)
    >>> months_between(dt.date(2021, 12, 31), dt.date(2022, 1, 15))
    Fraction(15, 31)
    """
    return _place(end) - _place(start)


def _place(day: dt.date) -> Fraction:
    length = monthrange(day.year, day.month)[1]
    return 12 * day.year + day.month + Fraction(day.day, length)


def year_before(day: dt.date) -> dt.date:
    """The same day a year earlier; the end of February stays the end of February.

    >>> year_before(dt.date(2020, 2, 29)), year_before(dt.date(2018, 6, 30))
    (datetime.date(2019, 2, 28), datetime.date(2017, 6, 30))
    """
    length = monthrange(day.year - 1, day.month)[1]
    return day.replace(year=day.year - 1, day=min(day.day, length))
