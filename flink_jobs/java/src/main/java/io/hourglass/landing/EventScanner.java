package io.hourglass.landing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Decides in one pass over the bytes whether an event may land, without making an object of what it reads.
 *
 * <p>Accepted means: one JSON object (RFC 8259), valid UTF-8, to its last byte; size and depth within the contract;
 * each number a finite double; no lone surrogate; the contract's fields present once and typed.
 *
 * <p>Two classes of defects. One that makes the bytes unreadable as JSON (or too deep to read on) ends the scan. A
 * defect of the content is remembered, the first one wins, and the scan goes on: a text that is no JSON is always
 * called so, whatever else is wrong with it. {@link #position} never lies outside the value.
 *
 * <p>An instance belongs to one thread; what its methods return holds until the next call of {@link #accepts}.
 */
final class EventScanner {
    private static final int STOP = -1;
    private static final int END = 0x100; // no byte is that
    private static final int DIGITS_ALWAYS_FINITE = 308;
    private static final byte[] TRUE = {'t', 'r', 'u', 'e'};
    private static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};

    private final Contract contract;
    private final byte[] open;
    private final Rfc3339 time = new Rfc3339();
    private final Shapes shapes = new Shapes();

    private byte[] bytes;
    private int begin;
    private int end;
    private int depth;
    private boolean escaped;
    private boolean lineBreaks;
    private Contract.Field member;
    private long seen;
    private int eventType;
    private long occurredAt;
    private long schemaVersion;
    private Reason reason;
    private Contract.Field reasonField;
    private int position;
    private String message;

    EventScanner(Contract contract) {
        this.contract = contract;
        this.open = new byte[contract.depthMax];
    }

    /**
     * Scan the value of a record; false leaves {@link #code} and {@link #detail} to read.
     *
     * @param value what lies between position and limit of a buffer over an array, or null
     */
    boolean accepts(ByteBuffer value) {
        reset(value);
        if (value == null) {
            fail(Reason.EMPTY, 0, "the record has no value (a tombstone)");
        } else if (end == begin) {
            fail(Reason.EMPTY, begin, "the value has no bytes");
        } else if (end - begin > contract.eventBytesMax) {
            fail(Reason.TOO_LARGE, begin + contract.eventBytesMax, "the largest event ends here, the value goes on");
        } else {
            scanDocument();
        }
        return reason == null;
    }

    /** The reason code of the last value that was not accepted. */
    String code() {
        return reasonField == null ? reason.code() : reason.code(reasonField.name());
    }

    /** Where and what is wrong; holds nothing of the value itself. */
    String detail() {
        return "byte " + position + ": " + message;
    }

    /** Whether a CR or LF lies between the tokens of the last value. In accepted JSON it lies nowhere else. */
    boolean hasLineBreaks() {
        return lineBreaks;
    }

    /** Index of the last value's event type in the contract, or {@link Names#UNKNOWN}. */
    int eventType() {
        return eventType;
    }

    /**
     * What is odd about the last value, as a mask of {@link Flag}s.
     *
     * @param timestamp the record's own, in milliseconds: a replay of the record gives the same flags
     */
    int flags(long timestamp) {
        boolean skewed = occurredAt != Rfc3339.INVALID
                && (occurredAt - timestamp > contract.clockAheadMillisMax
                        || timestamp - occurredAt > contract.clockBehindMillisMax);
        return Flag.CLOCK_SKEW.when(skewed)
                | Flag.UNKNOWN_TYPE.when(eventType == Names.UNKNOWN)
                | Flag.SCHEMA_VERSION.when(schemaVersion != contract.schemaVersion);
    }

    Shapes shapes() {
        return shapes;
    }

    private void reset(ByteBuffer value) {
        bytes = value == null ? null : value.array();
        begin = value == null ? 0 : value.arrayOffset() + value.position();
        end = value == null ? 0 : begin + value.remaining();
        depth = 0;
        lineBreaks = false;
        member = null;
        seen = 0;
        eventType = Names.UNKNOWN;
        occurredAt = Rfc3339.INVALID;
        schemaVersion = contract.schemaVersion;
        reason = null;
        reasonField = null;
    }

    private void scanDocument() {
        int start = skipSpace(begin);
        int first = byteAt(start);
        int at = first == '{' || first == '[' ? scanContainer(start) : scanScalar(first, start);
        if (at == STOP) {
            return;
        }
        at = skipSpace(at);
        if (at < end) {
            stopReading(at, at, "something follows the end of the value");
        } else if (bytes[start] != '{') {
            reason = null;
            fail(Reason.NOT_OBJECT, start, "the value is not an object");
        } else if (reason == null) {
            checkNothingMissing();
        }
    }

    private void checkNothingMissing() {
        if ((seen & contract.required) == contract.required) {
            return;
        }
        for (Contract.Field field : contract.fields) {
            if (field.required() && (seen & 1L << field.index()) == 0) {
                fail(Reason.MISSING, field, end - 1, "the object ends without this field");
                return;
            }
        }
    }

    /**
     * Scan the object or array that begins at {@code at} and all inside it; the stack is an array, never the thread's.
     *
     * <p>Value by value: what lies before the next one is compared with what lay there in earlier events, and only if
     * that is not known it is read token by token.
     */
    private int scanContainer(int at) {
        final byte[] text = bytes;
        final int to = end;
        Shapes.Place place = shapes.beginning();
        while (true) {
            Shapes.Place next = place == null ? null : place.next(text, at, to);
            if (next == null) {
                if (place != null) {
                    resume(place.known);
                }
                int from = at;
                at = scanToValue(at);
                if (at == STOP) {
                    return STOP;
                }
                if (place != null && isSoundBefore(at)) {
                    byte[] between = Arrays.copyOfRange(text, from, at);
                    next = shapes.add(place, between, Arrays.copyOf(open, depth), member, seen);
                }
                if (depth == 0) {
                    return at;
                }
            } else {
                at += next.length;
                member = next.member;
                if (next.ends) {
                    seen = next.known.seen();
                    return at;
                }
            }
            place = next;
            int first = at < to ? text[at] : END;
            int close = first == '"' ? JsonText.skipPlain(text, at + 1, to) : to;
            if (close < to && text[close] == '"') {
                escaped = false;
                if (member != null) {
                    checkString(at + 1, close);
                }
                at = close + 1;
            } else {
                at = scanScalar(first, at);
                if (at == STOP) {
                    return STOP;
                }
            }
        }
    }

    /** Know again what was known at a place. */
    private void resume(Shapes.Known known) {
        depth = known.open().length;
        System.arraycopy(known.open(), 0, open, 0, depth);
        seen = known.seen();
    }

    /** Whether all that stands before a value would be right in any other event too, and lines need no care. */
    private boolean isSoundBefore(int at) {
        return reason == null && !lineBreaks && (depth == 0 || Shapes.beginsScalar(byteAt(at)));
    }

    /**
     * Scan from the end of a value, or from the beginning of the outermost, to where the next value begins that is
     * neither object nor array, or to the end of the outermost.
     */
    private int scanToValue(int at) {
        boolean behindValue = depth > 0;
        while (true) {
            if (behindValue) {
                at = skipSpace(at);
                int container = open[depth - 1];
                int token = byteAt(at);
                if (token == closing(container)) {
                    depth--;
                    at++;
                    if (depth == 0) {
                        return at;
                    }
                    continue;
                }
                if (token != ',') {
                    return stopAtToken(at, "a comma or the end of the object or array must stand here");
                }
                at = scanKey(container, skipSpace(at + 1));
                if (at == STOP) {
                    return STOP;
                }
            }
            int first = byteAt(at);
            if (first != '{' && first != '[') {
                return at;
            }
            if (depth == open.length) {
                return stop(Reason.TOO_DEEP, at, "nested deeper than " + open.length);
            }
            checkContainer(first, at);
            open[depth++] = (byte) first;
            at = skipSpace(at + 1);
            behindValue = byteAt(at) == closing(first);
            if (!behindValue) {
                at = scanKey(first, at);
                if (at == STOP) {
                    return STOP;
                }
            }
        }
    }

    private static int closing(int opening) {
        return opening + 2;
    }

    /** Scan a key and its colon, if the container is an object; return where the value begins. */
    private int scanKey(int container, int at) {
        member = null;
        if (container == '[') {
            return at;
        }
        if (byteAt(at) != '"') {
            return stopAtToken(at, "a key in quotes must stand here");
        }
        int from = at + 1;
        at = scanString(from);
        if (at == STOP) {
            return STOP;
        }
        if (depth == 1) {
            enterField(from, at - 1);
        }
        at = skipSpace(at);
        if (byteAt(at) != ':') {
            return stopAtToken(at, "a colon must follow the key");
        }
        return skipSpace(at + 1);
    }

    private void enterField(int from, int to) {
        byte[] name = escaped ? JsonText.unescape(bytes, from, to) : bytes;
        int index = escaped ? contract.fieldNames.find(name, 0, name.length) : contract.fieldNames.find(name, from, to);
        if (index == Names.UNKNOWN) {
            return;
        }
        member = contract.fields[index];
        if ((seen & 1L << index) != 0) {
            fail(Reason.DUPLICATE_KEY, from - 1, "a field of the contract stands twice in the event");
        }
        seen |= 1L << index;
    }

    private int scanScalar(int first, int at) {
        switch (first) {
            case '"':
                int after = scanString(at + 1);
                if (after != STOP && member != null) {
                    checkString(at + 1, after - 1);
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
            } else if (next >= 0) { // neither quote, backslash nor above: below the space
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
            return stopReading(at, brokenAt, "four hexadecimal digits must follow this escape");
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
        fail(Reason.LONE_SURROGATE, at, "half of a surrogate pair");
        return after;
    }

    private int scanLiteral(byte[] literal, int at) {
        int last = at + literal.length - Integer.BYTES; // of "false" its first letter has been read
        if (last + Integer.BYTES > end
                || JsonText.halfWordAt(bytes, last) != JsonText.halfWordAt(literal, literal.length - Integer.BYTES)) {
            return stopAtLetter(literal, at);
        }
        if (member != null && (literal != NULL || member.required())) {
            fail(Reason.TYPE, member, at, literal == NULL ? "null, but the field is required" : "a boolean");
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
                return stopReading(from, at, "a digit must follow the point");
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
                return stopReading(from, at, "a digit must follow the exponent");
            }
        }
        if ((exponent || digits > DIGITS_ALWAYS_FINITE) && isInfinite(from, at)) {
            fail(Reason.NUMBER_OUT_OF_RANGE, from, "not a finite double");
        }
        if (member != null) {
            checkNumber(whole, digitsFrom, from, at);
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

    private void checkNumber(boolean whole, int digitsFrom, int from, int to) {
        if (member.type() != Contract.Type.INTEGER) {
            fail(Reason.TYPE, member, from, "a number");
        } else if (!whole) {
            fail(Reason.TYPE, member, from, "a number with a fraction or an exponent");
        } else if (to - digitsFrom > 18 && !JsonText.fitsLong(bytes, from, to)) {
            fail(Reason.TYPE, member, from, "an integer beyond 64 bits");
        } else {
            checkInteger(JsonText.toLong(bytes, from, to), from);
        }
    }

    private void checkInteger(long number, int from) {
        if (number < member.integerMin()) {
            fail(Reason.TYPE, member, from, "an integer below " + member.integerMin());
        } else if (number > member.integerMax()) {
            fail(Reason.TYPE, member, from, "an integer above " + member.integerMax());
        }
        if (member.index() == contract.schemaVersionField) {
            schemaVersion = number;
        }
    }

    private void checkContainer(int opening, int at) {
        if (member == null) {
            return;
        }
        if (opening == '[') {
            fail(Reason.TYPE, member, at, "an array");
        } else if (member.type() != Contract.Type.OBJECT) {
            fail(Reason.TYPE, member, at, "an object");
        }
        member = null;
    }

    private void checkString(int from, int to) {
        byte[] text = bytes;
        int textFrom = from;
        int textTo = to;
        if (escaped) {
            text = JsonText.unescape(bytes, from, to);
            textFrom = 0;
            textTo = text.length;
        }
        switch (member.type()) {
            case STRING -> checkText(text, textFrom, textTo, from);
            case ID -> {
                if (!JsonText.isId(text, textFrom, textTo)) {
                    fail(Reason.BAD_ID, from - 1, "not 1 to 128 of A-Z a-z 0-9 . _ : - beginning with a letter or digit");
                }
            }
            case TIMESTAMP -> checkTime(text, textFrom, textTo, from);
            case INTEGER, OBJECT -> fail(Reason.TYPE, member, from - 1, "a string");
        }
    }

    private void checkText(byte[] text, int textFrom, int textTo, int from) {
        int length = textTo - textFrom;
        if (length > member.lengthMax() && Utf8.count(text, textFrom, textTo) > member.lengthMax()) {
            fail(Reason.TYPE, member, from - 1, "longer than " + member.lengthMax() + " characters");
        } else if (length < Utf8.BYTES_MAX * member.lengthMin()
                && Utf8.count(text, textFrom, textTo) < member.lengthMin()) {
            fail(Reason.TYPE, member, from - 1, "shorter than " + member.lengthMin() + " characters");
        }
        if (member.index() == contract.eventTypeField) {
            eventType = contract.typeNames.find(text, textFrom, textTo);
        }
    }

    private void checkTime(byte[] text, int textFrom, int textTo, int from) {
        long milliseconds = time.milliseconds(text, textFrom, textTo);
        if (milliseconds == Rfc3339.INVALID) {
            fail(Reason.BAD_TIME, from - 1, "not an RFC 3339 time with a zone");
        }
        if (member.index() == contract.occurredAtField) {
            occurredAt = milliseconds;
        }
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
     * Stop where the text is no JSON. The byte that broke it may not even be UTF-8, and that is the truer reason.
     *
     * @param at the token that is broken, which the detail points to
     * @param brokenAt the first byte that cannot stand there
     */
    private int stopReading(int at, int brokenAt, String expected) {
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

    /** End the scan: this reason replaces a remembered one. */
    private int stop(Reason stopReason, int at, String text) {
        reason = null;
        fail(stopReason, Math.min(at, end - 1), text);
        return STOP;
    }

    private void fail(Reason failReason, int at, String text) {
        fail(failReason, null, at, text);
    }

    private void fail(Reason failReason, Contract.Field field, int at, String text) {
        if (reason == null) {
            reason = failReason;
            reasonField = field;
            position = at - begin;
            message = text;
        }
    }
}
