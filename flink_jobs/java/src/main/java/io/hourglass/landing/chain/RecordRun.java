package io.hourglass.landing.chain;

import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Records of one partition as one poll brought them, in the order of their offsets. They can be gone through once, and
 * what a record holds is valid until the next one is asked for: its batch is decompressed while it is read.
 *
 * <p>What passes between source and operator is a run and not a record, because what Flink does for each element costs
 * as much as scanning it.
 */
public record RecordRun(String topic, int partition, Iterable<ConsumerRecord<byte[], ByteBuffer>> records) {
    /** The type of runs. */
    public static final ByReference<RecordRun> TYPE = new ByReference<>(RecordRun.class);
}
