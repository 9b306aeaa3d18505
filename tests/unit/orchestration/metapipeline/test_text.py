from __future__ import annotations

import pytest

from orchestration.metapipeline.text import one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Late\x1b[2Jparcels\narchive  r9", "Late [2Jparcels archive r9"),
        ("a\u2028b\u202ec\x00", "a b c"),
        (ValueError("not\n  here"), "not here"),
        ("Größe 日本", "Größe 日本"),
    ],
)
def test_a_text_from_the_world_stays_in_its_line(text: object, line: str) -> None:
    """It can neither move the cursor nor begin a line; what people read stays."""
    assert line == one_line(text)
