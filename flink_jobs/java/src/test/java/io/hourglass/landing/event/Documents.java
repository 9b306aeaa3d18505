package io.hourglass.landing.event;

import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/** Random documents: events, almost events, and noise. */
final class Documents {
    private static final int RARE = 4000;
    private static final byte[] TELLING = Contracts.utf8("{}[]\",:\\u0019.eE+-tfn \n\t/dD8cC\u00e4\u4e2d\ud83d\ude00\u0000");
    private static final String[] TOKENS = {"{", "}", "[", "]", ",", ":", "\"", "\"a\"", "null", "true", "false", "NaN",
        "Infinity", "-", "0", "01", "1.", ".5", "1e", "1e5", "1e999", "-1e400", "1E-400", "//", "/**/", "'", " ", "\r\n", "\t",
        "\u00a0", "\u2028", "\u0085", "\ufeff", "\\", "\\u", "\\u12", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\u0000", "\\n",
        "{}", "[]", "\"event_id\":\"x\",", "\"payload\":{}", "\u0001", "tru", "nul", "1e+", "9".repeat(308), "9".repeat(309)};
    private static final String[] DAMAGES = {"80", "bf", "c080", "c0af", "c3", "c328", "e2", "e282", "e28228", "eda080",
        "edb080", "edbfbf", "e08080", "f08080af", "f0288cbc", "f4908080", "f5808080", "f8888080", "ff", "fe", "ffff", "efbb", "00"};
    private static final String[] BEGINS = {"0000000007", "0001020304", "007b002200", "0000000000", "000000000000000007", "0300", "0305",
        "0300000102030405060708090a0b0c0d0e0f", "1f8b08", "28b52ffd", "04224d18", "ff060000734e61507059", "82534e4150505900", "425a68",
        "fd377a585a00", "504b0304", "4f626a01", "c301", "50415231", "3a290a", "d9d9f7", "87a86576656e745f6964", "de0001a161", "a7686576656e745f6964",
        "bf6161", "81a1", "a160", "0000007b00000022", "00005b0000007b00"};
    private static final String[] EVENT_BEGINS = {Contracts.EVENT, "{}", "{", "[", "a", "\u0000", "\u0000\u0000{"};
    private static final String BRACKETS = "{}[]";
    private static final String[] IDS = {"e-1", "0", "a.b_c:d-e", "", " ", "  \u3000", "a/b", "a b", "\\u0065-1", "\u0430", "a\\nb",
        "x\\u0000", "\\ud83d\\ude00", "\\ud83d", "a\u200b", "\\u202ea", "\u007f", "\u0085", "a\\u007f", "\ud83d\ude00+/=",
        "\udb40\udc01", "\u4e2d".repeat(128), "\u4e2d".repeat(129), " a", "a\\tb"};
    private static final String[] TIMES = {"2025-08-01T03:00:00Z", "2025-08-01T03:59:59.123456789+02:00",
        "2024-02-29T00:00:00-23:59", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59.9-00:00",
        "9999-12-31T23:59:59-00:01", "2025-02-29T00:00:00Z", "2025-08-01T24:00:00Z", "2025-08-01T03:00:60Z",
        "2025-08-01T03:00:00", "2025-08-01 03:00:00Z", "2025-08-01T03:00:00.Z", "2025-08-01T03:00:00+24:00",
        "2025-W31-5T03:00:00Z", "1754017200", "", "2025-08-01T03:00:00\\u005a", "2025-08-01T03:00:00.1234567890Z"};
    private static final String[] NUMBERS = {"0", "-0", "1", "12", "-1.5", "1e5", "2E-7", "3.25e+10", "1e400", "-1e309", "1e-999",
        "0e999", "0.0e99999999999", "1e99999999999", "1e-99999999999", "1.7976931348623157e308", "1.7976931348623158e308",
        "1.7976931348623159e308", "179769313486231570814e288", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "123456789012345678901", "999999999999999999", "1.0", "0.5",
        "9".repeat(308), "9".repeat(309), "1" + "0".repeat(308), "1" + "0".repeat(309)};
    private static final String[] LITERALS = {"true", "false", "null"};
    private static final String[] TEXTS = {"a", "event_id", " ", "\u00e4", "\u4e2d", "\ud83d\ude00", "\\n", "\\\"", "\\\\",
        "\\/", "\\u00e4", "\\uD83D\\uDE00", "\\ud83d\\ude00", "\u007f", "\u2028", "\u0085", "\\u0000", "long enough for words"};
    private static final String[] RARE_TEXTS = {"\\ud83d", "\\udc00", "\\ud83d\\u0041", "\\ud83d\\ud83d\\ude00", "\\uDBFF\\uDFFF"};
    private static final String[] SPACES = {" ", "\t", "\n", "\r\n", "  "};
    private static final Charset[] ENCODINGS = {StandardCharsets.UTF_16, StandardCharsets.UTF_16BE, StandardCharsets.UTF_16LE,
        Charset.forName("UTF-32BE"), Charset.forName("UTF-32LE")};

    private final Random random;

    Documents(Random random) {
        this.random = random;
    }

    /** Make one document; about a third of them are accepted. */
    byte[] next() {
        if (random.nextInt(RARE) == 0) {
            return Contracts.utf8(huge());
        }
        byte[] document = switch (random.nextInt(16)) {
            case 0 -> random.nextBoolean() ? noise() : framed();
            case 1, 2 -> Contracts.utf8(space() + value(0) + space());
            case 3 -> random.nextInt(4) == 0 ? event().getBytes(pick(ENCODINGS)) : Contracts.utf8("\ufeff" + event());
            default -> Contracts.utf8(event());
        };
        for (int mutations = random.nextInt(2) * random.nextInt(5); mutations > 0; mutations--) {
            document = mutate(document);
        }
        return document;
    }

    /** Make an event: mostly complete, its fields in any order, some missing, doubled or of another type. */
    String event() {
        List<String> members = new ArrayList<>();
        addMember(members, "event_id", () -> quoted(random.nextInt(12) == 0 ? pick(IDS) : "e-" + random.nextInt(100)));
        addMember(members, "event_type", () -> random.nextInt(12) == 0 ? string() : "\"RUN_START\"");
        addMember(members, "schema_version", () -> random.nextInt(12) == 0 ? pick(NUMBERS) : "1");
        addMember(members, "occurred_at", () -> quoted(random.nextInt(12) == 0 ? pick(TIMES) : TIMES[0]));
        addMember(members, "payload", () -> object(0));
        if (random.nextInt(3) == 0) {
            addMember(members, "run_id", this::string);
        }
        if (random.nextInt(8) == 0) {
            members.add(string() + ":" + value(0));
        }
        if (random.nextInt(16) == 0) {
            members.add(pick(members.toArray(String[]::new)));
        }
        if (random.nextInt(4) == 0) {
            Collections.shuffle(members, random);
        }
        return "{" + space() + String.join(space() + "," + space(), members) + space() + "}";
    }

    private void addMember(List<String> members, String name, Supplier<String> value) {
        int fate = random.nextInt(60);
        String spelled = fate == 0 ? "\\u00" + HexFormat.of().toHexDigits((byte) name.charAt(0)) + name.substring(1) : name;
        if (fate != 1) {
            members.add("\"" + spelled + "\"" + space() + ":" + space() + (fate == 2 ? value(3) : value.get()));
        }
    }

    /** Make a number, a name or a nesting beyond the limit of some reader. */
    private String huge() {
        return switch (random.nextInt(5)) {
            case 0 -> Contracts.EVENT.replace("{}", "{\"n\":0." + "1".repeat(995 + random.nextInt(20)) + "}");
            case 1 -> Contracts.EVENT.replace("{}", "{\"" + "n".repeat(49_995 + random.nextInt(20)) + "\":1}");
            case 2 -> Contracts.EVENT.replace("{}", "{\"s\":\"" + "s".repeat(59_850 + random.nextInt(100)) + "\"}");
            case 3 -> Contracts.EVENT.replace("{}", "{\"a\":" + "[".repeat(2000) + "]".repeat(2000) + "}");
            default -> Contracts.EVENT.replace("{}", "{\"n\":" + "9".repeat(300 + random.nextInt(20)) + "e-" + random.nextInt(20) + "}");
        };
    }

    /** Make an event behind the first bytes of another format, or behind some of them. */
    private byte[] framed() {
        byte[] begin = HexFormat.of().parseHex(pick(BEGINS));
        byte[] event = Contracts.utf8(random.nextBoolean() ? "" : space() + EVENT_BEGINS[random.nextInt(EVENT_BEGINS.length)]);
        return splice(event, 0, 0, random.nextInt(4) > 0 ? begin : java.util.Arrays.copyOf(begin, random.nextInt(begin.length + 1)));
    }

    byte[] noise() {
        byte[] noise = new byte[random.nextInt(40)];
        for (int at = 0; at < noise.length; at++) {
            noise[at] = random.nextInt(5) == 0 ? (byte) random.nextInt() : TELLING[random.nextInt(TELLING.length)];
        }
        return noise;
    }

    private byte[] mutate(byte[] document) {
        if (document.length == 0) {
            return document;
        }
        int at = random.nextInt(document.length);
        int length = Math.min(document.length - at, 1 + random.nextInt(12));
        return switch (random.nextInt(11)) {
            case 0 -> splice(document, at, 1, new byte[] {(byte) (document[at] ^ 1 << random.nextInt(8))});
            case 1 -> splice(document, at, 1, new byte[] {TELLING[random.nextInt(TELLING.length)]});
            case 2 -> splice(document, at, 0, new byte[] {TELLING[random.nextInt(TELLING.length)]});
            case 3 -> splice(document, at, 1 + random.nextInt(3), new byte[0]);
            case 4 -> splice(document, random.nextInt(3) == 0 ? at : document.length - 1, document.length, new byte[0]);
            case 5 -> splice(document, at, random.nextInt(2), Contracts.utf8(pick(TOKENS)));
            case 6 -> splice(document, at, 0, HexFormat.of().parseHex(pick(DAMAGES)));
            case 7 -> splice(document, random.nextInt(document.length), 0, java.util.Arrays.copyOfRange(document, at, at + length));
            case 8 -> swapBracket(document, at);
            case 9 -> splice(document, at, 0, Contracts.utf8(value(3)));
            default -> splice(document, at, 1, new byte[] {(byte) random.nextInt()});
        };
    }

    /** Close, or open, the next container with the bracket of another kind. */
    private byte[] swapBracket(byte[] document, int from) {
        int at = from;
        while (at < document.length - 1 && BRACKETS.indexOf(document[at]) < 0) {
            at++;
        }
        return splice(document, at, 1, new byte[] {(byte) BRACKETS.charAt(random.nextInt(BRACKETS.length()))});
    }

    private static byte[] splice(byte[] document, int at, int removed, byte[] added) {
        int rest = Math.min(document.length, at + removed);
        ByteBuffer result = ByteBuffer.allocate(at + added.length + document.length - rest);
        return result.put(document, 0, at).put(added).put(document, rest, document.length - rest).array();
    }

    private String value(int depth) {
        return switch (random.nextInt(depth > 2 + random.nextInt(9) ? 4 : 6)) {
            case 0 -> pick(LITERALS);
            case 1 -> random.nextInt(4) == 0 ? pick(NUMBERS) : Integer.toString(random.nextInt(1000));
            case 2, 3 -> string();
            case 4 -> list("[", "]", () -> value(depth + 1));
            default -> object(depth);
        };
    }

    private String object(int depth) {
        return list("{", "}", () -> name() + space() + ":" + space() + value(depth + 1));
    }

    private String list(String open, String close, Supplier<String> element) {
        StringBuilder text = new StringBuilder(open);
        for (int count = random.nextInt(4), index = 0; index < count; index++) {
            text.append(index == 0 ? "" : ",").append(space()).append(element.get());
        }
        return text.append(space()).append(close).toString();
    }

    private String name() {
        return random.nextInt(10) == 0 ? string() : quoted(pick(TEXTS));
    }

    private String string() {
        StringBuilder text = new StringBuilder();
        for (int count = random.nextInt(4); count > 0; count--) {
            text.append(random.nextInt(60) == 0 ? pick(RARE_TEXTS) : pick(TEXTS));
        }
        return quoted(text.toString());
    }

    private static String quoted(String text) {
        return '"' + text + '"';
    }

    private String space() {
        return random.nextInt(12) > 0 ? "" : pick(SPACES);
    }

    @SafeVarargs
    private <T> T pick(T... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
