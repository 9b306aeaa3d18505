package io.hourglass.landing.event;

import io.hourglass.landing.text.Lines;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Contracts and events that tests share. */
public final class Contracts {
    public static final int DEPTH_MAX = 8;

    /** The fields of the platform events, with small limits. */
    public static final String JSON = """
            {"fields": {
               "event_id": {"type": "id", "required": true, "length_max": 128},
               "event_type": {"type": "string", "required": true, "length_max": 12},
               "schema_version": {"type": "integer", "required": true, "integer_min": 1},
               "occurred_at": {"type": "timestamp", "required": true},
               "payload": {"type": "object", "required": true},
               "run_id": {"type": "string", "required": false, "length_min": 2, "length_max": 12}},
             "types": ["RUN_START", "STEP_START"], "type_fields": {"STEP_START": ["run_id"]}, "schema_version": 1,
             "id_refused": [[0, 31], [127, 159], [8203, 8207], [8232, 8238], [917504, 917631]], "id_blank": [[32, 32], [12288, 12288]], "clock_ahead_seconds_max": 300,
             "clock_behind_seconds_max": 2592000, "event_bytes_max": 1000, "depth_max": 8}""";

    /** A valid event; tests replace parts of it. */
    public static final String EVENT = "{\"event_id\":\"e-1\",\"event_type\":\"RUN_START\",\"schema_version\":1,"
            + "\"occurred_at\":\"2025-08-01T03:00:00Z\",\"payload\":{}}";

    private Contracts() {}

    public static EventScanner scanner() {
        return new EventScanner(Contract.parse(JSON));
    }

    /** Place a value between other bytes, as in a consumer's buffer; reading them would change any verdict. */
    public static ByteBuffer amidst(byte[] value) {
        if (value == null) {
            return null;
        }
        byte[] batch = new byte[value.length + 12];
        Arrays.fill(batch, (byte) '"');
        System.arraycopy(value, 0, batch, 7, value.length);
        ByteBuffer slice = ByteBuffer.wrap(batch, 3, batch.length - 3).slice();
        return slice.position(4).limit(4 + value.length);
    }

    /** Read the position from a detail. */
    public static int position(String detail) {
        return Integer.parseInt(detail, "byte ".length(), detail.indexOf(':'), 10);
    }

    /** The bytes of a text, as producers send them. */
    public static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    public static String text(Lines line) {
        return new String(line.bytes(), 0, line.length(), StandardCharsets.UTF_8);
    }
}
