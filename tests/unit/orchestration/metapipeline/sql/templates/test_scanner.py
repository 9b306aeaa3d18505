"""The pieces of a text before it is SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.metapipeline.sql.dialects import dialect_of
from orchestration.metapipeline.sql.templates.scanner import Piece, PieceKind, scan

SNOWFLAKE = dialect_of("snowflake")
WORDS = (
    "select 'a'",
    '"b"',
    "--c\n",
    "/* d */",
    "// e\n",
    "$$ f $$",
    "{{ g }}",
    "{% h %}",
    "{# i #}",
    "'",
    "{",
    "\\",
    " ",
)


@given(words=st.lists(st.sampled_from(WORDS), max_size=12), templated=st.booleans())
def test_the_pieces_joined_are_the_text(words: list[str], templated: bool) -> None:
    """Nothing is lost, whatever is left open."""
    text = "".join(words)
    assert text == "".join(piece.text for piece in scan(text, SNOWFLAKE, templated=templated))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "a -- {{ b }}",
            [(PieceKind.CODE, "a ", False), (PieceKind.COMMENT, "-- ", True), (PieceKind.OUTPUT, "{{ b }}", True)],
        ),
        ("'it''s -- no' c", [(PieceKind.STRING, "'it''s -- no'", False), (PieceKind.CODE, " c", False)]),
        ("{# '{{ x }}' #}d", [(PieceKind.NOTE, "{# '{{ x }}' #}", False), (PieceKind.CODE, "d", False)]),
        ('{% if "%}" %}e', [(PieceKind.TAG, '{% if "%}" %}', False), (PieceKind.CODE, "e", False)]),
    ],
)
def test_a_piece_is_what_it_lies_in(text: str, pieces: list[tuple[PieceKind, str, bool]]) -> None:
    """A tag in a comment is commented, and neither quotes nor comments count inside of the other."""
    assert [Piece(*piece) for piece in pieces] == list(scan(text, SNOWFLAKE, templated=True))
