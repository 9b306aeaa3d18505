package io.hourglass.landing.upload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hourglass.landing.upload.s3.PartBuffer;
import io.hourglass.landing.upload.s3.Senders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.junit.jupiter.api.Test;

/** An object becomes visible whole and once, at its commit. */
class UploadStreamTest {
    private static final String KEY = "stream/landing/2025/08/01/03/part";
    private static final int PART_BYTES = 3 * PartBuffer.BLOCK_BYTES + 5;

    private final KeptStore store = new KeptStore();
    private final AtomicInteger ended = new AtomicInteger();
    private final Random random = new Random(3);

    private UploadStream open() {
        Upload upload = new Upload(KEY, store, new Senders(2));
        return new UploadStream(upload, new PartBuffer.Blocks(4), PART_BYTES, ended::incrementAndGet);
    }

    private byte[] write(UploadStream stream, int count) throws IOException {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        for (int at = 0; at < count; ) {
            int piece = Math.min(count - at, 1 + random.nextInt(PartBuffer.BLOCK_BYTES));
            stream.write(bytes, at, piece);
            at += piece;
        }
        return bytes;
    }

    @Test
    void objectsOfEverySizeComeBackInOrder() throws IOException {
        for (int count : new int[] {0, 1, PartBuffer.BLOCK_BYTES, PART_BYTES - 1, PART_BYTES, 7 * PART_BYTES + 11}) {
            UploadStream stream = open();
            byte[] expected = write(stream, count);
            assertEquals(count, stream.getPos());
            stream.closeForCommit().commit();
            assertArrayEquals(expected, store.object(KEY));
        }
    }

    @Test
    void everyPartButTheLastHasAtLeastTheBucketsMinimum() throws IOException {
        UploadStream stream = open();
        write(stream, 4 * PART_BYTES);
        stream.closeForCommit();
        List<Integer> parts = store.open().values().iterator().next();
        assertTrue(parts.subList(0, parts.size() - 1).stream().allMatch(part -> part >= PART_BYTES), parts.toString());
    }

    @Test
    void nothingIsVisibleBeforeTheCommit() throws IOException {
        UploadStream stream = open();
        write(stream, 2 * PART_BYTES);
        Committer committer = stream.closeForCommit();
        assertNull(store.object(KEY));
        committer.commit();
        assertEquals(Map.of(), store.open());
        assertEquals(1, ended.get());
    }

    @Test
    void aStreamThatIsClosedBeforeItsEndIsGivenUp() throws IOException {
        UploadStream stream = open();
        write(stream, 2 * PART_BYTES);
        stream.close();
        stream.close();
        assertEquals(1, ended.get());
        assertNull(store.object(KEY));
        assertThrows(IOException.class, () -> stream.write(1));
    }

    @Test
    void whatIsFinishedIsNotGivenUpByAClose() throws IOException {
        UploadStream stream = open();
        byte[] expected = write(stream, PART_BYTES);
        Committer committer = stream.closeForCommit();
        stream.close();
        assertEquals(List.of(), store.abandoned());
        committer.commit();
        assertArrayEquals(expected, store.object(KEY));
    }

    @Test
    void aPartThatCannotBeStoredFailsTheStream() throws IOException {
        store.refuse(new IOException("the bucket answered 403 AccessDenied"));
        UploadStream stream = open();
        stream.write(new byte[10]);
        IOException failure = assertThrows(IOException.class, stream::closeForCommit);
        assertTrue(failure.getMessage().contains("AccessDenied"), failure.getMessage());
        stream.close();
        assertEquals(1, ended.get());
        assertEquals(Map.of(), store.open());
    }

    @Test
    void oneByteAtATimeWorksToo() throws IOException {
        UploadStream stream = open();
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        for (int next = 0; next < 300; next++) {
            stream.write(next);
            expected.write(next);
        }
        stream.closeForCommit().commit();
        assertArrayEquals(expected.toByteArray(), store.object(KEY));
    }
}
