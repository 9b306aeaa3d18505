package io.hourglass.landing.event;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamReadConstraints;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.exc.StreamReadException;

/**
 * A second implementation of the rules, with Jackson's tokens, the JDK's UTF-8 decoder, java.time, BigDecimal and
 * regular expressions. It shares only the contract with the scanner, and may be slow.
 */
final class ReferenceValidator {
    /** A reason code or {@code accepted}, and the position that the detail names. */
    record Verdict(String code, int position) {}

    static final String ACCEPTED = "accepted";

    /** The identities of {@link Contracts#JSON}. */
    private static final Pattern ID = Pattern.compile("(?![ \\u3000]*\\z)"
            + "[^\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\x{e0000}-\\x{e007f}]{1,128}");
    private static final Pattern UTF_16 = Pattern.compile("\\x00[^\\x00]\\x00[^\\x00]\\x00.*", Pattern.DOTALL);
    private static final Pattern UTF_32 = Pattern.compile("\\x00\\x00(?!\\x00\\x00)..\\x00\\x00(?:..|(?:....)+..)", Pattern.DOTALL);
    private static final Pattern REGISTRY = Pattern.compile(
            "\\x00(?:\\x00(?!\\x00\\x00\\x00).{4}.*|....[ \\t\\r\\n]*\\{.*|.{8}[ \\t\\r\\n]*\\{.*)|\\x03[\\x00\\x05].{17}.*", Pattern.DOTALL);
    private static final Pattern COMPRESSED = Pattern.compile("(?:\\x1f\\x8b|\\x28\\xb5\\x2f\\xfd|\\x04\\x22\\x4d\\x18"
            + "|\\xff\\x06\\x00\\x00sNaPpY|\\x82SNAPPY\\x00|BZh|\\xfd7zXZ\\x00|PK\\x03\\x04).*", Pattern.DOTALL);
    private static final Pattern BINARY = Pattern.compile("(?:Obj\\x01|\\xc3\\x01|PAR1|:\\)\\n|\\xd9\\xd9\\xf7).*", Pattern.DOTALL);
    private static final Pattern PACKED_MAP =
            Pattern.compile("(?:[\\x81-\\x8f]|\\xde..)([\\xa1-\\xb7])([!-~]{1,23})(.*)", Pattern.DOTALL);
    private static final Pattern CBOR_MAP =
            Pattern.compile("[\\xa1-\\xb7\\xbf]([\\x61-\\x77])([!-~]{1,23})(.*)", Pattern.DOTALL);
    private static final Pattern TIME =
            Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})");
    private static final Pattern NUMBER = Pattern.compile("-?([0-9]+)(?:\\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?");
    private static final Pattern STRING_PART = Pattern.compile("[^\"\\\\]++|\\\\u(\\p{XDigit}{4})|\\\\.");
    private static final Pattern BEGUN_SCALAR = Pattern.compile("(?<![^ \\t\\r\\n,:\\[])"
            + "(?:t|tr|tru|f|fa|fal|fals|n|nu|nul|-|-?(?:0|[1-9][0-9]*)(?:\\.|(?:\\.[0-9]+)?[eE][+-]?))\\z");
    private static final BigDecimal FIRST_INFINITE =
            new BigDecimal(BigInteger.TWO.pow(1024).subtract(BigInteger.TWO.pow(970)));
    private static final int EXPONENT_DIGITS_MAX = 8;

    private final Contract contract;
    private final Map<String, Contract.Field> fields;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT);
    private final JsonFactory jackson = JsonFactory.builder()
            .disable(JsonFactory.Feature.CHARSET_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(Integer.MAX_VALUE)
                    .maxNumberLength(Integer.MAX_VALUE).maxNameLength(Integer.MAX_VALUE).build())
            .build();

    private byte[] bytes;
    private Verdict firstDefect;

    ReferenceValidator(Contract contract) {
        this.contract = contract;
        this.fields = Stream.of(contract.fields).collect(Collectors.toMap(Contract.Field::name, Function.identity()));
    }

    Verdict judge(byte[] value) throws IOException {
        if (value == null || value.length == 0) {
            return new Verdict("empty", 0);
        }
        if (value.length > contract.eventBytesMax) {
            return new Verdict("too_large", contract.eventBytesMax);
        }
        if (value.length > 2 && value[0] == (byte) 0xef && value[1] == (byte) 0xbb && value[2] == (byte) 0xbf) {
            return new Verdict("not_utf8", 0);
        }
        bytes = value;
        firstDefect = null;
        String format = " \t\r\n{[\"-0123456789tfn".indexOf(value[0]) < 0 ? format(value) : null;
        if (format != null) {
            return new Verdict(format, 0);
        }
        Verdict verdict = read(firstMalformed());
        boolean wide = value[0] == 0 || value.length > 1 && value[1] == 0;
        return wide && verdict.code.equals("not_json") ? new Verdict("not_utf8", 0) : verdict;
    }

    private static String format(byte[] value) {
        String text = new String(value, StandardCharsets.ISO_8859_1);
        boolean wide = UTF_16.matcher(text).matches() || UTF_32.matcher(text).matches();
        if (!wide && REGISTRY.matcher(text).matches()) {
            return "schema_registry_framing";
        }
        boolean map = isMap(PACKED_MAP.matcher(text), 0xa0) || isMap(CBOR_MAP.matcher(text), 0x60);
        return COMPRESSED.matcher(text).matches() ? "compressed_value"
                : map || BINARY.matcher(text).matches() ? "binary_format" : null;
    }

    private static boolean isMap(Matcher map, int shortText) {
        return map.matches() && map.group(2).length() >= map.group(1).charAt(0) - shortText;
    }

    private int firstMalformed() {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        return decoder.reset().decode(in, CharBuffer.allocate(bytes.length), true).isError() ? in.position() : bytes.length;
    }

    /** Read the part before {@code valid}, which is UTF-8. */
    private Verdict read(int valid) throws IOException {
        Set<String> names = new HashSet<>();
        int depth = 0;
        JsonToken root = null;
        try (JsonParser parser = jackson.createParser(bytes, 0, valid)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                int at = (int) parser.currentTokenLocation().getByteOffset();
                root = root == null ? token : root;
                if (token.isStructStart() && depth == contract.depthMax) {
                    return new Verdict("too_deep", at);
                }
                depth -= token.isStructEnd() ? 1 : 0;
                if (depth == 1 && root == JsonToken.START_OBJECT && token != JsonToken.FIELD_NAME && !token.isStructEnd()) {
                    checkTexts(parser, token, at);
                    checkField(fields.get(parser.currentName()), parser, token, at);
                } else {
                    checkTexts(parser, token, at);
                }
                if (token == JsonToken.FIELD_NAME && depth == 1 && !names.add(parser.currentName())
                        && fields.containsKey(parser.currentName())) {
                    defect("duplicate_key", at);
                }
                depth += token.isStructStart() ? 1 : 0;
                if (depth == 0) {
                    return afterRoot(root, names, endOf(parser, token, at), valid);
                }
            }
            return valid < bytes.length ? new Verdict("not_utf8", valid) : new Verdict("not_json", bytes.length - 1);
        } catch (StreamReadException e) {
            boolean wasFineSoFar = valid < bytes.length && isBegun(bytes, valid);
            return wasFineSoFar ? new Verdict("not_utf8", valid)
                    : new Verdict("not_json", (int) e.getLocation().getByteOffset());
        }
    }

    private int endOf(JsonParser parser, JsonToken token, int at) throws IOException {
        parser.finishToken();
        boolean located = token.isStructEnd() || token == JsonToken.VALUE_STRING;
        return located ? (int) parser.currentLocation().getByteOffset() : at + parser.getText().length();
    }

    private Verdict afterRoot(JsonToken root, Set<String> names, int end, int valid) {
        int at = end;
        while (at < bytes.length && " \t\r\n".indexOf(bytes[at]) >= 0) {
            at++;
        }
        if (at < bytes.length) {
            return new Verdict(at == valid ? "not_utf8" : "not_json", at);
        }
        if (root != JsonToken.START_OBJECT) {
            int start = 0;
            while (" \t\r\n".indexOf(bytes[start]) >= 0) {
                start++;
            }
            return new Verdict("not_object", start);
        }
        for (Contract.Field field : contract.fields) {
            if (firstDefect == null && field.required() && !names.contains(field.name())) {
                defect("missing:" + field.name(), bytes.length - 1);
            }
        }
        return firstDefect == null ? new Verdict(ACCEPTED, -1) : firstDefect;
    }

    private void defect(String code, int at) {
        firstDefect = firstDefect == null ? new Verdict(code, at) : firstDefect;
    }

    private void checkTexts(JsonParser parser, JsonToken token, int at) throws IOException {
        if (token == JsonToken.FIELD_NAME || token == JsonToken.VALUE_STRING) {
            parser.getText();
            checkSurrogates(at);
        } else if (token.isNumeric() && isInfinite(parser.getText())) {
            defect("number_out_of_range", at);
        }
    }

    private void checkSurrogates(int quote) {
        int ends = quote + 1;
        int high = -1;
        boolean escapes = false;
        while (bytes[ends] != '"') {
            escapes |= bytes[ends] == '\\';
            ends += bytes[ends] == '\\' ? 2 : 1;
        }
        if (!escapes) {
            return;
        }
        String raw = new String(bytes, quote + 1, ends - quote - 1, StandardCharsets.ISO_8859_1);
        Matcher part = STRING_PART.matcher(raw);
        while (part.find()) {
            char unit = part.group(1) == null ? 0 : (char) Integer.parseInt(part.group(1), 16);
            boolean completes = high >= 0 && Character.isLowSurrogate(unit);
            if (high >= 0 && !completes || high < 0 && Character.isLowSurrogate(unit)) {
                defect("lone_surrogate", quote + 1 + (high >= 0 ? high : part.start()));
                return;
            }
            high = Character.isHighSurrogate(unit) ? part.start() : -1;
        }
        if (high >= 0) {
            defect("lone_surrogate", quote + 1 + high);
        }
    }

    private static boolean isInfinite(String text) {
        Matcher number = NUMBER.matcher(text);
        if (!number.matches()) {
            throw new IllegalArgumentException(text);
        }
        boolean zero = (number.group(1) + (number.group(2) == null ? "" : number.group(2))).chars().allMatch(c -> c == '0');
        String exponent = number.group(3) == null ? "0" : number.group(3).replaceFirst("^([+-]?)0+(?=.)", "$1");
        if (zero || exponent.length() > EXPONENT_DIGITS_MAX) {
            return !zero && !exponent.startsWith("-");
        }
        return new BigDecimal(text).abs().compareTo(FIRST_INFINITE) >= 0;
    }

    private void checkField(Contract.Field field, JsonParser parser, JsonToken token, int at) throws IOException {
        if (field == null || token == JsonToken.VALUE_NULL && !field.required()) {
            return;
        }
        String text = parser.getText();
        String type = "type:" + field.name();
        boolean string = token == JsonToken.VALUE_STRING;
        switch (field.type()) {
            case STRING -> {
                int length = string ? text.codePointCount(0, text.length()) : -1;
                expect(length >= field.lengthMin() && length <= field.lengthMax() && string, type, at);
            }
            case INTEGER -> expect(token == JsonToken.VALUE_NUMBER_INT && isWithin(field, new BigInteger(text)), type, at);
            case OBJECT -> expect(token == JsonToken.START_OBJECT, type, at);
            case ID -> {
                expect(string, type, at);
                expect(ID.matcher(text).matches(), "bad_id", at);
            }
            case TIMESTAMP -> {
                expect(string, type, at);
                expect(isTime(text), "bad_time", at);
            }
        }
    }

    private void expect(boolean holds, String code, int at) {
        if (!holds) {
            defect(code, at);
        }
    }

    private static boolean isWithin(Contract.Field field, BigInteger number) {
        return number.compareTo(BigInteger.valueOf(field.integerMin())) >= 0
                && number.compareTo(BigInteger.valueOf(field.integerMax())) <= 0;
    }

    private static boolean isTime(String text) {
        Matcher time = TIME.matcher(text);
        if (!time.matches()) {
            return false;
        }
        try {
            LocalDateTime local = LocalDateTime.of(number(text, 0, 4), number(text, 5, 7), number(text, 8, 10),
                    number(text, 11, 13), number(text, 14, 16), number(text, 17, 19));
            String zone = time.group(2);
            int hours = zone.equals("Z") ? 0 : number(zone, 1, 3);
            int minutes = zone.equals("Z") ? 0 : number(zone, 4, 6);
            long offset = (zone.startsWith("-") ? 1 : -1) * (hours * 60L + minutes);
            int year = local.plusMinutes(offset).getYear();
            return hours < 24 && minutes < 60 && local.getYear() > 0 && year > 0 && year < 10_000;
        } catch (DateTimeException e) {
            return false;
        }
    }

    private static int number(String text, int from, int to) {
        return Integer.parseInt(text, from, to, 10);
    }

    /** Return whether the first bytes can begin one JSON document, according to Jackson. */
    boolean isBegun(byte[] document, int length) throws IOException {
        return isBegun(document, length, true);
    }

    private boolean isBegun(byte[] document, int length, boolean mayEndInScalar) throws IOException {
        int roots = 0;
        int depth = 0;
        try (JsonParser parser = jackson.createParser(document, 0, length)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                parser.finishToken();
                depth -= token.isStructEnd() ? 1 : 0;
                roots += depth == 0 && !token.isStructEnd() ? 1 : 0;
                depth += token.isStructStart() ? 1 : 0;
            }
            return roots <= 1;
        } catch (StreamReadException e) {
            String message = e.getOriginalMessage(); // the class is not always JsonEOFException
            if (message.startsWith("Unexpected end-of-input") && !message.endsWith("in a Number value")) { // +, -I
                return roots + (depth == 0 ? 1 : 0) <= 1;
            }
            return mayEndInScalar && isBegunScalar(document, length);
        }
    }

    private boolean isBegunScalar(byte[] document, int length) throws IOException {
        int from = Math.max(0, length - 2000);
        Matcher scalar = BEGUN_SCALAR.matcher(new String(document, from, length - from, StandardCharsets.ISO_8859_1));
        if (!scalar.find()) {
            return false;
        }
        byte[] whole = Arrays.copyOf(document, from + scalar.start() + 1);
        whole[whole.length - 1] = '0';
        return isBegun(whole, whole.length, false);
    }
}
