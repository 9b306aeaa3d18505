package io.hourglass.landing.kafka;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;
import java.util.zip.CRC32C;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MemoryRecordsBuilder;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.Utils;

/** Batches as brokers send them, written by Kafka's own code, and all that a consumer returns of a record. */
public final class Batches {
    private static final long TIME = 1_754_020_800_000L;
    private static final int LEADER_EPOCH = 3;
    private static final short PRODUCER_EPOCH = 0;

    private Batches() {}

    /** A batch of values, one offset after the other. */
    public static MemoryRecords of(long offset, CompressionType compression, byte[]... values) {
        return MemoryRecords.withRecords(offset, Compression.of(compression).build(), LEADER_EPOCH, simple(values));
    }

    /** The same batch in a format before version 2. */
    public static MemoryRecords ofOldFormat(long offset, byte[]... values) {
        return MemoryRecords.withRecords(
                RecordBatch.MAGIC_VALUE_V1, offset, Compression.NONE, TimestampType.CREATE_TIME, simple(values));
    }

    /** The same batch within a transaction. */
    public static MemoryRecords ofTransaction(long offset, long producer, byte[]... values) {
        return MemoryRecords.withTransactionalRecords(
                offset, Compression.NONE, producer, PRODUCER_EPOCH, 0, LEADER_EPOCH, simple(values));
    }

    /** An empty batch, as compaction leaves it. */
    public static MemoryRecords empty(long offset, long last) {
        ByteBuffer header = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(header, RecordBatch.CURRENT_MAGIC_VALUE, RecordBatch.NO_PRODUCER_ID,
                RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE, offset, last, LEADER_EPOCH,
                TimestampType.CREATE_TIME, TIME, false, false);
        return MemoryRecords.readableRecords(header.flip());
    }

    private static SimpleRecord[] simple(byte[]... values) {
        SimpleRecord[] records = new SimpleRecord[values.length];
        for (int i = 0; i < values.length; i++) {
            records[i] = new SimpleRecord(TIME + i, null, values[i]);
        }
        return records;
    }

    /** A batch with gaps between its offsets; every optional part of a record is missing at times. */
    public static MemoryRecords random(Random random, long offset, CompressionType compression, int records, int largest) {
        TimestampType type = random.nextBoolean() ? TimestampType.CREATE_TIME : TimestampType.LOG_APPEND_TIME;
        int epoch = random.nextBoolean() ? LEADER_EPOCH : RecordBatch.NO_PARTITION_LEADER_EPOCH;
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 12), RecordBatch.CURRENT_MAGIC_VALUE,
                Compression.of(compression).build(), type, offset, TIME, epoch);
        long next = offset;
        for (int i = 0; i < records; i++) {
            Header[] headers = new Header[Math.max(0, random.nextInt(6) - 3)];
            for (int h = 0; h < headers.length; h++) {
                headers[h] = new RecordHeader("h" + random.nextInt(3), bytes(random, 8));
            }
            builder.appendWithOffset(next, TIME - random.nextInt(1000), bytes(random, 8), bytes(random, largest), headers);
            next += 1 + random.nextInt(3) / 2;
        }
        return builder.build();
    }

    /** Text that compresses, or nothing. */
    private static byte[] bytes(Random random, int most) {
        if (random.nextInt(10) == 0) {
            return null;
        }
        byte[] bytes = new byte[random.nextInt(most)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) ('a' + random.nextInt(4));
        }
        return bytes;
    }

    /** Return the content of one fetch response. */
    public static MemoryRecords joined(MemoryRecords... batches) {
        int bytes = 0;
        for (MemoryRecords batch : batches) {
            bytes += batch.sizeInBytes();
        }
        ByteBuffer all = ByteBuffer.allocate(bytes);
        for (MemoryRecords batch : batches) {
            all.put(batch.buffer().duplicate());
        }
        return MemoryRecords.readableRecords(all.flip());
    }

    /** Return the batches of a fetch response in the newest format. */
    static List<DefaultRecordBatch> listed(MemoryRecords... answer) {
        List<DefaultRecordBatch> batches = new ArrayList<>();
        joined(answer).batches().forEach(batch -> batches.add((DefaultRecordBatch) batch));
        return batches;
    }

    /** A copy of all that a consumer returns of a record. */
    public static String told(ConsumerRecord<byte[], ByteBuffer> record) {
        StringJoiner headers = new StringJoiner(",");
        record.headers().forEach(header -> headers.add(header.key() + "=" + hex(header.value())));
        return String.join(" ", record.topic() + "-" + record.partition(), Long.toString(record.offset()),
                record.timestampType() + "=" + record.timestamp(), record.leaderEpoch().toString(),
                hex(record.key()), record.serializedKeySize() + "," + record.serializedValueSize(), headers.toString(),
                record.value() == null ? "null" : digest(Utils.toArray(record.value())));
    }

    /** Shorten values in the message of a failed test. */
    private static String digest(byte[] value) {
        CRC32C digest = new CRC32C();
        digest.update(value);
        return value.length + " bytes " + Long.toHexString(digest.getValue());
    }

    private static String hex(byte[] bytes) {
        return bytes == null ? "null" : HexFormat.of().formatHex(bytes);
    }
}
