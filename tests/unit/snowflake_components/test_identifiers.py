"""Names, literals, options and expressions become SQL in one place, and never more SQL than intended."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from snowflake_components.identifiers import (
    Expression,
    Identifier,
    OptionValue,
    QualifiedName,
    StagePath,
    UnsafeTextError,
    Word,
    literal,
    option,
    split_name,
)


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("aws", '"AWS"'),
        ("Stage_1$", '"STAGE_1$"'),
        ("select", '"SELECT"'),
        ('"aws"', '"aws"'),
        ('"Mixed Case"', '"Mixed Case"'),
        ('"say ""hi"""', '"say ""hi"""'),
        ('"x; DROP TABLE y"', '"x; DROP TABLE y"'),
        ('"\N{CYRILLIC CAPITAL LETTER A}WS"', '"\N{CYRILLIC CAPITAL LETTER A}WS"'),
        ("my-integration", '"my-integration"'),
        ("two words", '"two words"'),
        ("1st", '"1st"'),
        ("a" * 255, f'"{"A" * 255}"'),
    ],
)
def test_a_name_is_folded_or_kept_and_always_quoted(text: str, sql: str) -> None:
    """A plain name folds to upper case, every other spelling is kept exactly."""
    assert Identifier.parse(text).sql == sql


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x; DROP TABLE y",
        'x"--',
        "x' OR 1=1",
        "a" * 256,
        '"' + "a" * 256 + '"',
        "nul\0",
        '"nul\0"',
        '"line\nend"',
        "\N{CYRILLIC CAPITAL LETTER A}WS",
        "a.b",
        "{{ name }}",
        "${name}",
        '""',
        '"open',
        '"a"b"',
        "a/*",
        " leading",
        "'a'",
    ],
)
def test_a_name_that_could_be_more_than_a_name_is_refused(text: str) -> None:
    """Punctuation, other alphabets, control characters and overlong names need an explicit, quoted spelling."""
    with pytest.raises(UnsafeTextError):
        Identifier.parse(text)


@given(st.text(min_size=1, max_size=60))
def test_any_name_that_is_accepted_stays_one_identifier(text: str) -> None:
    """The SQL of every accepted name is read back as exactly that one name."""
    for spelling in (text, '"' + text.replace('"', '""') + '"'):
        try:
            identifier = Identifier.parse(spelling)
        except UnsafeTextError:
            continue
        statements = sqlglot.parse(f"SELECT 1 FROM {identifier.sql}", dialect="snowflake")  # noqa: S608 - the SQL under test
        assert [identifier.name] == [
            table.name for statement in statements if statement for table in statement.find_all(exp.Table)
        ]


@given(st.text(alphabet=st.characters(exclude_characters="\0"), max_size=60))
def test_a_literal_holds_its_text_and_nothing_leaves_it(text: str) -> None:
    """Apostrophes, backslashes, line ends, ampersands and all of Unicode survive."""
    parsed = sqlglot.parse(f"SELECT {literal(text)}", dialect="snowflake")
    assert len(parsed) == 1
    assert parsed[0] is not None
    assert [text] == [found.this for found in parsed[0].find_all(exp.Literal)]


def test_a_literal_refuses_nul() -> None:
    """Snowflake's text has no NUL."""
    with pytest.raises(UnsafeTextError):
        literal("a\0b")


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        (True, "TRUE"),
        (False, "FALSE"),
        (7, "7"),
        ("it's", "'it''s'"),
        (Word("JSON"), "JSON"),
        (Identifier("I"), '"I"'),
        (["", "NULL"], "('', 'NULL')"),
        ({"TYPE": Word("JSON"), "STRIP_OUTER_ARRAY": True}, "(TYPE = JSON STRIP_OUTER_ARRAY = TRUE)"),
    ],
)
def test_an_option_is_rendered_by_the_type_of_its_value(value: OptionValue, rendered: str) -> None:
    """The set of types is closed: a string is a literal, never a keyword."""
    assert option("X", value) == f"X = {rendered}"


@pytest.mark.parametrize("name", ["x", "X = 1 Y", "X;", ""])
def test_an_option_has_a_keyword_for_a_name(name: str) -> None:
    """The name of an option never comes from an author's text."""
    with pytest.raises(UnsafeTextError):
        option(name, 1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("a.b", ["a", "b"]),
        ('a."b.c".d', ["a", '"b.c"', "d"]),
        ('"a""."".b"', ['"a""."".b"']),
    ],
)
def test_a_qualified_name_splits_at_dots_outside_quotes(text: str, parts: list[str]) -> None:
    """A dot in quotes belongs to the name."""
    assert split_name(text) == parts


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a.b.c.d"])
def test_a_qualified_name_has_one_to_three_parts(text: str) -> None:
    """More parts or empty ones are refused."""
    with pytest.raises(UnsafeTextError):
        split_name(text)


def test_a_name_takes_what_it_lacks_from_its_surroundings() -> None:
    """The database and schema of a document complete an unqualified name."""
    database, schema = Identifier("D"), Identifier("S")
    assert QualifiedName.parse("x", database, schema).sql == '"D"."S"."X"'
    assert QualifiedName.parse("t.x", database, schema).sql == '"D"."T"."X"'
    assert QualifiedName.parse('e.t."x"', database, schema).sql == '"E"."T"."x"'


@pytest.mark.parametrize("path", ["/a/", "a", "../a/", "a/../b/", "a/./b/", "a//b/", "a'/", "a b/", "a;/"])
def test_a_directory_is_relative_and_stays_below_its_stage(path: str) -> None:
    """It has no step up and no root, needs no quotes, and ends with a slash."""
    with pytest.raises(UnsafeTextError):
        StagePath(QualifiedName(Identifier("D"), Identifier("S"), Identifier("X")), path)


@pytest.mark.parametrize(
    "sql",
    [
        "METADATA$FILENAME",
        "value:event:event_id::varchar",
        'value:"odd key"[0]::varchar',
        "cast(split_part(METADATA$FILENAME, '/', 3) || ';--' as timestamp)",
        "iff(value:a = 'it''s', 1, 2)",
        "'{{ not a template }}'",
    ],
)
def test_an_expression_passes_unchanged(sql: str) -> None:
    """Snowflake reads the author's text unchanged."""
    assert Expression(sql).sql == sql
    assert Expression(sql).complete


@pytest.mark.parametrize(
    "sql",
    [
        "",
        " ",
        "a; DROP TABLE t",
        "a, b",
        "a) , c int as (b",
        "f(a",
        "a -- rest",
        "a /* rest */",
        "a // rest",
        "'open",
        '"open',
        "$$ body $$",
        "{{ env('X') }}",
        "{% if x %}",
        "a\0",
    ],
)
def test_an_expression_is_exactly_one(sql: str) -> None:
    """It cannot end its brackets, its column or its statement."""
    with pytest.raises(UnsafeTextError):
        Expression(sql)


def test_a_cut_expression_can_be_read_but_is_not_complete() -> None:
    """An example with an ellipsis loads, so that it can be finished."""
    assert not Expression("cast(split_part(METADATA$FILENAME, '/', 3) || ...").complete
    assert Expression("'...'").complete
