"""File formats: the documented options of each type, checked, with their defaults."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.errors import (
    InvalidValueError,
    NotSupportedError,
    OptionRefusedError,
    ParameterUnknownError,
)
from infra.local_snowflake.language.statements import Options, OptionValue

_NONE = "NONE"
_ENCODINGS = {
    "ISO88591": "latin-1",
    "ISO88592": "iso8859-2",
    "ISO88595": "iso8859-5",
    "ISO88596": "iso8859-6",
    "ISO88597": "iso8859-7",
    "ISO88598": "iso8859-8",
    "ISO88599": "iso8859-9",
    "ISO885915": "iso8859-15",
    "SHIFTJIS": "shift_jis",
    "EUCJP": "euc_jp",
    "EUCKR": "euc_kr",
    "WINDOWS1250": "cp1250",
    "WINDOWS1251": "cp1251",
    "WINDOWS1252": "cp1252",
    "WINDOWS1253": "cp1253",
    "WINDOWS1254": "cp1254",
    "WINDOWS1255": "cp1255",
    "WINDOWS1256": "cp1256",
}
"""Names of Snowflake that Python spells otherwise."""


def _refused(name: str, value: object) -> InvalidValueError:
    return InvalidValueError(f"SQL compilation error:\ninvalid value [{value!r}] for parameter '{name}'")


def _boolean(name: str, value: OptionValue) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).upper() in {"TRUE", "FALSE"}:
        return str(value).upper() == "TRUE"
    raise _refused(name, value)


def _count(name: str, value: OptionValue) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise _refused(name, value)


def _text(name: str, value: OptionValue) -> str:
    if not isinstance(value, str):
        raise _refused(name, value)
    return value


def _characters(name: str, value: OptionValue) -> str | None:
    """Read a delimiter; NONE is no delimiter."""
    text = _text(name, value)
    return None if text.upper() == _NONE else _with_codes(text)


def _character(name: str, value: OptionValue) -> str | None:
    text = _characters(name, value)
    if text is not None and len(text) > 1:
        raise _refused(name, value)
    return text or None


def _quote(name: str, value: OptionValue) -> str | None:
    text = _character(name, value)
    if text not in {None, "'", '"'}:
        raise _refused(name, value)
    return text


def _texts(name: str, value: OptionValue) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, tuple):
        raise _refused(name, value)
    return value


def _one_of(*known: str) -> Callable[[str, OptionValue], str]:
    def read(name: str, value: OptionValue) -> str:
        text = _text(name, value).upper()
        if text not in known:
            raise _refused(name, value)
        return text

    return read


def _encoding(name: str, value: OptionValue) -> str:
    text = _text(name, value).upper()
    try:
        codecs.lookup(_ENCODINGS.get(text.replace("-", "").replace("_", ""), text))
    except LookupError:
        raise _refused(name, value) from None
    return text


def _with_codes(text: str) -> str:
    r"""Replace `0x41`, `\x41` and the escapes of a line break or tabulator by their characters."""
    for prefix in ("0x", "\\x"):
        if text.lower().startswith(prefix) and len(text) > len(prefix):
            try:
                return bytes.fromhex(text.lower().replace(prefix, "")).decode("latin-1")
            except ValueError:
                return text
    named = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\\\": "\\", "\\r\\n": "\r\n"}
    return named.get(text, text)


_COMPRESSIONS = ("AUTO", "GZIP", "BZ2", "BROTLI", "ZSTD", "DEFLATE", "RAW_DEFLATE", _NONE)

_Option = tuple[Any, Callable[[str, OptionValue], Any]]
_COMMON: dict[str, _Option] = {
    "COMPRESSION": ("AUTO", _one_of(*_COMPRESSIONS)),
    "DATE_FORMAT": ("AUTO", _text),
    "TIME_FORMAT": ("AUTO", _text),
    "TIMESTAMP_FORMAT": ("AUTO", _text),
    "BINARY_FORMAT": ("HEX", _one_of("HEX", "BASE64", "UTF8", "UTF-8")),
    "TRIM_SPACE": (False, _boolean),
    "MULTI_LINE": (True, _boolean),
    "FILE_EXTENSION": (None, _characters),
    "REPLACE_INVALID_CHARACTERS": (False, _boolean),
    "SKIP_BYTE_ORDER_MARK": (True, _boolean),
}
_OPTIONS: dict[str, dict[str, _Option]] = {
    "CSV": _COMMON
    | {
        "RECORD_DELIMITER": ("\n", _characters),
        "FIELD_DELIMITER": (",", _characters),
        "PARSE_HEADER": (False, _boolean),
        "SKIP_HEADER": (0, _count),
        "SKIP_BLANK_LINES": (False, _boolean),
        "ESCAPE": (None, _character),
        "ESCAPE_UNENCLOSED_FIELD": ("\\", _character),
        "FIELD_OPTIONALLY_ENCLOSED_BY": (None, _quote),
        "NULL_IF": (("\\N",), _texts),
        "ERROR_ON_COLUMN_COUNT_MISMATCH": (True, _boolean),
        "EMPTY_FIELD_AS_NULL": (True, _boolean),
        "VALIDATE_UTF8": (True, _boolean),
        "ENCODING": ("UTF8", _encoding),
    },
    "JSON": _COMMON
    | {
        "NULL_IF": ((), _texts),
        "ENABLE_OCTAL": (False, _boolean),
        "ALLOW_DUPLICATE": (False, _boolean),
        "STRIP_OUTER_ARRAY": (False, _boolean),
        "STRIP_NULL_VALUES": (False, _boolean),
        "IGNORE_UTF8_ERRORS": (False, _boolean),
    },
    "PARQUET": {
        "COMPRESSION": ("AUTO", _one_of("AUTO", "LZO", "SNAPPY", "GZIP", "ZSTD", "BROTLI", _NONE)),
        "SNAPPY_COMPRESSION": (True, _boolean),
        "BINARY_AS_TEXT": (True, _boolean),
        "USE_LOGICAL_TYPE": (False, _boolean),
        "USE_VECTORIZED_SCANNER": (False, _boolean),
        "TRIM_SPACE": (False, _boolean),
        "REPLACE_INVALID_CHARACTERS": (False, _boolean),
        "NULL_IF": ((), _texts),
        "FILE_EXTENSION": (None, _characters),
    },
    "AVRO": {name: _COMMON[name] for name in ("COMPRESSION", "TRIM_SPACE", "REPLACE_INVALID_CHARACTERS")}
    | {"NULL_IF": ((), _texts)},
    "ORC": {name: _COMMON[name] for name in ("TRIM_SPACE", "REPLACE_INVALID_CHARACTERS")} | {"NULL_IF": ((), _texts)},
    "XML": {name: _COMMON[name] for name in ("COMPRESSION", "REPLACE_INVALID_CHARACTERS", "SKIP_BYTE_ORDER_MARK")}
    | {
        "IGNORE_UTF8_ERRORS": (False, _boolean),
        "PRESERVE_SPACE": (False, _boolean),
        "STRIP_OUTER_ELEMENT": (False, _boolean),
        "DISABLE_AUTO_CONVERT": (False, _boolean),
        "DISABLE_SNOWFLAKE_DATA": (False, _boolean),
    },
}
READ_TYPES = frozenset({"CSV", "JSON", "PARQUET"})
"""The types that this server reads. It knows the options of the others, too, to refuse wrong ones as Snowflake does."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A file format whose options are valid for its type.

    Args:
        type: CSV, JSON, PARQUET, AVRO, ORC or XML.
        given: the options that were written, without TYPE.
    """

    type: str
    given: Mapping[str, Any]

    @classmethod
    def of(cls, options: Options) -> FileFormat:
        """Check the options of a type; without a type it is CSV.

        Raises:
            ParameterUnknownError: an option is not one of the type.
            InvalidValueError: the type is unknown, or an option has an invalid value.
            OptionRefusedError: options exclude each other.
        """
        kind = str(options.get("TYPE", "CSV")).upper()
        known = _OPTIONS.get(kind)
        if known is None:
            raise InvalidValueError(f"SQL compilation error:\ninvalid value [{kind}] for parameter 'TYPE'")
        given = {}
        for name, value in options.items():
            if name == "TYPE":
                continue
            if name not in known:
                raise ParameterUnknownError(f"SQL compilation error:\ninvalid parameter '{name}'")
            given[name] = known[name][1](name, value)
        found = cls(kind, given)
        found._require_consistent()
        return found

    def _require_consistent(self) -> None:
        if self.type == "CSV" and self["PARSE_HEADER"] and self["SKIP_HEADER"]:
            raise OptionRefusedError(
                "SQL compilation error:\nThe file format options PARSE_HEADER and SKIP_HEADER cannot be combined."
            )
        if self.type == "CSV" and self["FIELD_DELIMITER"] and self["FIELD_DELIMITER"] == self["RECORD_DELIMITER"]:
            raise OptionRefusedError(
                "SQL compilation error:\nFIELD_DELIMITER and RECORD_DELIMITER of a file format must differ."
            )

    def __getitem__(self, name: str) -> Any:
        """Return the value of an option, or its default."""
        return self.given.get(name, _OPTIONS[self.type][name][0])

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of an option, or `default` if the type has no such option."""
        return self[name] if name in _OPTIONS[self.type] else default

    @property
    def options(self) -> Options:
        """The options that `of` reads as this file format, with TYPE; a character that there is none of is NONE."""
        return {"TYPE": self.type} | {name: _NONE if value is None else value for name, value in self.given.items()}

    @property
    def is_text(self) -> bool:
        """Whether its records have fields; others have one VARIANT."""
        return self.type == "CSV"

    @property
    def encoding(self) -> str:
        """The name of the encoding in Python."""
        text = str(self.get("ENCODING", "UTF8"))
        return codecs.lookup(_ENCODINGS.get(text.replace("-", "").replace("_", ""), text)).name

    def require_type(self) -> None:
        """Raise a `NotSupportedError` if this server reads no files of this type."""
        if self.type not in READ_TYPES:
            raise NotSupportedError(f"Unsupported feature 'FILE_FORMAT TYPE = {self.type}'.")

    def require_readable(self) -> None:
        """Raise a `NotSupportedError` if this server cannot read files of this format."""
        self.require_type()
        if self.get("ENABLE_OCTAL"):
            raise NotSupportedError("Unsupported feature 'ENABLE_OCTAL = TRUE'.")
        if self.get("VALIDATE_UTF8") is False:
            raise NotSupportedError("Unsupported feature 'VALIDATE_UTF8 = FALSE'.")
        if self.get("COMPRESSION") == "LZO" or (self.type != "PARQUET" and self.get("COMPRESSION") == "BROTLI"):
            raise NotSupportedError(f"Unsupported feature 'COMPRESSION = {self['COMPRESSION']}'.")

    def properties(self) -> list[tuple[str, str, str, str]]:
        """Return name, type, value and default of every option, as DESC shows them."""
        rows = [("TYPE", "String", self.type, "CSV")]
        rows += [
            (name, _kind_of(default), _shown(self[name]), _shown(default))
            for name, (default, _) in _OPTIONS[self.type].items()
        ]
        return rows

    def shown_options(self) -> dict[str, Any]:
        """Return every option with its value, as SHOW FILE FORMATS lists them."""
        options = {name: self[name] for name in _OPTIONS[self.type]}
        return {"TYPE": self.type} | {
            name: list(value) if isinstance(value, tuple) else value for name, value in options.items()
        }


def _kind_of(default: object) -> str:
    if isinstance(default, bool):
        return "Boolean"
    if isinstance(default, int):
        return "Integer"
    return "List" if isinstance(default, tuple) else "String"


def _shown(value: object) -> str:
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{text}"' for text in value) + "]"
    return str(value).replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
