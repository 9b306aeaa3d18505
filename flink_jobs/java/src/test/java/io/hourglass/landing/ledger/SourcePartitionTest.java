package io.hourglass.landing.ledger;

import static io.hourglass.landing.event.Contracts.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hourglass.landing.event.Flag;
import io.hourglass.landing.event.EventScanner;
import io.hourglass.landing.text.Lines;
import io.hourglass.landing.text.UtcText;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The arithmetic of the ledger: entries chain, hours add up, holes are counted. */
class SourcePartitionTest {
    private static final long HOUR = 486_000;
    private static final long TIME = HOUR * UtcText.MILLISECONDS_OF_HOUR;

    private final SourcePartition partition = new SourcePartition("t", 0, List.of("A", "B"));

    private void accept(long offset, long timestamp, int type) {
        accept(offset, timestamp, type, Flag.NONE);
    }

    private void accept(long offset, long timestamp, int type, int flags) {
        LedgerEntry entry = partition.entryFor(offset);
        entry.addAccepted(entry.hourOf(timestamp), offset, timestamp, 10, type, flags);
    }

    private void reject(long offset, long timestamp, String reason) {
        LedgerEntry entry = partition.entryFor(offset);
        entry.addRejected(entry.hourOf(timestamp), offset, timestamp, 5, reason);
    }

    private List<String> take() {
        return Stream.ofNullable(partition.takeEntry()).map(entry -> {
            Lines line = new Lines();
            entry.append(line, new UtcText());
            return text(line);
        }).toList();
    }

    /** The entries without their hours. */
    private List<String> offsets() {
        return take().stream().map(entry -> entry.replaceFirst(",\"hours\".*", "")).toList();
    }

    @Test
    void anEntryAddsUpItsHoursReasonsAndTypes() {
        accept(7, TIME + 2, 0, Flag.CLOCK_SKEW.when(true));
        accept(8, TIME + 1, EventScanner.UNKNOWN_TYPE, Flag.CLOCK_SKEW.when(true) | Flag.UNKNOWN_TYPE.when(true));
        reject(9, TIME, "not_json");
        accept(10, TIME - 1, 0);
        reject(11, TIME, "missing:x");
        assertEquals(List.of("\"first_offset\":7,\"last_offset\":11,\"records\":5,\"offset_sum\":45,\"holes\":0,\"hours\":{"
                + "\"2025-06-10T23\":{\"accepted\":{\"records\":1,\"min_offset\":10,\"max_offset\":10,\"offset_sum\":10,"
                + "\"min_timestamp\":\"2025-06-10T23:59:59.999Z\",\"max_timestamp\":\"2025-06-10T23:59:59.999Z\",\"bytes\":10}},"
                + "\"2025-06-11T00\":{\"accepted\":{\"records\":2,\"min_offset\":7,\"max_offset\":8,\"offset_sum\":15,"
                + "\"min_timestamp\":\"2025-06-11T00:00:00.001Z\",\"max_timestamp\":\"2025-06-11T00:00:00.002Z\",\"bytes\":20},"
                + "\"rejected\":{\"records\":2,\"min_offset\":9,\"max_offset\":11,\"offset_sum\":20,"
                + "\"min_timestamp\":\"2025-06-11T00:00:00.000Z\",\"max_timestamp\":\"2025-06-11T00:00:00.000Z\",\"bytes\":10}}},"
                + "\"reasons\":{\"missing:x\":1,\"not_json\":1},\"types\":{\"A\":2,\"other\":1},"
                + "\"flags\":{\"clock_skew\":2,\"unknown_type\":1}}"), take());
        assertEquals(List.of(), take());
    }

    @Test
    void anEntryWithoutFlagsNamesNone() {
        accept(7, TIME, 0);
        assertTrue(take().get(0).endsWith(",\"types\":{\"A\":1}}"));
    }

    @Test
    void theNextEntryBeginsWhereTheLastEndedAndCountsWhatTheBrokerSkipped() {
        accept(7, TIME, 0);
        take();
        accept(10, TIME, 0);
        accept(12, TIME, 0);
        assertEquals(List.of("\"first_offset\":8,\"last_offset\":12,\"records\":2,\"offset_sum\":22,\"holes\":3,"
                + "\"hole_ranges\":[[8,9],[11,11]]"), offsets());
    }

    @Test
    void aRestoredPositionIsWhereTheNextEntryBegins() {
        partition.restore(8);
        partition.restore(6);
        assertEquals(8, partition.position());
        accept(10, TIME, 0);
        assertEquals(11, partition.position());
        assertEquals(List.of("\"first_offset\":8,\"last_offset\":10,\"records\":1,\"offset_sum\":10,\"holes\":2,"
                + "\"hole_ranges\":[[8,9]]"), offsets());
    }

    @Test
    void moreHolesThanAnEntryMayListAreStillCounted() {
        long records = LedgerEntry.HOLE_RANGES_MAX + 2;
        for (long offset = 0; offset < 2 * records; offset += 2) {
            accept(offset, TIME, 0);
        }
        String entry = offsets().get(0);
        assertTrue(entry.contains("\"holes\":" + (LedgerEntry.HOLE_RANGES_MAX + 1) + ","), entry);
        assertEquals(LedgerEntry.HOLE_RANGES_MAX, entry.split("\\],\\[").length);
        assertTrue(entry.endsWith("[1999,1999]]"), entry);
    }

    @Test
    void sumsOfHugeOffsetsAreExact() {
        long huge = Long.MAX_VALUE - 2;
        accept(huge, TIME, 0);
        accept(huge + 1, TIME, 0);
        assertEquals("18446744073709551611", take().get(0).replaceFirst(".*?\"offset_sum\":(\\d+).*", "$1"));
    }
}
