package io.hourglass.landing.kafka;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.DefaultRecord;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.Utils;

/**
 * The compressed batches of one partition in one fetch, and an iterator over their records. They are the records that a
 * consumer would return, but each is a view of the decompressed bytes and invalid when the next one is read.
 */
public final class FetchedBatches implements Iterator<ConsumerRecord<byte[], ByteBuffer>>, AutoCloseable {
    /** Shared: only records that have headers make their own. */
    private static final RecordHeaders NO_HEADERS = new RecordHeaders();

    static {
        NO_HEADERS.setReadOnly();
    }

    private final TopicPartition partition;
    private final Iterator<DefaultRecordBatch> batches;
    private final long from;
    private final long nextOffset;
    private final boolean checkCrcs;
    private final BatchWindow window;
    private final Meter meter;

    private DefaultRecordBatch batch;
    private long baseOffset;
    private long baseTimestamp;
    private Long appendTime;
    private TimestampType timestampType;
    private Optional<Integer> leaderEpoch;
    private int recordsLeft;
    private ConsumerRecord<byte[], ByteBuffer> record;
    private int bytesRead;
    private int recordsRead;

    /** Receives the counts of a fetch when it is closed, for the metrics of the consumer. */
    @FunctionalInterface
    public interface Meter {
        /** Count uncompressed bytes, and records. */
        void read(int bytes, int records);
    }

    /**
     * @param batches in the order of their offsets; no control batches, no transactions
     * @param from the first offset to return; the first batch may begin below
     * @param checkCrcs whether to compare each batch with its checksum
     * @param window of this thread, in use until these batches are closed
     */
    public FetchedBatches(
            TopicPartition partition,
            List<DefaultRecordBatch> batches,
            long from,
            boolean checkCrcs,
            BatchWindow window,
            Meter meter) {
        this.partition = partition;
        this.batches = batches.iterator();
        this.from = from;
        this.nextOffset = batches.get(batches.size() - 1).nextOffset();
        this.checkCrcs = checkCrcs;
        this.window = window;
        this.meter = meter;
    }

    /** The partition of all the batches. */
    public TopicPartition partition() {
        return partition;
    }

    /** The offset after the last batch, whose last records may be compacted away. */
    public long nextOffset() {
        return nextOffset;
    }

    /** The leader epoch of a batch, if it has one. */
    public static Optional<Integer> leaderEpoch(RecordBatch batch) {
        int epoch = batch.partitionLeaderEpoch();
        return epoch == RecordBatch.NO_PARTITION_LEADER_EPOCH ? Optional.empty() : Optional.of(epoch);
    }

    /**
     * @throws KafkaException if a batch has another checksum, or cannot be decompressed or parsed
     */
    @Override
    public boolean hasNext() {
        while (record == null && (recordsLeft > 0 || batches.hasNext())) {
            try {
                if (recordsLeft == 0) {
                    open(batches.next());
                } else {
                    readRecord();
                }
            } catch (IOException | RuntimeException e) {
                throw new KafkaException("the batch of " + partition + " that begins at offset " + batch.baseOffset()
                        + " cannot be read: " + e.getMessage(), e);
            }
        }
        return record != null;
    }

    /** The next record; its value, key and headers are valid until the next call of {@link #hasNext}. */
    @Override
    public ConsumerRecord<byte[], ByteBuffer> next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        ConsumerRecord<byte[], ByteBuffer> given = record;
        record = null;
        return given;
    }

    private void open(DefaultRecordBatch following) {
        batch = following;
        if (checkCrcs) {
            batch.ensureValid();
        }
        window.open(batch);
        baseOffset = batch.baseOffset();
        baseTimestamp = batch.baseTimestamp();
        timestampType = batch.timestampType();
        appendTime = timestampType == TimestampType.LOG_APPEND_TIME ? batch.maxTimestamp() : null;
        leaderEpoch = leaderEpoch(batch);
        recordsLeft = batch.countOrNull();
        if (recordsLeft < 0) {
            throw new InvalidRecordException("it announces " + recordsLeft + " records");
        }
    }

    private void readRecord() throws IOException {
        DefaultRecord read = DefaultRecord.readFrom(
                window.nextRecord(), baseOffset, baseTimestamp, RecordBatch.NO_SEQUENCE, appendTime);
        recordsLeft--;
        if (recordsLeft == 0 && !window.isAtEnd()) {
            throw new InvalidRecordException("it holds more than the records that it announces");
        }
        if (read.offset() >= from) {
            recordsRead++;
            bytesRead += read.sizeInBytes();
            record = consumerRecord(read);
        }
    }

    private ConsumerRecord<byte[], ByteBuffer> consumerRecord(DefaultRecord read) {
        ByteBuffer key = read.key();
        ByteBuffer value = read.value();
        RecordHeaders headers = read.headers().length == 0 ? NO_HEADERS : new RecordHeaders(read.headers());
        return new ConsumerRecord<>(partition.topic(), partition.partition(), read.offset(), read.timestamp(),
                timestampType,
                key == null ? ConsumerRecord.NULL_SIZE : key.remaining(),
                value == null ? ConsumerRecord.NULL_SIZE : value.remaining(),
                Utils.toNullableArray(key), value, headers, leaderEpoch);
    }

    /** Stop reading, and count what was read in the metrics. */
    @Override
    public void close() {
        window.close();
        meter.read(bytesRead, recordsRead);
    }
}
