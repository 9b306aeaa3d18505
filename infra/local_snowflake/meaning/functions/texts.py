"""Regular expressions and tokens over text."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache

from infra.local_snowflake.meaning.functions.refusal import ValueRefusedError

_FLAGS = {"c": re.NOFLAG, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "e": re.NOFLAG}


@lru_cache(maxsize=512)
def _compiled(pattern: str, flags: str) -> re.Pattern[str]:
    wanted = re.NOFLAG
    for flag in flags:
        if flag not in _FLAGS:
            raise ValueRefusedError(100049, "22023", f"Invalid parameter value: {flag}")
        wanted = wanted & ~re.IGNORECASE if flag == "c" else wanted | _FLAGS[flag]
    try:
        return re.compile(re.sub(r"\[:(\w+):\]", _class, pattern), wanted)
    except re.error as exc:
        raise ValueRefusedError(100048, "2201B", f"Invalid regular expression: '{pattern}', {exc}") from exc


_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": r"\w",
}


def _class(found: re.Match[str]) -> str:
    return _CLASSES.get(found[1], found[0])


def _matches(text: str, pattern: str, position: int, flags: str) -> list[re.Match[str]]:
    return list(_compiled(pattern, flags).finditer(text, max(position - 1, 0)))


def _group(found: re.Match[str], flags: str, group: int) -> str | None:
    number = group if group >= 0 else int("e" in flags and found.re.groups > 0)
    return found[number] if number <= found.re.groups else None


def regexp_replace(text: str, pattern: str, replacement: str, position: int, occurrence: int, flags: str) -> str:  # noqa: PLR0913, PLR0917 - the arguments of Snowflake's function
    r"""Replace all matches, or one occurrence; `\1` in the replacement is a group."""
    found = _matches(text, pattern, position, flags)
    if occurrence:
        found = found[occurrence - 1 : occurrence]
    for match in reversed(found):
        groups = (match[0], *match.groups())
        written = re.sub(
            r"\\(\d)",
            lambda number, groups=groups: (groups[int(number[1])] or "") if int(number[1]) < len(groups) else "",  # type: ignore[misc]
            replacement,
        )
        text = text[: match.start()] + written + text[match.end() :]
    return text


def regexp_substr(text: str, pattern: str, position: int, occurrence: int, flags: str, group: int) -> str | None:  # noqa: PLR0913, PLR0917 - the arguments of Snowflake's function
    """Return one occurrence, or a group of it."""
    found = _matches(text, pattern, position, flags)[occurrence - 1 : occurrence]
    return _group(found[0], flags, group) if found else None


def regexp_substr_all(text: str, pattern: str, position: int, occurrence: int, flags: str, group: int) -> str:  # noqa: PLR0913, PLR0917 - the arguments of Snowflake's function
    """Return all occurrences from one on, as the text of an ARRAY."""
    found = _matches(text, pattern, position, flags)[occurrence - 1 :]
    return json.dumps([_group(match, flags, group) for match in found], ensure_ascii=False)


def regexp_count(text: str, pattern: str, position: int, flags: str) -> int:
    """Count the matches."""
    return len(_matches(text, pattern, position, flags)) if pattern else 0


def regexp_instr(text: str, pattern: str, position: int, occurrence: int, option: int, flags: str, group: int) -> int:  # noqa: PLR0913, PLR0917 - the arguments of Snowflake's function
    """Return the position of an occurrence, or the one after it for option 1; 0 without."""
    found = _matches(text, pattern, position, flags)[occurrence - 1 : occurrence]
    if not found:
        return 0
    number = group if group <= found[0].re.groups else 0
    return (found[0].end(number) if option else found[0].start(number)) + 1


def regexp_like(text: str, pattern: str, flags: str) -> bool:
    """Return whether the whole text matches."""
    return _compiled(pattern, flags).fullmatch(text) is not None


def strtok(text: str, delimiters: str, number: int) -> str | None:
    """Return one token; NULL beyond the last."""
    parts = [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part] if delimiters else [text]
    return parts[number - 1] if 0 < number <= len(parts) else None


def sha2(text: str, bits: int) -> str:
    """Return the SHA-2 digest of a text in hexadecimal digits."""
    if bits not in {0, 224, 256, 384, 512}:
        raise ValueRefusedError(100049, "22023", f"Invalid parameter value: {bits}")
    return hashlib.new(f"sha{bits or 256}", text.encode()).hexdigest()


_TYPE_NAMES = {
    "BIGINT": "NUMBER(38,0)[SB8]",
    "INTEGER": "NUMBER(38,0)[SB4]",
    "INTEGER_LITERAL": "NUMBER(1,0)[SB1]",
    "HUGEINT": "NUMBER(38,0)[SB16]",
    "DOUBLE": "FLOAT[DOUBLE]",
    "VARCHAR": "VARCHAR(16777216)[LOB]",
    "STRING_LITERAL": "VARCHAR(16777216)[LOB]",
    "JSON": "VARIANT[LOB]",
    "BOOLEAN": "BOOLEAN[SB1]",
    "DATE": "DATE[SB4]",
    "TIME": "TIME(9)[SB8]",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)[SB16]",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ(9)[SB16]",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)[SB16]",
    "INTERVAL": "TIMESTAMP_TZ(9)[SB16]",
    "BLOB": "BINARY(8388608)[LOB]",
    '"NULL"': "NULL[LOB]",
}


_SIZES = ((2, 1), (4, 2), (9, 4), (18, 8))
"""The most digits of a NUMBER, and its bytes."""


def type_name(duckdb_type: str) -> str:
    """Return the result of SYSTEM$TYPEOF for a type of DuckDB."""
    if duckdb_type.startswith("DECIMAL"):
        precision = int(duckdb_type[len("DECIMAL(") :].split(",", maxsplit=1)[0])
        size = next((size for most, size in _SIZES if precision <= most), 16)
        return f"{duckdb_type.replace('DECIMAL', 'NUMBER')}[SB{size}]"
    return _TYPE_NAMES.get(duckdb_type, duckdb_type)
