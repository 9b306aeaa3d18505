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
 * Polls Kafka in the task's thread, so records are scanned while they are still in the cache, there is no queue, and no
 * record outlives its poll.
 *
 * <p>All records of a poll are emitted before a barrier can follow. After an empty poll the reader is unavailable for
 * 20 ms, doubling up to 160 ms.
 */
final class TopicReader implements SourceReader<RecordRun, KafkaPartitionSplit> {
    private static final Logger LOG = LoggerFactory.getLogger(TopicReader.class);
    private static final Duration POLL = Duration.ofMillis(5);
    private static final long PAUSE_MILLISECONDS_MIN = 20;
    private static final long PAUSE_MILLISECONDS_MAX = 160;
    private static final Duration CLOSE = Duration.ofSeconds(5);

    private final Consumer<byte[], ByteBuffer> consumer;
    private final Supplier<FetchedBatches> fetched;
    private final KafkaSourceReaderMetrics metrics;
    private final java.util.function.Consumer<TopicPartition> lag;
    private final ExpectedTopics topics;
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private final SortedMap<Long, Map<TopicPartition, OffsetAndMetadata>> toCommit = new TreeMap<>();
    private CompletableFuture<Void> available = CompletableFuture.completedFuture(null);
    private long nextPauseMilliseconds = PAUSE_MILLISECONDS_MIN;

    /**
     * @param consumer closed by the reader
     * @param fetched returns the batches of the last poll that take the place of records, or null
     * @param lag called after each run with its partition
     * @param topics names the cause of an offset that the broker does not have
     */
    TopicReader(
            Consumer<byte[], ByteBuffer> consumer,
            Supplier<FetchedBatches> fetched,
            KafkaSourceReaderMetrics metrics,
            java.util.function.Consumer<TopicPartition> lag,
            ExpectedTopics topics) {
        this.consumer = consumer;
        this.fetched = fetched;
        this.metrics = metrics;
        this.lag = lag;
        this.topics = topics;
    }

    @Override
    public void start() {
        // The enumerator assigns the partitions later.
    }

    /** Read on from the offsets of the checkpoint, or from those that the enumerator assigned. */
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

    /** Seek explicitly: a consumer without an offset would follow {@code auto.offset.reset}. */
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
    public InputStatus pollNext(ReaderOutput<RecordRun> output) throws InterruptedException {
        if (positions.isEmpty()) {
            return waitForRecords();
        }
        ConsumerRecords<byte[], ByteBuffer> records = poll();
        FetchedBatches batches = fetched.get();
        if (batches == null && records.isEmpty()) {
            return waitForRecords();
        }
        for (TopicPartition partition : records.partitions()) {
            List<ConsumerRecord<byte[], ByteBuffer>> run = records.records(partition);
            emit(partition, run, run.get(run.size() - 1).offset() + 1, output);
        }
        if (batches != null) {
            try (batches) {
                emit(batches.partition(), () -> batches, batches.nextOffset(), output);
            }
        }
        metrics.updateNumBytesInCounter();
        nextPauseMilliseconds = PAUSE_MILLISECONDS_MIN;
        return InputStatus.MORE_AVAILABLE;
    }

    private void emit(
            TopicPartition partition,
            Iterable<ConsumerRecord<byte[], ByteBuffer>> run,
            long next,
            ReaderOutput<RecordRun> output) {
        output.collect(new RecordRun(partition.topic(), partition.partition(), run));
        positions.put(partition, next);
        metrics.recordCurrentOffset(partition, next - 1);
        lag.accept(partition);
    }

    private ConsumerRecords<byte[], ByteBuffer> poll() throws InterruptedException {
        try {
            return consumer.poll(POLL);
        } catch (OffsetOutOfRangeException e) {
            topics.requireSame();
            requireNotCut(e.offsetOutOfRangePartitions());
            throw new IllegalStateException(
                    "records were deleted before they were read: the next offsets are " + e.offsetOutOfRangePartitions()
                            + ", and the topic begins behind them. Bring them back, or accept the loss: start with"
                            + " HOURGLASS_KAFKA_SKIP_DELETED=true, and the ledger books them as holes",
                    e);
        }
    }

    /** An offset behind the end is not a deleted one: the broker has lost what the job has read. */
    private void requireNotCut(Map<TopicPartition, Long> next) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(next.keySet());
        next.forEach((partition, offset) -> {
            if (ends.getOrDefault(partition, offset) < offset) {
                throw TopicChangedException.cut(partition.topic(), partition.partition(), offset, ends.get(partition));
            }
        });
    }

    private InputStatus waitForRecords() {
        available = new CompletableFuture<>();
        if (!positions.isEmpty()) {
            available.completeOnTimeout(null, nextPauseMilliseconds, TimeUnit.MILLISECONDS);
            nextPauseMilliseconds = Math.min(2 * nextPauseMilliseconds, PAUSE_MILLISECONDS_MAX);
        }
        return InputStatus.NOTHING_AVAILABLE;
    }

    long nextPauseMilliseconds() {
        return nextPauseMilliseconds;
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

    /** Commit the offsets to the group, for monitoring of its lag; the job itself never reads them. */
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
            LOG.warn("the offsets of a checkpoint were not committed to the group: {}", failure.getMessage());
            return;
        }
        metrics.recordSucceededCommit();
        offsets.forEach((partition, offset) -> metrics.recordCommittedOffset(partition, offset.offset()));
    }

    @Override
    public void notifyNoMoreSplits() {
        // A topic can gain partitions at any time.
    }

    @Override
    public void close() {
        topics.close();
        consumer.close(CloseOptions.timeout(CLOSE));
    }
}
