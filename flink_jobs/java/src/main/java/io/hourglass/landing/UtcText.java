package io.hourglass.landing;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Writes instants of UTC; instants that follow each other closely cost no date arithmetic. */
final class UtcText {
    /** The last millisecond of the year 9999. */
    static final long LAST_MILLISECOND = 253_402_300_799_999L;

    static final long MILLISECONDS_OF_HOUR = 3_600_000L;

    private static final long MILLISECONDS_OF_MINUTE = 60_000L;
    private static final DateTimeFormatter MINUTE =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter PATH =
            DateTimeFormatter.ofPattern("uuuu/MM/dd/HH").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter LABEL =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH").withZone(ZoneOffset.UTC);

    private long minute = Long.MIN_VALUE;
    private byte[] minuteText;

    /** Append {@code 2025-08-01T03:59:59.123Z}. */
    void append(Lines line, long milliseconds) {
        long itsMinute = Math.floorDiv(milliseconds, MILLISECONDS_OF_MINUTE);
        if (itsMinute != minute) {
            minute = itsMinute;
            minuteText = MINUTE.format(Instant.ofEpochMilli(itsMinute * MILLISECONDS_OF_MINUTE)).getBytes();
        }
        int rest = (int) (milliseconds - itsMinute * MILLISECONDS_OF_MINUTE);
        int second = rest / 1000;
        int fraction = rest % 1000;
        line.append(minuteText);
        line.append(digit(second / 10)).append(digit(second % 10)).append('.');
        line.append(digit(fraction / 100)).append(digit(fraction / 10 % 10)).append(digit(fraction % 10)).append('Z');
    }

    private static char digit(int value) {
        return (char) ('0' + value);
    }

    /** Number the hours since 1970. */
    static long hourOf(long milliseconds) {
        return Math.floorDiv(milliseconds, MILLISECONDS_OF_HOUR);
    }

    /** Name the directory of an hour, {@code 2025/08/01/03}. */
    static String path(long hour) {
        return PATH.format(Instant.ofEpochMilli(hour * MILLISECONDS_OF_HOUR));
    }

    /** Name an hour in the ledger, {@code 2025-08-01T03}. */
    static String label(long hour) {
        return LABEL.format(Instant.ofEpochMilli(hour * MILLISECONDS_OF_HOUR));
    }
}
