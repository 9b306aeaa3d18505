package io.hourglass.landing.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.Test;

/** A topic that is gone ends the job with its name; any other failure of the discovery stays what it is. */
class DiscoveryTest {
    private final FakeLookup broker = new FakeLookup();
    private final ExpectedTopics topics = broker.expected();

    private static Callable<String> failing(Exception cause) {
        return () -> {
            throw new RuntimeException("Failed to get metadata for topics [t].", new ExecutionException(cause));
        };
    }

    @Test
    void aTopicThatIsGoneOrAnotherOneIsNamed() {
        Callable<String> question = Discovery.named(failing(new UnknownTopicOrPartitionException()), topics);
        topics.goneAfter = Duration.ZERO;
        broker.topics.clear();
        assertTrue(assertThrows(TopicChangedException.class, question::call).getMessage().startsWith("t is gone"));
        broker.topics.put("t", FakeLookup.OTHER_ID);
        assertTrue(assertThrows(TopicChangedException.class, question::call).getMessage().startsWith("t is another"));
    }

    @Test
    void anyOtherFailureIsPassedOn() {
        Callable<String> late = Discovery.named(failing(new TimeoutException("late")), topics);
        assertEquals("late", assertThrows(RuntimeException.class, late::call).getCause().getCause().getMessage());
        assertEquals(0, broker.asked);
        Callable<String> wasBack = Discovery.named(failing(new UnknownTopicOrPartitionException()), topics);
        assertSame(RuntimeException.class, assertThrows(RuntimeException.class, wasBack::call).getClass());
    }

    /** The context of Flink runs a question at once. */
    @Test
    @SuppressWarnings("unchecked")
    void flinksEnumeratorAsksThroughIt() {
        topics.goneAfter = Duration.ZERO;
        broker.topics.clear();
        Class<?> type = SplitEnumeratorContext.class;
        var flink = (SplitEnumeratorContext<KafkaPartitionSplit>)
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (!method.getName().equals("callAsync")) {
                        return 3;
                    }
                    try {
                        ((Callable<?>) arguments[0]).call();
                    } catch (Exception e) {
                        ((BiConsumer<Object, Throwable>) arguments[1]).accept(null, e);
                    }
                    return null;
                });
        var context = Discovery.of(flink, topics);
        assertEquals(3, context.currentParallelism());
        List<Class<?>> failures = new ArrayList<>();
        Callable<String> question = failing(new UnknownTopicOrPartitionException());
        context.callAsync(question, (answer, failure) -> failures.add(failure.getClass()));
        context.callAsync(question, (answer, failure) -> failures.add(failure.getClass()), 0, 30_000);
        assertEquals(List.of(TopicChangedException.class, TopicChangedException.class), failures);
    }
}
