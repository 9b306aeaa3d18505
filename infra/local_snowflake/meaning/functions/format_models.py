"""Format models of dates and times: split a model into elements, print and parse with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from infra.local_snowflake.meaning.functions.refusal import UnsupportedValueError, ValueRefusedError

_ELEMENT = re.compile(
    r'"(?P<quoted>[^"]*)"|(?P<element>YYYY|YY|MMMM|MON|MM|DD|DY|HH24|HH12|HH|AM|PM|MI|SS|FF[0-9]?|TZHTZM|TZH:TZM|TZH|TZM|TZD)'
    r"|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_PATTERNS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short_year>\d{2})",
    "MMMM": rf"(?P<long_month>{'|'.join(_MONTHS)}|[A-Z]{{3}})",
    "MON": r"(?P<name_month>[A-Z]{3})",
    "MM": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "DY": r"(?:[A-Z]{3})",
    "HH24": r"(?P<hour>\d{1,2})",
    "HH": r"(?P<hour>\d{1,2})",
    "HH12": r"(?P<half_hour>\d{1,2})",
    "AM": r"(?P<half>AM|PM)",
    "PM": r"(?P<half>AM|PM)",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})",
    "TZHTZM": r"(?P<zone>Z|[+-]\d{2}\d{2})",
    "TZH:TZM": r"(?P<zone>Z|[+-]\d{2}:\d{2})",
    "TZH": r"(?P<zone>Z|[+-]\d{1,2})",
    "TZM": r"(?P<zone_minute>\d{2})",
    "TZD": r"(?:[A-Z]{3,4})",
}
_FULL_DIGITS = 9
_KEPT_DIGITS = 6
"""Of a fraction of a second: DuckDB's timestamps are microseconds."""
_NOON = 12
_FIRST_SHORT_YEAR = 70
"""TWO_DIGIT_CENTURY_START: 70 is 1970, and 69 is 2069."""


@dataclass(frozen=True, slots=True)
class Part:
    """An element of a model in upper case, or literal text."""

    text: str
    is_element: bool


@lru_cache(maxsize=1024)
def parts(model: str) -> tuple[Part, ...]:
    """Split a model; upper and lower case mean the same."""
    found = []
    for match in _ELEMENT.finditer(model):
        if match["element"]:
            found.append(Part(match["element"].upper(), is_element=True))
        else:
            found.append(Part(match["quoted"] if match["quoted"] is not None else match["other"], is_element=False))
    return tuple(found)


def to_char(text: str, model: str) -> str:
    """Print a date, time or timestamp, given in ISO's form, with a model."""
    value = _of_iso(text)
    return "".join(_printed(part.text, value) if part.is_element else part.text for part in parts(model))


def _of_iso(text: str) -> datetime:
    if text[2:3] == ":":
        text = f"1970-01-01 {text}"
    return datetime.fromisoformat(text)


def _printed(element: str, value: datetime) -> str:
    if element.startswith("FF"):
        digits = int(element[2:] or _FULL_DIGITS)
        return f"{value.microsecond * 1000:09d}"[:digits]
    offset = value.utcoffset() or timedelta()
    minutes = abs(int(offset.total_seconds())) // 60
    sign = "-" if offset < timedelta() else "+"
    printed = {
        "YYYY": f"{value.year:04d}",
        "YY": f"{value.year % 100:02d}",
        "MMMM": _MONTHS[value.month - 1],
        "MON": _MONTHS[value.month - 1][:3],
        "MM": f"{value.month:02d}",
        "DD": f"{value.day:02d}",
        "DY": _DAYS[value.weekday()],
        "HH24": f"{value.hour:02d}",
        "HH": f"{value.hour:02d}",
        "HH12": f"{value.hour % 12 or 12:02d}",
        "AM": "AM" if value.hour < _NOON else "PM",
        "PM": "AM" if value.hour < _NOON else "PM",
        "MI": f"{value.minute:02d}",
        "SS": f"{value.second:02d}",
        "TZHTZM": f"{sign}{minutes // 60:02d}{minutes % 60:02d}",
        "TZH:TZM": f"{sign}{minutes // 60:02d}:{minutes % 60:02d}",
        "TZH": f"{sign}{minutes // 60:02d}",
        "TZM": f"{minutes % 60:02d}",
    }
    return printed.get(element, "")


@lru_cache(maxsize=1024)
def _pattern(model: str) -> re.Pattern[str]:
    written = []
    for part in parts(model):
        if not part.is_element:
            written.append(r"\s+" if part.text.isspace() else re.escape(part.text))
        elif part.text.startswith("FF"):
            digits = part.text[2:] or str(_FULL_DIGITS)
            written.append(rf"(?P<fraction>\d{{0,{digits}}})")
        else:
            written.append(_PATTERNS[part.text])
    try:
        return re.compile("".join(written), re.IGNORECASE)
    except re.error as exc:
        raise ValueRefusedError(100174, "22007", f"Bad format '{model}'") from exc


def _number_of_month(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if name.lower() in {month.lower(), month[:3].lower()}:
            return number
    raise ValueError(name)


def _match(text: str, model: str) -> datetime | None:
    found = _pattern(model).fullmatch(text.strip())
    if found is None:
        return None
    given = {name: value for name, value in found.groupdict().items() if value is not None}
    try:
        return _of_groups(given)
    except ValueError:
        return None


def _of_groups(given: dict[str, str]) -> datetime:
    year = int(given.get("year", 1970))
    if "short_year" in given:
        short = int(given["short_year"])
        year = short + (1900 if short >= _FIRST_SHORT_YEAR else 2000)
    month = int(given.get("month", 1))
    named = given.get("name_month") or given.get("long_month")
    if named:
        month = _number_of_month(named)
    hour = int(given.get("hour", 0))
    if "half_hour" in given:
        hour = int(given["half_hour"]) % 12
    if given.get("half", "").upper() == "PM" and hour < _NOON:
        hour += 12
    micros = _microseconds(given.get("fraction", ""))
    value = datetime(  # noqa: DTZ001 - its zone follows
        year, month, int(given.get("day", 1)), hour, int(given.get("minute", 0)), int(given.get("second", 0)), micros
    )
    return value.replace(tzinfo=_zone(given)) if "zone" in given else value


def _microseconds(fraction: str) -> int:
    if fraction[_KEPT_DIGITS:].strip("0"):
        raise UnsupportedValueError("a fraction of a second with more than six digits")
    return int(fraction.ljust(_KEPT_DIGITS, "0")[:_KEPT_DIGITS])


def _zone(given: dict[str, str]) -> timezone:
    text = given["zone"].replace(":", "")
    if text.upper() == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:5] or given.get("zone_minute", "0"))
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


_DATES = ("YYYY-MM-DD", "DD-MON-YYYY", "MM/DD/YYYY", "YYYY-MM")
_CLOCKS = ("HH24:MI:SS.FF", "HH24:MI:SS", "HH24:MI", "HH24")
_AUTO = {
    "DATE": _DATES,
    "TIME": _CLOCKS[:3],
    "TIMESTAMP": (
        *_DATES,
        *(
            f"{date}{between}{clock}{zone}"
            for date in ("YYYY-MM-DD", "MM/DD/YYYY", "DD-MON-YYYY")
            for between in ('"T"', " ")
            for clock in _CLOCKS
            for zone in ("", "TZHTZM", "TZH:TZM", " TZHTZM", " TZH:TZM", "TZH", " TZH")
        ),
        "DY, DD MON YYYY HH24:MI:SS TZHTZM",
        "DY, DD MON YYYY HH24:MI:SS",
        "DY, DD MON YYYY HH12:MI:SS AM TZHTZM",
        "DY, DD MON YYYY HH12:MI:SS AM",
        "DY MON DD HH24:MI:SS TZHTZM YYYY",
    ),
}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - TIMESTAMP_NTZ has no zone
_ISO_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)? ?(?:Z|([+-])(\d\d):?(\d\d))")
"""A text in ISO's form, with the parts of its offset."""
_INTEGER = re.compile(r"\s*[+-]?\d+\s*")
_UNITS = ((31536000000, 1), (31536000000000, 10**3), (31536000000000000, 10**6))
_REFUSED = {"DATE": (100040, "Date"), "TIMESTAMP": (100035, "Timestamp"), "TIME": (100108, "Time")}


def _epoch(text: str) -> datetime:
    number = int(text)
    per_second = next((unit for below, unit in _UNITS if abs(number) < below), 10**9)
    seconds, rest = divmod(number, per_second)
    if rest * 10**6 % per_second:
        raise UnsupportedValueError("a fraction of a second with more than six digits")
    return _EPOCH + timedelta(seconds=seconds, microseconds=rest * 10**6 // per_second)


def parse(text: str, model: str, kind: str) -> datetime:
    """Parse a text with a model, or with Snowflake's automatic detection for the model AUTO.

    Args:
        text: what is parsed.
        model: a format model, or AUTO.
        kind: DATE, TIME or TIMESTAMP, whose offset is dropped; TIMESTAMP_TZ returns the instant in UTC.
    """
    plain = "TIMESTAMP" if kind == "TIMESTAMP_TZ" else kind
    value = _value(text, model, plain)
    if value is None:
        code, name = _REFUSED[plain]
        if model.upper() == "AUTO":
            raise ValueRefusedError(code, "22007", f"{name} '{text}' is not recognized")
        raise ValueRefusedError(100096, "22007", f"Can't parse '{text}' as {name.lower()} with format '{model}'")
    if value.tzinfo is not None and kind == "TIMESTAMP_TZ":
        value = value.astimezone(UTC)
    return value.replace(tzinfo=None)


def offset(text: str, model: str) -> int | None:
    """Return the offset from UTC that a text names, in minutes; None without one, or if the text is no timestamp."""
    if model.upper() == "AUTO" and (found := _ISO_OFFSET.fullmatch(text)):
        sign, hours, minutes = found.groups()
        return 0 if sign is None else int(f"{sign}1") * (int(hours) * 60 + int(minutes))
    value = _value(text, model, "TIMESTAMP")
    named = value.utcoffset() if value is not None else None
    return None if named is None else int(named.total_seconds()) // 60


def _value(text: str, model: str, kind: str) -> datetime | None:
    return _detected(text, kind) if model.upper() == "AUTO" else _match(text, model)


def _detected(text: str, kind: str) -> datetime | None:
    if _INTEGER.fullmatch(text):
        try:
            return _epoch(text)
        except OverflowError:
            return None
    models = (*_AUTO["TIMESTAMP"],) if kind == "DATE" else _AUTO[kind]
    return next((value for model in models if (value := _match(text, model)) is not None), None)


def try_parse(text: str, model: str, kind: str) -> datetime | None:
    """Parse a text, or return NULL."""
    try:
        return parse(text, model, kind)
    except ValueRefusedError:
        return None
