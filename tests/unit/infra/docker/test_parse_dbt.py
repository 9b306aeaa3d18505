from __future__ import annotations

from infra.docker.parse_dbt import without_times


def test_two_parses_of_one_project_are_the_same_manifest() -> None:
    """Times and ids of a parse would make another layer of the image each time."""

    def manifest(number: int) -> dict[str, object]:
        return {
            "metadata": {"dbt_version": "1", "generated_at": f"2025-08-0{number}", "invocation_id": f"id-{number}"},
            "nodes": {"model.a": {"name": "a", "created_at": number}},
            "docs": [{"name": "b", "created_at": number}],
        }

    assert without_times(manifest(1)) == without_times(manifest(2))
    assert {
        "metadata": {"dbt_version": "1"},
        "nodes": {"model.a": {"name": "a"}},
        "docs": [{"name": "b"}],
    } == without_times(manifest(1))
