package io.hourglass.landing.kafka;

import static io.hourglass.landing.event.Contracts.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Records are read from their batches whatever their size, and a broken batch is reported.
 *
 * <p>{@code BatchCollectorTest} shows that they are the records that a consumer returns.
 */
class FetchedBatchesTest {
    private final BatchWindow window = new BatchWindow();
    private final List<String> metered = new ArrayList<>();

    private FetchedBatches fetched(long from, boolean checkCrcs, MemoryRecords... fetch) {
        return new FetchedBatches(new TopicPartition("t", 0), Batches.listed(fetch), from, checkCrcs, window,
                (bytes, records) -> metered.add(bytes + " bytes, " + records + " records"));
    }

    private FetchedBatches fetched(MemoryRecords... fetch) {
        return fetched(0, true, fetch);
    }

    /** Offset, bytes of the value, and whether all of them are the first letter. */
    private static List<String> read(FetchedBatches fetched) {
        List<String> read = new ArrayList<>();
        fetched.forEachRemaining(record -> {
            byte[] value = Utils.toArray(record.value());
            boolean whole = value.length == 0 || Arrays.equals(value, filled(value.length, value[0]));
            read.add(record.offset() + " " + value.length + (whole ? "" : " mixed"));
        });
        return read;
    }

    private static byte[] filled(int bytes, int with) {
        byte[] value = new byte[bytes];
        Arrays.fill(value, (byte) with);
        return value;
    }

    private static String failure(FetchedBatches fetched) {
        return assertThrows(KafkaException.class, () -> read(fetched)).getMessage();
    }

    /** Set one byte of a batch without a change of its checksum. */
    private static MemoryRecords broken(MemoryRecords batch, int position, int with) {
        batch.buffer().put(position, (byte) with);
        return batch;
    }

    @ParameterizedTest
    @EnumSource
    void aRecordMayBeOfAnySizeAroundTheWindow(CompressionType compression) {
        int w = BatchWindow.BYTES;
        int[] sizes = {0, w / 2 - 1, w / 2 + 1, w - 12, w - 11, w - 10, w - 9, w - 1, w, w + 1, 1, 5 * w, 3, w, 0, 7};
        byte[][] values = new byte[sizes.length][];
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < sizes.length; i++) {
            values[i] = filled(sizes[i], 'a' + i);
            expected.add(i + " " + sizes[i]);
        }
        assertEquals(expected, read(fetched(Batches.of(0, compression, values))));
    }

    @Test
    void theWindowIsSmallAgainAfterABatchOfLargeRecords() {
        MemoryRecords large = Batches.of(0, CompressionType.LZ4, filled(5 * BatchWindow.BYTES, 'a'));
        assertEquals(List.of("0 655360", "1 1"), read(fetched(large, Batches.of(1, CompressionType.LZ4, utf8("b")))));
        assertEquals(BatchWindow.BYTES, window.capacity());
    }

    @Test
    void recordsBelowTheOffsetThatWasAskedForAreLeftOut() {
        MemoryRecords batch = Batches.of(5, CompressionType.LZ4, utf8("a"), utf8("b"), utf8("c"));
        FetchedBatches fetched = fetched(7, true, batch);
        assertEquals(List.of("7 1"), read(fetched));
        assertEquals(8, fetched.nextOffset());
    }

    @Test
    void aBatchWithoutRecordsMovesOnlyThePosition() {
        MemoryRecords empty = Batches.empty(2, 4);
        FetchedBatches fetched = fetched(Batches.of(0, CompressionType.ZSTD, utf8("a"), utf8("b")), empty);
        assertEquals(List.of("0 1", "1 1"), read(fetched));
        assertEquals(5, fetched.nextOffset());
    }

    @Test
    void aBatchThatIsNotWhatItsChecksumSaysIsTold() {
        MemoryRecords good = Batches.of(0, CompressionType.LZ4, utf8("a"));
        MemoryRecords bad = Batches.of(1, CompressionType.NONE, utf8("bbb"));
        broken(bad, bad.sizeInBytes() - 2, 'c');
        FetchedBatches fetched = fetched(good, bad);
        assertEquals(0, fetched.next().offset());
        String told = failure(fetched);
        assertTrue(told.startsWith("the batch of t-0 that begins at offset 1 cannot be read: Record is corrupt"), told);
        assertEquals(List.of("1 3 mixed"), read(fetched(1, false, bad)), "only when it was asked for");
    }

    @Test
    void aBatchThatCannotBeDecompressedIsTold() {
        MemoryRecords bad = Batches.of(3, CompressionType.LZ4, filled(1000, 'a'));
        broken(bad, DefaultRecordBatch.RECORD_BATCH_OVERHEAD + 9, 0x7f); // in the size of the first block
        String told = failure(fetched(0, false, bad));
        assertTrue(told.startsWith("the batch of t-0 that begins at offset 3 cannot be read: "), told);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1, 3})
    void aBatchThatHoldsMoreOrLessThanItAnnouncesIsTold(int announced) {
        MemoryRecords two = Batches.of(0, CompressionType.LZ4, utf8("a"), utf8("b"));
        two.buffer().putInt(DefaultRecordBatch.RECORDS_COUNT_OFFSET, announced);
        String told = failure(fetched(0, false, two));
        assertTrue(told.startsWith("the batch of t-0 that begins at offset 0 cannot be read: "), told);
    }

    @Test
    void afterTheLastRecordThereIsNone() {
        FetchedBatches fetched = fetched(Batches.of(0, CompressionType.LZ4, utf8("a")));
        fetched.next();
        assertFalse(fetched.hasNext());
        assertThrows(NoSuchElementException.class, fetched::next);
    }

    @Test
    void metricsCountWhatWasReadBeforeCompression() {
        MemoryRecords fetch = Batches.of(0, CompressionType.GZIP, filled(1000, 'a'), filled(1000, 'a'), filled(10, 'a'));
        FetchedBatches fetched = fetched(1, true, fetch);
        fetched.next();
        assertEquals(List.of(), metered);
        fetched.close();
        assertEquals(List.of("1009 bytes, 1 records"), metered);
    }

    @Test
    void aFetchThatWasLeftHalfReadDoesNotDisturbTheNext() {
        FetchedBatches half = fetched(Batches.of(0, CompressionType.ZSTD, filled(300_000, 'a'), utf8("b")));
        half.next();
        half.close();
        assertEquals(List.of("2 1"), read(fetched(Batches.of(2, CompressionType.SNAPPY, utf8("c")))));
    }
}
