package io.hourglass.landing;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Records of one partition as one poll gave them out, in the order of their offsets: the consumer's own objects, the
 * values not even copied out of their batch.
 *
 * <p>What passes between source and operator is a run and not a record, because what Flink does for each element costs
 * as much as scanning it.
 */
public record RecordRun(String topic, int partition, List<ConsumerRecord<byte[], ByteBuffer>> records) {
    /** The type of runs. */
    public static final ByReference<RecordRun> TYPE = new ByReference<>(RecordRun.class);
}
