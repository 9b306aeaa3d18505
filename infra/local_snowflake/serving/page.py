"""The page of the server: its sessions, its last statements, its objects and their registered files."""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error as NotBase64Error
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import islice
from string import Template
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stored import ExternalTable, Stage
from infra.local_snowflake.serving.clients import Clients
from infra.local_snowflake.serving.execution.running import History
from infra.local_snowflake.settings import LocalSnowflakeSettings

STATEMENTS_SHOWN = 100
FILES_SHOWN = 1_000
_PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; font: 14px/1.45 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; }
th { font-weight: 600; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
td.text { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.bad { color: #c0392b; } p.none { opacity: .7; }
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
"""
)


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one server.

    Args:
        settings: with a password, the page asks for it, too.
        clients: that are logged in.
        history: of their statements.
        registry: of stages, external tables and files.
        now: returns the time.
    """

    settings: LocalSnowflakeSettings
    clients: Clients
    history: History
    registry: Registry
    now: Callable[[], datetime]

    @property
    def routes(self) -> list[Route]:
        """`/`, and `/files?of=DATABASE.SCHEMA.NAME`."""
        return [
            Route("/", self._guarded(self._overview), methods=["GET"]),
            Route("/files", self._guarded(self._files), methods=["GET"]),
        ]

    def _guarded(self, page: Callable[[Request], str]) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            if not self._knows(request.headers.get("Authorization", "")):
                asked = {"WWW-Authenticate": 'Basic realm="local Snowflake", charset="UTF-8"'}
                return PlainTextResponse("user and password, please", 401, headers=asked)
            return HTMLResponse(await to_thread.run_sync(page, request))

        return answer

    def _knows(self, authorization: str) -> bool:
        if self.settings.snowflake_password is None:
            return True
        try:
            user, _, password = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        except (NotBase64Error, UnicodeDecodeError):
            return False
        right = hmac.compare_digest(password.encode(), self.settings.snowflake_password.get_secret_value().encode())
        return right and self.settings.snowflake_user in {None, user}

    def _overview(self, _: Request) -> str:
        return _page("Local Snowflake", self._statements() + self._sessions() + self._objects())

    def _statements(self) -> str:
        rows = [
            (
                f"{one.started:%H:%M:%S}",
                _outcome(one.state.value, one.refusal.code if one.refusal else None),
                _number(f"{(one.seconds if one.done else one.elapsed_seconds) * 1000:,.0f}"),
                escape(one.user),
                _mono(one.text),
            )
            for one in islice(reversed(self.history), STATEMENTS_SHOWN)
        ]
        return _section("Last statements", ("started", "outcome", "ms", "user", "statement"), rows)

    def _sessions(self) -> str:
        rows = [
            (
                client.session.number,
                escape(client.user),
                escape(client.application),
                escape(f"{client.session.database or '-'}.{client.session.schema or '-'}"),
                escape(client.session.role),
                escape(client.session.warehouse or "-"),
                f"{client.since:%Y-%m-%d %H:%M:%S}",
                "yes" if client.lock.locked() else "no",
            )
            for client in self.clients
        ]
        columns = ("session", "user", "application", "schema", "role", "warehouse", "since", "runs a statement")
        return _section("Sessions", columns, rows)

    def _objects(self) -> str:
        stages = [(_link(stage), _mono(stage.url), _moment(stage), escape(stage.comment)) for stage in self._stages()]
        tables = [
            (_link(table), escape(str(table.stage)), _mono(table.path or "/"), _moment(table), escape(table.comment))
            for table in self.registry.external_tables()
        ]
        return _section("Stages", ("name", "URL", "last refreshed", "comment"), stages) + _section(
            "External tables", ("name", "stage", "path", "last refreshed", "comment"), tables
        )

    def _stages(self) -> list[Stage]:
        return self.registry.stages()

    def _files(self, request: Request) -> str:
        wanted = request.query_params.get("of", "")
        objects: list[Stage | ExternalTable] = [*self._stages(), *self.registry.external_tables()]
        found = [one for one in objects if str(one.name) == wanted]
        files = [stored for one in found for stored in self.registry.files(one.id, "")]
        rows = [
            (_mono(stored.key), _number(f"{stored.size_bytes:,}"), f"{stored.modified:%Y-%m-%d %H:%M:%S}", stored.etag)
            for stored in files[:FILES_SHOWN]
        ]
        title = f"{len(files):,} registered files of {wanted}"
        shown = "" if len(files) <= FILES_SHOWN else f"<p>The first {FILES_SHOWN:,} are shown.</p>"
        return _page(title, shown + _section("Files", ("key", "bytes", "modified", "ETag"), rows))


def _page(title: str, body: str) -> str:
    return _PAGE.substitute(title=escape(title), body=body)


def _section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already."""
    lines = ["".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in row) for row in rows]
    if not lines:
        return f"<h2>{escape(title)}</h2><p class=none>none</p>"
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<h2>{escape(title)}</h2><div class=scroll><table><tr>{heads}</tr>{body}</table></div>"


def _mono(text: str) -> str:
    return f"<td class=text>{escape(text)}</td>"


def _number(text: str) -> str:
    return f"<td class=number>{text}</td>"


def _outcome(state: str, code: int | None) -> str:
    return f"<td class=bad>{code:06d}</td>" if code is not None else escape(state.lower())


def _link(one: Stage | ExternalTable) -> str:
    name = str(one.name)
    return f'<a href="/files?of={quote(name)}">{escape(name)}</a>'


def _moment(one: Stage | ExternalTable) -> str:
    return f"{one.last_refreshed_on:%Y-%m-%d %H:%M:%S}" if one.last_refreshed_on else "-"
