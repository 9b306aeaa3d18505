package io.hourglass.landing.text;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Writes instants in UTC. Date arithmetic is done once for successive instants of the same minute. */
public final class UtcText {
    /** The last millisecond of the year 9999. */
    public static final long LAST_MILLISECOND = 253_402_300_799_999L;

    public static final long MILLISECONDS_OF_HOUR = 3_600_000L;

    private static final String FORM = "0000-00-00T00:00:00.000Z";
    private static final long MILLISECONDS_OF_MINUTE = 60_000L;
    private static final DateTimeFormatter MINUTE =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter PATH =
            DateTimeFormatter.ofPattern("uuuu/MM/dd/HH").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter LABEL =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH").withZone(ZoneOffset.UTC);

    private final byte[] text;
    private final int from;
    private long minute = Long.MIN_VALUE;

    public UtcText() {
        this("", "");
    }

    /** Write every instant between these two texts. */
    public UtcText(String before, String after) {
        text = (before + FORM + after).getBytes(StandardCharsets.US_ASCII);
        from = before.length();
    }

    /** Append {@code 2025-08-01T03:59:59.123Z}. */
    public void append(Lines line, long milliseconds) {
        long itsMinute = Math.floorDiv(milliseconds, MILLISECONDS_OF_MINUTE);
        if (itsMinute != minute) {
            minute = itsMinute;
            byte[] begin = MINUTE.format(Instant.ofEpochMilli(itsMinute * MILLISECONDS_OF_MINUTE)).getBytes();
            System.arraycopy(begin, 0, text, from, begin.length);
        }
        int rest = (int) (milliseconds - itsMinute * MILLISECONDS_OF_MINUTE);
        int second = rest / 1000;
        int fraction = rest % 1000;
        text[from + 17] = digit(second / 10);
        text[from + 18] = digit(second % 10);
        text[from + 20] = digit(fraction / 100);
        text[from + 21] = digit(fraction / 10 % 10);
        text[from + 22] = digit(fraction % 10);
        line.append(text);
    }

    private static byte digit(int value) {
        return (byte) ('0' + value);
    }

    /** The number of the hour since 1970. */
    public static long hourOf(long milliseconds) {
        return Math.floorDiv(milliseconds, MILLISECONDS_OF_HOUR);
    }

    /** The directory of an hour, {@code 2025/08/01/03}. */
    public static String path(long hour) {
        return PATH.format(Instant.ofEpochMilli(hour * MILLISECONDS_OF_HOUR));
    }

    /** The name of an hour in the ledger, {@code 2025-08-01T03}. */
    public static String label(long hour) {
        return LABEL.format(Instant.ofEpochMilli(hour * MILLISECONDS_OF_HOUR));
    }
}
