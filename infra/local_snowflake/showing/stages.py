"""SHOW and DESC of stages, file formats and storage integrations, with the columns of Snowflake."""

from __future__ import annotations

import json
from collections.abc import Iterable

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.language.statements import Scope, Show
from infra.local_snowflake.objects.stored import Integration, Stage, StoredFormat
from infra.local_snowflake.showing.objects import OWNER, like_matches, shown

_STAGE_COLUMNS = {
    "created_on": "time",
    "name": "text",
    "database_name": "text",
    "schema_name": "text",
    "url": "text",
    "has_credentials": "text",
    "has_encryption_key": "text",
    "owner": "text",
    "comment": "text",
    "region": "text",
    "type": "text",
    "cloud": "text",
    "notification_channel": "text",
    "storage_integration": "text",
    "endpoint": "text",
    "owner_role_type": "text",
    "directory_enabled": "text",
}
_FORMAT_COLUMNS = {
    "created_on": "time",
    "name": "text",
    "database_name": "text",
    "schema_name": "text",
    "type": "text",
    "owner": "text",
    "comment": "text",
    "format_options": "text",
    "owner_role_type": "text",
}
_INTEGRATION_COLUMNS = {
    "name": "text",
    "type": "text",
    "category": "text",
    "enabled": "text",
    "comment": "text",
    "created_on": "time",
}
_COPY_DEFAULTS = (
    ("ON_ERROR", "String", "ABORT_STATEMENT"),
    ("SIZE_LIMIT", "Long", ""),
    ("PURGE", "Boolean", "false"),
    ("RETURN_FAILED_ONLY", "Boolean", "false"),
    ("ENFORCE_LENGTH", "Boolean", "true"),
    ("TRUNCATECOLUMNS", "Boolean", "false"),
    ("FORCE", "Boolean", "false"),
)


def show_stages(show: Show, scope: Scope, stages: Iterable[Stage]) -> Answer:
    """List stages."""
    rows = [
        (
            stage.created_on,
            stage.name.name,
            stage.name.database,
            stage.name.schema,
            stage.url,
            "Y" if stage.has_credentials else "N",
            "N",
            OWNER,
            stage.comment,
            None,
            ("INTERNAL" if stage.is_internal else "EXTERNAL") + (" TEMPORARY" if stage.temporary else ""),
            None if stage.is_internal else "AWS",
            None,
            stage.storage_integration,
            None,
            "ROLE",
            "Y" if stage.directory.enable else "N",
        )
        for stage in stages
        if shown(show, scope, stage.name)
    ]
    return Answer(tuple(_STAGE_COLUMNS), tuple(_STAGE_COLUMNS.values()), tuple(rows[: show.limit]))


def show_file_formats(show: Show, scope: Scope, formats: Iterable[StoredFormat]) -> Answer:
    """List file formats."""
    rows = [
        (
            stored.created_on,
            stored.name.name,
            stored.name.database,
            stored.name.schema,
            str(stored.options.get("TYPE", "CSV")).upper(),
            OWNER,
            stored.comment,
            json.dumps(FileFormat.of(stored.options).shown_options(), separators=(",", ":")),
            "ROLE",
        )
        for stored in formats
        if shown(show, scope, stored.name)
    ]
    return Answer(tuple(_FORMAT_COLUMNS), tuple(_FORMAT_COLUMNS.values()), tuple(rows[: show.limit]))


def show_integrations(show: Show, integrations: Iterable[Integration]) -> Answer:
    """List integrations."""
    rows = [
        (
            stored.name.name,
            "EXTERNAL_STAGE",
            "STORAGE",
            str(stored.enabled).lower(),
            stored.comment or None,
            stored.created_on,
        )
        for stored in integrations
        if show.like is None or like_matches(show.like, stored.name.name)
    ]
    return Answer(tuple(_INTEGRATION_COLUMNS), tuple(_INTEGRATION_COLUMNS.values()), tuple(rows[: show.limit]))


def describe_stage(stage: Stage, form: FileFormat) -> Answer:
    """List a stage's properties, one per row."""
    refreshed = stage.last_refreshed_on.isoformat() if stage.last_refreshed_on else ""
    named = stage.file_format.get("FORMAT_NAME")
    properties = [("STAGE_FILE_FORMAT", *row) for row in form.properties()]
    if named:
        properties = [("STAGE_FILE_FORMAT", "FORMAT_NAME", "String", str(named).replace('"', ""), "")]
    copying = {name: str(value) for name, value in stage.copy_options.items()}
    properties += [
        ("STAGE_COPY_OPTIONS", name, kind, copying.get(name, default), default)
        for name, kind, default in _COPY_DEFAULTS
    ]
    properties += [
        ("STAGE_LOCATION", "URL", "String", f'["{stage.url}"]' if stage.url else "", ""),
        ("STAGE_INTEGRATION", "STORAGE_INTEGRATION", "String", stage.storage_integration or "", ""),
        *(("STAGE_ENCRYPTION", name, "String", str(value), "") for name, value in stage.encryption.items()),
        ("DIRECTORY", "ENABLE", "Boolean", str(stage.directory.enable).lower(), "false"),
        ("DIRECTORY", "AUTO_REFRESH", "Boolean", str(stage.directory.auto_refresh).lower(), "false"),
        ("DIRECTORY", "LAST_REFRESHED_ON", "String", refreshed, ""),
    ]
    columns = ("parent_property", "property", "property_type", "property_value", "property_default")
    return Answer.of_text(columns, properties)


def describe_file_format(stored: StoredFormat) -> Answer:
    """List a file format's options, one per row."""
    columns = ("property", "property_type", "property_value", "property_default")
    return Answer.of_text(columns, FileFormat.of(stored.options).properties())


def describe_integration(stored: Integration) -> Answer:
    """List an integration's properties, one per row."""
    rows = [
        ("ENABLED", "Boolean", str(stored.enabled).lower(), "false"),
        ("STORAGE_PROVIDER", "String", str(stored.options.get("STORAGE_PROVIDER", "S3")), ""),
        ("STORAGE_ALLOWED_LOCATIONS", "List", ",".join(stored.allowed), "[]"),
        ("STORAGE_BLOCKED_LOCATIONS", "List", ",".join(stored.blocked), "[]"),
        ("STORAGE_AWS_IAM_USER_ARN", "String", "arn:aws:iam::000000000000:user/local", ""),
        ("STORAGE_AWS_ROLE_ARN", "String", str(stored.options.get("STORAGE_AWS_ROLE_ARN", "")), ""),
        ("STORAGE_AWS_EXTERNAL_ID", "String", str(stored.options.get("STORAGE_AWS_EXTERNAL_ID", "LOCAL")), ""),
        ("COMMENT", "String", stored.comment, ""),
    ]
    return Answer.of_text(("property", "property_type", "property_value", "property_default"), rows)
