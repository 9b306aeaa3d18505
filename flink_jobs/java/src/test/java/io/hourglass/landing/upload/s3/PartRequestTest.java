package io.hourglass.landing.upload.s3;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A part is stored whole, or the failure has the reason; a temporary failure is retried. */
class PartRequestTest {
    private final Queue<Integer> statuses = new ArrayDeque<>();
    private final Deque<byte[]> bodies = new ArrayDeque<>();
    private final List<String> digests = new ArrayList<>();
    private final List<Long> pauses = new ArrayList<>();
    private final Attempts attempts = new Attempts(pauses::add);
    private final PartBuffer part = new PartBuffer(new PartBuffer.Blocks(1));
    private String code = "SlowDown";
    private String hint = "";
    private HttpServer server;
    private URL url;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        url = new URL("http://127.0.0.1:" + server.getAddress().getPort() + "/part?X-Amz-Signature=canary");
        byte[] bytes = "lines\n".repeat(100_000).getBytes(StandardCharsets.UTF_8);
        part.append(bytes, 0, bytes.length);
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        bodies.add(exchange.getRequestBody().readAllBytes());
        digests.add(String.valueOf(exchange.getRequestHeaders().getFirst("Content-MD5")));
        int status = statuses.isEmpty() ? 200 : statuses.poll();
        byte[] body = status == 200
                ? new byte[0]
                : "<Error><Code>%s</Code><Message>canary%s</Message></Error>".formatted(code, hint).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("ETag", "\"abc\"");
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    @Test
    void theBytesArriveAndTheTagIsReturned() throws IOException {
        assertEquals("abc", PartRequest.send(url, null, part));
        assertArrayEquals("lines\n".repeat(100_000).getBytes(StandardCharsets.UTF_8), bodies.getLast());
    }

    @Test
    void whatPassesIsTriedAgainWithLongerPauses() throws IOException {
        statuses.addAll(List.of(503, 500, 429, 503, 503, 503, 503));
        assertEquals("abc", attempts.send("part", () -> PartRequest.send(url, null, part)));
        assertEquals(List.of(250L, 500L, 1000L, 2000L, 4000L, 8000L, 8000L), pauses);
        assertEquals(8, bodies.size());
        assertEquals(1, bodies.stream().map(body -> body.length).distinct().count());
    }

    @Test
    void itEndsWithTheLastFailure() {
        for (int count = 0; count < 20; count++) {
            statuses.add(503);
        }
        IOException failure =
                assertThrows(IOException.class, () -> attempts.send("part", () -> PartRequest.send(url, null, part)));
        assertEquals("the bucket answered 503 SlowDown", failure.getMessage());
        assertEquals(12, bodies.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 403, 404, 412, 301})
    void aRefusalIsNotTriedAgain(int status) {
        statuses.add(status);
        IOException failure = assertThrows(
                PartRequest.Refused.class, () -> attempts.send("part", () -> PartRequest.send(url, null, part)));
        assertEquals(List.of(), pauses);
        assertFalse(failure.toString().contains("canary"), failure.toString());
    }

    /** Amazon's message and MinIO's. */
    @ParameterizedTest
    @ValueSource(strings = {
        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters",
        "Missing required header for this request: Content-Md5."
    })
    void aBucketThatAsksForADigestIsKnownAndThePartHasOneThen(String message) throws IOException {
        statuses.add(400);
        hint = message;
        assertEquals("abc", new Digests().send(part::writeTo, md5 -> PartRequest.send(url, md5, part)));
        assertEquals(List.of("null", "lEa9R8ltryW500QN/BRxdw=="), digests);
        assertArrayEquals(bodies.getFirst(), bodies.getLast());
    }

    @Test
    void aPartThatWasDamagedOnItsWayIsSentAgain() throws IOException {
        statuses.add(400);
        code = "BadDigest";
        hint = "The Content-MD5 you specified did not match what we received.";
        assertEquals("abc", attempts.send("part", () -> PartRequest.send(url, "md5", part)));
        assertEquals(List.of(250L), pauses);
    }

    @Test
    void anotherBadRequestIsNoQuestionForADigest() {
        statuses.addAll(List.of(400, 403));
        for (String unrelated : List.of("", "Content-MD5")) {
            hint = unrelated;
            IOException failure =
                    assertThrows(IOException.class, () -> PartRequest.send(url, null, part));
            assertEquals(PartRequest.Refused.class, failure.getClass());
        }
    }

    @Test
    void aServerThatIsAwayIsTriedAgainAndTheAddressStaysSecret() {
        server.stop(0);
        IOException failure =
                assertThrows(IOException.class, () -> attempts.send("part", () -> PartRequest.send(url, null, part)));
        assertEquals(11, pauses.size());
        assertFalse(failure.toString().contains("canary"), failure.toString());
    }

    @Test
    void anInterruptionEndsItAndATimeoutDoesNot() {
        assertThrows(InterruptedIOException.class, () -> attempts.send("part", () -> {
            throw new InterruptedIOException("the task is cancelled");
        }));
        assertEquals(List.of(), pauses);
        assertThrows(SocketTimeoutException.class, () -> attempts.send("part", () -> {
            throw new SocketTimeoutException("slow");
        }));
        assertEquals(11, pauses.size());
    }
}
