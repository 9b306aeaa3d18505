import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.metapipeline.errors import RelationNameError
from orchestration.metapipeline.relations import RelationName

PARTS = st.text(min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ships", ("SHIPS",)),
        ("harbor.Ships", ("HARBOR", "SHIPS")),
        ('"fleet".harbor."Ships"', ("fleet", "HARBOR", "Ships")),
        ("fleet..ships", ("FLEET", "", "SHIPS")),
        ('harbor."a.b"', ("HARBOR", "a.b")),
        ('harbor."say ""hi"""', ("HARBOR", 'say "hi"')),
        ("harbor.ships$1", ("HARBOR", "SHIPS$1")),
    ],
)
def test_names_are_read_by_the_rules_of_snowflake(text: str, parts: tuple[str, ...]) -> None:
    """An unquoted part folds to upper case, a quoted one is exact."""
    assert parts == RelationName.parse(text).parts


@pytest.mark.parametrize("text", ["", ".", "a.b.c.d", "a.", ".a", "..a", "a b", '"a" b', '"a', 'a"b"', "a.b ", '""'])
def test_what_is_no_name_is_refused(text: str) -> None:
    """Four parts, an empty part other than the schema, a space, and an open quote make no name."""
    with pytest.raises(RelationNameError):
        RelationName.parse(text)


@given(st.lists(PARTS, min_size=1, max_size=3))
def test_a_name_is_read_as_it_was_written(parts: list[str]) -> None:
    """`str` quotes what needs quotes, so reading it gives the same name."""
    name = RelationName(tuple(parts))
    assert name == RelationName.parse(str(name))


@pytest.mark.parametrize(
    ("text", "database", "schema", "whole"),
    [
        ("ships", "FLEET", "HARBOR", "FLEET.HARBOR.SHIPS"),
        ("harbor.ships", "FLEET", None, "FLEET.HARBOR.SHIPS"),
        ("fleet.harbor.ships", None, None, "FLEET.HARBOR.SHIPS"),
        ("fleet..ships", None, "HARBOR", "FLEET.PUBLIC.SHIPS"),
        ("ships", "FLEET", None, None),
        ("ships", None, "HARBOR", None),
        ("harbor.ships", None, "HARBOR", None),
    ],
)
def test_defaults_complete_a_name(text: str, database: str | None, schema: str | None, whole: str | None) -> None:
    """A missing default leaves the name incomplete; an empty schema is PUBLIC and not the default."""
    found = RelationName.parse(text).within(database, schema)
    assert whole == (str(found) if found else None)
