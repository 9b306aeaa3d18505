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
 * Hands over the batches of a fetch as the broker sent them, to a reader that takes each record where it lies.
 *
 * <p>A consumer's own collector makes a list of what a poll returns: each record is copied out of its batch into
 * several new objects, and hundreds of them push each other out of the processor's cache before the first is read.
 *
 * <p>Sessions, leaders, logins, positions and errors stay the consumer's. So does every fetch that is not plain, whose
 * batches belong to transactions, are control batches, or are of a format before version 2: its records come out of
 * the poll as ever.
 *
 * <p>This lies in Kafka's package because what was fetched can be reached from nowhere else.
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
     * Put a collector of this kind into a consumer, for good.
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

    /** What the last poll fetched, or null if it fetched nothing or gave out records; only once. */
    @Override
    public FetchedBatches get() {
        FetchedBatches taken = fetched;
        fetched = null;
        return taken;
    }

    /** Take one fetch; the consumer sees that its position moved, and returns from its poll at once. */
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

    /** The batches of a fetch; none where the consumer began with it or holds it back, or one is out of the ordinary. */
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
        } catch (CorruptRecordException e) { // the consumer tells, after it gave out what lies before
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
