package io.hourglass.landing.kafka;

import io.hourglass.landing.chain.RecordRun;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.connector.kafka.source.metrics.KafkaSourceReaderMetrics;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.core.io.InputStatus;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls Kafka in the thread that lands the records, so that what was just decompressed is scanned while it is still in
 * the cache, nothing waits in queues, and no record outlives its poll.
 *
 * <p>A poll hands over everything that it brought before a barrier can pass. While nothing is there, the thread is
 * given back and asks again a little later; the longer nothing comes, the later.
 */
final class TopicReader implements SourceReader<RecordRun, KafkaPartitionSplit> {
    private static final Logger LOG = LoggerFactory.getLogger(TopicReader.class);
    private static final Duration POLL = Duration.ofMillis(5);
    private static final long SHORTEST_REST_MILLISECONDS = 20;
    private static final long LONGEST_REST_MILLISECONDS = 160;
    private static final Duration CLOSE = Duration.ofSeconds(5);

    private final Consumer<byte[], ByteBuffer> consumer;
    private final Supplier<FetchedBatches> fetched;
    private final KafkaSourceReaderMetrics metrics;
    private final java.util.function.Consumer<TopicPartition> lag;
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private final SortedMap<Long, Map<TopicPartition, OffsetAndMetadata>> toCommit = new TreeMap<>();
    private CompletableFuture<Void> available = CompletableFuture.completedFuture(null);
    private long nextRestMilliseconds = SHORTEST_REST_MILLISECONDS;

    /**
     * @param consumer belongs to the reader from now on
     * @param fetched the batches that the last poll brought in the place of records, or null
     * @param lag is told each partition of which records came, now and then
     */
    TopicReader(
            Consumer<byte[], ByteBuffer> consumer,
            Supplier<FetchedBatches> fetched,
            KafkaSourceReaderMetrics metrics,
            java.util.function.Consumer<TopicPartition> lag) {
        this.consumer = consumer;
        this.fetched = fetched;
        this.metrics = metrics;
        this.lag = lag;
    }

    @Override
    public void start() {
        // The partitions come one message later.
    }

    /** Read on behind what the checkpoint has, or where the enumerator says. */
    @Override
    public void addSplits(List<KafkaPartitionSplit> splits) {
        for (KafkaPartitionSplit split : splits) {
            positions.put(split.getTopicPartition(), split.getStartingOffset());
            metrics.registerTopicPartition(split.getTopicPartition());
        }
        consumer.assign(positions.keySet());
        for (KafkaPartitionSplit split : splits) {
            seek(split.getTopicPartition(), split.getStartingOffset());
        }
        available.complete(null);
    }

    /** The consumer itself may never decide: where it has no offset, it would go on wherever the topic begins. */
    private void seek(TopicPartition partition, long offset) {
        Set<TopicPartition> one = Set.of(partition);
        boolean ofGroup = offset == KafkaPartitionSplit.COMMITTED_OFFSET;
        OffsetAndMetadata committed = ofGroup ? consumer.committed(one).get(partition) : null;
        if (offset >= 0 || committed != null) {
            consumer.seek(partition, committed == null ? offset : committed.offset());
        } else {
            consumer.seekToBeginning(one);
        }
    }

    @Override
    public InputStatus pollNext(ReaderOutput<RecordRun> output) {
        if (positions.isEmpty()) {
            return rest();
        }
        ConsumerRecords<byte[], ByteBuffer> records = poll();
        FetchedBatches batches = fetched.get();
        if (batches == null && records.isEmpty()) {
            return rest();
        }
        for (TopicPartition partition : records.partitions()) {
            List<ConsumerRecord<byte[], ByteBuffer>> run = records.records(partition);
            handOver(partition, run, run.get(run.size() - 1).offset() + 1, output);
        }
        if (batches != null) {
            try (batches) {
                handOver(batches.partition(), () -> batches, batches.nextOffset(), output);
            }
        }
        metrics.updateNumBytesInCounter();
        nextRestMilliseconds = SHORTEST_REST_MILLISECONDS;
        return InputStatus.MORE_AVAILABLE;
    }

    private void handOver(
            TopicPartition partition,
            Iterable<ConsumerRecord<byte[], ByteBuffer>> run,
            long next,
            ReaderOutput<RecordRun> output) {
        output.collect(new RecordRun(partition.topic(), partition.partition(), run));
        positions.put(partition, next);
        metrics.recordCurrentOffset(partition, next - 1);
        lag.accept(partition);
    }

    private ConsumerRecords<byte[], ByteBuffer> poll() {
        try {
            return consumer.poll(POLL);
        } catch (OffsetOutOfRangeException e) {
            throw new IllegalStateException(
                    "records were deleted before they were read: the next offsets are " + e.offsetOutOfRangePartitions()
                            + ", and the topic begins behind them. Bring them back, or accept the loss: start with"
                            + " HOURGLASS_KAFKA_SKIP_DELETED=true, and the ledger books them as holes",
                    e);
        }
    }

    private InputStatus rest() {
        available = new CompletableFuture<>();
        if (!positions.isEmpty()) {
            available.completeOnTimeout(null, nextRestMilliseconds, TimeUnit.MILLISECONDS);
            nextRestMilliseconds = Math.min(2 * nextRestMilliseconds, LONGEST_REST_MILLISECONDS);
        }
        return InputStatus.NOTHING_AVAILABLE;
    }

    long nextRestMilliseconds() {
        return nextRestMilliseconds;
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
        return available;
    }

    @Override
    public List<KafkaPartitionSplit> snapshotState(long checkpoint) {
        List<KafkaPartitionSplit> splits = new ArrayList<>(positions.size());
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        positions.forEach((partition, position) -> {
            splits.add(new KafkaPartitionSplit(partition, position));
            if (position >= 0) {
                offsets.put(partition, new OffsetAndMetadata(position));
            }
        });
        toCommit.put(checkpoint, offsets);
        return splits;
    }

    /** Tell the group, for those who look at its lag; the job itself never reads these offsets again. */
    @Override
    public void notifyCheckpointComplete(long checkpoint) {
        Map<TopicPartition, OffsetAndMetadata> offsets = toCommit.remove(checkpoint);
        toCommit.headMap(checkpoint).clear();
        if (offsets != null && !offsets.isEmpty()) {
            consumer.commitAsync(offsets, this::committed);
        }
    }

    private void committed(Map<TopicPartition, OffsetAndMetadata> offsets, Exception failure) {
        if (failure != null) {
            metrics.recordFailedCommit();
            LOG.warn("the group does not know of a checkpoint: {}", failure.getMessage());
            return;
        }
        metrics.recordSucceededCommit();
        offsets.forEach((partition, offset) -> metrics.recordCommittedOffset(partition, offset.offset()));
    }

    @Override
    public void notifyNoMoreSplits() {
        // A topic may always gain partitions.
    }

    @Override
    public void close() {
        consumer.close(CloseOptions.timeout(CLOSE));
    }
}
