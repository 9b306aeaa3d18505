package io.hourglass.landing.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.flink.runtime.throwable.ThrowableClassifier;
import org.apache.flink.runtime.throwable.ThrowableType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A topic is its id: another one of the same name ends the job for good, and says so. */
@Timeout(30)
class ExpectedTopicsTest {
    private final FakeLookup broker = new FakeLookup();
    private final ExpectedTopics topics = broker.expected();

    @Test
    void theSameIdsAreFoundInOneQuestionForAllTopics() throws Exception {
        topics.expect("u", FakeLookup.OTHER_ID);
        broker.topics.put("u", FakeLookup.OTHER_ID);
        topics.requireSame();
        assertEquals(1, broker.asked);
    }

    @Test
    void anotherIdEndsTheJobForGoodAndNamesBoth() {
        broker.topics.put("t", FakeLookup.OTHER_ID);
        TopicChangedException refused = assertThrows(TopicChangedException.class, topics::requireSame);
        assertTrue(refused.getMessage().startsWith("t is another topic now: it had the id " + FakeLookup.ID
                + " in the cluster cluster, the broker has " + FakeLookup.OTHER_ID + "."), refused.getMessage());
        assertTrue(refused.getMessage().contains("`hourglass job start --new-topic`"), refused.getMessage());
        assertEquals(1, refused.getMessage().lines().count());
        assertTrue(ThrowableClassifier.findThrowableOfThrowableType(
                new Exception("Could not perform checkpoint", refused), ThrowableType.NonRecoverableError).isPresent());
    }

    /** A broker that has just started may not know its topics yet. */
    @Test
    void aTopicThatIsGoneIsAskedForAgainUntilItIsThere() throws Exception {
        broker.knowsFrom = 3;
        topics.requireSame();
        assertEquals(3, broker.asked);
    }

    @Test
    void aTopicThatStaysGoneEndsTheJob() {
        broker.topics.clear();
        topics.goneAfter = Duration.ZERO;
        TopicChangedException refused = assertThrows(TopicChangedException.class, topics::requireSame);
        assertTrue(refused.getMessage().startsWith("t is gone: it had the id " + FakeLookup.ID), refused.getMessage());
    }

    @Test
    void aBrokerThatIsAwayFailsTheTaskOnce() {
        broker.failures.add(new IllegalStateException("no answer"));
        assertEquals("no answer", assertThrows(IllegalStateException.class, topics::requireSame).getMessage());
    }

    @Test
    void stateOfAnotherTopicIsRefusedAndThatOfEarlierReleasesIsAdopted() {
        topics.requireStateOfSame(List.of());
        topics.requireStateOfSame(topics.state());
        topics.requireStateOfSame(List.of("hourglass-topic other cluster " + FakeLookup.OTHER_ID));
        assertEquals(List.of("hourglass-topic t cluster " + FakeLookup.ID), topics.state());
        List<String> other = List.of("hourglass-topic t cluster " + FakeLookup.OTHER_ID);
        String refused = assertThrows(TopicChangedException.class, () -> topics.requireStateOfSame(other)).getMessage();
        assertTrue(refused.contains("restored state: that one has the id " + FakeLookup.OTHER_ID), refused);
    }

    @Test
    void aBrokerThatDoesNotAnswerIsNamedWithTheTopic() {
        Properties consumer = new Properties();
        consumer.setProperty("bootstrap.servers", "127.0.0.1:1");
        consumer.setProperty("group.id", "not of an admin client");
        try (AdminLookup nobody = new AdminLookup(consumer)) {
            String failure = assertThrows(
                    IllegalStateException.class, () -> nobody.ids(List.of("t"), Duration.ofMillis(300))).getMessage();
            assertTrue(failure.startsWith("the broker did not describe the topic t within 0 s"), failure);
        }
    }
}
