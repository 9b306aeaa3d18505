package io.hourglass.landing.ledger;

import io.hourglass.landing.event.EventScanner;
import io.hourglass.landing.event.Flag;
import io.hourglass.landing.text.Lines;
import io.hourglass.landing.text.UtcText;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The records of one source partition since the last barrier, counted; {@code flink_jobs/contracts/ledger.py} reads it.
 *
 * <p>Every record is added once, in the order of offsets; offsets between two records are added as holes.
 */
public final class LedgerEntry {
    /** Further ranges of holes are counted, but not listed. */
    static final int HOLE_RANGES_MAX = 1000;

    private static final int HOLE_RANGES_AT_START = 8;
    private static final String OTHER_TYPES = "other";

    /** The sums of one hour. */
    public static final class Hour {
        public final long number;
        public final String path;
        final Cell accepted = new Cell();
        final Cell rejected = new Cell();

        Hour(long number) {
            this.number = number;
            this.path = UtcText.path(number);
        }
    }

    private final long firstOffset;
    private final List<String> typeNames;
    private final long[] types;
    private final long[] flags = new long[Flag.ALL.length];
    private final Map<Long, Hour> hours = new TreeMap<>();
    private final Map<String, Long> reasons = new TreeMap<>();
    private long lastOffset;
    private long records;
    private Hour lastHour;

    /** First and last offset of each range of holes, one after the other; null while there is none. */
    private long[] holes;

    private int holeRanges;

    LedgerEntry(long firstOffset, List<String> typeNames) {
        this.firstOffset = firstOffset;
        this.typeNames = typeNames;
        this.types = new long[typeNames.size() + 1];
    }

    /** The hour of a record, nearly always that of the record before. */
    public Hour hourOf(long timestamp) {
        long number = UtcText.hourOf(timestamp);
        if (lastHour == null || lastHour.number != number) {
            lastHour = hours.computeIfAbsent(number, Hour::new);
        }
        return lastHour;
    }

    /** Count an accepted record; {@code type} is its index in the contract, {@code mask} its flags. */
    public void addAccepted(Hour hour, long offset, long timestamp, int valueBytes, int type, int mask) {
        hour.accepted.add(offset, timestamp, valueBytes);
        if (mask != Flag.NONE) {
            addFlags(mask);
        }
        types[type == EventScanner.UNKNOWN_TYPE ? types.length - 1 : type]++;
        count(offset);
    }

    private void addFlags(int mask) {
        for (Flag flag : Flag.ALL) {
            if (flag.isIn(mask)) {
                flags[flag.ordinal()]++;
            }
        }
    }

    public void addRejected(Hour hour, long offset, long timestamp, int valueBytes, String reason) {
        hour.rejected.add(offset, timestamp, valueBytes);
        reasons.merge(reason, 1L, Long::sum);
        count(offset);
    }

    /** Record a range of offsets, both inclusive, that the broker did not return. */
    void skip(long first, long last) {
        if (holeRanges == HOLE_RANGES_MAX) {
            return;
        }
        if (holes == null) {
            holes = new long[2 * HOLE_RANGES_AT_START];
        } else if (2 * holeRanges == holes.length) {
            holes = Arrays.copyOf(holes, 2 * holes.length);
        }
        holes[2 * holeRanges] = first;
        holes[2 * holeRanges + 1] = last;
        holeRanges++;
    }

    private void count(long offset) {
        lastOffset = offset;
        records++;
    }

    /** Append the entry from behind {@code "partition":3,} to the end of the object. */
    public void append(Lines line, UtcText time) {
        line.append("\"first_offset\":").append(firstOffset);
        line.append(",\"last_offset\":").append(lastOffset);
        line.append(",\"records\":").append(records);
        line.append(",\"offset_sum\":").append(offsetSum().toString());
        line.append(",\"holes\":").append(lastOffset - firstOffset + 1 - records);
        appendHoleRanges(line);
        appendHours(line, time);
        line.append(",\"reasons\":{");
        boolean first = true;
        for (Map.Entry<String, Long> reason : reasons.entrySet()) {
            first = appendCount(line, first, reason.getKey(), reason.getValue());
        }
        line.append("},\"types\":{");
        first = true;
        for (int type = 0; type < types.length; type++) {
            if (types[type] > 0) {
                first = appendCount(line, first, type < typeNames.size() ? typeNames.get(type) : OTHER_TYPES, types[type]);
            }
        }
        line.append('}');
        appendFlags(line);
        line.append('}');
    }

    private void appendFlags(Lines line) {
        boolean first = true;
        for (Flag flag : Flag.ALL) {
            if (flags[flag.ordinal()] > 0) {
                line.append(first ? ",\"flags\":{" : "");
                first = appendCount(line, first, flag.code(), flags[flag.ordinal()]);
            }
        }
        line.append(first ? "" : "}");
    }

    private void appendHoleRanges(Lines line) {
        for (int range = 0; range < holeRanges; range++) {
            line.append(range == 0 ? ",\"hole_ranges\":[[" : "],[");
            line.append(holes[2 * range]).append(',').append(holes[2 * range + 1]);
        }
        line.append(holeRanges == 0 ? "" : "]]");
    }

    private BigInteger offsetSum() {
        BigInteger sum = BigInteger.ZERO;
        for (Hour hour : hours.values()) {
            sum = sum.add(hour.accepted.offsetSum()).add(hour.rejected.offsetSum());
        }
        return sum;
    }

    private void appendHours(Lines line, UtcText time) {
        line.append(",\"hours\":{");
        boolean first = true;
        for (Hour hour : hours.values()) {
            line.append(first ? "" : ",").appendString(UtcText.label(hour.number)).append(":{");
            first = false;
            appendCell(line, time, "\"accepted\":", hour.accepted);
            line.append(hour.accepted.isEmpty() || hour.rejected.isEmpty() ? "" : ",");
            appendCell(line, time, "\"rejected\":", hour.rejected);
            line.append('}');
        }
        line.append('}');
    }

    private static void appendCell(Lines line, UtcText time, String kind, Cell cell) {
        if (!cell.isEmpty()) {
            line.append(kind);
            cell.append(line, time);
        }
    }

    private static boolean appendCount(Lines line, boolean first, String name, long count) {
        line.append(first ? "" : ",").appendString(name).append(':').append(count);
        return false;
    }
}
