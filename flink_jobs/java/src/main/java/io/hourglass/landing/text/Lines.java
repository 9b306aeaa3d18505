package io.hourglass.landing.text;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A buffer of lines for a sink, with the directory and the epoch of the object that they go to.
 *
 * <p>The operator owns one instance per output and reuses it, so a sink must copy the bytes before it returns. Lines
 * never leave their task: the type of the outputs cannot serialize them.
 */
public final class Lines {
    private static final int BYTES_KEPT_MAX = 1 << 22;
    private static final int BYTES_AT_START = 1 << 14;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final int LONG_DIGITS_MAX = 20;

    private byte[] bytes = new byte[BYTES_AT_START];
    private int length;
    private String directory;
    private String epoch;

    public byte[] bytes() {
        return bytes;
    }

    public int length() {
        return length;
    }

    /** The directory of the hour, {@code 2025/08/01/03}. */
    public String directory() {
        return directory;
    }

    public String epoch() {
        return epoch;
    }

    /** Drop the bytes, and the memory that a huge record took. */
    public Lines clear() {
        length = 0;
        if (bytes.length > BYTES_KEPT_MAX) {
            bytes = new byte[BYTES_AT_START];
        }
        return this;
    }

    public Lines into(String newDirectory, String newEpoch) {
        directory = newDirectory;
        epoch = newEpoch;
        return this;
    }

    /** Keep the first {@code count} bytes. */
    public void cutTo(int count) {
        length = count;
    }

    public Lines append(byte[] more) {
        return append(more, 0, more.length);
    }

    public Lines append(byte[] more, int from, int to) {
        reserve(to - from);
        System.arraycopy(more, from, bytes, length, to - from);
        length += to - from;
        return this;
    }

    /** Append the bytes between position and limit of a buffer over an array, without moving either. */
    public Lines append(ByteBuffer more) {
        int from = more.arrayOffset() + more.position();
        return append(more.array(), from, from + more.remaining());
    }

    public Lines append(String ascii) {
        return append(ascii.getBytes(StandardCharsets.UTF_8));
    }

    public Lines append(char ascii) {
        reserve(1);
        bytes[length++] = (byte) ascii;
        return this;
    }

    public Lines append(long number) {
        if (number < 0) {
            return append(Long.toString(number));
        }
        reserve(LONG_DIGITS_MAX);
        int digits = 1;
        for (long rest = number / 10; rest != 0; rest /= 10) {
            digits++;
        }
        long rest = number;
        for (int at = length + digits - 1; at >= length; at--) {
            bytes[at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
        return this;
    }

    /** Append a JSON string with its quotes. */
    public Lines appendString(String text) {
        appendString(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** Append UTF-8 as a JSON string with its quotes; return false if bytes that were not UTF-8 were replaced. */
    public boolean appendString(byte[] utf8) {
        reserve(utf8.length + 2);
        bytes[length++] = '"';
        int plain = JsonText.skipPlain(utf8, 0, utf8.length);
        append(utf8, 0, plain);
        boolean valid = plain == utf8.length || appendUnusual(utf8, plain);
        append('"');
        return valid;
    }

    private boolean appendUnusual(byte[] utf8, int from) {
        boolean valid = true;
        int at = from;
        while (at < utf8.length) {
            int next = utf8[at] < 0 ? Utf8.endOfSequence(utf8, at, utf8.length) : at + 1;
            if (next == Utf8.INVALID) {
                valid = false;
                append("\ufffd");
                next = at + 1;
            } else if (utf8[at] < 0 || JsonText.isPlain(utf8[at])) {
                append(utf8, at, next);
            } else {
                appendEscaped(utf8[at]);
            }
            at = next;
        }
        return valid;
    }

    private void appendEscaped(byte next) {
        if (next == '"' || next == '\\') {
            append('\\').append((char) next);
        } else {
            append("\\u00").append((char) HEX[next >> 4]).append((char) HEX[next & 0xf]);
        }
    }

    /** Replace CR and LF within the last {@code count} bytes by spaces. */
    public void blankLineBreaks(int count) {
        for (int at = length - count; at < length; at++) {
            if (bytes[at] == '\n' || bytes[at] == '\r') {
                bytes[at] = ' ';
            }
        }
    }

    private void reserve(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, Math.max(length + count, Math.min(2 * bytes.length, BYTES_KEPT_MAX)));
        }
    }
}
