package io.hourglass.landing.upload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.core.fs.local.LocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Memory is bounded: parts wait for a slot, and Flink's own writer opens the streams beyond the limit. */
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

    @Test
    void streamsBeyondTheLimitAreFlinksOwn(@TempDir java.nio.file.Path folder) throws Exception {
        KeptStore store = new KeptStore();
        RecoverableWriter flinks = LocalFileSystem.getSharedInstance().createRecoverableWriter();
        UploadWriter writer = new UploadWriter(
                flinks, store, new Senders(2), new PartBuffer.Blocks(2), 1 << 20,
                new java.util.concurrent.Semaphore(1));
        Path path = new Path(folder.resolve("object").toUri());
        var inMemory = writer.open(path);
        var inFile = writer.open(path);
        assertEquals(List.of(true, false), List.of(inMemory instanceof UploadStream, inFile instanceof UploadStream));
        inFile.write(7);
        var committer = inFile.closeForCommit();
        assertFalse(committer.getRecoverable() instanceof UploadRecoverable);
        writer.recoverForCommit(committer.getRecoverable()).commit();
        assertEquals(1, java.nio.file.Files.size(folder.resolve("object")));
        inMemory.closeForCommit();
        assertTrue(writer.open(path) instanceof UploadStream);
    }
}
