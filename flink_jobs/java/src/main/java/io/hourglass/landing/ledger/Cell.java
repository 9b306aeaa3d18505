package io.hourglass.landing.ledger;

import io.hourglass.landing.text.Lines;
import io.hourglass.landing.text.UtcText;
import java.math.BigInteger;

/** Sums over the records of one hour and kind in one ledger entry. Offsets are added in rising order. */
final class Cell {
    private long records;
    private long minOffset;
    private long maxOffset;
    private long sumAboveMin;
    private long minTimestamp;
    private long maxTimestamp;
    private long bytes;

    void add(long offset, long timestamp, int valueBytes) {
        if (records == 0) {
            minOffset = offset;
            minTimestamp = timestamp;
            maxTimestamp = timestamp;
        }
        records++;
        maxOffset = offset;
        sumAboveMin += offset - minOffset;
        minTimestamp = Math.min(minTimestamp, timestamp);
        maxTimestamp = Math.max(maxTimestamp, timestamp);
        bytes += valueBytes;
    }

    boolean isEmpty() {
        return records == 0;
    }

    long records() {
        return records;
    }

    /** The sum of the offsets, which may need more than 64 bits. */
    BigInteger offsetSum() {
        return BigInteger.valueOf(minOffset).multiply(BigInteger.valueOf(records)).add(BigInteger.valueOf(sumAboveMin));
    }

    void append(Lines line, UtcText time) {
        line.append("{\"records\":").append(records);
        line.append(",\"min_offset\":").append(minOffset);
        line.append(",\"max_offset\":").append(maxOffset);
        line.append(",\"offset_sum\":").append(offsetSum().toString());
        line.append(",\"min_timestamp\":\"");
        time.append(line, minTimestamp);
        line.append("\",\"max_timestamp\":\"");
        time.append(line, maxTimestamp);
        line.append("\",\"bytes\":").append(bytes).append('}');
    }
}
