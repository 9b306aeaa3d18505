"""Format models of numbers: print and parse with them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from infra.local_snowflake.meaning.functions.refusal import ValueRefusedError

_GROUPS = ",Gg"
_POINTS = ".Dd"


def _digits(text: str) -> str:
    return "".join(mark for mark in text if mark in "90Xx")


def parse(text: str, model: str) -> str | None:
    """Parse a number with a model; return its plain text.

    Raises:
        ValueRefusedError: the text does not have the form of the model.
    """
    found = _parsed(text.strip(), model)
    if found is None:
        raise ValueRefusedError(100140, "22007", f"Can't parse '{text}' as number with format '{model}'")
    return found


def try_parse(text: str, model: str) -> str | None:
    """Parse a number with a model, or return NULL."""
    return _parsed(text.strip(), model)


def _parsed(text: str, model: str) -> str | None:
    upper = model.upper()
    if upper.startswith("TM"):
        return _plain(text)
    if "X" in upper:
        return str(int(text, 16)) if re.fullmatch(r"[0-9A-Fa-f]+", text) else None
    whole, _, fraction = re.sub(r"[^90.,DG]", "", upper).replace("D", ".").partition(".")
    sign = "-" if text.endswith("-") or text.startswith(("-", "<")) else ""
    bare = text.strip("+-<> ").lstrip("$").strip()
    if "$" not in upper and "$" in text:
        return None
    if not set(bare) <= set("0123456789.,") or ("," in bare and not set(whole) & {",", "G"}):
        return None
    digits, _, decimals = bare.replace(",", "").partition(".")
    if len(digits.lstrip("0")) > len(_digits(whole)) or len(decimals) > len(_digits(fraction)):
        return None
    return _plain(f"{sign}{digits or '0'}.{decimals or '0'}")


def _plain(text: str) -> str | None:
    try:
        return str(Decimal(text))
    except InvalidOperation:
        return None


def to_char(text: str, model: str) -> str:
    """Print a number with a model: 9, 0, point, groups, $, S, MI, X, FM, TM."""
    upper = model.upper()
    number = Decimal(text)
    if upper.startswith("TM"):
        return f"{number:E}".replace("E+", "E") if upper.startswith("TME") else f"{number.normalize():f}"
    fill = not upper.startswith("FM")
    upper = upper.removeprefix("FM")
    if "X" in upper:
        width = len(_digits(upper))
        printed = f"{int(number):X}" if "X" in model else f"{int(number):x}"
        return printed.rjust(width + 1) if fill else printed
    point = next((index for index, mark in enumerate(upper) if mark in _POINTS), len(upper))
    whole, fraction = upper[:point], _digits(upper[point:])
    rounded = abs(number).quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    digits, _, decimals = f"{rounded:f}".partition(".")
    marks = [mark for mark in whole if mark in "90" or mark in _GROUPS]
    if len(digits.lstrip("0")) > sum(mark in "90" for mark in marks):
        return "#" * (len(upper) + 1)
    body = _filled(digits, marks)
    if fraction:
        body += "." + decimals
    return _signed(body, upper, negative=number < 0, fill=fill)


def _filled(digits: str, marks: list[str]) -> str:
    """Put digits into the marks from the right; leading nines are blank."""
    slots = sum(mark in "90" for mark in marks)
    padded = digits.lstrip("0").rjust(slots)
    first_zero = next(
        (index for index, mark in enumerate(mark for mark in marks if mark in "90") if mark == "0"), slots
    )
    padded = "".join("0" if sign == " " and index >= first_zero else sign for index, sign in enumerate(padded))
    if padded.strip() == "" and slots:
        padded = padded[:-1] + "0"
    left = iter(padded)
    written = ""
    for mark in marks:
        if mark in "90":
            written += next(left)
        else:
            written += "," if written.strip() else " "
    return written


def _signed(body: str, model: str, *, negative: bool, fill: bool) -> str:
    blanks = len(body) - len(body.lstrip())
    bare = body.lstrip()
    if "$" in model:
        bare = "$" + bare
    if model.endswith("MI"):
        bare += "-" if negative else " "
    elif model.endswith("S"):
        bare += "-" if negative else "+"
    elif model.startswith("S"):
        bare = ("-" if negative else "+") + bare
    else:
        bare = ("-" if negative else " ") + bare
    return " " * blanks + bare if fill else bare.strip()
