package io.hourglass.landing.upload.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Parts in flight are bounded: a caller without a free slot waits. */
@Timeout(60)
class SendersTest {
    @Test
    void aSlotIsFreeAgainAfterSuccessFailureAndCancellation() throws Exception {
        Senders senders = new Senders(1);
        assertEquals(1, senders.submit(() -> 1).get());
        Future<Object> failing = senders.submit(() -> {
            throw new IllegalStateException("broken");
        });
        assertThrows(Exception.class, failing::get);
        CountDownLatch never = new CountDownLatch(1);
        Future<Boolean> waiting = senders.submit(() -> never.await(60, TimeUnit.SECONDS));
        waiting.cancel(true);
        assertThrows(CancellationException.class, waiting::get);
        assertEquals(2, senders.submit(() -> 2).get());
    }

    @Test
    void whoFindsNoSlotWaitsForOne() throws Exception {
        Senders senders = new Senders(1);
        CountDownLatch release = new CountDownLatch(1);
        Future<Boolean> first = senders.submit(() -> release.await(60, TimeUnit.SECONDS));
        Thread second = new Thread(() -> {
            try {
                senders.submit(() -> null);
            } catch (java.io.IOException e) {
                throw new AssertionError(e);
            }
        });
        second.start();
        while (second.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        release.countDown();
        assertTrue(first.get());
        second.join();
    }
}
