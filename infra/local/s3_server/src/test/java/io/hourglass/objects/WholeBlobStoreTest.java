package io.hourglass.objects;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.HttpResponseException;
import org.gaul.s3proxy.blobstore.KeyNotFoundException;
import org.gaul.s3proxy.blobstore.domain.Blob;
import org.gaul.s3proxy.blobstore.domain.MultipartPart;
import org.gaul.s3proxy.blobstore.domain.MultipartUpload;
import org.gaul.s3proxy.blobstore.domain.StorageMetadata;
import org.gaul.s3proxy.blobstore.options.CopyOptions;
import org.gaul.s3proxy.blobstore.options.CreateContainerOptions;
import org.gaul.s3proxy.blobstore.options.GetOptions;
import org.gaul.s3proxy.blobstore.options.ListContainerOptions;
import org.gaul.s3proxy.blobstore.options.PutOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An object exists completely or not at all, for listings during a write as well. */
class WholeBlobStoreTest {
    private static final String BUCKET = "bucket";
    private static final String UUID = "0b1f3a52-9c2e-4f0a-8a51-3f7f3c1d2e4b";
    private static final PutOptions ABSENT = PutOptions.builder().ifNoneMatch("*").build();

    @TempDir Path folder;
    private Path data;
    private BlobStore store;

    @BeforeEach
    void start() throws IOException {
        data = Files.createDirectories(folder.resolve("data"));
        store = new WholeBlobStore(data, new Staging(folder.resolve("staging")));
        store.createContainer(BUCKET, CreateContainerOptions.NONE);
    }

    /** A body is written outside of the listed folder and without a lock: this lists while the body is read. */
    @Test
    void aListingInTheMiddleOfABodyShowsWhatWasThereBefore() throws IOException {
        put("hour/a", "1");
        List<Set<String>> seen = new ArrayList<>();

        store.putBlob(BUCKET, blob("hour/b", new Watched("22", () -> seen.add(keys()))), PutOptions.NONE);

        assertEquals(Set.of(Set.of("hour/a")), Set.copyOf(seen));
        assertEquals(Set.of("hour/a", "hour/b"), keys());
        assertEquals("22", text("hour/b"));
    }

    /** Parts are never listed as objects, and an upload is always in the list of uploads. */
    @Test
    void aListingInTheMiddleOfAPartShowsTheUploadAndNoObject() {
        MultipartUpload upload = initiate("hour/a");
        List<Set<String>> seen = new ArrayList<>();

        store.uploadMultipartPart(
                upload,
                1,
                new Watched(
                        "part",
                        () -> {
                            seen.add(keys());
                            seen.add(uploads());
                            seen.add(parts(upload));
                        }),
                4,
                null);

        assertEquals(Set.of(Set.of(), Set.of("hour/a")), Set.copyOf(seen));
        assertEquals(Set.of("1"), parts(upload));
    }

    /** With concurrent writes and removals each listing has every object that stays, and only objects that were put. */
    @Test
    void listingsDuringWritesAndRemovalsAreWhole() throws Exception {
        Set<String> staying = new TreeSet<>();
        for (int number = 0; number < 20; number++) {
            staying.add(put("hour/stays-" + number, "x"));
        }
        Set<String> coming = new TreeSet<>();
        IntStream.range(0, 4).forEach(writer -> coming.add("hour/comes-" + writer));
        Set<String> missing = new TreeSet<>();
        Set<String> strange = new TreeSet<>();

        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<?>> writers = new ArrayList<>();
        for (String key : coming) {
            writers.add(
                    pool.submit(
                            () -> {
                                for (int turn = 0; turn < 200; turn++) {
                                    put(key, "y".repeat(turn));
                                    put("hour/stays-0", "z".repeat(turn));
                                    store.removeBlob(BUCKET, key);
                                }
                                return null;
                            }));
        }
        while (writers.stream().anyMatch(writer -> !writer.isDone())) {
            Set<String> listed = keys();
            staying.stream().filter(key -> !listed.contains(key)).forEach(missing::add);
            listed.stream().filter(key -> !staying.contains(key) && !coming.contains(key)).forEach(strange::add);
        }
        for (Future<?> writer : writers) {
            writer.get();
        }
        pool.shutdown();

        assertEquals(Set.of(), missing);
        assertEquals(Set.of(), strange);
        assertEquals(staying, keys());
    }

    /** A client that disconnects leaves no object and no file. */
    @Test
    void aBodyThatBreaksOffLeavesNothing() throws IOException {
        InputStream broken =
                new Watched(
                        "123",
                        () -> {
                            throw new UncheckedIOException(new IOException("reset"));
                        });

        assertThrows(
                UncheckedIOException.class, () -> store.putBlob(BUCKET, blob("hour/a", broken), PutOptions.NONE));

        assertEquals(Set.of(), keys());
        assertEquals(Set.of(), files(folder));
    }

    /** A key that ends in a UUID is an object; the unfinished file of a killed server is not. */
    @Test
    void aStartRemovesWhatWasBeingMadeAndKeepsEveryObject() throws IOException {
        Set<String> kept =
                Set.of(
                        put("chk-5/" + UUID, "1"),
                        put("part-0-" + UUID, "2"),
                        put("part-0-" + UUID + "-0.jsonl.zst", "3"));
        Path making = Files.createDirectories(folder.resolve("staging").resolve("7"));
        Files.writeString(making.resolve("object-" + UUID), "half");

        store = new WholeBlobStore(data, new Staging(folder.resolve("staging")));

        assertEquals(kept, keys());
        assertEquals(Set.of(), files(folder.resolve("staging")));
    }

    /** If-None-Match: of many concurrent creations of a key one succeeds, and its bytes stay. */
    @Test
    void oneOfSixteenCreatorsWins() throws Exception {
        assertOneWins(writer -> put("lease", "of " + writer, ABSENT));
    }

    /** If-Match: of many concurrent replacements of a version one succeeds; s3proxy alone lets several succeed. */
    @Test
    void oneOfSixteenReplacersOfAVersionWins() throws Exception {
        put("lease", "first");
        String version = store.blobMetadata(BUCKET, "lease").eTag();
        PutOptions options = PutOptions.builder().ifMatch('"' + version + '"').build();

        assertOneWins(writer -> put("lease", "of " + writer, options));
    }

    /** A refused write leaves no file behind. */
    @Test
    void aRefusedWriteChangesNothing() throws IOException {
        put("a", "1");

        HttpResponseException refused = assertThrows(HttpResponseException.class, () -> put("a", "2", ABSENT));

        assertEquals(412, refused.getResponse().statusCode());
        assertEquals("1", text("a"));
        assertEquals(Set.of("data/bucket/a"), files(folder));
    }

    /** An upload becomes one object with its metadata and the ETag of its parts, and no other file stays. */
    @Test
    void aCompletedUploadIsOneObject() throws IOException {
        MultipartUpload upload = initiate("hour/a");
        List<MultipartPart> parts = List.of(part(upload, 1, "one"), part(upload, 2, "two"));

        String eTag = store.completeMultipartUpload(upload, parts);

        assertTrue(eTag.endsWith("-2\""), eTag);
        assertEquals(eTag, store.blobMetadata(BUCKET, "hour/a").eTag());
        assertEquals(Map.of("owner", "me"), store.blobMetadata(BUCKET, "hour/a").userMetadata());
        assertEquals("onetwo", text("hour/a"));
        assertEquals(Set.of(), uploads());
        assertEquals(Set.of("data/bucket/hour/a"), files(folder));
    }

    /** A completion that fails, by a missing part or its condition, leaves the upload unchanged. */
    @Test
    void aRefusedCompletionKeepsTheUpload() throws IOException {
        put("hour/a", "before");
        MultipartUpload begun = initiate("hour/a");
        MultipartUpload upload = new MultipartUpload(BUCKET, "hour/a", begun.id(), begun.blobMetadata(), ABSENT);
        MultipartPart first = part(upload, 1, "one");
        MultipartPart never = new MultipartPart(2, 3, "0", null);

        HttpResponseException incomplete =
                assertThrows(
                        HttpResponseException.class,
                        () -> store.completeMultipartUpload(upload, List.of(first, never)));
        HttpResponseException present =
                assertThrows(HttpResponseException.class, () -> store.completeMultipartUpload(upload, List.of(first)));

        assertEquals(400, incomplete.getResponse().statusCode());
        assertEquals(412, present.getResponse().statusCode());
        assertEquals(Set.of("1"), parts(upload));
        assertEquals(Set.of("hour/a"), uploads());
        assertEquals("before", text("hour/a"));
        assertEquals(Set.of(), files(folder.resolve("staging")));
    }

    /** An aborted upload leaves no file. */
    @Test
    void anAbortedUploadIsGone() throws IOException {
        MultipartUpload upload = initiate("hour/a");
        part(upload, 1, "one");

        store.abortMultipartUpload(upload);

        assertEquals(Set.of(), uploads());
        assertEquals(Set.of(), files(folder));
    }

    /** A copy is a new object, also onto its own key. */
    @Test
    void aCopyOutlivesItsSource() throws IOException {
        put("a", "1");

        store.copyBlob(BUCKET, "a", BUCKET, "hour/b", CopyOptions.NONE);
        store.copyBlob(BUCKET, "hour/b", BUCKET, "hour/b", CopyOptions.NONE);
        store.removeBlob(BUCKET, "a");

        assertEquals(Set.of("hour/b"), keys());
        assertEquals("1", text("hour/b"));
        assertThrows(
                KeyNotFoundException.class, () -> store.copyBlob(BUCKET, "a", BUCKET, "c", CopyOptions.NONE));
    }

    /** An opened object is read to its end unchanged, although its key has been replaced. */
    @Test
    void anOpenObjectKeepsItsBytes() throws IOException {
        put("a", "first");
        Blob opened = store.getBlob(BUCKET, "a", GetOptions.NONE);

        put("a", "other");

        try (InputStream body = opened.getPayload()) {
            assertArrayEquals("first".getBytes(StandardCharsets.UTF_8), body.readAllBytes());
        }
        assertEquals("other", text("a"));
    }

    /** A directory marker, as Flink's file system creates it, is an empty object. */
    @Test
    void aMarkerIsMadeAndRemoved() {
        put("hour/", "");
        Set<String> made = keys();
        store.removeBlob(BUCKET, "hour/");

        assertEquals(Set.of("hour/"), made);
        assertEquals(Set.of(), keys());
    }

    /** No key leads out of its bucket. */
    @Test
    void aKeyThatLeadsOutOfTheBucketIsRefused() throws IOException {
        assertThrows(IllegalArgumentException.class, () -> put("../../out", "1"));

        assertEquals(Set.of(), files(folder));
        assertFalse(Files.exists(folder.resolve("out")));
        assertNull(store.blobMetadata(BUCKET, "out"));
    }

    private interface Attempt {
        Object by(String writer);
    }

    private void assertOneWins(Attempt attempt) throws Exception {
        List<String> winners = race(attempt);
        assertEquals(1, winners.size());
        assertEquals("of " + winners.get(0), text("lease"));
    }

    private static List<String> race(Attempt attempt) throws InterruptedException, ExecutionException {
        CountDownLatch start = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(16);
        List<Future<String>> attempts = new ArrayList<>();
        for (int number = 0; number < 16; number++) {
            String writer = "writer " + number;
            Callable<String> task =
                    () -> {
                        start.await();
                        try {
                            attempt.by(writer);
                            return writer;
                        } catch (HttpResponseException refused) {
                            assertEquals(412, refused.getResponse().statusCode());
                            return null;
                        }
                    };
            attempts.add(pool.submit(task));
        }
        start.countDown();
        List<String> winners = new ArrayList<>();
        for (Future<String> done : attempts) {
            if (done.get() != null) {
                winners.add(done.get());
            }
        }
        pool.shutdown();
        return winners;
    }

    private String put(String key, String text) {
        return put(key, text, PutOptions.NONE);
    }

    private String put(String key, String text, PutOptions options) {
        store.putBlob(BUCKET, blob(key, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))), options);
        return key;
    }

    private static Blob blob(String key, InputStream body) {
        return Blob.builder(key).payload(body).build();
    }

    private MultipartUpload initiate(String key) {
        Blob blob = Blob.builder(key).userMetadata(Map.of("owner", "me")).build();
        return store.initiateMultipartUpload(BUCKET, blob.getMetadata(), PutOptions.NONE);
    }

    private MultipartPart part(MultipartUpload upload, int number, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return store.uploadMultipartPart(upload, number, new ByteArrayInputStream(bytes), bytes.length, null);
    }

    private Set<String> keys() {
        Set<String> keys = new TreeSet<>();
        for (StorageMetadata found : store.list(BUCKET, ListContainerOptions.NONE)) {
            keys.add(found.name());
        }
        return keys;
    }

    private Set<String> uploads() {
        Set<String> names = new TreeSet<>();
        store.listMultipartUploads(BUCKET).forEach(upload -> names.add(upload.blobName()));
        return names;
    }

    private Set<String> parts(MultipartUpload upload) {
        Set<String> numbers = new TreeSet<>();
        store.listMultipartUpload(upload).forEach(part -> numbers.add(String.valueOf(part.partNumber())));
        return numbers;
    }

    private String text(String key) throws IOException {
        try (InputStream body = store.getBlob(BUCKET, key, GetOptions.NONE).getPayload()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** All files below a folder, by their relative paths. */
    private static Set<String> files(Path below) throws IOException {
        try (Stream<Path> paths = Files.walk(below)) {
            Set<String> found = new TreeSet<>();
            paths.filter(Files::isRegularFile).forEach(path -> found.add(below.relativize(path).toString()));
            return found;
        }
    }

    /** A body that calls a watcher before each of its bytes. */
    private static final class Watched extends InputStream {
        private final InputStream bytes;
        private final Runnable watcher;

        Watched(String text, Runnable watcher) {
            this.bytes = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
            this.watcher = watcher;
        }

        @Override
        public int read() throws IOException {
            watcher.run();
            return bytes.read();
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int next = read();
            if (next < 0) {
                return -1;
            }
            target[offset] = (byte) next;
            return 1;
        }
    }
}
