package io.hourglass.landing.kafka;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.internals.BatchCollector;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.junit.jupiter.api.Test;

/** The shipped consumer returns batches; any other returns records, and the job runs with both. */
class TopicSourceTest {
    private static Supplier<FetchedBatches> batchesOf(String groupProtocol) {
        Map<String, Object> properties = Map.of(
                "bootstrap.servers", "localhost:1", "group.id", "g", "group.protocol", groupProtocol);
        try (KafkaConsumer<byte[], ByteBuffer> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteBufferDeserializer())) {
            return TopicSource.batchesOf(consumer);
        }
    }

    @Test
    void theConsumerThatIsShippedGivesOutBatches() {
        assertInstanceOf(BatchCollector.class, batchesOf("classic"));
    }

    @Test
    void anotherConsumerGivesOutRecords() {
        assertNull(batchesOf("consumer").get());
    }
}
