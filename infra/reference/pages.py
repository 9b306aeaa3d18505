"""The table of all settings, `docs/settings.md`, and `.env.example`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from infra.reference.catalog import Setting

HEAD = """# Settings

Every setting is an environment variable, or a line of `.env` in the checkout; [`.env.example`](../.env.example) has
them all. An incomplete pair, or a file that cannot be read, is refused before anything starts; messages never contain
the value of a setting. What they mean together: [operations.md](operations.md#settings).

This page is written from the classes of the settings by `python -m infra.reference`.
"""
_EXAMPLE = """# Every setting of Hourglass; docs/settings.md has their meaning. Copy this file to .env and set what
# differs from its default. Written by `python -m infra.reference`.
"""


def table(found: Iterable[Setting]) -> str:
    """Return the page, one table a section."""
    lines = [HEAD]
    for section, rows in groupby(found, key=lambda one: one.section):
        lines += [
            f"## {section}",
            "",
            "| variable | default | unit or values | meaning | used by |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(one) for one in rows]
        lines.append("")
    return "\n".join(lines)


def example(found: Iterable[Setting]) -> str:
    """Return the file of environment variables, every line a comment; a secret has no value."""
    lines = [_EXAMPLE]
    for section, rows in groupby(found, key=lambda one: one.section):
        lines += [f"# --- {section}", *(f"#{one.variable}={'' if one.is_secret else one.default}" for one in rows), ""]
    return "\n".join(lines)


def _row(one: Setting) -> str:
    variable = f"`{one.variable}`"
    meaning = f"{one.meaning} *Secret.*" if one.is_secret else one.meaning
    cells = (variable, "; ".join(_defaults(one)), one.unit, meaning, ", ".join(one.used_by))
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _defaults(one: Setting) -> Iterator[str]:
    if one.default or one.other_defaults:
        yield f"`{one.default}`" if one.default else "none"
    for user, default in one.other_defaults:
        yield f"{user}: " + (f"`{default}`" if default else "none")
