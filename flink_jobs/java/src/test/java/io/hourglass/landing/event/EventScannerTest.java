package io.hourglass.landing.event;

import static io.hourglass.landing.event.Contracts.EVENT;
import static io.hourglass.landing.event.Contracts.amidst;
import static io.hourglass.landing.event.Contracts.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hourglass.landing.text.JsonText;
import io.hourglass.landing.text.UtcText;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each defect of an event has one reason and one position. */
class EventScannerTest {
    private final EventScanner scanner = Contracts.scanner();

    private String verdict(byte[] value) {
        return scanner.accepts(amidst(value)) ? "accepted" : scanner.code();
    }

    private static String event(String part, String replacement) {
        assertTrue(EVENT.contains(part), part);
        return EVENT.replace(part, replacement);
    }

    private static String payload(String json) {
        return event("\"payload\":{}", "\"payload\":" + json);
    }

    @Test
    void theOrderOfFieldsMayChangeFromEventToEvent() {
        String id = "\"event_id\":\"e-1\",";
        assertTrue(EVENT.contains(id), EVENT);
        String idLast = EVENT.replace(id, "").replaceFirst("}$", "," + id.replaceFirst(",$", "}"));
        assertEquals("accepted", verdict(utf8(EVENT)));
        assertEquals("accepted", verdict(utf8(idLast)));
        assertEquals("missing:event_id", verdict(utf8(EVENT.replace(id, ""))));
        assertEquals("duplicate_key", verdict(utf8(EVENT.replace(id, id + id))));
    }

    @Test
    void oneDefectInAGoodEventIsFound() {
        String event = event("{}", "{\"a\":1,\"b\":\"text\"}").replace("}}", "},\"run_id\":\"r-1\"}");
        assertEquals("accepted", verdict(utf8(event)));
        assertEquals("not_json", verdict(utf8(event.replace("\"text\"", "text"))));
        assertEquals("not_json", verdict(utf8(event.replace("\"text\"", "\"te\nxt\""))));
        assertEquals("not_json", verdict(utf8(event.replace("\"text\"", "\"te\\xt\""))));
        assertEquals("not_json", verdict(utf8(event + "}")));
        assertEquals("not_json", verdict(utf8(event.substring(0, event.length() - 1))));
        assertEquals("not_utf8", verdict(join(utf8(event.replaceFirst("xt.*", "")), new byte[] {-1}, utf8(event.replaceFirst(".*te", "")))));
        assertEquals("number_out_of_range", verdict(utf8(event.replace(":1,\"b\"", ":1e999,\"b\""))));
        assertEquals("bad_id", verdict(utf8(event.replace("e-1", "e\\n1"))));
        assertEquals("type:run_id", verdict(utf8(event.replace("\"r-1\"", "1"))));
        assertEquals("duplicate_key", verdict(utf8(event.replace("\"run_id\"", "\"event_id\""))));
        assertEquals("accepted", verdict(utf8(event.replace(",\"run_id\":\"r-1\"", ""))));
        assertEquals("missing:event_id", verdict(utf8(event.replace("\"event_id\"", "\"event_ix\""))));
    }

    static Stream<Arguments> accepted() {
        return Stream.of(
                EVENT,
                " \t" + EVENT + " ",
                EVENT.replace(",", ",\r\n  ").replace(":{", " : {"),
                payload("{\"a\":[1,-0,0.5,1E+2,2e-3,true,false,null,\"\",{},[]]}"),
                payload("{\"n\":9223372036854775808,\"m\":" + "9".repeat(308) + ",\"z\":1e-999}"),
                payload("{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00 \u00e4\u4e2d\ud83d\ude00\u2028\u0085\\u0000\"}"),
                payload("{\"event_id\":1,\"event_id\":2}"),
                event("\"payload\":{}", "\"x\":1,\"x\":2,\"payload\":{}"),
                event("\"event_id\"", "\"\\u0065vent_id\""),
                event("e-1", "\\u0065-1"),
                event("e-1", "A" + "b".repeat(127)),
                event("e-1", "../a/b+c=="),
                event("e-1", "scheduled__2025-08-01T00:00:00+00:00"),
                event("e-1", "\u4e2d".repeat(128)),
                event("e-1", " \u0430 b "),
                event("e-1", "\\\"quoted\\\""),
                event("RUN_START", "NEVER_SEEN"),
                event("RUN_START", "\u00e4".repeat(12)),
                event("\"schema_version\":1", "\"schema_version\":9223372036854775807"),
                event("\"payload\":{}", "\"payload\":{},\"run_id\":null"),
                event("\"payload\":{}", "\"payload\":{},\"run_id\":\"ab\""),
                event("\"payload\":{}", "\"payload\":{},\"run_id\":\"\u00e4\u4e2d\""),
                payload("[".repeat(6).replace("[", "{\"a\":") + "{}" + "}".repeat(6)))
                .map(Arguments::of);
    }

    @ParameterizedTest
    @MethodSource
    void accepted(String event) {
        assertEquals("accepted", verdict(utf8(event)), event);
    }

    static Stream<Arguments> rejected() {
        String deep = "{\"a\":".repeat(7) + "{}" + "}".repeat(7);
        return Stream.of(
                Arguments.of("empty", ""),
                Arguments.of("not_json", "   "),
                Arguments.of("too_large", payload("\"" + "x".repeat(1000) + "\"")),
                Arguments.of("not_json", EVENT.substring(0, EVENT.length() - 1)),
                Arguments.of("not_json", EVENT + "x"),
                Arguments.of("not_json", EVENT + "\n" + EVENT),
                Arguments.of("not_json", EVENT + ","),
                Arguments.of("not_json", "NaN"),
                Arguments.of("not_json", payload("{\"a\":NaN}")),
                Arguments.of("not_json", payload("{\"a\":Infinity}")),
                Arguments.of("not_json", payload("{\"a\":-Infinity}")),
                Arguments.of("not_json", payload("{\"a\":01}")),
                Arguments.of("not_json", payload("{\"a\":1.}")),
                Arguments.of("not_json", payload("{\"a\":.5}")),
                Arguments.of("not_json", payload("{\"a\":+1}")),
                Arguments.of("not_json", payload("{\"a\":1e}")),
                Arguments.of("not_json", payload("{\"a\":0x10}")),
                Arguments.of("not_json", payload("{\"a\":-}")),
                Arguments.of("not_json", payload("{\"a\":tru}")),
                Arguments.of("not_json", payload("{'a':1}")),
                Arguments.of("not_json", payload("{a:1}")),
                Arguments.of("not_json", payload("{\"a\":1,}")),
                Arguments.of("not_json", payload("[1,]")),
                Arguments.of("not_json", payload("[1 2]")),
                Arguments.of("not_json", payload("[1}")),
                Arguments.of("not_json", payload("{\"a\" 1}")),
                Arguments.of("not_json", payload("{\"a\":}")),
                Arguments.of("not_json", payload("{\"a\":\"\\x\"}")),
                Arguments.of("not_json", payload("{\"a\":\"\\u12g4\"}")),
                Arguments.of("not_json", payload("{\"a\":\"line\nbreak\"}")),
                Arguments.of("not_json", payload("{\"a\":\"tab\t\"}")),
                Arguments.of("not_json", payload("/* comment */ {}")),
                Arguments.of("not_json", payload("\u00a0{}")),
                Arguments.of("not_utf8", "\ufeff" + EVENT),
                Arguments.of("not_object", "[1,2]"),
                Arguments.of("not_object", "42"),
                Arguments.of("not_object", "\"text\""),
                Arguments.of("not_object", "null"),
                Arguments.of("not_object", "[1e999]"),
                Arguments.of("too_deep", payload(deep)),
                Arguments.of("too_deep", "[".repeat(900)),
                Arguments.of("duplicate_key", event("\"payload\":{}", "\"payload\":{},\"event_id\":\"e-2\"")),
                Arguments.of("duplicate_key", event("\"payload\":{}", "\"payload\":{},\"\\u0065vent_id\":\"e-2\"")),
                Arguments.of("number_out_of_range", payload("{\"a\":1e999}")),
                Arguments.of("number_out_of_range", payload("{\"a\":-1e400}")),
                Arguments.of("number_out_of_range", payload("{\"a\":" + "9".repeat(309) + "}")),
                Arguments.of("lone_surrogate", payload("{\"a\":\"\\ud800\"}")),
                Arguments.of("lone_surrogate", payload("{\"a\":\"\\ud800\\ud800\"}")),
                Arguments.of("lone_surrogate", payload("{\"a\":\"\\udc00x\"}")),
                Arguments.of("lone_surrogate", payload("{\"\\ud83d\":1}")),
                Arguments.of("missing:event_id", "{}"),
                Arguments.of("missing:payload", event(",\"payload\":{}", "")),
                Arguments.of("type:payload", payload("null")),
                Arguments.of("type:payload", payload("[]")),
                Arguments.of("type:payload", payload("\"{}\"")),
                Arguments.of("type:payload", payload("1")),
                Arguments.of("type:event_id", event("\"e-1\"", "7")),
                Arguments.of("type:event_id", event("\"e-1\"", "null")),
                Arguments.of("type:event_id", event("\"e-1\"", "{}")),
                Arguments.of("type:event_type", event("\"RUN_START\"", "true")),
                Arguments.of("type:event_type", event("RUN_START", "\u00e4".repeat(13))),
                Arguments.of("type:schema_version", event("version\":1", "version\":\"1\"")),
                Arguments.of("type:schema_version", event("version\":1", "version\":1.0")),
                Arguments.of("type:schema_version", event("version\":1", "version\":1e2")),
                Arguments.of("type:schema_version", event("version\":1", "version\":9223372036854775808")),
                Arguments.of("type:schema_version", event("version\":1", "version\":0")),
                Arguments.of("type:schema_version", event("version\":1", "version\":-9223372036854775808")),
                Arguments.of("type:run_id", event("\"payload\":{}", "\"payload\":{},\"run_id\":\"\"")),
                Arguments.of("type:run_id", event("\"payload\":{}", "\"payload\":{},\"run_id\":\"\u4e2d\"")),
                Arguments.of("type:occurred_at", event("\"2025-08-01T03:00:00Z\"", "1754017200")),
                Arguments.of("type:run_id", event("\"payload\":{}", "\"payload\":{},\"run_id\":5")),
                Arguments.of("bad_id", event("e-1", "")),
                Arguments.of("bad_id", event("e-1", "   ")),
                Arguments.of("bad_id", event("e-1", "a\u200bb")),
                Arguments.of("bad_id", event("e-1", "a\u0085b")),
                Arguments.of("bad_id", event("e-1", "abcdefghijk\u007f")),
                Arguments.of("bad_id", event("e-1", "\\u202eab")),
                Arguments.of("bad_id", event("e-1", "\\u0000")),
                Arguments.of("bad_id", event("e-1", "\u4e2d".repeat(129))),
                Arguments.of("bad_id", event("e-1", "a\\nb")),
                Arguments.of("bad_id", event("e-1", "x".repeat(129))),
                Arguments.of("bad_time", event("00Z", "00")),
                Arguments.of("bad_time", event("2025-08-01T03:00:00Z", "1754017200")));
    }

    @ParameterizedTest
    @MethodSource
    void rejected(String reason, String event) {
        assertEquals(reason, verdict(utf8(event)), event);
    }

    @Test
    void aTombstoneIsEmpty() {
        assertEquals("empty", verdict(null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"c328", "c0af", "e28228", "eda080", "f0288cbc", "f4908080", "f5808080", "80", "e282", "ff"})
    void bytesThatAreNoUtf8AreCalledSoInStringsAndBetweenTokens(String hex) {
        byte[] wrong = java.util.HexFormat.of().parseHex(hex);
        assertEquals("not_utf8", verdict(join(utf8("{\"event_id\":\"a"), wrong, utf8("\"}"))));
        assertEquals("not_utf8", verdict(join(utf8("{"), wrong, utf8("}"))));
    }

    @Test
    void utf16IsNotUtf8() {
        assertEquals("not_utf8", verdict(EVENT.getBytes(StandardCharsets.UTF_16)));
        assertEquals("not_utf8", verdict(EVENT.getBytes(StandardCharsets.UTF_16BE)));
        assertEquals("not_utf8", verdict(EVENT.getBytes(StandardCharsets.UTF_16LE)));
        assertEquals("not_utf8", verdict(EVENT.getBytes(java.nio.charset.Charset.forName("UTF-32BE"))));
        assertEquals("not_utf8", verdict(EVENT.getBytes(java.nio.charset.Charset.forName("UTF-32LE"))));
    }

    @Test
    void textThatIsNoJsonIsCalledSoWhateverElseIsWrongWithIt() {
        assertEquals("not_json", verdict(utf8(event("e-1", "a\\nb").replace("{}}", "{}"))));
        assertEquals("bad_id", verdict(utf8(event("e-1", "a\\nb").replace("version\":1", "version\":\"1\""))));
    }

    @Test
    void theDetailSaysWhereAndNeverWhat() {
        assertFalse(scanner.accepts(amidst(utf8(event("e-1", "secret\\n1")))));
        assertEquals("byte 12: event_id holds a control character, a line separator or an invisible character", scanner.detail());
        assertFalse(scanner.accepts(amidst(utf8("{\"a\":secret}"))));
        assertEquals("byte 5: no JSON value begins like this", scanner.detail());
        assertFalse(scanner.accepts(amidst(utf8("{\"a\":[1"))));
        assertEquals("byte 6: the text ends before its value does", scanner.detail());
    }

    @Test
    void eachPrefixOfAnEventIsRejectedWithAPositionInside() {
        byte[] event = utf8(payload("{\"a\":[1.5e3,true,\"\\u00e4\u00e4\"]}"));
        for (int length = 1; length < event.length; length++) {
            assertFalse(scanner.accepts(amidst(Arrays.copyOf(event, length))), "length " + length);
            int position = Integer.parseInt(scanner.detail().replaceFirst("byte (\\d+): .*", "$1"));
            assertTrue(position < length, scanner.detail());
        }
    }

    @Test
    void lineBreaksBetweenTokensAreNoticed() {
        assertTrue(scanner.accepts(amidst(utf8(EVENT))));
        assertFalse(scanner.hasLineBreaks());
        for (String broken : new String[] {EVENT + "\r\n", EVENT.replace(",", ",\n"), EVENT.replace("}", "\r}")}) {
            assertTrue(scanner.accepts(amidst(utf8(broken))));
            assertTrue(scanner.hasLineBreaks(), broken);
        }
    }

    @Test
    void theEventTypeIsFoundByName() {
        assertTrue(scanner.accepts(amidst(utf8(event("RUN_START", "STEP_START")))));
        assertEquals(1, scanner.eventType());
        assertTrue(scanner.accepts(amidst(utf8(event("RUN_START", "RUN_\\u0053TART")))));
        assertEquals(0, scanner.eventType());
        assertTrue(scanner.accepts(amidst(utf8(event("RUN_START", "UNHEARD_OF")))));
        assertEquals(Names.UNKNOWN, scanner.eventType());
    }

    @Test
    void theClockMayBeFiveMinutesAheadAndThirtyDaysBehind() {
        assertTrue(scanner.accepts(amidst(utf8(EVENT))));
        long happened = java.time.Instant.parse("2025-08-01T03:00:00Z").toEpochMilli();
        long ahead = 5 * 60_000L;
        long behind = 30 * 86_400_000L;
        int skewed = Flag.CLOCK_SKEW.when(true);
        assertEquals(Flag.NONE, scanner.flags(happened - ahead));
        assertEquals(skewed, scanner.flags(happened - ahead - 1));
        assertEquals(Flag.NONE, scanner.flags(happened + behind));
        assertEquals(skewed, scanner.flags(happened + behind + 1));
        assertEquals(skewed, scanner.flags(0));
        assertEquals(skewed, scanner.flags(UtcText.LAST_MILLISECOND));
    }

    @Test
    void anEventWithoutTimeOrVersionHasNoFlagOfThem() {
        EventScanner lenient = new EventScanner(Contract.parse(Contracts.JSON
                .replace("\"integer\", \"required\": true", "\"integer\", \"required\": false")
                .replace("\"timestamp\", \"required\": true", "\"timestamp\", \"required\": false")));
        assertTrue(lenient.accepts(amidst(utf8(event("version\":1", "version\":2")))));
        assertEquals(Flag.SCHEMA_VERSION.when(true) | Flag.CLOCK_SKEW.when(true), lenient.flags(0));
        assertTrue(lenient.accepts(amidst(utf8("{\"event_id\":\"e\",\"event_type\":\"RUN_START\",\"payload\":{}}"))));
        assertEquals(Flag.NONE, lenient.flags(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-0", "1", "-1", "999999999999999999", "9223372036854775807", "-9223372036854775808",
        "9223372036854775808", "-9223372036854775809", "10000000000000000000"})
    void integersOf64BitsAreReadAndNoOthers(String digits) {
        byte[] bytes = utf8(digits);
        java.math.BigInteger number = new java.math.BigInteger(digits);
        assertEquals(number.bitLength() < Long.SIZE, JsonText.fitsLong(bytes, 0, bytes.length));
        assertEquals(number.longValue(), JsonText.toLong(bytes, 0, bytes.length));
    }

    static Stream<Arguments> otherFormats() {
        return Stream.of(
                Arguments.of("schema_registry_framing", "0000000007", EVENT),
                Arguments.of("schema_registry_framing", "00fffffffe", " \n" + EVENT),
                Arguments.of("schema_registry_framing", "000000000000000007", EVENT),
                Arguments.of("schema_registry_framing", "0000000007", "\u0006\u0008avro"),
                Arguments.of("schema_registry_framing", "0300" + "0123456789abcdef".repeat(2), EVENT),
                Arguments.of("compressed_value", "1f8b0800", EVENT),
                Arguments.of("compressed_value", "28b52ffd", EVENT),
                Arguments.of("compressed_value", "ff060000734e61507059", EVENT),
                Arguments.of("binary_format", "4f626a01", EVENT),
                Arguments.of("binary_format", "87a86576656e745f6964", ""),
                Arguments.of("binary_format", "a7686576656e745f6964", ""),
                Arguments.of("not_utf8", "efbbbf", EVENT),
                Arguments.of("not_utf8", "0000000000", "no id is 0"),
                Arguments.of("not_json", "4f626a", EVENT));
    }

    @ParameterizedTest
    @MethodSource
    void otherFormats(String reason, String begin, String rest) {
        assertEquals(reason, verdict(join(java.util.HexFormat.of().parseHex(begin), utf8(rest))), scanner.detail());
        assertTrue(scanner.detail().startsWith("byte 0: "), scanner.detail());
    }

    @Test
    void aTypeWithoutItsFieldsIsFlagged() {
        String step = event("RUN_START", "STEP_START");
        int mistyped = Flag.MISTYPED_PAYLOAD.when(true);
        long now = java.time.Instant.parse("2025-08-01T03:00:00Z").toEpochMilli();
        assertEquals("accepted", verdict(utf8(step)));
        assertEquals(mistyped, scanner.flags(now));
        assertEquals("accepted", verdict(utf8(step.replace("{}}", "{\"run_id\":\"ab\"},\"run_id\":null}"))));
        assertEquals(mistyped, scanner.flags(now));
        assertEquals("accepted", verdict(utf8(step.replace("{}}", "{},\"run_id\":\"ab\"}"))));
        assertEquals(Flag.NONE, scanner.flags(now));
        assertEquals("accepted", verdict(utf8(EVENT)));
        assertEquals(Flag.NONE, scanner.flags(now));
    }

    @Test
    void oddTypesAreRejectedWhereTheContractSaysSo() {
        EventScanner strict = new EventScanner(Contract.parse(Contracts.JSON.replaceFirst("\\{",
                "{\"unknown_types\": \"reject\", \"mistyped_payloads\": \"reject\", ")));
        assertTrue(strict.accepts(amidst(utf8(EVENT))));
        assertFalse(strict.accepts(amidst(utf8(event("RUN_START", "LUNCH")))));
        assertEquals("unknown_type", strict.code());
        String step = event("RUN_START", "STEP_START");
        assertFalse(strict.accepts(amidst(utf8(step))));
        assertEquals("mistyped_payload", strict.code());
        assertEquals("byte " + (step.length() - 1) + ": the object ends without run_id, which its event type needs", strict.detail());
        assertTrue(strict.accepts(amidst(utf8(step.replace("{}}", "{},\"run_id\":\"ab\"}")))));
    }

    @Test
    void aTimeThatSnowflakeDoesNotReadIsAnsweredWithWhatIsAsked() {
        String[][] asked = {
            {"2025-08-01t03:00:00Z", "T and Z in capitals"}, {"2025-08-01T03:00:00.5z", "T and Z in capitals"},
            {"2016-12-31T23:59:60Z", "leap second as second 59"}, {"2025-08-01T03:00:00.1234567890Z", "at most nine digits"},
            {"2025-08-01 03:00:00Z", "not an RFC 3339 time"}, {"0001-01-01T00:00:00+00:01", "years 1 to 9999"}};
        for (String[] one : asked) {
            assertEquals("bad_time", verdict(utf8(event("2025-08-01T03:00:00Z", one[0]))));
            assertTrue(scanner.detail().contains(one[1]), scanner.detail());
        }
    }

    private static byte[] join(byte[]... parts) {
        var out = new java.io.ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
