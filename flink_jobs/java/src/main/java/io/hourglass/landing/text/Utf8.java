package io.hourglass.landing.text;

/** Strict UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF. */
public final class Utf8 {
    public static final int INVALID = -1;
    public static final int BYTES_MAX = 4;

    private Utf8() {}

    /** Find the end of the sequence that begins at {@code at} with a byte of 0x80 or more, or {@link #INVALID}. */
    public static int endOfSequence(byte[] bytes, int at, int end) {
        int lead = bytes[at] & 0xff;
        if (lead < 0xc2 || lead > 0xf4) {
            return INVALID;
        }
        int length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (end - at < length || !isSecond(lead, bytes[at + 1] & 0xff)) {
            return INVALID;
        }
        for (int next = at + 2; next < at + length; next++) {
            if ((bytes[next] & 0xc0) != 0x80) {
                return INVALID;
            }
        }
        return at + length;
    }

    private static boolean isSecond(int lead, int second) {
        int least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        int most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        return second >= least && second <= most;
    }

    public static boolean startsWithByteOrderMark(byte[] bytes, int from, int to) {
        return to - from >= 3
                && (bytes[from] & 0xff) == 0xef
                && (bytes[from + 1] & 0xff) == 0xbb
                && (bytes[from + 2] & 0xff) == 0xbf;
    }

    /** Count the characters (code points) of valid UTF-8. */
    public static int count(byte[] bytes, int from, int to) {
        int characters = 0;
        for (int at = from; at < to; at++) {
            if ((bytes[at] & 0xc0) != 0x80) {
                characters++;
            }
        }
        return characters;
    }

    /** Write a code point at {@code at} and return the position after it. */
    static int encode(int codePoint, byte[] into, int at) {
        if (codePoint < 0x80) {
            into[at] = (byte) codePoint;
            return at + 1;
        }
        if (codePoint < 0x800) {
            into[at] = (byte) (0xc0 | codePoint >> 6);
            into[at + 1] = (byte) (0x80 | codePoint & 0x3f);
            return at + 2;
        }
        if (codePoint < 0x10000) {
            into[at] = (byte) (0xe0 | codePoint >> 12);
            into[at + 1] = (byte) (0x80 | codePoint >> 6 & 0x3f);
            into[at + 2] = (byte) (0x80 | codePoint & 0x3f);
            return at + 3;
        }
        into[at] = (byte) (0xf0 | codePoint >> 18);
        into[at + 1] = (byte) (0x80 | codePoint >> 12 & 0x3f);
        into[at + 2] = (byte) (0x80 | codePoint >> 6 & 0x3f);
        into[at + 3] = (byte) (0x80 | codePoint & 0x3f);
        return at + 4;
    }
}
