"""The shapes of Mode's answers, as its documentation and recorded answers have them.

Missing and null are the same: unknown. Numbers may be strings, ids may be numbers. Unknown fields are ignored.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from orchestration.metapipeline.bi.mode.client import Answer
from orchestration.metapipeline.errors import BiError

_DATASET = "DatasetReport"


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(value: Any) -> Any:
    if value is None:
        return ""
    # JSON may hold half of a surrogate pair, which is no text
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Part of an address, so it is checked before it is sent back."""
Id = Annotated[str, Field(coerce_numbers_to_str=True)]
Text = Annotated[str, BeforeValidator(_text)]
Moment = Annotated[datetime, AfterValidator(_utc)]
Count = Annotated[int, Field(ge=0)]


class Row(BaseModel):
    """Anything with a token of its own."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    token: Token


class Link(BaseModel):
    """Where a related object is."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    href: Text = ""


class Collection(Row):
    """A collection; its former name is space."""

    name: Text = ""
    restricted: bool | None = None


class ReportRow(Row):
    """A report, or a dataset (`type`), which other reports read."""

    name: Text = ""
    type: Text = ""
    created_at: Moment | None = None
    last_run_at: Moment | None = None
    archived: bool | None = None
    space_token: Token | None = None
    query_count: Count | None = None
    runs_count: Count | None = None
    view_count: Count | None = None
    links: Annotated[dict[str, Link | Any], BeforeValidator(lambda value: value or {})] = Field(
        default_factory=dict, alias="_links"
    )

    @model_validator(mode="after")
    def _state_is_known(self) -> Self:
        if self.archived is None and not self.dataset:
            raise ValueError("archived is missing")
        return self

    @property
    def dataset(self) -> bool:
        """Whether other reports read it, which its counters do not show."""
        return self.type == _DATASET

    @property
    def creator(self) -> str | None:
        """User name of whoever created it."""
        link = self.links.get("creator")
        name = link.href.rstrip("/").rpartition("/")[2] if isinstance(link, Link) else ""
        return name or None


class QueryRow(Row):
    """A query of a report."""

    name: Text = ""
    raw_query: Text = ""
    data_source_id: Id | None = None


class DefinitionRow(Row):
    """A text that queries include by its name."""

    name: Text = ""
    source: Text = ""


class DataSourceRow(Row):
    """A connection to a warehouse."""

    id: Id
    name: Text = ""
    adapter: Text = ""
    database: Text = ""


class Pagination(BaseModel):
    """Where a page of the Discovery API stands."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    page: Count
    total_pages: Count
    total_count: Count


class DiscoveredCollection(Row):
    """A collection in the Discovery API; a `private` one is of one person."""

    space_type: Text = ""


class DiscoveredReport(Row):
    """A report in the Discovery API, which has no counters."""

    creator_email: Text = ""
    space_token: Token | None = None


class ReportStats(Row):
    """The counters of the Discovery API; `view_count` is the field of an older edition."""

    token: Token = Field(alias="report_token")
    total_views_count: Count | None = None
    view_count: Count | None = None

    @property
    def views(self) -> int | None:
        """All views; None is unknown."""
        return self.view_count if self.total_views_count is None else self.total_views_count


Shape = TypeVar("Shape", bound=BaseModel)


def parsed(answer: Answer, shape: type[Shape], value: Any, place: str = "") -> Shape:
    """Read one object of an answer.

    Raises:
        BiError: it has another shape; the error names request and field, and no value of the answer.
    """
    try:
        return shape.model_validate(value)
    except ValidationError as exc:
        error = exc.errors(include_input=False, include_context=False, include_url=False)[0]
        field = ".".join(str(part) for part in (*([place] if place else []), *error["loc"]))
    raise BiError(f"Mode: {answer.request}: the field {field or 'of the body'} is not as documented: {error['msg']}")


def embedded(answer: Answer, key: str, shape: type[Shape]) -> tuple[Shape, ...]:
    """Read one page of a list of the management API; a page without the key is empty.

    Raises:
        BiError: it has another shape.
    """
    part = field(answer, answer.body, "_embedded", dict)
    rows = part.get(key)
    if rows is None:
        return ()
    return listed(answer, rows, f"_embedded.{key}", shape)


def listed(answer: Answer, rows: Any, place: str, shape: type[Shape]) -> tuple[Shape, ...]:
    """Read the rows of a list.

    Raises:
        BiError: they are no list, or a row has another shape.
    """
    if not isinstance(rows, list):
        raise BiError(f"Mode: {answer.request}: the field {place} is no list")
    return tuple(parsed(answer, shape, row, f"{place}.{position}") for position, row in enumerate(rows))


def field(answer: Answer, body: Any, name: str, kind: type) -> Any:
    """Return a field of an object of an answer.

    Raises:
        BiError: it is missing or of another type.
    """
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, kind):
        raise BiError(f"Mode: {answer.request}: the field {name} is missing or no {kind.__name__}")
    return value
