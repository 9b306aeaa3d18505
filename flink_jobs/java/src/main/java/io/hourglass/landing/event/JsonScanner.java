package io.hourglass.landing.event;

import io.hourglass.landing.text.JsonText;
import io.hourglass.landing.text.Utf8;
import java.nio.charset.StandardCharsets;

/**
 * Scans one JSON text (RFC 8259) in one pass over its bytes, without making an object of what it reads.
 *
 * <p>A text that is not JSON, not UTF-8 or nested too deep ends the scan. A lone surrogate and a number that is not
 * a finite double are recorded as defects, and the scan goes on. The members of the outermost object go to
 * {@link Members}.
 */
final class JsonScanner {
    private static final int STOP = -1;
    private static final int END = 0x100; // no byte is that
    private static final int DIGITS_ALWAYS_FINITE = 308;
    private static final byte[] TRUE = {'t', 'r', 'u', 'e'};
    private static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};

    /** Receives the members of the outermost object, as indexes into the bytes of the text. */
    interface Members {
        /** Take a key without its quotes; return whether its value is wanted. */
        boolean key(int from, int to, boolean escaped);

        /** Take a string without its quotes. */
        void string(int from, int to, boolean escaped);

        /** Take a number; it is whole without fraction and exponent. */
        void number(int from, int to, boolean whole);

        /** Take any other value; what an object or array holds is not passed on. */
        void other(Kind kind, int at);
    }

    /** The values that are neither string nor number. */
    enum Kind {
        OBJECT,
        ARRAY,
        BOOLEAN,
        NULL
    }

    private final byte[] open;
    private final Defect defect;
    private final Members members;

    private byte[] bytes;
    private int begin;
    private int end;
    private int start;
    private int depth;
    private boolean escaped;
    private boolean lineBreaks;
    private boolean wanted;

    /**
     * @param depthMax open objects and arrays, the outermost included
     * @param defect receives what is wrong
     */
    JsonScanner(int depthMax, Defect defect, Members members) {
        this.open = new byte[depthMax];
        this.defect = defect;
        this.members = members;
    }

    /** Scan the text in {@code [from, to)}, which has a byte; return false if a defect ended the scan. */
    boolean scan(byte[] text, int from, int to) {
        bytes = text;
        begin = from;
        end = to;
        depth = 0;
        lineBreaks = false;
        wanted = false;
        start = skipSpace(begin);
        int at = scanValue(start);
        if (at == STOP) {
            return false;
        }
        at = skipSpace(at);
        if (at < end) {
            stopReading(at, at, "something follows the end of the value");
            return false;
        }
        return true;
    }

    /** Index of the first byte of the last text that is no space. */
    int start() {
        return start;
    }

    /** Whether a CR or LF lies between the tokens of the last text. */
    boolean hasLineBreaks() {
        return lineBreaks;
    }

    /**
     * Scan a value with everything inside it and return its end, without recursion.
     *
     * <p>Strings without escapes and keys directly before their colon are scanned in this method, because the compiler
     * does not inline methods of this size: a call for each costs the scanner a sixth more time.
     */
    private int scanValue(int at) {
        final byte[] text = bytes;
        final int to = end;
        while (true) {
            int first = at < to ? text[at] : END;
            if (first == '"') {
                int close = JsonText.skipPlain(text, at + 1, to);
                if (close < to && text[close] == '"') {
                    if (wanted) {
                        members.string(at + 1, close, false);
                    }
                    at = close + 1;
                } else {
                    at = scanScalar(first, at);
                }
            } else if (first == '{' || first == '[') {
                at = openContainer(first, at);
                if (at != STOP && byteAt(at) != closing(first)) {
                    at = scanKey(first, at);
                    if (at == STOP) {
                        return STOP;
                    }
                    continue;
                }
            } else {
                at = scanScalar(first, at);
            }
            if (at == STOP) {
                return STOP;
            }
            at = scanToNext(at);
            if (at == STOP || depth == 0) {
                return at;
            }
            if (at < to && text[at] == '"' && open[depth - 1] == '{') {
                int close = JsonText.skipPlain(text, at + 1, to);
                if (close + 2 < to && text[close] == '"' && text[close + 1] == ':' && text[close + 2] > ' ') {
                    wanted = depth == 1 && members.key(at + 1, close, false);
                    at = close + 2;
                    continue;
                }
            }
            at = scanKey(open[depth - 1], at);
            if (at == STOP) {
                return STOP;
            }
        }
    }

    /** Return the first byte inside an object or array that is not a space. */
    private int openContainer(int first, int at) {
        if (depth == open.length) {
            return stop(Reason.TOO_DEEP, at, "nested deeper than " + open.length);
        }
        if (wanted) {
            members.other(first == '{' ? Kind.OBJECT : Kind.ARRAY, at);
            wanted = false;
        }
        open[depth++] = (byte) first;
        return skipSpace(at + 1);
    }

    /** Scan from the end of a value to the next key or element, or to the end of the outermost value. */
    private int scanToNext(int at) {
        while (depth > 0) {
            at = skipSpace(at);
            int token = byteAt(at);
            if (token == ',') {
                return skipSpace(at + 1);
            }
            if (token != closing(open[depth - 1])) {
                return stopAtToken(at, "expected a comma or the end of the object or array");
            }
            depth--;
            at++;
        }
        return at;
    }

    private static int closing(int opening) {
        return opening + 2;
    }

    /** Scan a key and its colon, if the container is an object; return where the value begins. */
    private int scanKey(int container, int at) {
        wanted = false;
        if (container == '[') {
            return at;
        }
        if (byteAt(at) != '"') {
            return stopAtToken(at, "expected a key in quotes");
        }
        int from = at + 1;
        at = scanString(from);
        if (at == STOP) {
            return STOP;
        }
        if (depth == 1) {
            wanted = members.key(from, at - 1, escaped);
        }
        at = skipSpace(at);
        if (byteAt(at) != ':') {
            return stopAtToken(at, "expected a colon after the key");
        }
        return skipSpace(at + 1);
    }

    private int scanScalar(int first, int at) {
        switch (first) {
            case '"':
                int after = scanString(at + 1);
                if (after != STOP && wanted) {
                    members.string(at + 1, after - 1, escaped);
                }
                return after;
            case 't':
                return scanLiteral(TRUE, at);
            case 'f':
                return scanLiteral(FALSE, at);
            case 'n':
                return scanLiteral(NULL, at);
            case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
                return scanNumber(at);
            case END:
                return stopReading(at, at, "the text ends before its value");
            default:
                return stopAtToken(at, "no JSON value begins like this");
        }
    }

    private int scanString(int at) {
        escaped = false;
        while (true) {
            at = JsonText.skipPlain(bytes, at, end);
            int next = byteAt(at);
            if (next == '"') {
                return at + 1;
            }
            if (next == '\\') {
                escaped = true;
                at = scanEscape(at);
            } else if (next == END) {
                return stopReading(at, at, "the text ends inside a string");
            } else if (next >= 0) { // not plain, no quote, no backslash, ASCII: a control character
                return stopReading(at, at, "a raw control character inside a string");
            } else {
                at = scanWide(at);
            }
            if (at == STOP) {
                return STOP;
            }
        }
    }

    private int scanWide(int at) {
        while (at < end && bytes[at] < 0) {
            int next = Utf8.endOfSequence(bytes, at, end);
            if (next == Utf8.INVALID) {
                return stop(Reason.NOT_UTF8, at, "not valid UTF-8");
            }
            at = next;
        }
        return at;
    }

    private int scanEscape(int at) {
        switch (byteAt(at + 1)) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
                return at + 2;
            case 'u':
                return scanUnicodeEscape(at);
            default:
                return stopReading(at, at + 1, "not an escape of JSON");
        }
    }

    private int scanUnicodeEscape(int at) {
        int unit = JsonText.hexUnit(bytes, at + 2, end);
        if (unit < 0) {
            int brokenAt = at + 2;
            while (brokenAt < end && JsonText.hexDigit(bytes[brokenAt]) >= 0) {
                brokenAt++;
            }
            return stopReading(at, brokenAt, "expected four hexadecimal digits after this escape");
        }
        int after = at + JsonText.UNIT_BYTES;
        if (!Character.isSurrogate((char) unit)) {
            return after;
        }
        if (Character.isHighSurrogate((char) unit) && byteAt(after) == '\\' && byteAt(after + 1) == 'u') {
            int low = JsonText.hexUnit(bytes, after + 2, end);
            if (low >= 0 && Character.isLowSurrogate((char) low)) {
                return after + JsonText.UNIT_BYTES;
            }
        }
        defect.add(Reason.LONE_SURROGATE, at, "half of a surrogate pair");
        return after;
    }

    private int scanLiteral(byte[] literal, int at) {
        int last = at + literal.length - Integer.BYTES; // the four last letters; the first one is known
        if (last + Integer.BYTES > end
                || JsonText.halfWordAt(bytes, last) != JsonText.halfWordAt(literal, literal.length - Integer.BYTES)) {
            return stopAtLetter(literal, at);
        }
        if (wanted) {
            members.other(literal == NULL ? Kind.NULL : Kind.BOOLEAN, at);
        }
        return at + literal.length;
    }

    private int stopAtLetter(byte[] literal, int at) {
        int index = 1;
        while (byteAt(at + index) == literal[index]) {
            index++;
        }
        return stopReading(at, at + index, "not true, false or null");
    }

    private int scanNumber(int from) {
        int at = bytes[from] == '-' ? from + 1 : from;
        int digitsFrom = at;
        at = skipDigits(at);
        int digits = at - digitsFrom;
        if (digits == 0 || digits > 1 && bytes[digitsFrom] == '0') {
            return stopReading(from, digits == 0 ? at : digitsFrom + 1, "not a number of JSON");
        }
        boolean whole = true;
        boolean exponent = false;
        int next = byteAt(at);
        if (next == '.') {
            whole = false;
            int fractionFrom = at + 1;
            at = skipDigits(fractionFrom);
            if (at == fractionFrom) {
                return stopReading(from, at, "expected a digit after the point");
            }
            next = byteAt(at);
        }
        if (next == 'e' || next == 'E') {
            whole = false;
            exponent = true;
            int sign = byteAt(at + 1);
            int exponentFrom = sign == '+' || sign == '-' ? at + 2 : at + 1;
            at = skipDigits(exponentFrom);
            if (at == exponentFrom) {
                return stopReading(from, at, "expected a digit in the exponent");
            }
        }
        if ((exponent || digits > DIGITS_ALWAYS_FINITE) && isInfinite(from, at)) {
            defect.add(Reason.NUMBER_OUT_OF_RANGE, from, "not a finite double");
        }
        if (wanted) {
            members.number(from, at, whole);
        }
        return at;
    }

    private int skipDigits(int at) {
        while (at < end && bytes[at] >= '0' && bytes[at] <= '9') {
            at++;
        }
        return at;
    }

    private boolean isInfinite(int from, int to) {
        return Double.isInfinite(Double.parseDouble(new String(bytes, from, to - from, StandardCharsets.ISO_8859_1)));
    }

    private int skipSpace(int at) {
        while (at < end) {
            byte next = bytes[at];
            if (next > ' ') {
                return at;
            }
            if (next == '\n' || next == '\r') {
                lineBreaks = true;
            } else if (next != ' ' && next != '\t') {
                return at;
            }
            at++;
        }
        return at;
    }

    private int byteAt(int at) {
        return at < end ? bytes[at] : END;
    }

    private int stopAtToken(int at, String expected) {
        return stopReading(at, at, at < end ? expected : "the text ends before its value does");
    }

    /**
     * Stop where the text is not JSON. If the value has another format, or the broken byte is not UTF-8 either, that is
     * the reason.
     *
     * @param at the broken token, for the detail
     * @param brokenAt the first byte that is not allowed there
     */
    private int stopReading(int at, int brokenAt, String expected) {
        if (brokenAt == begin && brokenAt < end && Framing.recognize(bytes, begin, end, defect)) {
            return STOP;
        }
        if (brokenAt < end && bytes[brokenAt] < 0) {
            if (brokenAt == begin && Utf8.startsWithByteOrderMark(bytes, begin, end)) {
                return stop(Reason.NOT_UTF8, begin, "a byte order mark");
            }
            if (Utf8.endOfSequence(bytes, brokenAt, end) == Utf8.INVALID) {
                return stop(Reason.NOT_UTF8, brokenAt, "not valid UTF-8");
            }
        }
        if (bytes[begin] == 0 || end - begin > 1 && bytes[begin + 1] == 0) {
            return stop(Reason.NOT_UTF8, begin, "two or more bytes per character, as UTF-16 has them");
        }
        return stop(Reason.NOT_JSON, at, expected);
    }

    private int stop(Reason reason, int at, String message) {
        defect.replace(reason, Math.min(at, end - 1), message);
        return STOP;
    }
}
