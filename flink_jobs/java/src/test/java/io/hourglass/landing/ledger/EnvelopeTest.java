package io.hourglass.landing.ledger;

import static io.hourglass.landing.event.Contracts.text;
import static io.hourglass.landing.event.Contracts.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hourglass.landing.event.Contracts;
import io.hourglass.landing.text.Lines;
import io.hourglass.landing.text.UtcText;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

/** Lines have the layout of {@code flink_jobs/contracts/layout.py}. */
class EnvelopeTest {
    private static final long TIME = 1_754_020_799_123L;
    private static final String START = "{\"topic\":\"a.b\",\"partition\":3,\"offset\":1234,";
    private static final String TIMESTAMP = "\"timestamp\":\"2025-08-01T03:59:59.123Z\",";

    private final Envelope envelope = new Envelope("a.b", 3);
    private final Lines line = new Lines();

    private static ConsumerRecord<byte[], ByteBuffer> record(byte[] key, byte[] value, Headers headers) {
        return new ConsumerRecord<>("a.b", 3, 1234, TIME, TimestampType.CREATE_TIME, 0, 0, key, Contracts.amidst(value), headers,
                Optional.empty());
    }

    private String accepted(byte[] key, String event, boolean lineBreaks) {
        envelope.accepted(line.clear(), record(key, utf8(event), new RecordHeaders()), TIME, lineBreaks);
        return text(line);
    }

    private String rejected(ConsumerRecord<byte[], ByteBuffer> record) {
        envelope.rejected(line.clear(), record, TIME, "not_json", "byte 7: \"why\"");
        return text(line);
    }

    @Test
    void theEventKeepsItsBytes() {
        String event = " {\"b\":1.50e+2,\"a\":\"\\u00e4\u00e4\",\"a\":[ ]}";
        assertEquals(START + TIMESTAMP + "\"key\":\"run-7\",\"event\":" + event + "}\n", accepted(utf8("run-7"), event, false));
    }

    @Test
    void lineBreaksBetweenTokensBecomeSpaces() {
        assertEquals(START + TIMESTAMP + "\"key\":null,\"event\":{  \"a\" : 1 }}\n", accepted(null, "{\r\n\"a\"\n:\r1\n}", true));
    }

    @Test
    void aKeyIsAJsonStringOfOneLine() {
        assertTrue(accepted(utf8(""), "{}", false).contains("\"key\":\"\","));
        assertTrue(accepted(utf8("a\"\\\n\u0000\u001f\u007f\u00e4\u2028\ud83d\ude00z"), "{}", false)
                .contains("\"key\":\"a\\\"\\\\\\u000a\\u0000\\u001f\u007f\u00e4\u2028\ud83d\ude00z\","));
    }

    @Test
    void aKeyThatIsNoTextIsReplacedAndKeptInBase64WhereThereIsRoom() {
        byte[] key = HexFormat.of().parseHex("61ff62");
        assertTrue(accepted(key, "{}", false).contains("\"key\":\"a\ufffdb\",\"event\""));
        assertTrue(rejected(record(key, null, new RecordHeaders())).endsWith(",\"payload_base64\":null,\"key_base64\":\"Yf9i\"}\n"));
    }

    @Test
    void aRejectedLineHoldsReasonDetailAndBytes() {
        Headers headers = new RecordHeaders().add("trace", new byte[] {1}).add("n\"", null);
        assertEquals(
                START + TIMESTAMP + "\"key\":null,\"reason\":\"not_json\",\"detail\":\"byte 7: \\\"why\\\"\","
                        + "\"payload_base64\":\"AAECCg==\",\"headers\":[[\"trace\",\"AQ==\"],[\"n\\\"\",null]]}\n",
                rejected(record(null, new byte[] {0, 1, 2, 10}, headers)));
    }

    @Test
    void timesOfOneMinuteAndOfOthersAreWrittenAlike() {
        UtcText time = new UtcText();
        for (long at : new long[] {0, 59_999, 60_000, TIME, TIME + 1, 951_782_400_000L, 0, UtcText.LAST_MILLISECOND}) {
            time.append(line.clear(), at);
            String expected = java.time.format.DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSX")
                    .withZone(java.time.ZoneOffset.UTC).format(java.time.Instant.ofEpochMilli(at));
            assertEquals(expected, text(line));
        }
    }

    @Test
    void numbersAreWrittenInFull() {
        for (long number : new long[] {0, 9, 10, 99, 100, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            assertEquals(Long.toString(number), text(line.clear().append(number)));
        }
    }

    @Test
    void aHugeLineGivesItsMemoryBack() {
        line.clear().append(new byte[10_000_000]);
        assertEquals(10_000_000, line.length());
        assertTrue(line.clear().bytes().length < 100_000);
        line.append("abc");
        assertEquals("abc", new String(line.bytes(), 0, line.length(), StandardCharsets.US_ASCII));
    }
}
