"""The S3 server of one machine lists as S3 does: an object is whole or absent, whatever happens to its writer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.servers import object_store
from tests.integration.truth import wait_for
from tests.stacks.seam import Server, Servers

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

LISTINGS = 60
PART_BYTES = 5 << 20
ENDS_IN_A_UUID = "chk-5/0b1f3a52-9c2e-4f0a-8a51-3f7f3c1d2e4b"


class Objects:
    """The objects below a unique prefix."""

    def __init__(self, servers: Servers) -> None:
        self._store = object_store.client(servers.settings)
        self._bucket = servers.settings.bucket
        self._prefix = f"object-server/{uuid4()}/"

    def put(self, name: str, body: bytes = b"x") -> str:
        """Write an object."""
        self._store.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=body)
        return name

    def put_in_parts(self, name: str) -> str:
        """Write an object by an upload of two parts."""
        bucket, key, store = self._bucket, self._prefix + name, self._store
        upload = store.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        parts: list[CompletedPartTypeDef] = []
        for number, body in ((1, b"a" * PART_BYTES), (2, b"b")):
            made = store.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": made["ETag"]})
        store.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
        return name

    def delete(self, name: str) -> None:
        """Remove an object."""
        self._store.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    def names(self) -> set[str]:
        """List the objects."""
        found = self._store.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix).get("Contents", [])
        return {one["Key"].removeprefix(self._prefix) for one in found}

    def address(self, name: str) -> str:
        """Presign a PUT."""
        return self._store.generate_presigned_url(
            "put_object", Params={"Bucket": self._bucket, "Key": self._prefix + name}
        )


@pytest.fixture
def objects(servers: Servers) -> Objects:
    return Objects(servers)


@contextmanager
def half_sent(address: str) -> Iterator[None]:
    """Hold a PUT open in the middle of its body, as long as the context is open."""
    url = urlsplit(address)
    with socket.create_connection((str(url.hostname), url.port or 80)) as line:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 200000\r\n\r\n"
        line.sendall(head.encode() + b"x" * 100_000)
        yield


def test_each_listing_has_every_object_and_nothing_else_while_others_are_written(objects: Objects) -> None:
    """A listing is compared with the ledger, so one name too many or too few would be a false alarm."""
    staying = {objects.put(f"stays-{number}") for number in range(20)} | {objects.put(ENDS_IN_A_UUID)}
    coming = {"comes-0", "comes-1", "comes-2"}
    done = Event()

    def write(name: str) -> None:
        while not done.is_set():
            (objects.put if name != "comes-2" else objects.put_in_parts)(name)
            objects.put("stays-0", b"y" * 1000)
            objects.delete(name)

    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(write, name) for name in sorted(coming)]
        try:
            seen = [objects.names() for _ in range(LISTINGS)]
        finally:
            done.set()
    for writer in writers:
        writer.result()

    assert set() == {name for names in seen for name in staying - names}, "left out"
    assert set() == {name for names in seen for name in names - staying - coming}, "names of nobody"
    assert {len(names) for names in seen} != {len(staying)}, "nothing was written meanwhile"


def test_a_client_that_freezes_in_a_body_holds_up_nobody(servers: Servers, objects: Objects) -> None:
    """A job that is paused in a PUT must not block the checks or other jobs."""
    before = {objects.put("before")}
    with half_sent(objects.address("frozen")):
        wait_for(lambda: staged(servers) != set(), seconds_max=60, what="the first bytes of the body")

        assert before == objects.names()
        assert {"after", *before} == {objects.put("after"), *objects.names()}


def test_what_a_killed_server_was_writing_is_no_object_and_what_it_had_written_is(
    servers: Servers, objects: Objects
) -> None:
    """A leftover would be listed forever, and every check of the ledger would report it as foreign."""
    acknowledged = {objects.put(ENDS_IN_A_UUID), objects.put_in_parts("part-0")}
    killed = Event()

    def write() -> str | None:
        for number in range(100_000):
            try:
                acknowledged.add(objects.put(f"many-{number}"))
            except (BotoCoreError, ClientError):
                return f"many-{number}"  # its outcome is unknown
            if killed.is_set():
                break
        return None

    with half_sent(objects.address("frozen")), ThreadPoolExecutor(1) as pool:
        wait_for(lambda: staged(servers) != set(), seconds_max=60, what="the first bytes of the body")
        writing = pool.submit(write)
        wait_for(lambda: len(acknowledged) > 50, seconds_max=60, what="objects")
        servers.kill(Server.BUCKET)
        killed.set()
        servers.start(Server.BUCKET)
        wait([writing])

    unknown = {writing.result()} - {None}
    assert acknowledged <= objects.names() <= acknowledged | unknown
    assert set() == staged(servers)
    assert set() == unlisted(servers, objects)


def staged(servers: Servers) -> set[Path]:
    """Return the server's files of unfinished writes."""
    return {path for path in (servers.settings.data_dir / "s3" / "staging").rglob("*") if path.is_file()}


def unlisted(servers: Servers, objects: Objects) -> set[str]:
    """Return the files below the prefix that are not listed as objects."""
    folder = servers.settings.data_dir / "s3" / "data" / servers.settings.bucket / objects._prefix
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - objects.names()
