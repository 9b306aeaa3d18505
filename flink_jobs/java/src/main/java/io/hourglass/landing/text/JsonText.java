package io.hourglass.landing.text;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Reads strings and integers from the bytes of JSON tokens. */
public final class JsonText {
    /** Bytes of an escape by a code unit, backslash and {@code u} included. */
    public static final int UNIT_BYTES = 6;

    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle HALF_WORDS =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGHS = 0x8080808080808080L;
    private static final long BACKSLASHES = ONES * '\\';

    /** Swaps the quote with the space, so that it lies next to the control characters. */
    private static final long SWAP = ONES * ('"' ^ ' ');

    private static final long BEYOND_QUOTE = ONES * (' ' + 1);

    private static final int LONG_DIGITS = 19;

    private JsonText() {}

    /** Read eight bytes as one number, to compare them with eight others. */
    public static long wordAt(byte[] text, int at) {
        return (long) WORDS.get(text, at);
    }

    /** Read four bytes as one number, to compare them with four others. */
    public static int halfWordAt(byte[] text, int at) {
        return (int) HALF_WORDS.get(text, at);
    }

    /** Skip to the next byte that is a quote, a backslash, a control character or not ASCII, eight at a time. */
    public static int skipPlain(byte[] text, int from, int to) {
        int at = from;
        while (at <= to - Long.BYTES) {
            long word = wordAt(text, at);
            // A hit sets the high bit of its byte: below the quote after the swap, a backslash, or not ASCII.
            // A borrow can only mark bytes behind a true hit, and only the first hit is used.
            long hits = ((word ^ SWAP) - BEYOND_QUOTE | (word ^ BACKSLASHES) - ONES | word) & HIGHS;
            if (hits != 0) {
                return at + (Long.numberOfTrailingZeros(hits) >>> 3);
            }
            at += Long.BYTES;
        }
        while (at < to && isPlain(text[at])) {
            at++;
        }
        return at;
    }

    /** Whether a string may hold the byte without an escape: ASCII, no control character, quote or backslash. */
    static boolean isPlain(byte next) {
        return next >= ' ' && next != '"' && next != '\\';
    }

    /** Read four hexadecimal digits, or -1. */
    public static int hexUnit(byte[] bytes, int from, int end) {
        if (end - from < 4) {
            return -1;
        }
        int unit = 0;
        for (int at = from; at < from + 4; at++) {
            int digit = hexDigit(bytes[at]);
            if (digit < 0) {
                return -1;
            }
            unit = unit << 4 | digit;
        }
        return unit;
    }

    public static int hexDigit(byte next) {
        // Character.digit accepts digits of other scripts too, but a byte of 0x80 or more is negative here.
        return next < 0 ? -1 : Character.digit(next, 16);
    }

    /** Resolve the escapes of a scanned string; half of a surrogate pair becomes a question mark. */
    public static byte[] unescape(byte[] bytes, int from, int to) {
        byte[] text = new byte[to - from];
        int length = 0;
        int at = from;
        while (at < to) {
            if (bytes[at] != '\\') {
                text[length++] = bytes[at++];
            } else if (bytes[at + 1] != 'u') {
                text[length++] = unescaped(bytes[at + 1]);
                at += 2;
            } else {
                int codePoint = codePointAt(bytes, at, to);
                at += codePoint > Character.MAX_VALUE ? 2 * UNIT_BYTES : UNIT_BYTES;
                boolean half = codePoint <= Character.MAX_VALUE && Character.isSurrogate((char) codePoint);
                length = Utf8.encode(half ? '?' : codePoint, text, length);
            }
        }
        return Arrays.copyOf(text, length);
    }

    private static int codePointAt(byte[] bytes, int at, int to) {
        char unit = (char) hexUnit(bytes, at + 2, to);
        int second = at + UNIT_BYTES;
        if (Character.isHighSurrogate(unit) && to - second >= UNIT_BYTES && bytes[second] == '\\'
                && bytes[second + 1] == 'u') {
            int low = hexUnit(bytes, second + 2, to);
            if (low >= 0 && Character.isLowSurrogate((char) low)) {
                return Character.toCodePoint(unit, (char) low);
            }
        }
        return unit;
    }

    private static byte unescaped(byte letter) {
        return switch (letter) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            default -> letter;
        };
    }

    /** Whether the digits of {@code [from, to)}, with or without a minus, are an integer of 64 bits. */
    public static boolean fitsLong(byte[] bytes, int from, int to) {
        boolean negative = bytes[from] == '-';
        int digitsFrom = negative ? from + 1 : from;
        if (to - digitsFrom != LONG_DIGITS) {
            return to - digitsFrom < LONG_DIGITS;
        }
        byte[] largest = (negative ? "9223372036854775808" : "9223372036854775807").getBytes();
        return Arrays.compare(bytes, digitsFrom, to, largest, 0, LONG_DIGITS) <= 0;
    }

    /** Read the digits that {@link #fitsLong} accepts. */
    public static long toLong(byte[] bytes, int from, int to) {
        boolean negative = bytes[from] == '-';
        long number = 0; // counts below zero, which has one value more
        for (int at = negative ? from + 1 : from; at < to; at++) {
            number = number * 10 - (bytes[at] - '0');
        }
        return negative ? number : -number;
    }

    /** Whether all bytes are ASCII and none is DEL; control characters before the space are not looked for. */
    public static boolean isPrintable(byte[] text, int from, int to) {
        if (to - from < Long.BYTES) {
            int hits = 0;
            for (int at = from; at < to; at++) {
                hits |= text[at] | text[at] + 1;
            }
            return (hits & 0x80) == 0;
        }
        long last = wordAt(text, to - Long.BYTES);
        long hits = last | last + ONES;
        for (int at = from; at < to - Long.BYTES; at += Long.BYTES) {
            long word = wordAt(text, at);
            hits |= word | word + ONES; // a carry comes from a byte that is a hit itself
        }
        return (hits & HIGHS) == 0;
    }
}
