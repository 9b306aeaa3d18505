package io.hourglass.landing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hourglass.landing.chain.RecordRun;
import io.hourglass.landing.event.Contracts;
import io.hourglass.landing.kafka.FakeLookup;
import io.hourglass.landing.ledger.BookedOffsets;
import io.hourglass.landing.sink.Codec;
import io.hourglass.landing.sink.EpochNames;
import io.hourglass.landing.sink.LineWriter;
import io.hourglass.landing.text.Lines;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.connector.file.sink.FileSink;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.SimpleVersionedStringSerializer;
import org.apache.flink.streaming.api.functions.sink.filesystem.rollingpolicies.OnCheckpointRollingPolicy;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Flink commits the sinks of one chain in the order of their creation; the ledger relies on this order.
 *
 * <p>Flink does not document that order, so this test must fail with a version of Flink that changes it.
 */
@Timeout(60)
class CommitOrderTest {
    private static final List<String> COMMITS = new CopyOnWriteArrayList<>();

    private final StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(
            new Configuration().set(RestartStrategyOptions.RESTART_STRATEGY, "none"));

    private SingleOutputStreamOperator<Lines> land() {
        environment.setParallelism(1);
        environment.getConfig().enableObjectReuse();
        environment.enableCheckpointing(100);
        return environment
                .fromSource(new NumberSequenceSource(0, 9), WatermarkStrategy.noWatermarks(), "numbers")
                .map(number -> new RecordRun("t", 0, List.of(record(number))))
                .returns(RecordRun.TYPE)
                .transform("land", LandingOperator.LINES, new LandingOperator(
                        "job", Contracts.JSON, new BookedOffsets(), new FakeLookup().expected()));
    }

    private static ConsumerRecord<byte[], ByteBuffer> record(long number) {
        String value = number % 2 == 0 ? Contracts.EVENT : "rejected";
        return new ConsumerRecord<>("t", 0, number, 0L, TimestampType.CREATE_TIME, 0, 0, null,
                ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)), new RecordHeaders(), Optional.empty());
    }

    @Test
    void sinksCommitInTheOrderInWhichTheyAreMade() throws Exception {
        SingleOutputStreamOperator<Lines> accepted = land();
        accepted.sinkTo(new Recorded("landing"));
        accepted.getSideOutput(LandingOperator.REJECTED).sinkTo(new Recorded("rejected"));
        accepted.getSideOutput(LandingOperator.LEDGER).sinkTo(new Recorded("ledger"));
        run(environment.getStreamGraph().getJobGraph());
        String commits = String.join(" ", COMMITS);
        assertTrue(commits.matches("((landing )?(rejected )?ledger ?)+"), commits);
        assertEquals(Set.of("landing", "rejected", "ledger"), Set.copyOf(COMMITS));
    }

    @Test
    void sourceOperatorAndSinksAreOneTask(@TempDir Path folder) {
        SingleOutputStreamOperator<Lines> accepted = land();
        accepted.sinkTo(fileSink(folder.resolve("landing")));
        accepted.getSideOutput(LandingOperator.REJECTED).sinkTo(fileSink(folder.resolve("rejected")));
        accepted.getSideOutput(LandingOperator.LEDGER).sinkTo(fileSink(folder.resolve("ledger")));
        assertEquals(1, environment.getStreamGraph().getJobGraph().getNumberOfVertices());
    }

    private static FileSink<Lines> fileSink(Path folder) {
        return FileSink.forBulkFormat(new org.apache.flink.core.fs.Path(folder.toUri()), new LineWriter.Factory(Codec.PLAIN, 1))
                .withBucketAssigner(new EpochNames.Hours())
                .withRollingPolicy(OnCheckpointRollingPolicy.build())
                .withOutputFileConfig(new EpochNames.Parts(".jsonl"))
                .build();
    }

    @SuppressWarnings("try") // close() can be interrupted, like every call of a test
    private static void run(JobGraph job) throws Exception {
        MiniClusterConfiguration configuration = new MiniClusterConfiguration.Builder().setNumTaskManagers(1).build();
        try (MiniCluster cluster = new MiniCluster(configuration)) {
            cluster.start();
            cluster.executeJobBlocking(job);
        }
    }

    /** A sink whose committer records its name. */
    private record Recorded(String name) implements Sink<Lines>, SupportsCommitter<String> {
        private static final long serialVersionUID = 1;

        @Override
        public CommittingSinkWriter<Lines, String> createWriter(WriterInitContext context) {
            return new CountingWriter();
        }

        @Override
        public Committer<String> createCommitter(CommitterInitContext context) {
            return new Committer<>() {
                @Override
                public void commit(Collection<CommitRequest<String>> requests) {
                    COMMITS.add(name);
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public SimpleVersionedSerializer<String> getCommittableSerializer() {
            return SimpleVersionedStringSerializer.INSTANCE;
        }
    }

    private static final class CountingWriter implements CommittingSinkWriter<Lines, String> {
        private int lines;

        @Override
        public void write(Lines line, Context context) {
            lines++;
        }

        @Override
        public void flush(boolean endOfInput) {}

        @Override
        public Collection<String> prepareCommit() {
            List<String> prepared = lines == 0 ? List.of() : List.of("lines " + lines);
            lines = 0;
            return prepared;
        }

        @Override
        public void close() {}
    }
}
