package io.hourglass.landing;

import static io.hourglass.landing.event.Contracts.EVENT;
import static io.hourglass.landing.event.Contracts.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.hourglass.landing.chain.RecordRun;
import io.hourglass.landing.kafka.ExpectedTopics;
import io.hourglass.landing.kafka.FakeLookup;
import io.hourglass.landing.kafka.TopicChangedException;
import io.hourglass.landing.ledger.BookedOffsets;
import io.hourglass.landing.text.Lines;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;

/** The entries of a partition chain across restarts, crashes, rescaling, and holes between runs. */
@SuppressWarnings("try") // close() can be interrupted, like every call of a test
class LandingOperatorStateTest {
    private static final int SUBTASKS_MAX = 4;
    private static final long TIME = 1_754_020_799_999L;

    /** A job of several subtasks. Its checkpoints commit what was emitted; a crash drops the rest. */
    private static final class Job implements AutoCloseable {
        private final List<OneInputStreamOperatorTestHarness<RecordRun, Lines>> subtasks = new ArrayList<>();
        private final List<LandingOperatorTest.Sent> sent = new ArrayList<>();

        Job(int parallelism, List<OperatorSubtaskState> restored) throws Exception {
            this(parallelism, restored, new BookedOffsets());
        }

        Job(int parallelism, List<OperatorSubtaskState> restored, BookedOffsets booked) throws Exception {
            this(parallelism, restored, booked, new FakeLookup().expected());
        }

        Job(int parallelism, List<OperatorSubtaskState> restored, BookedOffsets booked, ExpectedTopics topics)
                throws Exception {
            for (int subtask = 0; subtask < parallelism; subtask++) {
                var harness = new OneInputStreamOperatorTestHarness<>(
                        new LandingOperatorTest.Chained(sent, booked, topics), SUBTASKS_MAX, parallelism, subtask);
                if (!restored.isEmpty()) {
                    var all = AbstractStreamOperatorTestHarness.repackageState(restored.toArray(OperatorSubtaskState[]::new));
                    harness.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(
                            all, SUBTASKS_MAX, restored.size(), parallelism, subtask));
                }
                harness.open();
                subtasks.add(harness);
            }
        }

        void land(int subtask, int partition, long offset) throws Exception {
            String value = offset % 3 == 0 ? "no json" : EVENT;
            subtasks.get(subtask).processElement(
                    LandingOperatorTest.run(LandingOperatorTest.record(partition, offset, TIME + offset, utf8(value))));
        }

        List<OperatorSubtaskState> checkpoint(long number) throws Exception {
            List<OperatorSubtaskState> states = new ArrayList<>();
            for (var subtask : subtasks) {
                subtask.prepareSnapshotPreBarrier(number);
                states.add(subtask.snapshot(number, number));
            }
            return states;
        }

        /** Return the entries emitted since the last call. */
        List<JsonNode> entries() throws Exception {
            ObjectMapper json = new ObjectMapper();
            List<JsonNode> entries = new ArrayList<>();
            for (var line : sent.stream().filter(line -> line.tag() == LandingOperator.LEDGER).toList()) {
                entries.add(json.readTree(line.text()));
            }
            sent.clear();
            return entries;
        }

        void endInput() throws Exception {
            for (var subtask : subtasks) {
                subtask.endInput();
            }
        }

        @Override
        public void close() throws Exception {
            for (var subtask : subtasks) {
                subtask.close();
            }
        }
    }

    private static List<String> spans(List<JsonNode> entries) {
        return entries.stream()
                .map(entry -> entry.get("partition") + ": " + entry.get("first_offset") + ".." + entry.get("last_offset"))
                .toList();
    }

    @Test
    void aHoleAtTheSeamOfARestartBelongsToTheNextEntry() throws Exception {
        List<OperatorSubtaskState> checkpoint;
        try (Job job = new Job(1, List.of())) {
            job.land(0, 0, 5);
            checkpoint = job.checkpoint(1);
            assertEquals(List.of("0: 5..5"), spans(job.entries()));
        }
        try (Job job = new Job(1, checkpoint)) {
            job.land(0, 0, 8);
            job.checkpoint(2);
            JsonNode entry = job.entries().get(0);
            assertEquals("0: 6..8", spans(List.of(entry)).get(0));
            assertEquals("[[6,7]]", entry.get("hole_ranges").toString());
        }
    }

    @Test
    void aStartAfterTheLedgerChainsToItsLastEntries() throws Exception {
        BookedOffsets booked = new BookedOffsets();
        booked.put("t", 0, 6);
        List<OperatorSubtaskState> checkpoint;
        try (Job job = new Job(1, List.of(), booked)) {
            job.land(0, 0, 8);
            job.land(0, 1, 3);
            checkpoint = job.checkpoint(1);
            assertEquals(List.of("0: 6..8", "1: 3..3"), spans(job.entries()));
        }
        try (Job job = new Job(1, checkpoint, booked)) { // Flink's own restart: the driver's offsets are now old
            job.land(0, 0, 9);
            job.checkpoint(2);
            assertEquals(List.of("0: 9..9"), spans(job.entries()));
        }
    }

    /** A partition is idle for two restarts; the subtask that does not read it must not lose or lower its position. */
    @Test
    void aPositionOutlivesRestartsInWhichThePartitionRests() throws Exception {
        List<OperatorSubtaskState> checkpoint;
        try (Job job = new Job(2, List.of())) {
            job.land(0, 0, 5);
            job.land(1, 1, 70);
            job.checkpoint(1);
            job.land(0, 0, 6);
            checkpoint = job.checkpoint(2);
        }
        for (int parallelism = 4; parallelism > 1; parallelism--) {
            try (Job job = new Job(parallelism, checkpoint)) {
                checkpoint = job.checkpoint(2 + parallelism);
            }
        }
        try (Job job = new Job(2, checkpoint)) {
            job.land(1, 0, 9);
            job.land(0, 1, 71);
            job.land(1, 2, 3);
            job.checkpoint(9);
            assertEquals(List.of("1: 71..71", "0: 7..9", "2: 3..3"), spans(job.entries()));
        }
    }

    @Test
    void aCheckpointOfBeforePositionsWereKeptStillRestores() throws Exception {
        try (Job job = new Job(1, List.of(OperatorSubtaskState.builder().build()))) {
            job.land(0, 0, 8);
            job.checkpoint(2);
            assertEquals(List.of("0: 8..8"), spans(job.entries()));
        }
    }

    /** The driver and the broker agree on the new topic; only the restored offsets are of the old one. */
    @Test
    void aCheckpointOfAnotherTopicIsNotRestored() throws Exception {
        List<OperatorSubtaskState> checkpoint;
        try (Job job = new Job(1, List.of())) {
            job.land(0, 0, 5);
            checkpoint = job.checkpoint(1);
        }
        FakeLookup broker = new FakeLookup();
        broker.topics.put("t", FakeLookup.OTHER_ID);
        ExpectedTopics recreated = new ExpectedTopics("cluster", broker);
        recreated.expect("t", FakeLookup.OTHER_ID);
        assertThrows(TopicChangedException.class, () -> new Job(1, checkpoint, new BookedOffsets(), recreated));
    }

    /** The expected records, in order: those that a reader of committed records gets. */
    @Test
    void everyRecordIsCountedOnceInChainingEntriesUnderAnyScheduleOfCrashesAndRescaling() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int run = 0; run < 20; run++) {
            runOneSchedule(random, "seed " + seed + " run " + run);
        }
    }

    private static void runOneSchedule(Random random, String name) throws Exception {
        List<List<Long>> log = new ArrayList<>();
        for (int partition = 0; partition < SUBTASKS_MAX; partition++) {
            log.add(new ArrayList<>());
            for (long offset = random.nextInt(5); offset < 400; offset += 1 + Math.max(0, random.nextInt(9) - 5)) {
                log.get(partition).add(offset);
            }
        }
        int[] committed = new int[SUBTASKS_MAX];
        List<JsonNode> ledger = new ArrayList<>();
        List<OperatorSubtaskState> state = List.of();
        long checkpoint = 0;
        for (int start = 0; start < 10; start++) {
            int[] read = Arrays.copyOf(committed, SUBTASKS_MAX);
            int parallelism = 1 + random.nextInt(SUBTASKS_MAX);
            int turn = random.nextInt(SUBTASKS_MAX);
            try (Job job = new Job(parallelism, state)) {
                for (int rest = random.nextInt(3); rest >= 0; rest--) {
                    readOn(job, random, log, read, parallelism, turn);
                    List<OperatorSubtaskState> made = job.checkpoint(++checkpoint);
                    if (rest > 0 || random.nextBoolean()) { // else it crashes before the checkpoint is complete
                        state = made;
                        committed = Arrays.copyOf(read, SUBTASKS_MAX);
                        ledger.addAll(job.entries());
                    }
                }
            }
        }
        assertEquals(expected(log, committed), summary(ledger), name);
    }

    private static void readOn(Job job, Random random, List<List<Long>> log, int[] read, int parallelism, int turn)
            throws Exception {
        for (int partition = 0; partition < SUBTASKS_MAX; partition++) {
            for (int more = random.nextInt(6) - 1; more > 0 && read[partition] < log.get(partition).size(); more--) {
                job.land((partition + turn) % parallelism, partition, log.get(partition).get(read[partition]++));
            }
        }
    }

    private static Map<Integer, String> expected(List<List<Long>> log, int[] committed) {
        Map<Integer, String> expected = new TreeMap<>();
        for (int partition = 0; partition < SUBTASKS_MAX; partition++) {
            List<Long> landed = log.get(partition).subList(0, committed[partition]);
            if (!landed.isEmpty()) {
                List<String> holes = new ArrayList<>();
                for (int at = 1; at < landed.size(); at++) {
                    if (landed.get(at) > landed.get(at - 1) + 1) {
                        holes.add((landed.get(at - 1) + 1) + "-" + (landed.get(at) - 1));
                    }
                }
                expected.put(partition, landed.get(0) + ".." + landed.get(landed.size() - 1) + " records " + landed.size()
                        + " sum " + landed.stream().mapToLong(Long::longValue).sum() + " holes " + holes);
            }
        }
        return expected;
    }

    /** Add up the entries of each partition, which must chain. */
    private static Map<Integer, String> summary(List<JsonNode> ledger) {
        Map<Integer, List<JsonNode>> byPartition = new TreeMap<>();
        ledger.forEach(entry -> byPartition.computeIfAbsent(entry.get("partition").intValue(), n -> new ArrayList<>()).add(entry));
        Map<Integer, String> summary = new TreeMap<>();
        byPartition.forEach((partition, entries) -> {
            String chain = entries.get(0).get("first_offset").toString();
            long next = entries.get(0).get("first_offset").longValue();
            long records = 0;
            long sum = 0;
            List<String> holes = new ArrayList<>();
            for (JsonNode entry : entries) {
                chain += entry.get("first_offset").longValue() == next ? "" : " then " + entry.get("first_offset");
                next = entry.get("last_offset").longValue() + 1;
                records += entry.get("records").longValue();
                sum += entry.get("offset_sum").longValue();
                assertEquals(entry.get("records").longValue(), total(entry.get("reasons")) + total(entry.get("types")));
                if (entry.has("hole_ranges")) {
                    entry.get("hole_ranges").forEach(range -> holes.add(range.get(0) + "-" + range.get(1)));
                }
            }
            summary.put(partition, chain + ".." + (next - 1) + " records " + records + " sum " + sum + " holes " + holes);
        });
        return summary;
    }

    private static long total(JsonNode counts) {
        long total = 0;
        for (JsonNode count : counts) {
            total += count.longValue();
        }
        return total;
    }

    @Test
    void theEndOfTheInputLosesNothingAndChainsBehindTheLastCheckpoint() throws Exception {
        try (Job job = new Job(2, List.of())) {
            job.land(0, 0, 5);
            job.land(1, 1, 7);
            job.checkpoint(1);
            job.land(0, 0, 7);
            job.land(1, 1, 8);
            job.endInput();
            assertEquals(List.of("0: 5..5", "1: 7..7", "0: 6..7", "1: 8..8"), spans(job.entries()));
            job.checkpoint(2); // sink writers would not accept more lines
            assertEquals(List.of(), job.entries());
        }
    }
}
