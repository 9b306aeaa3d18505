package io.hourglass.landing.upload.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.core.fs.local.LocalFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small file is one request at its commit; a large one uses the other stream from its first byte on. */
class WholeObjectStreamTest {
    private static final String KEY = "flink/orders/checkpoints/0/chk-1/_metadata";
    private static final int WHOLE_BYTES_MAX = 100_000;

    private final List<String> requests = new ArrayList<>();
    private final Map<String, byte[]> stored = new TreeMap<>();
    private final Random random = new Random(7);
    private RecoverableWriter otherWay;
    private Path large;

    private final WholeObjects objects = new WholeObjects() {
        @Override
        public boolean has(String key) {
            requests.add("has " + key);
            return stored.containsKey(key);
        }

        @Override
        public void put(String key, byte[] bytes) {
            requests.add("put " + key);
            stored.put(key, bytes);
        }

        @Override
        public void delete(String key) {
            requests.add("delete " + key);
            stored.remove(key);
        }
    };

    @BeforeEach
    void setUp(@TempDir Path folder) throws IOException {
        otherWay = LocalFileSystem.getSharedInstance().createRecoverableWriter();
        large = folder.resolve("large");
    }

    private WholeObjectStream open() {
        return new WholeObjectStream(KEY, objects, WHOLE_BYTES_MAX, () ->
                otherWay.open(new org.apache.flink.core.fs.Path(large.toUri())));
    }

    private byte[] write(WholeObjectStream stream, int count) throws IOException {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        for (int at = 0; at < count; ) {
            int piece = Math.min(count - at, 1 + random.nextInt(count));
            stream.write(bytes, at, piece);
            at += piece;
        }
        return bytes;
    }

    @Test
    void smallOnesAreOneRequest() throws IOException {
        for (int count : new int[] {0, 1, 5_000, WHOLE_BYTES_MAX}) {
            requests.clear();
            WholeObjectStream stream = open();
            byte[] expected = write(stream, count);
            assertEquals(count, stream.getPos());
            Committer committer = stream.closeForCommit();
            assertEquals(List.of(), requests);
            committer.commit();
            stream.close();
            assertEquals(List.of("put " + KEY), requests);
            assertArrayEquals(expected, stored.get(KEY));
        }
    }

    @Test
    void largeOnesGoTheOtherWayFromTheirFirstByteOn() throws IOException {
        for (int count : new int[] {WHOLE_BYTES_MAX + 1, 9 * WHOLE_BYTES_MAX}) {
            WholeObjectStream stream = open();
            byte[] expected = write(stream, count);
            assertEquals(count, stream.getPos());
            stream.closeForCommit().commit();
            assertArrayEquals(expected, Files.readAllBytes(large));
            Files.delete(large);
            assertEquals(List.of(), requests);
        }
    }

    @Test
    void whatIsNotCommittedIsNeverThere() throws IOException {
        WholeObjectStream small = open();
        write(small, 17);
        small.close();
        WholeObjectStream other = open();
        write(other, WHOLE_BYTES_MAX + 17);
        other.close();
        assertEquals(List.of(), requests);
        assertFalse(Files.exists(large));
        assertThrows(IOException.class, () -> small.write(1));
        assertThrows(IOException.class, () -> other.write(1));
    }
}
