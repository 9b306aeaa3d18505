"""Frames as JSON files: in a folder, or in a bucket of S3."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import dagster as dg

from orchestration.files import replace_file
from orchestration.frames.errors import FrameMissingError
from orchestration.frames.types import frame_of

if TYPE_CHECKING:
    from dagster_aws.s3 import S3Resource


class Files(Protocol):
    """Where files are kept. Names are relative paths, such as `scores/2025-08-01-03:00.json`."""

    def read(self, name: str) -> bytes | None:
        """Read a file; None when there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Store a file, whole or not at all, whatever is there."""
        ...

    def address(self, name: str) -> str:
        """Return where people find a file."""
        ...


class FileFrames(dg.IOManager):
    """Store the values of assets as JSON files: one per asset, or one per partition.

    A reader of several partitions gets the rows of all of them, in the order of the partitions.

    Args:
        files: where they are kept.
        folder: of their names; may be empty.
    """

    def __init__(self, files: Files, folder: str = "") -> None:
        self._files = files
        self._folder = folder

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write the value of an asset; readers see the old file or the new one.

        Raises:
            DagsterInvalidDefinitionError: the output is no frame, or one step writes several partitions.
        """
        (name,) = self._names(context.asset_key, _partitions(context))
        self._files.write(name, frame_of(context.dagster_type).to_json(obj))
        context.add_output_metadata({"path": dg.MetadataValue.path(self._files.address(name))})

    def load_input(self, context: dg.InputContext) -> Any:
        """Read the value of an asset as the type that its reader declares, which may be in another run.

        Raises:
            FrameMissingError: the asset, or one of the partitions, was never materialized.
        """
        frame = frame_of(context.dagster_type)
        names = self._names(context.asset_key, _partitions(context))
        values = [frame.from_json(self._read(context.asset_key, name)) for name in names]
        if len(values) == 1:
            return values[0]
        return tuple(chain.from_iterable(values))

    def _read(self, key: dg.AssetKey, name: str) -> bytes:
        content = self._files.read(name)
        if content is None:
            address, asset = self._files.address(name), key.to_user_string()
            raise FrameMissingError(f"{address} is missing: materialize {asset} first")
        return content

    def _names(self, key: dg.AssetKey, partitions: list[str] | None) -> list[str]:
        stem = "/".join((self._folder, *key.path) if self._folder else key.path)
        if partitions is None:
            return [f"{stem}.json"]
        return [f"{stem}/{partition}.json" for partition in partitions]


def _partitions(context: dg.OutputContext | dg.InputContext) -> list[str] | None:
    if not context.has_asset_partitions:
        return None
    partitions = list(context.asset_partition_keys)
    if isinstance(context, dg.OutputContext) and len(partitions) != 1:
        raise dg.DagsterInvalidDefinitionError(
            f"one step writes {len(partitions)} partitions of {context.asset_key.to_user_string()} as one value: "
            "run one partition at a time, backfill_policy=dg.BackfillPolicy.multi_run()"
        )
    return partitions


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """Files in a folder, which need not exist."""

    folder: Path

    def read(self, name: str) -> bytes | None:
        """Read a file."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Store a file durably, under its name when it is whole."""
        replace_file(self.folder / name, content)

    def address(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.folder / name)


@dataclass(frozen=True, slots=True)
class S3Files:
    """Objects below a prefix of a bucket, by the client of dagster-aws.

    Args:
        s3: the resource, with its region, endpoint and login.
        bucket: that exists.
        prefix: empty, or with a slash at its end.
    """

    s3: S3Resource
    bucket: str
    prefix: str = ""

    def read(self, name: str) -> bytes | None:
        """Fetch an object."""
        client = self.s3.get_client()
        try:
            content: bytes = client.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].read()
        except client.exceptions.NoSuchKey:
            return None
        return content

    def write(self, name: str, content: bytes) -> None:
        """Put an object; S3 shows the old one or the new one."""
        self.s3.get_client().put_object(Bucket=self.bucket, Key=self.prefix + name, Body=content)

    def address(self, name: str) -> str:
        """Return the URL of an object."""
        return f"s3://{self.bucket}/{self.prefix}{name}"
