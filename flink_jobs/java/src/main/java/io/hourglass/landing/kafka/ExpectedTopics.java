package io.hourglass.landing.kafka;

import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The topics that the job reads, each with its id. An id is never used again, so as long as the broker has it, every
 * record that was read is of that topic. Offsets of another topic of the same name count other records.
 */
public final class ExpectedTopics implements Serializable, AutoCloseable {
    private static final long serialVersionUID = 1;

    /** Of a broker that does not answer. Flink then restarts the job, and nothing is lost. */
    static final Duration ANSWER_MAX = Duration.ofSeconds(60);

    /** A broker that has just started may not know its topics yet. */
    static final Duration GONE_AFTER = Duration.ofSeconds(10);

    private static final long PAUSE_MILLISECONDS = 200;

    /** In the state; {@code flink_jobs/restore/metadata.py} finds it there. */
    private static final Pattern STATE =
            Pattern.compile("hourglass-topic (?<topic>[A-Za-z0-9._-]+) (?<cluster>[!-~]+) (?<id>[A-Za-z0-9_-]{22})");

    private final String clusterId;
    private final TopicLookup lookup;
    private final Map<String, String> ids = new TreeMap<>();

    Duration goneAfter = GONE_AFTER;

    /** @param clusterId of the brokers */
    public ExpectedTopics(String clusterId, TopicLookup lookup) {
        this.clusterId = clusterId;
        this.lookup = lookup;
    }

    /** Expect this id; a topic of a broker without ids is not checked. */
    public void expect(String topic, String id) {
        ids.put(topic, id);
    }

    /** The cluster of all topics. */
    public String clusterId() {
        return clusterId;
    }

    /** The id of a topic, or null. */
    public String id(String topic) {
        return ids.get(topic);
    }

    /** The elements of the state, one a topic. */
    public List<String> state() {
        List<String> state = new ArrayList<>();
        ids.forEach((topic, id) -> state.add("hourglass-topic " + topic + " " + clusterId + " " + id));
        return state;
    }

    /**
     * Compare with the state of a checkpoint. One of an earlier release has none.
     *
     * @throws TopicChangedException if it is of another topic of the same name
     */
    public void requireStateOfSame(Iterable<String> state) {
        for (String element : state) {
            Matcher known = STATE.matcher(element);
            String id = known.matches() ? ids.get(known.group("topic")) : null;
            if (id != null && !id.equals(known.group("id"))) {
                throw TopicChangedException.ofState(known.group("topic"), known.group("id"), id);
            }
        }
    }

    /**
     * Ask the broker whether it still has these topics. Returns if it does; every record read before the call is of them.
     *
     * @throws TopicChangedException if a topic has another id, or is gone
     * @throws IllegalStateException if no broker answers
     */
    public void requireSame() throws InterruptedException {
        if (ids.isEmpty()) {
            return;
        }
        long begun = System.nanoTime();
        for (String gone = missing(); gone != null; gone = missing()) {
            if (System.nanoTime() - begun > goneAfter.toNanos()) {
                throw TopicChangedException.gone(gone, clusterId, ids.get(gone));
            }
            Thread.sleep(PAUSE_MILLISECONDS);
        }
    }

    /** Return a topic that the broker does not have, or null. */
    private String missing() throws InterruptedException {
        Map<String, String> found = lookup.ids(ids.keySet(), ANSWER_MAX);
        String missing = null;
        for (Map.Entry<String, String> expected : ids.entrySet()) {
            String id = found.get(expected.getKey());
            if (id == null) {
                missing = expected.getKey();
            } else if (!id.equals(expected.getValue())) {
                throw TopicChangedException.another(expected.getKey(), clusterId, expected.getValue(), id);
            }
        }
        return missing;
    }

    @Override
    public void close() {
        lookup.close();
    }
}
