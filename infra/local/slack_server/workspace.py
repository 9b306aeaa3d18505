"""What a workspace of Slack holds, and what its API answers; no HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

TEXT_CHARACTERS_MAX = 40_000
"""Slack refuses a longer text of chat.postMessage as `msg_too_long`."""
FILE_BYTES_MAX = 1_000_000_000
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a channel; a shared file is a message with `file`, its id."""

    channel: str
    ts: str
    text: str
    file: str | None = None


@dataclass
class UploadedFile:
    """A file on its way: promised, then uploaded, then shared.

    Args:
        id: of the file.
        name: of the file.
        length: bytes that were promised.
        data: None until they are uploaded.
        title: given at the end.
        shared: whether the upload is complete.
    """

    id: str
    name: str
    length: int
    data: bytes | None = None
    title: str = ""
    shared: bool = False


@dataclass
class Workspace:
    """Channels, people, messages and files.

    Args:
        channels: name -> id; ids begin with C.
        people: address -> id; ids begin with U. A message to an id of a person opens a direct message.
    """

    channels: Mapping[str, str] = field(default_factory=lambda: {"data-platform": "C0000000001"})
    people: Mapping[str, str] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    files: dict[str, UploadedFile] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def call(self, method: str, given: Mapping[str, str], upload_url: str) -> Answer:
        """Answer a method of the Web API; `upload_url` is the address for bytes, without the id of the file."""
        methods = {
            "chat.postMessage": self._post,
            "users.lookupByEmail": self._look_up,
            "files.getUploadURLExternal": lambda given: self._promise(given, upload_url),
            "files.completeUploadExternal": self._complete,
        }
        if method not in methods:
            return refused("unknown_method")
        with self._lock:
            return methods[method](given)

    def upload(self, file_id: str, data: bytes) -> bool:
        """Take the bytes of a promised file; False when it is unknown, uploaded already, or of another length."""
        with self._lock:
            file = self.files.get(file_id)
            if file is None or file.data is not None or len(data) != file.length:
                return False
            file.data = data
            return True

    def _post(self, given: Mapping[str, str]) -> Answer:
        channel = self._channel(given.get("channel", ""))
        if channel is None:
            return refused("channel_not_found")
        if not given.get("text"):
            return refused("no_text")
        if len(given["text"]) > TEXT_CHARACTERS_MAX:
            return refused("msg_too_long")
        message = self._add(channel, given["text"])
        return {"ok": True, "channel": channel, "ts": message.ts, "message": {"text": message.text}}

    def _look_up(self, given: Mapping[str, str]) -> Answer:
        person = self.people.get(given.get("email", ""))
        return {"ok": True, "user": {"id": person}} if person else refused("users_not_found")

    def _promise(self, given: Mapping[str, str], upload_url: str) -> Answer:
        length = given.get("length", "")
        if not given.get("filename") or not length.isdigit() or not 0 < int(length) <= FILE_BYTES_MAX:
            return refused("invalid_arguments")
        file = UploadedFile(f"F{len(self.files) + 1:010}", given["filename"], int(length))
        self.files[file.id] = file
        return {"ok": True, "upload_url": f"{upload_url}/{file.id}", "file_id": file.id}

    def _complete(self, given: Mapping[str, str]) -> Answer:
        channel = given.get("channel_id", "")
        if channel not in {*self.channels.values(), *self.people.values()}:  # names are no ids here
            return refused("channel_not_found")
        wanted = json.loads(given.get("files") or "[]")
        files = [self.files.get(str(one.get("id"))) for one in wanted]
        ready = [file for file in files if file is not None and file.data is not None and not file.shared]
        if not wanted or len(ready) != len(wanted):
            return refused("file_not_found")
        for file, one in zip(ready, wanted, strict=True):
            file.title, file.shared = one.get("title") or file.name, True
            self._add(channel, given.get("initial_comment", ""), file.id)
        return {"ok": True, "files": [{"id": file.id, "title": file.title} for file in ready]}

    def _channel(self, given: str) -> str | None:
        known = {*self.channels.values(), *self.people.values()}
        return given if given in known else self.channels.get(given.removeprefix("#"))

    def _add(self, channel: str, text: str, file: str | None = None) -> Message:
        message = Message(channel, f"{len(self.messages) + 1}.000000", text, file)
        self.messages.append(message)
        return message


def refused(error: str) -> Answer:
    """Return Slack's refusal: status 200 with an error."""
    return {"ok": False, "error": error}
