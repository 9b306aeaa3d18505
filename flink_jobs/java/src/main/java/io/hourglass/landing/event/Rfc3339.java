package io.hourglass.landing.event;

import io.hourglass.landing.text.JsonText;
import io.hourglass.landing.text.UtcText;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Reads an RFC 3339 date-time with a zone, in the form that every downstream reader accepts, without making an object.
 *
 * <p>Strict: {@code T} and {@code Z} in capitals, at most nine digits of a second's fraction, no leap second, because
 * Snowflake documents no other form, and one value that it cannot cast ends every query of its table. The instant lies
 * in the years 0001 to 9999 of UTC.
 *
 * <p>An instance caches the last minute that it read, because successive events mostly share it. It belongs to one
 * thread.
 */
final class Rfc3339 {
    /** Not an instant of the years 0001 to 9999. */
    static final long INVALID = Long.MIN_VALUE;

    private static final int SHORTEST = "2025-08-01T03:00:00Z".length();
    private static final int SECONDS_FROM = "2025-08-01T03:00:".length();
    private static final int FRACTION_FROM = "2025-08-01T03:00:00".length();
    private static final int FRACTION_DIGITS_MAX = 9;
    private static final int TEXT_BYTES_MAX = 4096;
    private static final Pattern RFC_3339 = Pattern.compile(
            "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})");
    private static final Pattern FINE = Pattern.compile("\\.[0-9]{" + (FRACTION_DIGITS_MAX + 1) + "}");
    private static final int[] MONTH_DAYS = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    private static final int[] DAYS_BEFORE_MONTH = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    private static final long DAYS_BEFORE_1970 = daysBefore(1970);
    private static final long FIRST_MILLISECOND = -DAYS_BEFORE_1970 * 86_400_000L;

    /** The text of the last date, of the last hour and minute, eight bytes each, and their minutes since 1970. */
    private long dateText;

    private long clockText;
    private long minuteOfText = INVALID;

    /** Read the milliseconds since 1970, finer digits cut off, or {@link #INVALID}. */
    long milliseconds(byte[] text, int from, int to) {
        if (to - from < SHORTEST || text[from + SECONDS_FROM - 1] != ':') {
            return INVALID;
        }
        long minute = minuteAt(text, from);
        int second = digits(text, from + SECONDS_FROM, 2);
        if (minute == INVALID || second < 0 || second > 59) {
            return INVALID;
        }
        int zone = skipFraction(text, from + FRACTION_FROM, to);
        if (zone < 0 || zone >= to || !isZone(text, zone, to)) {
            return INVALID;
        }
        long seconds = (minute - offsetMinutes(text, zone)) * 60 + second;
        long milliseconds = seconds * 1000 + fractionMillis(text, from + FRACTION_FROM, zone);
        // an offset can move the first and the last day out of the years that databases and Python support
        return milliseconds < FIRST_MILLISECOND || milliseconds > UtcText.LAST_MILLISECOND ? INVALID : milliseconds;
    }

    /** Describe what is asked of a text that is not accepted; RFC 3339 has more forms than Snowflake reads. */
    static String askFor(byte[] text, int from, int to) {
        String time = new String(text, from, Math.min(to - from, TEXT_BYTES_MAX), StandardCharsets.ISO_8859_1);
        if (!RFC_3339.matcher(time).matches()) {
            return "not an RFC 3339 time with a zone, like 2025-08-01T03:59:59.123Z";
        }
        if (time.indexOf('t') >= 0 || time.indexOf('z') >= 0) {
            return "an RFC 3339 time that Snowflake does not read: write T and Z in capitals";
        }
        if (time.startsWith("60", SECONDS_FROM)) {
            return "an RFC 3339 time that Snowflake does not read: write a leap second as second 59";
        }
        return FINE.matcher(time).find()
                ? "an RFC 3339 time that Snowflake does not read: write at most nine digits of a second's fraction"
                : "no moment of the years 1 to 9999 in UTC";
    }

    /** Read {@code 2025-08-01T03:00} as minutes since 1970 of a clock without a zone, or {@link #INVALID}. */
    private long minuteAt(byte[] text, int from) {
        long date = JsonText.wordAt(text, from);
        long clock = JsonText.wordAt(text, from + Long.BYTES);
        if (date != dateText || clock != clockText) {
            minuteOfText = readMinute(text, from);
            dateText = date;
            clockText = clock;
        }
        return minuteOfText;
    }

    private static long readMinute(byte[] text, int from) {
        int year = digits(text, from, 4);
        int month = digits(text, from + 5, 2);
        int day = digits(text, from + 8, 2);
        int hour = digits(text, from + 11, 2);
        int minute = digits(text, from + 14, 2);
        if (!hasSeparators(text, from) || !isDay(year, month, day) || !isClock(hour, minute)) {
            return INVALID;
        }
        return (epochDay(year, month, day) * 24 + hour) * 60 + minute;
    }

    private static boolean hasSeparators(byte[] text, int from) {
        return text[from + 4] == '-' && text[from + 7] == '-' && text[from + 10] == 'T' && text[from + 13] == ':';
    }

    private static boolean isDay(int year, int month, int day) {
        if (year < 1 || month < 1 || month > 12 || day < 1) {
            return false;
        }
        return day <= MONTH_DAYS[month - 1] || month == 2 && day == 29 && isLeap(year);
    }

    private static boolean isLeap(int year) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    }

    private static boolean isClock(int hour, int minute) {
        return hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59;
    }

    /** Return the position of the zone, or -1 when the fraction is not 1 to 9 digits. */
    private static int skipFraction(byte[] text, int at, int to) {
        if (text[at] != '.') {
            return at;
        }
        int next = at + 1;
        while (next < to && text[next] >= '0' && text[next] <= '9') {
            next++;
        }
        int digits = next - at - 1;
        return digits >= 1 && digits <= FRACTION_DIGITS_MAX ? next : -1;
    }

    private static boolean isZone(byte[] text, int at, int to) {
        if (text[at] == 'Z') {
            return at + 1 == to;
        }
        boolean signed = text[at] == '+' || text[at] == '-';
        return signed && to - at == 6 && text[at + 3] == ':'
                && isClock(digits(text, at + 1, 2), digits(text, at + 4, 2));
    }

    private static int offsetMinutes(byte[] text, int zone) {
        if (text[zone] == 'Z') {
            return 0;
        }
        int minutes = digits(text, zone + 1, 2) * 60 + digits(text, zone + 4, 2);
        return text[zone] == '+' ? minutes : -minutes;
    }

    private static int fractionMillis(byte[] text, int point, int zone) {
        int milliseconds = 0;
        for (int place = 1; place <= 3; place++) {
            int at = point + place;
            milliseconds = milliseconds * 10 + (at < zone ? text[at] - '0' : 0);
        }
        return milliseconds;
    }

    private static long epochDay(int year, int month, int day) {
        int leapDay = month > 2 && isLeap(year) ? 1 : 0;
        return daysBefore(year) - DAYS_BEFORE_1970 + DAYS_BEFORE_MONTH[month - 1] + leapDay + day - 1;
    }

    /** Count the days from the first of January of the year 1 to that of this year. */
    private static long daysBefore(int year) {
        int years = year - 1;
        return 365L * years + years / 4 - years / 100 + years / 400;
    }

    private static int digits(byte[] text, int from, int count) {
        int number = 0;
        for (int at = from; at < from + count; at++) {
            int digit = text[at] - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }
}
