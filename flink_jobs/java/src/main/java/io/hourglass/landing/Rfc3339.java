package io.hourglass.landing;

import java.time.LocalDate;
import java.time.YearMonth;

/**
 * Decides whether bytes are an RFC 3339 date-time with a zone, as every reader behind us takes it.
 *
 * <p>Strict: {@code T} and {@code Z} in capitals, at most nine digits of a second's fraction, no leap second, and
 * the instant lies in the years 0001 to 9999 of UTC.
 */
final class Rfc3339 {
    private static final int SHORTEST = "2025-08-01T03:00:00Z".length();
    private static final int FRACTION_DIGITS_MAX = 9;
    private static final int[] MONTH_DAYS = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    private static final int MINUTES_OF_DAY = 24 * 60;
    private static final long FIRST_MINUTE = LocalDate.of(1, 1, 1).toEpochDay() * MINUTES_OF_DAY;
    private static final long END_MINUTE = (LocalDate.of(9999, 12, 31).toEpochDay() + 1) * MINUTES_OF_DAY;

    private Rfc3339() {}

    static boolean isValid(byte[] text, int from, int to) {
        if (to - from < SHORTEST || !hasSeparators(text, from)) {
            return false;
        }
        int year = digits(text, from, 4);
        int month = digits(text, from + 5, 2);
        int day = digits(text, from + 8, 2);
        int hour = digits(text, from + 11, 2);
        int minute = digits(text, from + 14, 2);
        int second = digits(text, from + 17, 2);
        if (!isDay(year, month, day) || !isClock(hour, minute) || second < 0 || second > 59) {
            return false;
        }
        int zone = skipFraction(text, from + 19, to);
        if (zone < 0 || zone >= to) {
            return false;
        }
        if (text[zone] == 'Z') {
            return zone + 1 == to;
        }
        return isOffset(text, zone, to) && staysInYears(text, zone, year, month, day, hour * 60 + minute);
    }

    private static boolean hasSeparators(byte[] text, int from) {
        return text[from + 4] == '-' && text[from + 7] == '-' && text[from + 10] == 'T'
                && text[from + 13] == ':' && text[from + 16] == ':';
    }

    private static boolean isDay(int year, int month, int day) {
        if (year < 1 || month < 1 || month > 12 || day < 1) {
            return false;
        }
        return day <= MONTH_DAYS[month - 1] || month == 2 && day == 29 && YearMonth.of(year, 2).isValidDay(29);
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

    private static boolean isOffset(byte[] text, int at, int to) {
        boolean signed = text[at] == '+' || text[at] == '-';
        return signed && to - at == 6 && text[at + 3] == ':'
                && isClock(digits(text, at + 1, 2), digits(text, at + 4, 2));
    }

    /** An offset can carry the first and the last day out of the years that databases and Python know. */
    private static boolean staysInYears(byte[] text, int zone, int year, int month, int day, int minuteOfDay) {
        if (year > 1 && year < 9999) {
            return true;
        }
        int offset = digits(text, zone + 1, 2) * 60 + digits(text, zone + 4, 2);
        long minute = LocalDate.of(year, month, day).toEpochDay() * MINUTES_OF_DAY + minuteOfDay;
        long instant = text[zone] == '+' ? minute - offset : minute + offset;
        return instant >= FIRST_MINUTE && instant < END_MINUTE;
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
