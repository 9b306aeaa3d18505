from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from orchestration.metapipeline.bi.http import Answer, BearerToken, HttpLimits, RetryingSession
from orchestration.metapipeline.errors import BiError
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_http import Received, Scripted, scripted

NOW = datetime(2026, 1, 31, 10, 0, 0, tzinfo=UTC)
Serve = Callable[..., str]


@pytest.fixture
def received() -> list[Received]:
    return []


@pytest.fixture
def serve(received: list[Received]) -> Iterator[Serve]:
    """Serve the given answers one after the other; the last one is repeated."""
    with ExitStack() as servers:

        def start(*answers: Scripted) -> str:
            def answer(request: Received) -> Scripted:
                received.append(request)
                return answers[min(len(received), len(answers)) - 1]

            return servers.enter_context(scripted(answer))

        yield start


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def session(clock: FakeClock) -> Iterator[RetryingSession]:
    limits = HttpLimits(attempts_max=4, first_wait_seconds=2, wait_seconds_max=5, read_seconds=5, answer_bytes_max=99)
    session = RetryingSession("tool", limits, clock, jitter=lambda: 1.0)
    yield session
    session.close()


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503, 504])
def test_a_request_that_may_succeed_later_is_repeated(
    serve: Serve, session: RetryingSession, clock: FakeClock, status: int
) -> None:
    """A closed connection is one, too; the wait doubles."""
    url = serve(Scripted(status), Scripted(status), Scripted(body=b'{"a": 1}'))

    answer = session.send("GET", url)

    assert {"a": 1} == answer.json()
    assert [2, 4] == clock.waits


def test_the_wait_has_a_limit_and_jitter(serve: Serve, clock: FakeClock) -> None:
    """Half of the wait is random, so that many clients do not come back together."""
    url = serve(Scripted(503))
    limits = HttpLimits(attempts_max=5, first_wait_seconds=2, wait_seconds_max=5)
    session = RetryingSession("tool", limits, clock, jitter=lambda: 0.5)

    with pytest.raises(BiError, match=r"GET http://127.* failed 5 times; the last time: HTTP 503"):
        session.send("GET", url)

    session.close()
    assert [1.5, 3.0, 3.75, 3.75] == clock.waits


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("7", 7),
        ("0", 2),
        ("-3", 2),
        ("soon", 2),
        ("", 2),
        (format_datetime(NOW.replace(second=9)), 9),
        (format_datetime(NOW.replace(year=2025)), 2),
    ],
)
def test_the_wait_that_the_server_asks_for_is_kept(
    serve: Serve, session: RetryingSession, clock: FakeClock, asked: str, wait: float
) -> None:
    """It is never shorter than the own wait: some servers send 0."""
    url = serve(Scripted(429, headers={"Retry-After": asked}), Scripted())

    session.send("GET", url)

    assert [wait] == clock.waits


def test_a_long_wait_is_an_error_at_once(serve: Serve, session: RetryingSession, clock: FakeClock) -> None:
    """The run does not sleep for an hour."""
    url = serve(Scripted(429, headers={"Retry-After": "3600"}))

    with pytest.raises(BiError, match=r"asks for a wait of 3600 s, over the limit of 120 s: run again later"):
        session.send("GET", url)

    assert [] == clock.waits


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501])
def test_a_refusal_is_an_answer(serve: Serve, session: RetryingSession, clock: FakeClock, status: int) -> None:
    """The caller knows what it means."""
    answer = session.send("GET", serve(Scripted(status)))

    assert (status, False, []) == (answer.status, answer.ok, clock.waits)


@pytest.mark.parametrize("status", [0, 500, 502, 504])
def test_a_write_with_an_unknown_result_is_not_repeated(
    serve: Serve, session: RetryingSession, received: list[Received], status: int
) -> None:
    """The server may have done it."""
    url = serve(Scripted(status), Scripted())

    if status:
        assert status == session.send("POST", url, repeatable=False).status
    else:
        with pytest.raises(BiError, match=r"the result of POST .* is unknown"):
            session.send("POST", url, repeatable=False)

    assert 1 == len(received)


@pytest.mark.parametrize("status", [429, 503])
def test_a_write_that_was_not_processed_is_repeated(
    serve: Serve, session: RetryingSession, received: list[Received], status: int
) -> None:
    """These two answers mean that nothing was done."""
    assert session.send("POST", serve(Scripted(status), Scripted()), repeatable=False).ok
    assert 2 == len(received)


def test_a_server_that_is_not_there_is_tried_again(session: RetryingSession, clock: FakeClock) -> None:
    """Without a connection even a write can be repeated."""
    with pytest.raises(BiError, match=r"failed 4 times; the last time: ConnectionError"):
        session.send("POST", "http://127.0.0.1:1/x?secret=abc", repeatable=False)

    assert 3 == len(clock.waits)


def test_an_error_has_no_parameters_of_the_address(session: RetryingSession) -> None:
    """Parameters can be secrets."""
    with pytest.raises(BiError) as raised:
        session.send("GET", "http://127.0.0.1:1/x?token=abc", params={"more": "def"})

    assert "abc" not in str(raised.value)
    assert "def" not in str(raised.value)


def test_a_redirect_is_not_followed(serve: Serve, session: RetryingSession, received: list[Received]) -> None:
    """Another host must not get the credentials."""
    with pytest.raises(BiError, match="is redirected: configure the address"):
        session.send("GET", serve(Scripted(302, headers={"Location": "http://127.0.0.1:1/"})))

    assert 1 == len(received)


def test_an_answer_has_a_greatest_size(serve: Serve, session: RetryingSession) -> None:
    """A server cannot fill the memory of the reader."""
    assert 99 == len(session.send("GET", serve(Scripted(body=b"x" * 99))).body)
    with pytest.raises(BiError, match="is over 99 bytes"):
        session.send("GET", serve(Scripted(body=b"x" * 100)))


def test_an_answer_has_a_longest_time(serve: Serve) -> None:
    """A server that sends byte by byte cannot hold the reader."""

    class Hurried(FakeClock):
        def monotonic(self) -> float:
            self.sleep(200)
            return super().monotonic()

    session = RetryingSession("tool", clock=Hurried(NOW))
    with pytest.raises(BiError, match="took over 300 s"):
        session.send("GET", serve(Scripted(body=b"x" * 200_000)))
    session.close()


def test_an_address_that_is_none_is_an_error(session: RetryingSession) -> None:
    """It is not repeated."""
    with pytest.raises(BiError, match="cannot be sent: MissingSchema"):
        session.send("GET", "nowhere")


def test_a_text_that_is_no_json_is_an_error() -> None:
    """The message has the beginning of the text, in one line, without control characters."""
    answer = Answer("GET /x", 200, {}, b"<html>\n\x1b[31mnot  this\xff" + b"y" * 1_000)

    with pytest.raises(BiError, match="GET /x answered 200 without JSON: <html>") as raised:
        answer.json()

    assert "\x1b" not in str(raised.value)
    assert 300 > len(str(raised.value))


def test_a_deeply_nested_answer_is_an_error() -> None:
    """The parser ends with a RecursionError, which is no ValueError."""
    with pytest.raises(BiError, match="without JSON"):
        Answer("GET /x", 200, {}, b"[" * 100_000).json()


def test_the_token_is_sent_whatever_netrc_has(
    serve: Serve,
    session: RetryingSession,
    received: list[Received],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Requests replaces an Authorization header by the login of a .netrc file."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    session.send("GET", serve(Scripted()), auth=BearerToken("abc"))

    assert "Bearer abc" == received[0].headers["authorization"]
