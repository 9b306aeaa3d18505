"""What an identity may hold: the ids and names by which events, runs, assets and customers are found.

An identity is any printable text: base64, file names, URNs, ids of schedulers, blanks inside, every script. Two that
look alike must be one, so characters without a shape of their own are refused. Letters of two scripts and composed and
decomposed letters may also look alike; they are different ids, and nothing is normalized.

The ranges are part of the landing contract, so both languages read this list and neither its own Unicode tables, which
change with each release.
"""

from __future__ import annotations

ID_CHARACTERS_MAX = 512
"""Longest identity, in characters (code points). `VARCHAR(512)` of Snowflake counts the same; in UTF-8 it has at most
2,048 bytes."""

ID_REFUSED: tuple[tuple[int, int], ...] = (
    (0x0000, 0x001F),  # control characters: tab, CR, LF
    (0x007F, 0x009F),  # DEL, and the control characters of Latin-1 with the line separator NEL
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180E, 0x180E),  # Mongolian vowel separator
    (0x200B, 0x200F),  # zero-width spaces and joiners, marks of direction
    (0x2028, 0x202E),  # line and paragraph separators, embeddings and overrides of direction
    (0x2060, 0x206F),  # word joiner, invisible operators, isolates
    (0x3164, 0x3164),  # Hangul filler
    (0xFEFF, 0xFEFF),  # zero-width no-break space, the byte order mark
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xFFF0, 0xFFFB),  # interlinear annotations
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE00FF),  # tags
)
"""First and last code points that no identity may hold, ascending. Variation selectors are allowed: emoji have them."""

ID_BLANK: tuple[tuple[int, int], ...] = (
    (0x0020, 0x0020),
    (0x00A0, 0x00A0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0xFE00, 0xFE0F),
    (0xE0100, 0xE01EF),
)
"""Blanks, and selectors that show nothing alone: an identity holds at least one other character."""

_REPLACEMENT = "\ufffd"


def check_identity(text: str) -> str:
    """Return the text.

    Raises:
        ValueError: it is no identity; the message has the reason and not the text.
    """
    if not text:
        raise ValueError("empty: write one character or more")
    if any(_is_in(ID_REFUSED, character) for character in text):
        raise ValueError("holds a control character, a line separator or an invisible character: leave it out")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds half of a surrogate pair: write whole characters")
    if len(text) > ID_CHARACTERS_MAX:
        raise ValueError(f"longer than {ID_CHARACTERS_MAX} characters")
    if all(_is_in(ID_BLANK, character) for character in text):
        raise ValueError("nothing but blanks: write a visible character")
    return text


def identity_of(text: str) -> str | None:
    """Make an identity of any text: refused characters become U+FFFD, the rest is cut; None if nothing is visible."""
    cut = "".join(_REPLACEMENT if _is_in(ID_REFUSED, one) or "\ud800" <= one <= "\udfff" else one for one in text)
    cut = cut[:ID_CHARACTERS_MAX]
    return None if all(_is_in(ID_BLANK, character) for character in cut) else cut


def _is_in(ranges: tuple[tuple[int, int], ...], character: str) -> bool:
    if "!" <= character <= "~":
        return False
    point = ord(character)
    return any(first <= point <= last for first, last in ranges)
