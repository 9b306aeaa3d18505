package io.hourglass.landing.event;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Formats of values that are recognized by their first bytes; no JSON text begins with them. Protobuf has no such bytes.
 */
final class Framing {
    /** A format with its first bytes in hexadecimal. */
    private record Begin(Reason reason, byte[] bytes, String message) {
        Begin(Reason reason, String hex, String message) {
            this(reason, HexFormat.of().parseHex(hex), message);
        }
    }

    private static final String UNPACK = ": send the event itself; Kafka's producers compress whole batches";
    private static final String JSON = ": send JSON";
    private static final Begin[] BEGINS = {
        new Begin(Reason.COMPRESSED_VALUE, "1f8b", "compressed with gzip" + UNPACK),
        new Begin(Reason.COMPRESSED_VALUE, "28b52ffd", "compressed with Zstandard" + UNPACK),
        new Begin(Reason.COMPRESSED_VALUE, "04224d18", "compressed with LZ4" + UNPACK),
        new Begin(Reason.COMPRESSED_VALUE, "ff060000734e61507059", "compressed with Snappy" + UNPACK),
        new Begin(Reason.COMPRESSED_VALUE, "82534e4150505900", "compressed with Snappy" + UNPACK),
        new Begin(Reason.COMPRESSED_VALUE, "425a68", "compressed with bzip2" + UNPACK),
        new Begin(Reason.COMPRESSED_VALUE, "fd377a585a00", "compressed with xz" + UNPACK),
        new Begin(Reason.COMPRESSED_VALUE, "504b0304", "a ZIP archive" + UNPACK),
        new Begin(Reason.BINARY_FORMAT, "4f626a01", "an Avro container" + JSON),
        new Begin(Reason.BINARY_FORMAT, "c301", "a single Avro object" + JSON),
        new Begin(Reason.BINARY_FORMAT, "50415231", "a Parquet file" + JSON),
        new Begin(Reason.BINARY_FORMAT, "3a290a", "Smile" + JSON),
        new Begin(Reason.BINARY_FORMAT, "d9d9f7", "CBOR" + JSON),
    };

    private static final int REGISTRY_BYTES = 5;
    private static final int LONG_REGISTRY_BYTES = 9;
    private static final int GLUE_BYTES = 18;
    private static final int GLUE_VERSION = 3;
    private static final int GLUE_ZLIB = 5;

    private Framing() {}

    /** Record the format of a value that is not JSON in the defect; return false if it is none of these. */
    static boolean recognize(byte[] bytes, int from, int to, Defect defect) {
        if (isOfRegistry(bytes, from, to)) {
            defect.replace(Reason.SCHEMA_REGISTRY_FRAMING, from,
                    "the bytes of a schema registry (a magic byte and an id) before the event: send JSON without them");
            return true;
        }
        for (Begin begin : BEGINS) {
            if (startsWith(bytes, from, to, begin.bytes())) {
                defect.replace(begin.reason(), from, begin.message());
                return true;
            }
        }
        String format = mapFormat(bytes, from, to);
        if (format != null) {
            defect.replace(Reason.BINARY_FORMAT, from, format + JSON);
        }
        return format != null;
    }

    private static boolean startsWith(byte[] bytes, int from, int to, byte[] begin) {
        return to - from >= begin.length
                && Arrays.equals(bytes, from, from + begin.length, begin, 0, begin.length);
    }

    /**
     * Whether an id of four or eight bytes follows a zero, as Confluent's and Apicurio's serializers write it, or the
     * value has the header of AWS Glue. UTF-16 and UTF-32 also begin with a zero.
     */
    private static boolean isOfRegistry(byte[] bytes, int from, int to) {
        int length = to - from;
        if (bytes[from] == GLUE_VERSION) {
            return length > GLUE_BYTES && (bytes[from + 1] == 0 || bytes[from + 1] == GLUE_ZLIB);
        }
        if (bytes[from] != 0 || length <= REGISTRY_BYTES || isWide(bytes, from, to)) {
            return false;
        }
        boolean smallId = bytes[from + 1] == 0 && (bytes[from + 2] | bytes[from + 3] | bytes[from + 4]) != 0;
        // after a small id may be Avro or Protobuf
        return smallId || isObject(bytes, from + REGISTRY_BYTES, to) || isObject(bytes, from + LONG_REGISTRY_BYTES, to);
    }

    /** Whether the value is UTF-16 or UTF-32 with the high bytes first: every second or fourth byte is not zero. */
    private static boolean isWide(byte[] bytes, int from, int to) {
        boolean utf16 = bytes[from + 1] != 0 && bytes[from + 2] == 0 && bytes[from + 3] != 0 && bytes[from + 4] == 0;
        boolean utf32 = bytes[from + 1] == 0 && (bytes[from + 2] | bytes[from + 3]) != 0 && (to - from) % 4 == 0
                && bytes[from + 4] == 0 && bytes[from + 5] == 0;
        return utf16 || utf32;
    }

    private static boolean isObject(byte[] bytes, int at, int to) {
        while (at < to && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t')) {
            at++;
        }
        return at < to && bytes[at] == '{';
    }

    /** Recognize a map of MessagePack or CBOR by its first key, a short text of ASCII. */
    private static String mapFormat(byte[] bytes, int from, int to) {
        int first = bytes[from] & 0xff;
        if (first >= 0x81 && first <= 0x8f) {
            return isName(bytes, from + 1, to, 0xa0) ? "MessagePack" : null;
        }
        if (first == 0xde) {
            return isName(bytes, from + 3, to, 0xa0) ? "MessagePack" : null;
        }
        boolean cborMap = first >= 0xa1 && first <= 0xb7 || first == 0xbf;
        return cborMap && isName(bytes, from + 1, to, 0x60) ? "CBOR" : null;
    }

    private static boolean isName(byte[] bytes, int at, int to, int shortText) {
        int head = at < to ? bytes[at] & 0xff : 0;
        int length = head - shortText;
        if (length < 1 || length > 23 || to - at <= length) {
            return false;
        }
        String name = new String(bytes, at + 1, length, StandardCharsets.ISO_8859_1);
        return name.chars().allMatch(next -> next > ' ' && next < 0x7f);
    }
}
