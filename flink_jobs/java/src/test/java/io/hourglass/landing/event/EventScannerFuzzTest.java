package io.hourglass.landing.event;

import static io.hourglass.landing.event.Contracts.EVENT;
import static io.hourglass.landing.event.Contracts.amidst;
import static io.hourglass.landing.event.Contracts.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Any bytes get a verdict, always the same, in bounded time, with a position inside the value. */
@Tag("slow")
class EventScannerFuzzTest {
    private static final int DOCUMENTS = 30_000;
    /** A batch takes a second or less; only unbounded work reaches this. */
    private static final Duration BATCH_MAX = Duration.ofSeconds(60);
    private static final String RICH = EVENT.replace("{}", "{\"a\":[1.5e3,-0,true,false,null,\"\\u00e4\u00e4\\ud83d\\ude00\\n\"],\"\":{}}");

    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Documents documents = new Documents(random);
    private final Contract contract =
            Contract.parse(Contracts.JSON.replace("\"event_bytes_max\": 1000", "\"event_bytes_max\": 3000000"));
    private final EventScanner scanner = new EventScanner(contract);

    private String verdict(EventScanner by, byte[] value) {
        return by.accepts(amidst(value)) ? "accepted" : by.code() + " at " + by.detail();
    }

    /** Scan a value twice, with a scanner that has scanned other values and with a new one. */
    private String judge(byte[] value) {
        String verdict = verdict(scanner, value);
        assertEquals(verdict(new EventScanner(contract), value), verdict, () -> describe(value));
        if (!verdict.equals("accepted")) {
            int position = Contracts.position(scanner.detail());
            assertTrue(position == 0 || position > 0 && position < value.length, () -> verdict + " " + describe(value));
        }
        return verdict;
    }

    private String describe(byte[] value) {
        return "seed " + seed + " " + HexFormat.of().formatHex(Arrays.copyOf(value, Math.min(value.length, 2000)));
    }

    private void inTime(org.junit.jupiter.api.function.Executable batch) {
        System.out.println("EventScannerFuzzTest: repeat with -Dseed=" + seed);
        assertTimeoutPreemptively(BATCH_MAX, batch, () -> "seed " + seed);
    }

    @Test
    void anyBytesHaveAVerdict() {
        inTime(() -> {
            for (int count = 0; count < DOCUMENTS; count++) {
                byte[] noise = count % 2 == 0 ? documents.noise() : new byte[random.nextInt(60)];
                if (count % 2 == 1) {
                    random.nextBytes(noise);
                }
                judge(noise);
                judge(documents.next());
            }
        });
    }

    @Test
    void eachPrefixOfAnEventIsRejectedAtItsEndOrAtTheTokenThatIsCut() {
        inTime(() -> {
            byte[] event = utf8(RICH);
            for (int length = 1; length < event.length; length++) {
                String verdict = judge(Arrays.copyOf(event, length));
                assertTrue(verdict.startsWith("not_json") || verdict.startsWith("not_utf8"), verdict);
                assertTrue(Contracts.position(scanner.detail()) >= length - "\\ud83d\\ude00".length(), verdict);
            }
        });
    }

    @Test
    void eachChangeOfASingleByteHasAVerdictAndABrokenByteIsNeverBehindIt() {
        inTime(() -> {
            byte[] event = utf8(RICH);
            for (int at = 0; at < event.length; at++) {
                for (int next = 0; next < 256; next++) {
                    byte[] changed = event.clone();
                    changed[at] = (byte) next;
                    judge(changed);
                    boolean readable = scanner.accepts(amidst(changed)) || !scanner.code().startsWith("not_");
                    // a token begins at most a field's length before the byte that broke it
                    assertTrue(readable || Contracts.position(scanner.detail()) >= at - 6, () -> describe(changed));
                }
            }
        });
    }

    static Stream<Arguments> huge() {
        String open = "[".repeat(100_000);
        String manyFields = "{" + "\"field\":1,".repeat(10_000) + EVENT.substring(1);
        return Stream.of(
                Arguments.of("too_deep", payload(open)),
                Arguments.of("too_deep", payload(open + "]".repeat(100_000))),
                Arguments.of("too_deep", payload("{\"a\":".repeat(100_000))),
                Arguments.of("accepted", payload("{\"s\":\"" + "s".repeat(1_000_000) + "\"}")),
                Arguments.of("accepted", payload("{\"s\":\"" + "\\u00e4".repeat(200_000) + "\"}")),
                Arguments.of("accepted", payload("{\"s\":\"" + "\ud83d\ude00".repeat(250_000) + "\"}")),
                Arguments.of("not_json", payload("{\"s\":\"" + "\\\"".repeat(500_000))),
                Arguments.of("lone_surrogate", payload("{\"s\":\"" + "\\ud83d".repeat(200_000) + "\"}")),
                Arguments.of("number_out_of_range", payload("{\"n\":" + "9".repeat(1_000_000) + "}")),
                Arguments.of("accepted", payload("{\"n\":0." + "9".repeat(1_000_000) + "}")),
                Arguments.of("accepted", payload("{\"n\":" + "9".repeat(100_000) + "e-100000}")),
                Arguments.of("number_out_of_range", payload("{\"n\":1e" + "9".repeat(1_000_000) + "}")),
                Arguments.of("accepted", payload("{\"n\":1e-" + "9".repeat(1_000_000) + "}")),
                Arguments.of("accepted", payload("{\"n\":[" + "1e300,".repeat(100_000) + "0]}")),
                Arguments.of("accepted", manyFields),
                Arguments.of("duplicate_key", "{" + "\"event_id\":\"e\",".repeat(10_000) + EVENT.substring(1)),
                Arguments.of("accepted", EVENT.replace("{\"event_id\"", "{" + " ".repeat(1_000_000) + "\"event_id\"")),
                Arguments.of("bad_id", EVENT.replace("e-1", "e".repeat(1_000_000))),
                Arguments.of("bad_id", EVENT.replace("e-1", "\\u0065".repeat(150_000))),
                Arguments.of("type:event_type", EVENT.replace("RUN_START", "\\u0065".repeat(150_000))),
                Arguments.of("bad_time", EVENT.replace("00Z", "00." + "0".repeat(1_000_000) + "Z")),
                Arguments.of("type:schema_version", EVENT.replace("version\":1", "version\":" + "1".repeat(308))),
                Arguments.of("too_large", payload("\"" + "x".repeat(3_000_000) + "\"")));
    }

    private static String payload(String json) {
        return EVENT.replace("\"payload\":{}", "\"payload\":" + json);
    }

    @ParameterizedTest
    @MethodSource
    void huge(String expected, String event) {
        inTime(() -> assertEquals(expected, judge(utf8(event)).replaceFirst(" at .*", "")));
    }

    @Test
    void whitespaceBetweenTokensChangesNoVerdict() {
        inTime(() -> {
            int accepted = 0;
            while (accepted < DOCUMENTS / 3) {
                byte[] document = utf8(documents.event());
                if (scanner.accepts(amidst(document)) && document.length < 10_000) {
                    accepted++;
                    byte[] spaced = respace(document);
                    assertEquals("accepted", judge(spaced), () -> describe(document) + " " + describe(spaced));
                }
            }
        });
    }

    /** Replace the whitespace around every token of JSON. */
    private byte[] respace(byte[] json) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        boolean inText = false;
        for (int at = 0; at < json.length; at++) {
            byte next = json[at];
            boolean blank = " \t\r\n".indexOf(next) >= 0;
            if (inText || !blank) {
                boolean between = !inText && "{}[]:,".indexOf(next) >= 0;
                out.writeBytes(utf8(between ? " \t\r\n".substring(random.nextInt(5)) : ""));
                out.write(next);
                out.writeBytes(utf8(between ? "\n \r\t".substring(random.nextInt(5)) : ""));
            }
            if (inText && next == '\\') {
                out.write(json[++at]);
            } else if (next == '"') {
                inText = !inText;
            }
        }
        return out.toByteArray();
    }

    @Test
    void aPlantedDefectIsFoundWhereItWasPlanted() {
        String[][] defects = {
            {"not_json", "nope"}, {"not_json", "'"}, {"not_json", "01"}, {"not_json", "1."}, {"not_json", "]"}, {"not_json", "\u00e4"},
            {"number_out_of_range", "1e999"}, {"number_out_of_range", "-1e309"}, {"too_deep", "[".repeat(9)},
            {"lone_surrogate", "\"\\ud83d\""}, {"lone_surrogate", "\"\\udc00\\ud83d\""},
            {"not_json", "\"\\x\""}, {"not_json", "\"\n\""}, {"not_json", "\"\\u12x4\""}};
        inTime(() -> {
            for (int count = 0; count < DOCUMENTS; count++) {
                String[] defect = defects[random.nextInt(defects.length)];
                String before = EVENT.replace("}}", "\"" + "s".repeat(random.nextInt(40)) + "\u00e4\":");
                String after = ",\"more\":[" + "1,".repeat(random.nextInt(20)) + "0]}}";
                byte[] event = utf8(before + defect[1] + after);
                String verdict = judge(event);
                // a defect in quotes is found behind them; in nested arrays the one that is too deep
                int inside = defect[1].startsWith("\"") ? 1 : defect[0].equals("too_deep") ? DEPTH_LEFT : 0;
                assertEquals(defect[0] + " at byte " + (utf8(before).length + inside), verdict.replaceFirst("(byte \\d+):.*", "$1"),
                        () -> describe(event));
            }
        });
    }

    private static final int DEPTH_LEFT = Contracts.DEPTH_MAX - 2; // the event and its payload are open

    @Test
    void brokenUtf8IsFoundAtItsFirstByteWhereverItStands() {
        byte[] event = utf8(RICH);
        inTime(() -> {
            for (String hex : new String[] {"80", "c0af", "c3", "e282", "eda080", "f0288cbc", "f4908080", "f8888080", "ff"}) {
                byte[] damage = HexFormat.of().parseHex(hex);
                for (int at = 0; at <= event.length; at++) {
                    if (at < event.length && (event[at] & 0xc0) == 0x80) {
                        continue; // inside a character the damage begins before
                    }
                    byte[] damaged = new byte[event.length + damage.length];
                    System.arraycopy(event, 0, damaged, 0, at);
                    System.arraycopy(damage, 0, damaged, at, damage.length);
                    System.arraycopy(event, at, damaged, at + damage.length, event.length - at);
                    assertEquals("not_utf8 at byte " + at, judge(damaged).replaceFirst("(byte \\d+):.*", "$1"), () -> describe(damaged));
                }
            }
        });
    }

    @Test
    void aVerdictLeavesNothingBehindForTheNextOne() {
        byte[] good = utf8(EVENT);
        inTime(() -> {
            for (int count = 0; count < DOCUMENTS; count++) {
                scanner.accepts(amidst(documents.next()));
                assertTrue(scanner.accepts(amidst(good)), () -> "seed " + seed);
                assertEquals(Flag.NONE, scanner.flags(1_754_017_200_000L));
                assertFalse(scanner.hasLineBreaks());
                assertEquals(0, scanner.eventType());
            }
        });
    }
}
