package io.hourglass.landing.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A time is accepted if every downstream reader accepts it. */
class Rfc3339Test {
    private static final int TIMES = 20_000;

    private final Rfc3339 time = new Rfc3339();

    private long milliseconds(String text) {
        byte[] bytes = Contracts.utf8("x" + text + "x");
        return time.milliseconds(bytes, 1, bytes.length - 1);
    }

    private boolean isValid(String text) {
        return milliseconds(text) != Rfc3339.INVALID;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "2025-08-01T03:00:00Z", "2025-08-01T03:00:00.1Z", "2025-08-01T03:59:59.123456789Z", "2024-02-29T00:00:00Z",
        "2000-02-29T00:00:00+00:00", "2025-08-01T03:00:00-00:00", "2025-08-01T03:00:00+14:00", "1970-01-01T00:00:00Z",
        "2025-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z", "0001-01-01T14:00:00+14:00", "9999-12-31T23:59:59.999Z",
        "0001-01-01T00:00:00-01:00", "9999-12-31T23:59:59+01:00"})
    void valid(String text) {
        assertTrue(isValid(text), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "2025-08-01", "2025-08-01T03:00:00", "2025-08-01T03:00Z", "2025-08-01 03:00:00Z", "2025-08-01t03:00:00z",
        "2025-08-01T24:00:00Z", "2025-08-01T03:60:00Z", "2025-08-01T03:00:60Z", "2025-13-01T03:00:00Z",
        "2025-00-01T03:00:00Z", "2025-02-29T03:00:00Z", "1900-02-29T03:00:00Z", "2025-04-31T03:00:00Z",
        "2025-08-00T03:00:00Z", "2025-W31-5T03:00:00Z", "20250801T030000Z", "2025-08-01T03:00:00.Z",
        "2025-08-01T03:00:00.1234567890Z", "2025-08-01T03:00:00+0200", "2025-08-01T03:00:00+02", "2025-08-01T03:00:00+24:00",
        "2025-08-01T03:00:00+02:60", "2025-08-01T03:00:00Z ", "2025-08-01T03:00:00ZZ", " 2025-08-01T03:00:00Z",
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-00:01", "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z", "2025-08-01T03:00:00,5Z", "2025-08-01T03:00:00.5", "1754017200", "now",
        "2025-08-01T03:00:00[Europe/Berlin]", "\uff12025-08-01T03:00:00Z"})
    void invalid(String text) {
        assertFalse(isValid(text), text);
    }

    @Test
    void agreesWithJavaTimeWhereverTheFormIsTheSame() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("Rfc3339Test: repeat with -Dseed=" + seed);
        Random random = new Random(seed);
        for (int count = 0; count < TIMES; count++) {
            String text = String.format("%04d-%02d-%02dT%02d:%02d:%02d%s%s%02d:%02d", random.nextInt(10_000), random.nextInt(14),
                    random.nextInt(33), random.nextInt(26), random.nextInt(62), random.nextInt(61), fraction(random),
                    random.nextBoolean() ? "+" : "-", random.nextInt(15), random.nextInt(62));
            assertEquals(byJavaTime(text), milliseconds(text), () -> text + " seed " + seed);
            String sameMinute = text.substring(0, 17) + String.format("%02d", random.nextInt(61)) + fraction(random) + "Z";
            assertEquals(byJavaTime(sameMinute), milliseconds(sameMinute), () -> sameMinute + " seed " + seed);
        }
    }

    @Test
    void eachDayOfFourCenturiesIsTheDayOfTheCalendar() {
        for (LocalDate day = LocalDate.of(1799, 12, 31); day.getYear() < 2201; day = day.plusDays(1)) {
            assertEquals(day.toEpochDay() * 86_400_000L, milliseconds(day + "T00:00:00Z"), day.toString());
        }
    }

    private static String fraction(Random random) {
        int digits = random.nextInt(10);
        return digits == 0 ? "" : "." + String.format("%09d", random.nextInt(1_000_000_000)).substring(0, digits);
    }

    private static long byJavaTime(String text) {
        try {
            OffsetDateTime time = OffsetDateTime.parse(text, DateTimeFormatter.ISO_OFFSET_DATE_TIME);
            int year = time.withOffsetSameInstant(ZoneOffset.UTC).getYear();
            boolean known = time.getYear() > 0 && year > 0 && year < 10_000;
            return known ? time.toInstant().toEpochMilli() : Rfc3339.INVALID;
        } catch (DateTimeParseException e) {
            return Rfc3339.INVALID;
        }
    }
}
