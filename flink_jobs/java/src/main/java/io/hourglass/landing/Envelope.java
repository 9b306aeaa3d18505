package io.hourglass.landing;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/** Writes the lines of one source partition, as {@code flink_jobs/layout.py} describes them. */
final class Envelope {
    private static final byte[] TIMESTAMP = ascii(",\"timestamp\":\"");
    private static final byte[] KEY = ascii("\",\"key\":");
    private static final byte[] EVENT = ascii(",\"event\":");
    private static final byte[] REASON = ascii(",\"reason\":");
    private static final byte[] DETAIL = ascii(",\"detail\":");
    private static final byte[] PAYLOAD = ascii(",\"payload_base64\":");
    private static final byte[] KEY_BASE64 = ascii(",\"key_base64\":");
    private static final byte[] HEADERS = ascii(",\"headers\":[");
    private static final byte[] NULL = ascii("null");

    private final byte[] start;
    private final UtcText time = new UtcText();

    Envelope(String topic, int partition) {
        Line line = new Line();
        line.append("{\"topic\":").appendString(topic);
        line.append(",\"partition\":").append(partition).append(",\"offset\":");
        start = Arrays.copyOf(line.bytes(), line.length());
    }

    /** Write the line of an accepted record: the producer's bytes, with spaces for CR and LF between tokens. */
    void accepted(Line line, ConsumerRecord<byte[], byte[]> record, long timestamp, boolean lineBreaks) {
        byte[] event = record.value();
        begin(line, record, timestamp);
        line.append(EVENT).append(event);
        if (lineBreaks) {
            line.blankLineBreaks(event.length);
        }
        line.append('}').append('\n');
    }

    /** Write the line of a rejected record: why, where, and its exact bytes. */
    void rejected(Line line, ConsumerRecord<byte[], byte[]> record, long timestamp, String reason, String detail) {
        boolean keyIsText = begin(line, record, timestamp);
        line.append(REASON).appendString(reason);
        line.append(DETAIL).appendString(detail);
        line.append(PAYLOAD);
        appendBase64(line, record.value());
        if (!keyIsText) {
            line.append(KEY_BASE64);
            appendBase64(line, record.key());
        }
        appendHeaders(line, record.headers());
        line.append('}').append('\n');
    }

    private boolean begin(Line line, ConsumerRecord<byte[], byte[]> record, long timestamp) {
        line.append(start).append(record.offset()).append(TIMESTAMP);
        time.append(line, timestamp);
        line.append(KEY);
        if (record.key() == null) {
            line.append(NULL);
            return true;
        }
        return line.appendString(record.key());
    }

    private static void appendHeaders(Line line, Headers headers) {
        boolean first = true;
        for (Header header : headers) {
            line.append(first ? HEADERS : new byte[] {','});
            line.append('[').appendString(header.key()).append(',');
            appendBase64(line, header.value());
            line.append(']');
            first = false;
        }
        if (!first) {
            line.append(']');
        }
    }

    private static void appendBase64(Line line, byte[] bytes) {
        if (bytes == null) {
            line.append(NULL);
        } else {
            line.append('"').append(Base64.getEncoder().encode(bytes)).append('"');
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
