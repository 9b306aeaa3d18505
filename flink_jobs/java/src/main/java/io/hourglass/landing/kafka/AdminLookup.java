package io.hourglass.landing.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Asks with Kafka's admin client, which connects at the first question and stays connected. */
public final class AdminLookup implements TopicLookup {
    private static final long serialVersionUID = 1;
    private static final String PROVIDERS = "config.providers";

    private final Properties properties = new Properties();

    private transient Admin admin;

    /** @param consumer properties of the consumer: where the brokers are, who we are */
    public AdminLookup(Properties consumer) {
        for (String name : consumer.stringPropertyNames()) {
            if (AdminClientConfig.configNames().contains(name) || name.startsWith(PROVIDERS)) {
                properties.setProperty(name, consumer.getProperty(name));
            }
        }
    }

    @Override
    public Map<String, String> ids(Collection<String> topics, Duration limit) throws InterruptedException {
        if (admin == null) {
            admin = Admin.create(properties);
        }
        DescribeTopicsOptions options = new DescribeTopicsOptions().timeoutMs((int) limit.toMillis());
        Map<String, String> found = new HashMap<>();
        for (Map.Entry<String, KafkaFuture<TopicDescription>> asked :
                admin.describeTopics(topics, options).topicNameValues().entrySet()) {
            try {
                found.put(asked.getKey(), asked.getValue().get().topicId().toString());
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw new IllegalStateException("the broker did not describe the topic " + asked.getKey() + " within "
                            + limit.toSeconds() + " s, so nothing that was read since the last checkpoint lands; it is"
                            + " read again: " + e.getCause().getMessage(), e.getCause());
                }
            }
        }
        return found;
    }

    @Override
    public void close() {
        if (admin != null) {
            admin.close(Duration.ZERO);
            admin = null;
        }
    }
}
