package io.hourglass.landing.kafka;

import io.hourglass.landing.chain.RecordRun;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Properties;
import java.util.function.Supplier;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.metrics.KafkaSourceReaderMetrics;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.internals.BatchCollector;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Flink's Kafka source with a reader of our own. Flink discovers, assigns and checkpoints the partitions; its
 * checkpoints restore into this source, and those of this source into Flink's.
 */
public final class TopicSource
        implements Source<RecordRun, KafkaPartitionSplit, KafkaSourceEnumState>, ResultTypeQueryable<RecordRun> {
    private static final Logger LOG = LoggerFactory.getLogger(TopicSource.class);
    private static final long serialVersionUID = 1;

    private final KafkaSource<byte[]> partitions;
    private final Properties consumer = new Properties();
    private final ExpectedTopics expected;

    /**
     * @param topics to read
     * @param properties of every client, among them the brokers and the group
     * @param start where a job without a restore point begins
     * @param expected the same topics, with their ids
     */
    public TopicSource(
            List<String> topics, Properties properties, OffsetsInitializer start, ExpectedTopics expected) {
        partitions = KafkaSource.<byte[]>builder()
                .setProperties(properties)
                .setTopics(topics)
                .setStartingOffsets(start)
                .setDeserializer(KafkaRecordDeserializationSchema.valueOnly(ByteArrayDeserializer.class)) // never used
                .build();
        this.expected = expected;
        consumer.putAll(properties);
        consumer.setProperty(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        consumer.setProperty(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteBufferDeserializer.class.getName());
        consumer.setProperty(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    }

    @Override
    public SourceReader<RecordRun, KafkaPartitionSplit> createReader(SourceReaderContext context) {
        KafkaConsumer<byte[], ByteBuffer> kafka = new KafkaConsumer<>(consumer);
        KafkaSourceReaderMetrics metrics = new KafkaSourceReaderMetrics(context.metricGroup());
        metrics.registerKafkaConsumerMetrics(kafka);
        metrics.registerNumBytesIn(kafka);
        return new TopicReader(
                kafka,
                batchesOf(kafka),
                metrics,
                partition -> metrics.maybeAddRecordsLagMetric(kafka, partition),
                expected);
    }

    /** Returns the batches of the last poll, or always null for a consumer that differs from kafka-clients 4.2. */
    static Supplier<FetchedBatches> batchesOf(KafkaConsumer<byte[], ByteBuffer> kafka) {
        try {
            return BatchCollector.into(kafka);
        } catch (ReflectiveOperationException | LinkageError | ClassCastException e) {
            LOG.warn("each record is copied out of its batch, which costs more CPU: this consumer differs from"
                    + " kafka-clients 4.2, which the job ships with ({})", e.toString());
            return () -> null;
        }
    }

    @Override
    public Boundedness getBoundedness() {
        return partitions.getBoundedness();
    }

    @Override
    public SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> createEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context) {
        return partitions.createEnumerator(Discovery.of(context, expected));
    }

    @Override
    public SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> restoreEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context, KafkaSourceEnumState state) throws Exception {
        return partitions.restoreEnumerator(Discovery.of(context, expected), state);
    }

    @Override
    public SimpleVersionedSerializer<KafkaPartitionSplit> getSplitSerializer() {
        return partitions.getSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<KafkaSourceEnumState> getEnumeratorCheckpointSerializer() {
        return partitions.getEnumeratorCheckpointSerializer();
    }

    @Override
    public TypeInformation<RecordRun> getProducedType() {
        return RecordRun.TYPE;
    }
}
