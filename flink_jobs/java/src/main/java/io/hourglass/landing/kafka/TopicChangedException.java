package io.hourglass.landing.kafka;

import org.apache.flink.runtime.throwable.ThrowableAnnotation;
import org.apache.flink.runtime.throwable.ThrowableType;

/**
 * A topic is not the one that the job reads, or its log is no longer the one that has landed. Flink does not restart
 * the job: each attempt would end the same way. The driver logs the message, which is one line.
 */
@ThrowableAnnotation(ThrowableType.NonRecoverableError)
public final class TopicChangedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private static final String NOTHING_LANDED = " Nothing that was read since the last checkpoint has landed.";
    private static final String ACCEPT = " Point the job at the topic that has landed, or accept the topic as it is now"
            + " with `hourglass job start --new-topic`: it begins at its first offset and lands nothing twice";
    private static final String OTHER_STREAM =
            " Bring the broker's log back, or land the topic under another HOURGLASS_STREAM";

    private TopicChangedException(String message) {
        super(message);
    }

    /** The broker has another topic of this name. */
    static TopicChangedException another(String topic, String cluster, String expected, String found) {
        return new TopicChangedException(topic + " is another topic now: it had the id " + expected + " in the cluster "
                + cluster + ", the broker has " + found + ". It was deleted and created again, or the address is of"
                + " another cluster; its offsets count other records." + NOTHING_LANDED + ACCEPT);
    }

    /** The broker has no topic of this name. */
    static TopicChangedException gone(String topic, String cluster, String expected) {
        return new TopicChangedException(topic + " is gone: it had the id " + expected + " in the cluster " + cluster
                + ", the broker has no topic of this name." + NOTHING_LANDED + " Once it is created again:" + ACCEPT);
    }

    /** The state that Flink restores is of another topic than the one that the driver has found. */
    static TopicChangedException ofState(String topic, String restored, String found) {
        return new TopicChangedException(topic + " is another topic than in the restored state: that one has the id "
                + restored + ", the broker has " + found + "; the offsets of the state count other records." + ACCEPT);
    }

    /** The topic is the same, and its log ends before what the job has read. */
    public static TopicChangedException cut(String topic, int partition, long next, long found) {
        return new TopicChangedException(topic + "-" + partition + " has lost its end: the next offset is " + next
                + ", the broker continues at " + found + ". Its log was cut or restored from an older copy, so the same"
                + " offsets count other records." + NOTHING_LANDED + OTHER_STREAM);
    }
}
