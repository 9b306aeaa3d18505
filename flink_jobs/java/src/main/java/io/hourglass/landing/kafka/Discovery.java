package io.hourglass.landing.kafka;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.Callable;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.util.ExceptionUtils;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * The discovery of partitions, which fails when a topic is gone. Flink would restart the job and fail again, before any
 * task can name the cause; this ends the job with it.
 */
final class Discovery {
    private Discovery() {}

    /** Return the context for Flink's enumerator: its questions to the broker are those of {@link #named}. */
    @SuppressWarnings("unchecked")
    static SplitEnumeratorContext<KafkaPartitionSplit> of(
            SplitEnumeratorContext<KafkaPartitionSplit> context, ExpectedTopics topics) {
        Class<?> type = SplitEnumeratorContext.class;
        return (SplitEnumeratorContext<KafkaPartitionSplit>)
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (method.getName().equals("callAsync")) {
                        arguments[0] = named((Callable<?>) arguments[0], topics);
                    }
                    try {
                        return method.invoke(context, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** A question whose failure is a {@link TopicChangedException} where a topic is gone, or has another id. */
    static <T> Callable<T> named(Callable<T> question, ExpectedTopics topics) {
        return () -> {
            try {
                return question.call();
            } catch (Exception e) {
                if (ExceptionUtils.findThrowable(e, UnknownTopicOrPartitionException.class).isPresent()) {
                    try (topics) {
                        topics.requireSame();
                    }
                }
                throw e;
            }
        };
    }
}
