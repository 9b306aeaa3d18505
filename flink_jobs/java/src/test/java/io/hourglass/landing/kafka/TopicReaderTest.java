package io.hourglass.landing.kafka;

import static io.hourglass.landing.event.Contracts.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hourglass.landing.chain.RecordRun;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.connector.kafka.source.metrics.KafkaSourceReaderMetrics;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.MemoryRecords;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The reader continues from a checkpoint, emits every record of a poll, and pauses while there is none. */
@Timeout(30)
class TopicReaderTest {
    private static final TopicPartition FIRST = new TopicPartition("t", 0);
    private static final TopicPartition SECOND = new TopicPartition("t", 1);

    /** Former offsets of the group; the mock drops them when partitions are assigned. */
    private final Map<TopicPartition, OffsetAndMetadata> before = new HashMap<>();

    private final MockConsumer<byte[], ByteBuffer> consumer = new MockConsumer<>("none") {
        @Override
        public synchronized Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
            return before.isEmpty() ? super.committed(partitions) : before;
        }
    };
    private final Queue<FetchedBatches> fetched = new ArrayDeque<>();
    private final List<String> metered = new ArrayList<>();
    private final Set<TopicPartition> lagging = new HashSet<>();
    private final Received received = new Received();
    private final FakeLookup broker = new FakeLookup();
    private final TopicReader reader = new TopicReader(
            consumer, fetched::poll,
            new KafkaSourceReaderMetrics(UnregisteredMetricsGroup.createSourceReaderMetricGroup()), lagging::add, broker.expected());

    /** The emitted runs, as {@code partition offsets}. */
    private static final class Received implements ReaderOutput<RecordRun> {
        final List<String> runs = new ArrayList<>();

        @Override
        public void collect(RecordRun run) {
            List<Long> offsets = new ArrayList<>();
            run.records().forEach(record -> offsets.add(record.offset()));
            runs.add(run.topic() + "-" + run.partition() + " " + offsets);
        }

        @Override
        public void collect(RecordRun run, long timestamp) {
            throw new AssertionError("a run has no one timestamp");
        }

        @Override
        public void emitWatermark(Watermark watermark) {}

        @Override
        public void markIdle() {}

        @Override
        public void markActive() {}

        @Override
        public SourceOutput<RecordRun> createOutputForSplit(String split) {
            return this;
        }

        @Override
        public void releaseOutputForSplit(String split) {}
    }

    private void send(TopicPartition partition, long... offsets) {
        for (long offset : offsets) {
            consumer.addRecord(new ConsumerRecord<>(partition.topic(), partition.partition(), offset, null, ByteBuffer.wrap(utf8("v"))));
        }
    }

    private void assign(KafkaPartitionSplit... splits) {
        reader.start();
        reader.addSplits(List.of(splits));
    }

    private Map<String, Long> snapshot(long checkpoint) {
        Map<String, Long> positions = new TreeMap<>();
        reader.snapshotState(checkpoint).forEach(split -> positions.put(split.splitId(), split.getStartingOffset()));
        return positions;
    }

    @AfterEach
    void closesItsConsumer() {
        reader.close();
        assertTrue(consumer.closed());
    }

    @Test
    void aPollIsHandedOverPartitionByPartitionAndPositionsFollow() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 5), new KafkaPartitionSplit(SECOND, 0));
        send(FIRST, 5, 6, 9);
        send(SECOND, 0);
        assertEquals(InputStatus.MORE_AVAILABLE, reader.pollNext(received));
        assertEquals(Set.of("t-0 [5, 6, 9]", "t-1 [0]"), Set.copyOf(received.runs));
        assertEquals(Map.of("t-0", 10L, "t-1", 1L), snapshot(1));
        assertEquals(Set.of(FIRST, SECOND), lagging);
    }

    @Test
    void batchesOfAPollAreHandedOverAsOneRunAndPositionsMoveBehindThem() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 6), new KafkaPartitionSplit(SECOND, 0));
        fetched.add(fetched(FIRST, 6, Batches.of(5, CompressionType.LZ4, utf8("a"), utf8("b")), Batches.empty(7, 8)));
        assertEquals(InputStatus.MORE_AVAILABLE, reader.pollNext(received));
        assertEquals(List.of("t-0 [6]"), received.runs);
        assertEquals(Map.of("t-0", 9L, "t-1", 0L), snapshot(1));
        assertEquals(Set.of(FIRST), lagging);
        assertEquals(List.of("1 records"), metered);
        assertEquals(InputStatus.NOTHING_AVAILABLE, reader.pollNext(received));
    }

    @Test
    void aBatchThatCannotBeReadMovesNoPosition() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 0));
        MemoryRecords batch = Batches.of(0, CompressionType.NONE, utf8("a"));
        batch.buffer().put(batch.sizeInBytes() - 2, (byte) 'b');
        fetched.add(fetched(FIRST, 0, batch));
        assertThrows(KafkaException.class, () -> reader.pollNext(received));
        assertEquals(Map.of("t-0", 0L), snapshot(1));
    }

    private FetchedBatches fetched(TopicPartition partition, long from, MemoryRecords... fetch) {
        return new FetchedBatches(partition, Batches.listed(fetch), from, true, new BatchWindow(),
                (bytes, records) -> metered.add(records + " records"));
    }

    @Test
    void recordsBelowThePositionOfTheCheckpointAreNotReadAgain() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 7));
        send(FIRST, 6, 7);
        reader.pollNext(received);
        assertEquals(List.of("t-0 [7]"), received.runs);
    }

    @Test
    void theEarliestOffsetIsAskedForAndKeptUntilARecordCame() throws Exception {
        consumer.updateBeginningOffsets(Map.of(FIRST, 3L));
        assign(new KafkaPartitionSplit(FIRST, KafkaPartitionSplit.EARLIEST_OFFSET));
        assertEquals(Map.of("t-0", KafkaPartitionSplit.EARLIEST_OFFSET), snapshot(1));
        send(FIRST, 3);
        reader.pollNext(received);
        assertEquals(List.of("t-0 [3]"), received.runs);
    }

    @Test
    void aGroupIsFollowedWhereItHasAnOffset() throws Exception {
        consumer.updateBeginningOffsets(Map.of(FIRST, 3L, SECOND, 3L));
        before.put(FIRST, new OffsetAndMetadata(5));
        assign(new KafkaPartitionSplit(FIRST, KafkaPartitionSplit.COMMITTED_OFFSET),
                new KafkaPartitionSplit(SECOND, KafkaPartitionSplit.COMMITTED_OFFSET));
        send(FIRST, 4, 5);
        send(SECOND, 3);
        reader.pollNext(received);
        assertEquals(Set.of("t-0 [5]", "t-1 [3]"), Set.copyOf(received.runs));
    }

    @Test
    void recordsThatWereDeletedBeforeTheyWereReadAreMissedAloud() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 5));
        consumer.updateEndOffsets(Map.of(FIRST, 9L));
        consumer.setPollException(new OffsetOutOfRangeException(Map.of(FIRST, 5L)));
        String told = assertThrows(IllegalStateException.class, () -> reader.pollNext(received)).getMessage();
        assertTrue(told.contains("{t-0=5}"), told);
        assertTrue(told.contains("HOURGLASS_KAFKA_SKIP_DELETED=true"), told);
    }

    /** To skip what is missing would skip the whole new topic. */
    @Test
    void anOffsetThatTheTopicDoesNotHaveNamesItsOtherIdOrItsLostEndAndNoSkipping() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 5));
        consumer.updateEndOffsets(Map.of(FIRST, 2L));
        consumer.setPollException(new OffsetOutOfRangeException(Map.of(FIRST, 5L)));
        String cut = assertThrows(TopicChangedException.class, () -> reader.pollNext(received)).getMessage();
        assertTrue(cut.startsWith("t-0 has lost its end: the next offset is 5, the broker continues at 2."), cut);
        broker.topics.put("t", FakeLookup.OTHER_ID);
        consumer.setPollException(new OffsetOutOfRangeException(Map.of(FIRST, 5L)));
        String another = assertThrows(TopicChangedException.class, () -> reader.pollNext(received)).getMessage();
        assertTrue(another.startsWith("t is another topic now"), another);
        assertFalse((cut + another).contains("SKIP_DELETED"));
    }

    @Test
    void partitionsThatComeLaterMoveNoPosition() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 5));
        send(FIRST, 5);
        reader.pollNext(received);
        reader.addSplits(List.of(new KafkaPartitionSplit(SECOND, 2)));
        send(SECOND, 2);
        send(FIRST, 6);
        reader.pollNext(received);
        assertEquals(Set.of("t-0 [5]", "t-0 [6]", "t-1 [2]"), Set.copyOf(received.runs));
    }

    @Test
    void whileNothingIsThereTheThreadIsGivenBackAndAsksAgain() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 5));
        assertEquals(InputStatus.NOTHING_AVAILABLE, reader.pollNext(received));
        reader.isAvailable().get(20, TimeUnit.SECONDS);
        send(FIRST, 5);
        assertEquals(InputStatus.MORE_AVAILABLE, reader.pollNext(received));
        assertTrue(reader.isAvailable().isDone() || reader.pollNext(received) == InputStatus.NOTHING_AVAILABLE);
    }

    @Test
    void theLongerNothingComesTheLongerItRests() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 5));
        assertEquals(List.of(20L, 40L, 80L, 160L, 160L), rests(5));
        send(FIRST, 5);
        reader.pollNext(received);
        assertEquals(List.of(20L, 40L), rests(2));
    }

    private List<Long> rests(int polls) throws Exception {
        List<Long> rests = new ArrayList<>();
        for (int poll = 0; poll < polls; poll++) {
            rests.add(reader.nextPauseMilliseconds());
            assertEquals(InputStatus.NOTHING_AVAILABLE, reader.pollNext(received));
        }
        return rests;
    }

    @Test
    void withoutPartitionsItWaitsForThem() throws Exception {
        reader.start();
        assertEquals(InputStatus.NOTHING_AVAILABLE, reader.pollNext(received));
        assertFalse(reader.isAvailable().isDone());
        assign(new KafkaPartitionSplit(FIRST, 5));
        assertTrue(reader.isAvailable().isDone());
    }

    @Test
    void theGroupIsToldOfACheckpointOnceItIsComplete() throws Exception {
        assign(new KafkaPartitionSplit(FIRST, 5));
        send(FIRST, 5);
        reader.pollNext(received);
        snapshot(1);
        send(FIRST, 6);
        reader.pollNext(received);
        snapshot(2);
        reader.notifyCheckpointComplete(1);
        assertEquals(Map.of(FIRST, new OffsetAndMetadata(6)), consumer.committed(Set.of(FIRST)));
        reader.notifyCheckpointComplete(2);
        assertEquals(Map.of(FIRST, new OffsetAndMetadata(7)), consumer.committed(Set.of(FIRST)));
    }
}
