package io.hourglass.landing;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Hands the consumer's own record object to the landing operator: nothing is decoded, nothing is copied. */
public final class RecordHandOver implements KafkaRecordDeserializationSchema<ConsumerRecord<byte[], byte[]>> {
    private static final long serialVersionUID = 1;

    @Override
    public void deserialize(
            ConsumerRecord<byte[], byte[]> record, Collector<ConsumerRecord<byte[], byte[]>> out) {
        out.collect(record);
    }

    @Override
    @SuppressWarnings("unchecked") // a class literal cannot carry type arguments
    public TypeInformation<ConsumerRecord<byte[], byte[]>> getProducedType() {
        return new ByReference<>((Class<ConsumerRecord<byte[], byte[]>>) (Class<?>) ConsumerRecord.class);
    }
}
