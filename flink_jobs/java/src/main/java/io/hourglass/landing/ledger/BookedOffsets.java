package io.hourglass.landing.ledger;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;

/**
 * The offsets at which a job without a restore point begins: for each partition the one after its last ledger entry. A
 * partition without an entry begins with its earliest record.
 */
public final class BookedOffsets implements OffsetsInitializer {
    private static final long serialVersionUID = 1;

    private final Map<TopicPartition, Long> offsets = new HashMap<>();

    /** Set the offset to read first. */
    public void put(String topic, int partition, long offset) {
        offsets.put(new TopicPartition(topic, partition), offset);
    }

    /** Call an action with each partition and its offset. */
    public void forEach(BiConsumer<TopicPartition, Long> action) {
        offsets.forEach(action);
    }

    @Override
    public Map<TopicPartition, Long> getPartitionOffsets(
            Collection<TopicPartition> partitions, PartitionOffsetsRetriever retriever) {
        Map<TopicPartition, Long> found = new HashMap<>();
        for (TopicPartition partition : partitions) {
            found.put(partition, offsets.getOrDefault(partition, KafkaPartitionSplit.EARLIEST_OFFSET));
        }
        return found;
    }

    @Override
    @SuppressWarnings("deprecation") // Flink's connector still takes the reset strategy that Kafka has replaced
    public OffsetResetStrategy getAutoOffsetResetStrategy() {
        return OffsetResetStrategy.EARLIEST;
    }
}
