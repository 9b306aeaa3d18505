package io.hourglass.landing;

import static io.hourglass.landing.event.Contracts.EVENT;
import static io.hourglass.landing.event.Contracts.amidst;
import static io.hourglass.landing.event.Contracts.text;
import static io.hourglass.landing.event.Contracts.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hourglass.landing.chain.RecordRun;
import io.hourglass.landing.event.Contracts;
import io.hourglass.landing.kafka.ExpectedTopics;
import io.hourglass.landing.kafka.FakeLookup;
import io.hourglass.landing.kafka.TopicChangedException;
import io.hourglass.landing.ledger.BookedOffsets;
import io.hourglass.landing.text.Lines;
import io.hourglass.landing.text.UtcText;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.flink.runtime.event.WatermarkEvent;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.graph.StreamConfig;
import org.apache.flink.streaming.api.operators.Output;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.LatencyMarker;
import org.apache.flink.streaming.runtime.streamrecord.RecordAttributes;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.StreamTask;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.util.OutputTag;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every record lands on one output and in one entry, and the entries come before the barrier. */
class LandingOperatorTest {
    private static final long TIME = 1_754_020_799_999L;
    private static final long NOW = TIME + 10 * UtcText.MILLISECONDS_OF_HOUR;

    private final List<Sent> sent = new ArrayList<>();
    private final FakeLookup broker = new FakeLookup();
    private OneInputStreamOperatorTestHarness<RecordRun, Lines> harness;

    /** A copy of lines at a sink, because the operator reuses them. */
    record Sent(OutputTag<?> tag, String directory, String epoch, String text) {}

    /** Takes lines by reference like a chained sink; the harness would copy them by their serializer, which throws. */
    static final class Chained extends LandingOperator {
        private static final long serialVersionUID = 1;
        private final transient List<Sent> sent;

        Chained(List<Sent> sent, BookedOffsets booked, ExpectedTopics topics) {
            super("job", Contracts.JSON, booked, topics);
            this.sent = sent;
        }

        @Override
        protected void setup(StreamTask<?, ?> task, StreamConfig config, Output<StreamRecord<Lines>> unused) {
            super.setup(task, config, new Recording(sent));
        }
    }

    private record Recording(List<Sent> sent) implements Output<StreamRecord<Lines>> {
        @Override
        public void collect(StreamRecord<Lines> record) {
            collect(null, record);
        }

        @Override
        public <X> void collect(OutputTag<X> tag, StreamRecord<X> record) {
            Lines line = (Lines) record.getValue();
            sent.add(new Sent(tag, line.directory(), line.epoch(), text(line)));
        }

        @Override
        public void emitWatermark(Watermark mark) {}

        @Override
        public void emitWatermark(WatermarkEvent mark) {}

        @Override
        public void emitWatermarkStatus(WatermarkStatus status) {}

        @Override
        public void emitLatencyMarker(LatencyMarker marker) {}

        @Override
        public void emitRecordAttributes(RecordAttributes attributes) {}

        @Override
        public void close() {}
    }

    @BeforeEach
    void open() throws Exception {
        harness = new OneInputStreamOperatorTestHarness<>(new Chained(sent, new BookedOffsets(), broker.expected()));
        harness.setProcessingTime(NOW);
        harness.open();
    }

    @AfterEach
    void close() throws Exception {
        harness.close();
    }

    static ConsumerRecord<byte[], ByteBuffer> record(int partition, long offset, long timestamp, byte[] value) {
        return new ConsumerRecord<>("t", partition, offset, timestamp, TimestampType.CREATE_TIME, 0, 0, null, amidst(value),
                new RecordHeaders(), Optional.empty());
    }

    @SafeVarargs
    private final void land(ConsumerRecord<byte[], ByteBuffer>... records) throws Exception {
        harness.processElement(run(records));
    }

    private void land(int partition, long offset, long timestamp, String value) throws Exception {
        land(record(partition, offset, timestamp, utf8(value)));
    }

    /** Make a run as the source emits it. */
    @SafeVarargs
    @SuppressWarnings("varargs")
    static StreamRecord<RecordRun> run(ConsumerRecord<byte[], ByteBuffer>... records) {
        return new StreamRecord<>(new RecordRun(records[0].topic(), records[0].partition(), List.of(records)));
    }

    private List<Sent> accepted() {
        return side(null);
    }

    private List<Sent> side(OutputTag<Lines> tag) {
        return sent.stream().filter(line -> line.tag() == tag).toList();
    }

    private List<JsonNode> ledger() throws Exception {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> entries = new ArrayList<>();
        for (Sent line : side(LandingOperator.LEDGER)) {
            entries.add(json.readTree(line.text()));
        }
        return entries;
    }

    @Test
    void linesGoToTheHourOfTheRecordAndCarryTheEpoch() throws Exception {
        land(0, 5, TIME, EVENT);
        land(0, 6, TIME + 1, EVENT);
        land(0, 7, TIME, "no json");
        assertEquals(List.of("2025/08/01/03", "2025/08/01/04"), accepted().stream().map(Sent::directory).toList());
        assertEquals(List.of("2025/08/01/03"), side(LandingOperator.REJECTED).stream().map(Sent::directory).toList());
        String epoch = accepted().get(0).epoch();
        assertTrue(epoch.matches("[0-9a-f]{16}\\.1"), epoch);
        assertEquals(epoch, side(LandingOperator.REJECTED).get(0).epoch());
    }

    @Test
    void theLedgerIsEmittedBeforeTheBarrierAndANewEpochBegins() throws Exception {
        land(1, 5, TIME, EVENT);
        land(0, 8, TIME, EVENT);
        land(1, 6, TIME, "[]");
        assertEquals(List.of(), ledger());
        harness.prepareSnapshotPreBarrier(42);
        land(1, 7, TIME, EVENT);
        harness.prepareSnapshotPreBarrier(43);
        harness.prepareSnapshotPreBarrier(44);
        assertEquals(List.of("42 t-0 8..8", "42 t-1 5..6", "43 t-1 7..7"), ledger().stream()
                .map(entry -> entry.get("checkpoint") + " " + entry.get("topic").textValue() + "-" + entry.get("partition")
                        + " " + entry.get("first_offset") + ".." + entry.get("last_offset")).toList());
        JsonNode entry = ledger().get(1);
        assertEquals("job", entry.get("job").textValue());
        assertEquals("cluster", entry.get("cluster_id").textValue());
        assertEquals(FakeLookup.ID, entry.get("topic_id").textValue());
        assertEquals(32, entry.get("job_id").textValue().length());
        assertEquals(0, entry.get("subtask").intValue());
        assertEquals(accepted().get(0).epoch(), entry.get("epoch").textValue());
        assertEquals("{\"not_object\":1}", entry.get("reasons").toString());
        assertEquals("{\"RUN_START\":1}", entry.get("types").toString());
        assertEquals("2025/08/01/13", side(LandingOperator.LEDGER).get(0).directory());
        assertNotEquals(accepted().get(0).epoch(), accepted().get(2).epoch());
    }

    @Test
    void theBrokerIsAskedOnceAnEpochWithRecordsBeforeItsEntries() throws Exception {
        int asked = broker.asked;
        land(0, 5, TIME, EVENT);
        land(1, 5, TIME, EVENT);
        harness.prepareSnapshotPreBarrier(1);
        harness.prepareSnapshotPreBarrier(2);
        assertEquals(1, broker.asked - asked);
    }

    @Test
    void anEpochOfAnotherTopicBooksNothing() throws Exception {
        land(0, 5, TIME, EVENT);
        broker.topics.put("t", FakeLookup.OTHER_ID);
        assertThrows(TopicChangedException.class, () -> harness.prepareSnapshotPreBarrier(1));
        assertThrows(TopicChangedException.class, () -> harness.endInput());
        assertEquals(List.of(), ledger());
        assertThrows(TopicChangedException.class, this::open);
    }

    @Test
    void anOffsetThatWasReadBeforeLandsNothingTwice() throws Exception {
        land(0, 5, TIME, EVENT);
        String cut = assertThrows(TopicChangedException.class, () -> land(0, 3, TIME, EVENT)).getMessage();
        assertTrue(cut.startsWith("t-0 has lost its end: the next offset is 6, the broker continues at 3."), cut);
        broker.topics.put("t", FakeLookup.OTHER_ID);
        String another = assertThrows(TopicChangedException.class, () -> land(0, 3, TIME, EVENT)).getMessage();
        assertTrue(another.startsWith("t is another topic now"), another);
        assertEquals(List.of(5L), accepted().stream().flatMap(lines -> offsets(lines).stream()).toList());
    }

    @Test
    void whatIsOddAboutAcceptedEventsIsCountedByTheTimeOfTheRecord() throws Exception {
        long happened = java.time.Instant.parse("2025-08-01T03:00:00Z").toEpochMilli();
        long early = happened - 3_600_000L;
        String newer = EVENT.replace("version\":1", "version\":2");
        land(0, 1, happened, EVENT);
        land(1, 1, early, EVENT);
        land(2, 1, early, EVENT.replace("RUN_START", "UNHEARD_OF"));
        land(2, 2, happened, newer);
        land(2, 3, happened, newer);
        land(3, 1, early, newer.replace("e-1", ""));
        harness.prepareSnapshotPreBarrier(1);
        assertEquals(List.of("null", "{\"clock_skew\":1}", "{\"clock_skew\":1,\"unknown_type\":1,\"schema_version\":2}", "null"),
                ledger().stream().map(entry -> String.valueOf(entry.get("flags"))).toList());
    }

    @Test
    void theEndOfTheInputEmitsWhatNoBarrierFollows() throws Exception {
        land(0, 5, TIME, EVENT);
        harness.endInput();
        assertEquals(List.of(0), ledger().stream().map(entry -> entry.get("checkpoint").intValue()).toList());
    }

    @Test
    void oneInstanceNeverSharesItsEpochsWithAnother() throws Exception {
        land(0, 5, TIME, EVENT);
        close();
        open();
        land(0, 5, TIME, EVENT);
        assertNotEquals(accepted().get(0).epoch(), accepted().get(1).epoch());
    }

    @Test
    void aDefectOfOursCostsOneRecordAndShowsNoneOfItsBytes() throws Exception {
        ConsumerRecord<byte[], ByteBuffer> broken = new ConsumerRecord<>("t", 0, 5, TIME, TimestampType.CREATE_TIME, 0, 0, null,
                amidst(utf8(EVENT)), new RecordHeaders(), Optional.empty()) {
            private boolean thrown;

            @Override
            public ByteBuffer value() {
                if (!thrown) {
                    thrown = true;
                    throw new IllegalStateException("secret");
                }
                return super.value();
            }
        };
        land(broken, record(0, 6, TIME, utf8(EVENT)));
        String line = side(LandingOperator.REJECTED).get(0).text();
        assertTrue(line.contains("\"reason\":\"internal_error\",\"detail\":\"IllegalStateException at "), line);
        assertFalse(line.contains("secret"), line);
        assertEquals(1, accepted().size());
    }

    @Test
    void linesOfOneHourTravelTogetherAndNothingStaysBehindTheRun() throws Exception {
        land(record(0, 5, TIME, utf8(EVENT)), record(0, 6, TIME, utf8("no json")), record(0, 7, TIME, utf8(EVENT)),
                record(0, 8, TIME + 1, utf8(EVENT)), record(0, 9, TIME, utf8(EVENT)));
        assertEquals(List.of("03 [5, 7]", "04 [8]", "03 [9]"), accepted().stream()
                .map(lines -> lines.directory().substring(11) + " " + offsets(lines)).toList());
    }

    @Test
    void aLongRunIsSentInPiecesThatTheCacheHolds() throws Exception {
        List<ConsumerRecord<byte[], ByteBuffer>> records = new ArrayList<>();
        for (int offset = 0; offset < 2000; offset++) {
            records.add(record(0, offset, TIME, utf8(EVENT)));
        }
        harness.processElement(new StreamRecord<>(new RecordRun("t", 0, records)));
        assertTrue(accepted().size() > 1);
        assertTrue(accepted().stream().allMatch(lines -> lines.text().length() < LandingOperator.LINES_BYTES + 1000));
        assertEquals(records.stream().map(ConsumerRecord::offset).toList(),
                accepted().stream().flatMap(lines -> offsets(lines).stream()).toList());
    }

    private static List<Long> offsets(Sent lines) {
        return lines.text().lines()
                .map(line -> line.replaceFirst(".*\"offset\":(\\d+),.*", "$1")).map(Long::valueOf).toList();
    }

    @Test
    void timestampsOutsideTheCalendarAreRejectedAndLandInItsFirstOrLastHour() throws Exception {
        land(0, 5, -1, EVENT);
        land(0, 6, Long.MAX_VALUE, EVENT);
        assertEquals(List.of("1970/01/01/00", "9999/12/31/23"),
                side(LandingOperator.REJECTED).stream().map(Sent::directory).toList());
        assertTrue(side(LandingOperator.REJECTED).get(1).text().contains("\"reason\":\"bad_time\""));
    }

    @Test
    void aTombstoneIsRejectedAndCounted() throws Exception {
        land(record(0, 5, TIME, null));
        harness.prepareSnapshotPreBarrier(1);
        assertEquals("{\"empty\":1}", ledger().get(0).get("reasons").toString());
    }

    @Test
    void aContractThatIsNotUnderstoodFailsInTheDriver() {
        for (String wrong : List.of("", "[]", "{}", Contracts.JSON.replace("\"id\"", "\"uuid\""),
                Contracts.JSON.replace("1000", "0"),
                Contracts.JSON.replace("\"depth_max\": 8", "\"depth_max\": -1"), Contracts.JSON.replace("300", "0"))) {
            assertThrows(IllegalArgumentException.class, () -> new LandingOperator("job", wrong, new BookedOffsets(), broker.expected()), wrong);
        }
    }

    @Test
    void linesRefuseToLeaveTheirChain() {
        var serializer = LandingOperator.LINES.createSerializer((org.apache.flink.api.common.serialization.SerializerConfig) null);
        assertThrows(UnsupportedOperationException.class, () -> serializer.copy(new Lines()));
        assertThrows(UnsupportedOperationException.class, () -> serializer.serialize(new Lines(), null));
    }
}
