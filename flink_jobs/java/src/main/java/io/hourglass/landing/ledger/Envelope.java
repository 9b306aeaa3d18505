package io.hourglass.landing.ledger;

import io.hourglass.landing.text.Lines;
import io.hourglass.landing.text.UtcText;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/** Writes the lines of one source partition, as {@code flink_jobs/contracts/layout.py} describes them. */
public final class Envelope {
    private static final byte[] EVENT = ascii(",\"event\":");
    private static final byte[] REASON = ascii(",\"reason\":");
    private static final byte[] DETAIL = ascii(",\"detail\":");
    private static final byte[] PAYLOAD = ascii(",\"payload_base64\":");
    private static final byte[] KEY_BASE64 = ascii(",\"key_base64\":");
    private static final byte[] HEADERS = ascii(",\"headers\":[");
    private static final byte[] NULL = ascii("null");

    private final byte[] start;
    private final UtcText timestampUntilKey = new UtcText(",\"timestamp\":\"", "\",\"key\":");

    Envelope(String topic, int partition) {
        Lines lines = new Lines();
        lines.append("{\"topic\":").appendString(topic);
        lines.append(",\"partition\":").append(partition).append(",\"offset\":");
        start = Arrays.copyOf(lines.bytes(), lines.length());
    }

    /** Write the line of an accepted record: the producer's bytes, with spaces for CR and LF between tokens. */
    public void accepted(Lines lines, ConsumerRecord<byte[], ByteBuffer> record, long timestamp, boolean lineBreaks) {
        ByteBuffer event = record.value();
        begin(lines, record, timestamp);
        lines.append(EVENT).append(event);
        if (lineBreaks) {
            lines.blankLineBreaks(event.remaining());
        }
        lines.append('}').append('\n');
    }

    /** Write the line of a rejected record: why, where, and its exact bytes. */
    public void rejected(Lines lines, ConsumerRecord<byte[], ByteBuffer> record, long timestamp, String reason, String detail) {
        boolean keyIsText = begin(lines, record, timestamp);
        lines.append(REASON).appendString(reason);
        lines.append(DETAIL).appendString(detail);
        lines.append(PAYLOAD);
        appendBase64(lines, record.value() == null ? null : bytesOf(record.value()));
        if (!keyIsText) {
            lines.append(KEY_BASE64);
            appendBase64(lines, record.key());
        }
        appendHeaders(lines, record.headers());
        lines.append('}').append('\n');
    }

    private boolean begin(Lines lines, ConsumerRecord<byte[], ByteBuffer> record, long timestamp) {
        lines.append(start).append(record.offset());
        timestampUntilKey.append(lines, timestamp);
        if (record.key() == null) {
            lines.append(NULL);
            return true;
        }
        return lines.appendString(record.key());
    }

    private static void appendHeaders(Lines lines, Headers headers) {
        boolean first = true;
        for (Header header : headers) {
            lines.append(first ? HEADERS : new byte[] {','});
            lines.append('[').appendString(header.key()).append(',');
            appendBase64(lines, header.value());
            lines.append(']');
            first = false;
        }
        if (!first) {
            lines.append(']');
        }
    }

    private static void appendBase64(Lines lines, byte[] bytes) {
        if (bytes == null) {
            lines.append(NULL);
        } else {
            lines.append('"').append(Base64.getEncoder().encode(bytes)).append('"');
        }
    }

    private static byte[] bytesOf(ByteBuffer value) {
        byte[] bytes = new byte[value.remaining()];
        value.duplicate().get(bytes);
        return bytes;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
