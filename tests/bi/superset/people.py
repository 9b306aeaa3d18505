"""People at a Superset: an administrator who makes things, readers with a browser, and time that has passed."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import requests

_TIMEOUT_SECONDS = 60
_numbers = count(1)


@dataclass
class Author:
    """An account that makes objects through the API."""

    url: str
    username: str = "admin"
    password: str = "admin"
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        login: dict[str, Any] = {
            "username": self.username,
            "password": self.password,
            "provider": "db",
            "refresh": True,
        }
        token = self._session.post(f"{self.url}/api/v1/security/login", json=login, timeout=_TIMEOUT_SECONDS).json()
        self._session.headers.update({"Authorization": f"Bearer {token['access_token']}", "Referer": self.url})
        self._session.headers["X-CSRFToken"] = self.get("security/csrf_token/")["result"]

    def get(self, path: str, question: Any = None) -> Any:
        """Return an answer."""
        params = {"q": json.dumps(question)} if question is not None else None
        answer = self._session.get(f"{self.url}/api/v1/{path}", params=params, timeout=_TIMEOUT_SECONDS)
        assert answer.ok, answer.text
        return answer.json()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Write."""
        answer = self._session.request(method, f"{self.url}/api/v1/{path}", json=body, timeout=_TIMEOUT_SECONDS)
        assert answer.ok, answer.text
        return answer.json()

    def database(self, uri: str, **options: Any) -> int:
        """Connect a database."""
        body = {"database_name": f"database {next(_numbers)}", "sqlalchemy_uri": uri, "expose_in_sqllab": True}
        return int(self.send("POST", "database/", body | options)["id"])

    def dataset(self, database: int, name: str, sql: str | None = None, schema: str = "main") -> int:
        """Make a dataset: virtual with SQL, physical without."""
        body = {"database": database, "schema": schema, "table_name": name}
        return int(self.send("POST", "dataset/", body | ({"sql": sql} if sql else {}))["id"])

    def dashboard(self, title: str, *, published: bool = True) -> tuple[int, str]:
        """Make a dashboard, and return its id and UUID."""
        made = self.send("POST", "dashboard/", {"dashboard_title": title, "published": published, "owners": [1]})
        return int(made["id"]), str(self.get(f"dashboard/{made['id']}")["result"]["uuid"])

    def chart(self, dataset: int, *dashboards: int, column: str = "id") -> int:
        """Make a table chart."""
        query = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{"columns": [column], "metrics": [], "row_limit": 5}],
            "form_data": {},
            "result_format": "json",
            "result_type": "full",
        }
        body = {
            "slice_name": f"chart {next(_numbers)}",
            "viz_type": "table",
            "datasource_id": dataset,
            "datasource_type": "table",
            "params": "{}",
            "query_context": json.dumps(query),
            "dashboards": list(dashboards),
        }
        return int(self.send("POST", "chart/", body)["id"])

    def saved_query(self, database: int, label: str, sql: str) -> int:
        """Save a query of SQL Lab."""
        body = {"label": label, "db_id": database, "schema": "main", "sql": sql, "description": ""}
        return int(self.send("POST", "saved_query/", body)["id"])

    def run_in_sql_lab(self, database: int, sql: str, schema: str = "main") -> Any:
        """Run a statement as SQL Lab does."""
        body = {
            "database_id": database,
            "schema": schema,
            "sql": sql,
            "client_id": f"c{next(_numbers)}",
            "runAsync": False,
        }
        return self.send("POST", "sqllab/execute/", body)

    def import_dashboard(self, export: Path) -> None:
        """Import the export of a dashboard."""
        answer = self._session.post(
            f"{self.url}/api/v1/dashboard/import/",
            files={"formData": (export.name, export.read_bytes(), "application/zip")},
            data={"overwrite": "true"},
            timeout=_TIMEOUT_SECONDS,
        )
        assert answer.ok, answer.text

    def person(self, username: str, role: str) -> None:
        """Make an account with one role; its password is its name."""
        roles = self.get("security/roles/", {"filters": [{"col": "name", "opr": "eq", "value": role}]})["ids"]
        body = {
            "username": username,
            "first_name": username,
            "last_name": "Person",
            "email": f"{username}@example.com",
            "active": True,
            "roles": roles,
            "password": username,
        }
        self.send("POST", "security/users/", body)


@dataclass
class Browser:
    """The requests of a person's browser: form login, the page of a dashboard, and the events of the page."""

    url: str
    username: str
    password: str
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        page = self._session.get(f"{self.url}/login/", timeout=_TIMEOUT_SECONDS).text
        token = re.search(r'csrf_token[^>]*?value="([^"]+)"|csrf_token&#34;: &#34;([^&]+)&#34;', page)
        form = {"username": self.username, "password": self.password}
        if token is not None:
            form["csrf_token"] = token[1] or token[2]
        answer = self._session.post(
            f"{self.url}/login/",
            data=form,
            headers={"Referer": f"{self.url}/login/"},
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        assert answer.status_code == 302, answer.text[:300]

    def open_dashboard(self, dashboard: int) -> None:
        """Open a dashboard: the server serves the page, and the page tells when it is shown."""
        answer = self._session.get(f"{self.url}/superset/dashboard/{dashboard}/", timeout=_TIMEOUT_SECONDS)
        assert answer.ok, answer.text[:300]
        self.mount_dashboard(dashboard)

    def mount_dashboard(self, dashboard: int) -> None:
        """Send the event of a dashboard that is shown, as when it is opened from the list."""
        event = {
            "source": "dashboard",
            "source_id": dashboard,
            "dashboard_id": dashboard,
            "event_name": "mount_dashboard",
        }
        answer = self._session.post(
            f"{self.url}/superset/log/?explode=events",
            data={"events": json.dumps([event])},
            timeout=_TIMEOUT_SECONDS,
        )
        assert answer.ok, answer.text[:300]

    def load_chart(self, chart: int, dataset: int, dashboard: int) -> None:
        """Get the data of a chart on a dashboard."""
        body: dict[str, Any] = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{"columns": ["id"], "metrics": [], "row_limit": 5}],
            "form_data": {"slice_id": chart, "dashboardId": dashboard},
            "result_format": "json",
            "result_type": "full",
        }
        answer = self._session.post(
            f"{self.url}/api/v1/chart/data",
            params={"form_data": json.dumps({"slice_id": chart}), "dashboard_id": str(dashboard)},
            json=body,
            timeout=_TIMEOUT_SECONDS,
        )
        assert answer.ok, answer.text[:300]


def let_pass(metadata: Path, dashboard: int, moment: datetime) -> None:
    """Set the last change of a dashboard to a moment of the past, UTC."""
    _execute(metadata, "UPDATE dashboards SET changed_on = ? WHERE id = ?", (_text(moment), dashboard))


def let_log_begin(metadata: Path, moment: datetime) -> None:
    """Add a row to the log that is as old as `moment`, UTC."""
    _execute(metadata, "INSERT INTO logs (action, user_id, dttm) VALUES ('welcome', 1, ?)", (_text(moment),))


def view_without_account(metadata: Path, dashboard: int, moment: datetime) -> None:
    """Add the row of a public or embedded dashboard that somebody sees without a login."""
    event = '{"event_name": "mount_dashboard"}'
    statement = "INSERT INTO logs (action, json, dashboard_id, dttm) VALUES ('log', ?, ?, ?)"
    _execute(metadata, statement, (event, dashboard, _text(moment)))


def prune_log(metadata: Path) -> None:
    """Delete the log, as an administrator's retention does."""
    _execute(metadata, "DELETE FROM logs", ())


def _execute(metadata: Path, statement: str, values: tuple[Any, ...]) -> None:
    with closing(sqlite3.connect(metadata, timeout=_TIMEOUT_SECONDS)) as connection, connection:
        connection.execute(statement, values)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
