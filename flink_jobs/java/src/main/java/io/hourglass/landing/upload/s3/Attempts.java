package io.hourglass.landing.upload.s3;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Retries a request for about a minute while the bucket is unavailable. */
final class Attempts {
    private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);
    private static final int ATTEMPTS_MAX = 12;
    private static final long FIRST_PAUSE_MILLISECONDS = 250;
    private static final long PAUSE_MILLISECONDS_MAX = 8_000;

    private final Pause pause;

    Attempts(Pause pause) {
        this.pause = pause;
    }

    /** A request that may be sent again after a failure. */
    @FunctionalInterface
    interface Request<T> {
        T send() throws IOException;
    }

    /** Waits between two attempts. */
    @FunctionalInterface
    interface Pause {
        void sleep(long milliseconds) throws InterruptedException;
    }

    /** @throws IOException of the last attempt, or at once when the request is refused */
    <T> T send(String what, Request<T> request) throws IOException {
        long milliseconds = FIRST_PAUSE_MILLISECONDS;
        for (int attempt = 1; ; attempt++) {
            try {
                return request.send();
            } catch (PartRequest.Refused e) {
                throw e;
            } catch (IOException e) {
                if (attempt == ATTEMPTS_MAX || isInterruption(e)) {
                    throw e;
                }
                LOG.warn("{}: attempt {} failed: {}", what, attempt, e.getMessage());
            }
            rest(milliseconds);
            milliseconds = Math.min(2 * milliseconds, PAUSE_MILLISECONDS_MAX);
        }
    }

    private static boolean isInterruption(IOException failure) {
        return failure instanceof InterruptedIOException && !(failure instanceof SocketTimeoutException);
    }

    private void rest(long milliseconds) throws IOException {
        try {
            pause.sleep(milliseconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted between two attempts").initCause(e);
        }
    }
}
