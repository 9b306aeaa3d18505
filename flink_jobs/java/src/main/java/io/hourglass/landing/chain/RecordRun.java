package io.hourglass.landing.chain;

import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The records of one partition that one poll returned, in the order of their offsets. They can be iterated once, and a
 * record is valid until the next one is read: its batch is decompressed meanwhile.
 *
 * <p>The source emits runs, not records, because Flink's work for one element costs as much as scanning one record.
 */
public record RecordRun(String topic, int partition, Iterable<ConsumerRecord<byte[], ByteBuffer>> records) {
    /** The type of runs. */
    public static final ByReference<RecordRun> TYPE = new ByReference<>(RecordRun.class);
}
