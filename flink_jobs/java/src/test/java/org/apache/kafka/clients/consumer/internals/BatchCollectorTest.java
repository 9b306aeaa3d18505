package org.apache.kafka.clients.consumer.internals;

import static io.hourglass.landing.event.Contracts.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hourglass.landing.kafka.Batches;
import io.hourglass.landing.kafka.FetchedBatches;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.EndTransactionMarker;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.Records;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.apache.kafka.common.utils.BufferSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Two Kafka consumers get the same responses of a broker; the one with the collector returns the same as the other. */
@Timeout(60)
class BatchCollectorTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);
    private static final TopicPartition OTHER = new TopicPartition("t", 1);
    private static final long PRODUCER = 7;

    private final KafkaConsumer<byte[], ByteBuffer> plain = consumer(Map.of());
    private final KafkaConsumer<byte[], ByteBuffer> collected = consumer(Map.of());

    /** A consumer at offset 0 of two partitions, without a broker. */
    private static KafkaConsumer<byte[], ByteBuffer> consumer(Map<String, Object> more) {
        Map<String, Object> properties = new HashMap<>(Map.of(
                "bootstrap.servers", "localhost:1", "auto.offset.reset", "none", "isolation.level", "read_committed",
                "max.poll.records", "7"));
        properties.putAll(more);
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteBufferDeserializer());
    }

    @AfterEach
    void close() {
        plain.close();
        collected.close();
    }

    /** Put a fetch response into a consumer, as it keeps it between two polls. */
    private static void answer(
            KafkaConsumer<byte[], ByteBuffer> consumer, long offset, FetchResponseData.PartitionData data)
            throws ReflectiveOperationException {
        TopicPartition partition = new TopicPartition("t", data.partitionIndex());
        Fetcher<byte[], ByteBuffer> fetcher = BatchCollector.fetcherOf(consumer);
        fetcher.fetchBuffer.add(new CompletedFetch(LoggerFactory.getLogger(CompletedFetch.class), fetcher.subscriptions,
                BufferSupplier.create(), partition, data,
                new FetchMetricsAggregator(fetcher.metricsManager, Set.of(partition)), offset));
    }

    private static FetchResponseData.PartitionData data(TopicPartition partition, MemoryRecords... batches) {
        return new FetchResponseData.PartitionData()
                .setPartitionIndex(partition.partition())
                .setHighWatermark(10_000)
                .setLastStableOffset(9_000)
                .setLogStartOffset(0)
                .setRecords(Batches.joined(batches));
    }

    private static FetchResponseData.PartitionData aborting(
            FetchResponseData.PartitionData data, long producer, long firstOffset) {
        return data.setAbortedTransactions(List.of(
                new FetchResponseData.AbortedTransaction().setProducerId(producer).setFirstOffset(firstOffset)));
    }

    private static MemoryRecords marker(long offset, ControlRecordType type) {
        return MemoryRecords.withEndTransactionMarker(
                offset, 0, 3, PRODUCER, (short) 0, new EndTransactionMarker(type, 0));
    }

    /** The records of two partitions in some polls, returned as records or as batches. */
    private static final class Polled {
        final Map<Integer, List<String>> records = new TreeMap<>();
        int fetches;

        void poll(KafkaConsumer<byte[], ByteBuffer> consumer, BatchCollector collector) {
            boolean more = true;
            while (more) {
                more = false;
                for (ConsumerRecord<byte[], ByteBuffer> record : consumer.poll(Duration.ZERO)) {
                    add(record);
                    more = true;
                }
                FetchedBatches fetched = collector == null ? null : collector.get();
                if (fetched != null) {
                    fetched.forEachRemaining(this::add);
                    fetched.close();
                    fetches++;
                    more = true;
                }
            }
        }

        private void add(ConsumerRecord<byte[], ByteBuffer> record) {
            records.computeIfAbsent(record.partition(), partition -> new ArrayList<>()).add(Batches.told(record));
        }
    }

    /** Give both the same responses, compare all that they return, and count the fetches that came as batches. */
    private int compare(long from, FetchResponseData.PartitionData... answers) throws Exception {
        BatchCollector collector = BatchCollector.into(collected);
        List<Polled> both = new ArrayList<>();
        for (KafkaConsumer<byte[], ByteBuffer> consumer : List.of(plain, collected)) {
            consumer.assign(Set.of(PARTITION, OTHER));
            consumer.seek(PARTITION, from);
            consumer.seek(OTHER, from);
            for (FetchResponseData.PartitionData answer : answers) {
                answer(consumer, from, answer.duplicate());
            }
            Polled polled = new Polled();
            polled.poll(consumer, consumer == collected ? collector : null);
            both.add(polled);
        }
        assertEquals(both.get(0).records, both.get(1).records);
        assertFalse(both.get(0).records.isEmpty(), "nothing was compared");
        for (TopicPartition partition : List.of(PARTITION, OTHER)) {
            assertEquals(plain.position(partition), collected.position(partition));
            assertEquals(plain.currentLag(partition), collected.currentLag(partition));
        }
        assertEquals(metrics(plain), metrics(collected));
        return both.get(1).fetches;
    }

    /** The sums and gauges of consumption; rates depend on the clock, extremes on each poll. */
    private static Map<String, Object> metrics(KafkaConsumer<byte[], ByteBuffer> consumer) {
        Map<String, Object> values = new TreeMap<>();
        consumer.metrics().forEach((name, metric) -> {
            if (name.group().equals("consumer-fetch-manager-metrics")
                    && name.name().matches("(records|bytes)-consumed-total|records-(lag|lead)")) {
                values.put(name.name() + name.tags().get("partition") + name.tags().get("topic"), metric.metricValue());
            }
        });
        return values;
    }

    @ParameterizedTest
    @EnumSource
    void plainBatchesTellWhatAConsumerTells(CompressionType compression) throws Exception {
        Random random = new Random(compression.id);
        long from = 40;
        FetchResponseData.PartitionData first = data(PARTITION,
                Batches.random(random, 33, compression, 40, 50), // it begins before the requested offset
                Batches.random(random, 200, compression, 25, 30_000),
                Batches.empty(300, 310),
                Batches.random(random, 400, compression, 1, 400_000),
                Batches.random(random, 500, compression, 300, 100));
        assertEquals(2, compare(from, first, data(OTHER, Batches.random(random, 40, compression, 9, 9))));
    }

    @Test
    void transactionsAreLeftToTheConsumer() throws Exception {
        FetchResponseData.PartitionData aborted = data(PARTITION,
                Batches.of(0, CompressionType.LZ4, utf8("a"), utf8("b")),
                Batches.ofTransaction(2, PRODUCER, utf8("never"), utf8("never")),
                marker(4, ControlRecordType.ABORT),
                Batches.ofTransaction(5, PRODUCER, utf8("c")),
                marker(6, ControlRecordType.COMMIT));
        FetchResponseData.PartitionData ordinary = data(OTHER, Batches.of(0, CompressionType.LZ4, utf8("d")));
        assertEquals(1, compare(0, ordinary, aborting(aborted, PRODUCER, 2)));
    }

    @Test
    void controlBatchesOutsideOfTransactionsAreLeftToTheConsumer() throws Exception {
        MemoryRecords control = MemoryRecords.withLeaderChangeMessage(
                1, 0, 3, ByteBuffer.allocate(1000), new LeaderChangeMessage());
        assertEquals(0, compare(0, data(PARTITION,
                Batches.of(0, CompressionType.LZ4, utf8("a")), control, Batches.of(2, CompressionType.LZ4, utf8("b")))));
    }

    @Test
    void oldFormatsAreLeftToTheConsumer() throws Exception {
        assertEquals(0, compare(0, data(PARTITION,
                Batches.ofOldFormat(0, utf8("a"), utf8("b")), Batches.of(2, CompressionType.LZ4, utf8("c")))));
    }

    @Test
    void aFetchThatFillsSeveralPollsIsFinishedBeforeTheNext() throws Exception {
        byte[][] many = new byte[20][]; // a poll returns seven, and fills up with the next ones
        Arrays.fill(many, utf8("v"));
        assertEquals(0, compare(0, data(PARTITION, Batches.ofTransaction(0, PRODUCER, many)),
                data(OTHER, Batches.of(0, CompressionType.LZ4, many))));
    }

    private BatchCollector standingAt(long offset) throws Exception {
        BatchCollector collector = BatchCollector.into(collected);
        collected.assign(Set.of(PARTITION));
        collected.seek(PARTITION, offset);
        return collector;
    }

    @Test
    void oneFetchComesWithEachPollAndOnlyOnce() throws Exception {
        BatchCollector collector = standingAt(0);
        answer(collected, 0, data(PARTITION, Batches.of(0, CompressionType.LZ4, utf8("a"))));
        assertTrue(collected.poll(Duration.ZERO).isEmpty());
        assertNotNull(collector.get());
        assertNull(collector.get());
        assertTrue(collected.poll(Duration.ZERO).isEmpty());
        assertNull(collector.get());
    }

    @Test
    void aFetchThatNobodyTookIsNotLostInSilence() throws Exception {
        standingAt(0);
        answer(collected, 0, data(PARTITION, Batches.of(0, CompressionType.LZ4, utf8("a"))));
        collected.poll(Duration.ZERO);
        answer(collected, 1, data(PARTITION, Batches.of(1, CompressionType.LZ4, utf8("b"))));
        assertThrows(IllegalStateException.class, () -> collected.poll(Duration.ZERO));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 5})
    void batchesBelowThePositionAreDroppedWhicheverOffsetWasAskedFor(long asked) throws Exception {
        BatchCollector collector = standingAt(5);
        answer(collected, asked, data(PARTITION, Batches.of(0, CompressionType.LZ4, utf8("a"))));
        assertTrue(collected.poll(Duration.ZERO).isEmpty());
        assertNull(collector.get());
        assertEquals(5, collected.position(PARTITION));
    }

    @Test
    void nothingComesOfAPartitionThatRests() throws Exception {
        BatchCollector collector = standingAt(0);
        collected.pause(Set.of(PARTITION));
        answer(collected, 0, data(PARTITION, Batches.of(0, CompressionType.LZ4, utf8("a"))));
        assertTrue(collected.poll(Duration.ZERO).isEmpty());
        assertNull(collector.get());
        collected.resume(Set.of(PARTITION));
        assertEquals(1, collected.poll(Duration.ZERO).count(), "the consumer had begun with it");
        assertEquals(1, collected.position(PARTITION));
    }

    @Test
    void errorsOfTheBrokerAreTheConsumers() throws Exception {
        standingAt(3);
        answer(collected, 3, data(PARTITION).setErrorCode(Errors.OFFSET_OUT_OF_RANGE.code()));
        OffsetOutOfRangeException told =
                assertThrows(OffsetOutOfRangeException.class, () -> collected.poll(Duration.ZERO));
        assertEquals(Map.of(PARTITION, 3L), told.offsetOutOfRangePartitions());
    }

    @Test
    void whatLiesBeforeABatchWithoutSenseIsGivenOutBeforeTheConsumerTells() throws Exception {
        BatchCollector collector = standingAt(0);
        MemoryRecords nonsense = Batches.of(1, CompressionType.LZ4, utf8("b"));
        nonsense.buffer().putInt(Records.SIZE_OFFSET, 1);
        answer(collected, 0, data(PARTITION, Batches.of(0, CompressionType.LZ4, utf8("a")), nonsense));
        assertEquals(1, collected.poll(Duration.ZERO).count());
        assertNull(collector.get());
        String told = assertThrows(KafkaException.class, () -> collected.poll(Duration.ZERO)).getMessage();
        assertTrue(told.startsWith("Received exception when fetching the next record from t-0"), told);
    }

    @Test
    void anotherKindOfConsumerIsRefusedAndLeftAsItWas() throws Exception {
        try (KafkaConsumer<byte[], ByteBuffer> other = consumer(Map.of("group.protocol", "consumer", "group.id", "g"))) {
            assertThrows(NoSuchFieldException.class, () -> BatchCollector.into(other));
        }
    }
}
