package org.apache.kafka.clients.consumer.internals;

import io.hourglass.landing.kafka.BatchWindow;
import io.hourglass.landing.kafka.FetchedBatches;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.requests.FetchResponse;

/**
 * Returns the batches of a fetch as the broker sent them, for a reader that decompresses record by record.
 *
 * <p>A consumer's own collector copies each record of a poll out of its batch into several new objects. Hundreds of
 * them push each other out of the processor's cache before the first is read.
 *
 * <p>The consumer keeps sessions, leaders, logins, positions and errors. It also returns the records of every fetch
 * with transactions, control batches, or a format before version 2.
 *
 * <p>It is in Kafka's package because Kafka's classes of fetched data are package-private.
 */
public final class BatchCollector extends FetchCollector<byte[], ByteBuffer> implements Supplier<FetchedBatches> {
    private final SubscriptionState subscriptions;
    private final FetchConfig config;
    private final FetchMetricsManager metrics;
    private final BatchWindow window = new BatchWindow();
    private FetchedBatches fetched;

    BatchCollector(Fetcher<byte[], ByteBuffer> fetcher, Deserializers<byte[], ByteBuffer> deserializers) {
        super(fetcher.logContext, fetcher.metadata, fetcher.subscriptions, fetcher.fetchConfig, deserializers,
                fetcher.metricsManager, fetcher.time);
        subscriptions = fetcher.subscriptions;
        config = fetcher.fetchConfig;
        metrics = fetcher.metricsManager;
    }

    /**
     * Replace the collector of a consumer.
     *
     * @throws ReflectiveOperationException if this version of the consumer, or its group protocol, keeps what it
     *     fetched elsewhere; it is left as it was
     */
    @SuppressWarnings("unchecked") // the types that this consumer was made with
    public static BatchCollector into(KafkaConsumer<byte[], ByteBuffer> consumer) throws ReflectiveOperationException {
        Fetcher<byte[], ByteBuffer> fetcher = fetcherOf(consumer);
        Field place = field(Fetcher.class, "fetchCollector");
        Object deserializers = field(FetchCollector.class, "deserializers").get(place.get(fetcher));
        BatchCollector collector = new BatchCollector(fetcher, (Deserializers<byte[], ByteBuffer>) deserializers);
        place.set(fetcher, collector);
        return collector;
    }

    @SuppressWarnings("unchecked") // see above
    static Fetcher<byte[], ByteBuffer> fetcherOf(KafkaConsumer<byte[], ByteBuffer> consumer)
            throws ReflectiveOperationException {
        Object classic = field(KafkaConsumer.class, "delegate").get(consumer);
        return (Fetcher<byte[], ByteBuffer>) field(classic.getClass(), "fetcher").get(classic);
    }

    private static Field field(Class<?> owner, String name) throws NoSuchFieldException {
        Field field = owner.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    /** Return the batches of the last poll, once; null if it fetched nothing or returned records. */
    @Override
    public FetchedBatches get() {
        FetchedBatches taken = fetched;
        fetched = null;
        return taken;
    }

    /** Take one fetch. The consumer sees that its position moved, and returns from its poll at once. */
    @Override
    public Fetch<byte[], ByteBuffer> collectFetch(FetchBuffer buffer) {
        if (fetched != null) {
            throw new IllegalStateException("what was fetched of " + fetched.partition() + " was never taken");
        }
        CompletedFetch inLine = buffer.nextInLineFetch();
        CompletedFetch fetch = inLine == null || inLine.isConsumed() ? buffer.peek() : null;
        List<DefaultRecordBatch> batches = fetch == null ? List.of() : plainBatches(fetch);
        if (batches.isEmpty() || initialize(fetch) == null) {
            return super.collectFetch(buffer);
        }
        buffer.poll();
        return handOver(fetch, batches);
    }

    /**
     * The batches of a fetch; none where the consumer began with it or holds it back, or one is out of the ordinary.
     */
    private List<DefaultRecordBatch> plainBatches(CompletedFetch fetch) {
        if (fetch.isInitialized() || !subscriptions.isFetchable(fetch.partition)) {
            return List.of();
        }
        List<DefaultRecordBatch> batches = new ArrayList<>();
        try {
            for (RecordBatch batch : FetchResponse.recordsOrFail(fetch.partitionData).batches()) {
                if (!(batch instanceof DefaultRecordBatch plain) || batch.isTransactional() || batch.isControlBatch()) {
                    return List.of();
                }
                batches.add(plain);
            }
        } catch (CorruptRecordException e) { // the consumer throws it, after the records before
            return List.of();
        }
        boolean further = !batches.isEmpty() && batches.get(batches.size() - 1).nextOffset() > fetch.nextFetchOffset();
        return further ? batches : List.of();
    }

    private Fetch<byte[], ByteBuffer> handOver(CompletedFetch fetch, List<DefaultRecordBatch> batches) {
        TopicPartition partition = fetch.partition;
        fetched = new FetchedBatches(partition, batches, fetch.nextFetchOffset(), config.checkCrcs, window,
                fetch::recordAggregatedMetrics);
        long next = fetched.nextOffset();
        Optional<Integer> epoch = FetchedBatches.leaderEpoch(batches.get(batches.size() - 1));
        subscriptions.position(partition, new SubscriptionState.FetchPosition(
                next, epoch, subscriptions.position(partition).currentLeader));
        subscriptions.movePartitionToEnd(partition);
        measureDistances(partition);
        return Fetch.forPartition(partition, List.of(), true, new OffsetAndMetadata(next, epoch, ""));
    }

    private void measureDistances(TopicPartition partition) {
        Long lag = subscriptions.partitionLag(partition, config.isolationLevel);
        if (lag != null) {
            metrics.recordPartitionLag(partition, lag);
        }
        Long lead = subscriptions.partitionLead(partition);
        if (lead != null) {
            metrics.recordPartitionLead(partition, lead);
        }
    }
}
