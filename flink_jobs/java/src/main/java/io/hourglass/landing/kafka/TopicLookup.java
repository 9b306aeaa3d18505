package io.hourglass.landing.kafka;

import java.io.Serializable;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;

/** Asks a broker which topics it has. */
public interface TopicLookup extends Serializable, AutoCloseable {
    /**
     * Return the id of each topic that exists, as Kafka prints it, in one request.
     *
     * @throws IllegalStateException if no broker answers within the limit, or it refuses the request
     */
    Map<String, String> ids(Collection<String> topics, Duration limit) throws InterruptedException;

    @Override
    void close();
}
