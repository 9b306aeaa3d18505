package io.hourglass.landing.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** A group's offsets are never read: they are behind the landed records, or ahead of the visible ones. */
class BookedOffsetsTest {
    @Test
    void aPartitionWithoutAnEntryBeginsWithItsEarliestRecord() {
        BookedOffsets booked = new BookedOffsets();
        booked.put("t", 0, 6);
        assertEquals(
                Map.of(new TopicPartition("t", 0), 6L, new TopicPartition("t", 1), KafkaPartitionSplit.EARLIEST_OFFSET),
                booked.getPartitionOffsets(List.of(new TopicPartition("t", 0), new TopicPartition("t", 1)), null));
    }
}
