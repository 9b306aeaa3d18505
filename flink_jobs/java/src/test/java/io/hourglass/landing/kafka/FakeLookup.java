package io.hourglass.landing.kafka;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** A broker that has topics by their ids. */
public final class FakeLookup implements TopicLookup {
    private static final long serialVersionUID = 1;

    public static final String ID = "wSCkbKqZTQuJ8Ysf9iYD1w";
    public static final String OTHER_ID = "AAAAbKqZTQuJ8Ysf9iYD1w";

    public final HashMap<String, String> topics = new HashMap<>();

    /** Thrown by the next questions, in this order. */
    public final ArrayDeque<RuntimeException> failures = new ArrayDeque<>();

    public int asked;

    /** The number of the first question that finds any topic. */
    public int knowsFrom;

    public FakeLookup() {
        topics.put("t", ID);
    }

    /** The topic {@code t} of this broker, as a job expects it. */
    public ExpectedTopics expected() {
        ExpectedTopics expected = new ExpectedTopics("cluster", this);
        expected.expect("t", ID);
        return expected;
    }

    @Override
    public Map<String, String> ids(Collection<String> wanted, Duration limit) {
        asked++;
        if (!failures.isEmpty()) {
            throw failures.remove();
        }
        Map<String, String> found = asked < knowsFrom ? new HashMap<>() : new HashMap<>(topics);
        found.keySet().retainAll(wanted);
        return found;
    }

    @Override
    public void close() {}
}
