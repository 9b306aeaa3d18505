package io.hourglass.landing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** On whether bytes are JSON at all, the scanner and Jackson agree: tens of thousands of documents, mutated. */
class EventScannerAgainstJacksonTest {
    private static final int DOCUMENTS = 60_000;
    private static final Set<String> UNREADABLE = Set.of("not_json", "not_utf8");
    private static final String CONTRACT = Contracts.JSON.replace("\"depth_max\": 8", "\"depth_max\": 900")
            .replace("\"event_bytes_max\": 1000", "\"event_bytes_max\": 1000000");
    /** Bytes that make a mutation likely to matter. */
    private static final byte[] TELLING = Contracts.utf8("{}[]\",:\\u0019.eE+-tfn \n\t/dD8cC\u00e4\u4e2d\ud83d\ude00\u0000");

    private final JsonFactory jackson = new JsonFactory();
    private final EventScanner scanner = new EventScanner(Contract.parse(CONTRACT));

    @Test
    void agree() throws IOException {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("EventScannerAgainstJacksonTest: repeat with -Dseed=" + seed);
        Random random = new Random(seed);
        int readable = 0;
        for (int count = 0; count < DOCUMENTS; count++) {
            byte[] document = Contracts.utf8(random.nextInt(4) == 0 ? Contracts.EVENT : value(random, 0));
            for (int mutations = random.nextInt(3); mutations > 0; mutations--) {
                document = mutate(random, document);
            }
            boolean expected = isJson(document);
            readable += expected ? 1 : 0;
            byte[] judged = document;
            assertEquals(expected, isReadable(document), () -> "seed " + seed + " " + HexFormat.of().formatHex(judged));
        }
        assertTrue(readable > DOCUMENTS / 4 && readable < DOCUMENTS * 3 / 4, "readable " + readable);
    }

    @Test
    void anyBytesGiveAVerdict() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("EventScannerAgainstJacksonTest: repeat with -Dseed=" + seed);
        Random random = new Random(seed);
        for (int count = 0; count < DOCUMENTS; count++) {
            byte[] noise = new byte[random.nextInt(40)];
            for (int at = 0; at < noise.length; at++) {
                noise[at] = random.nextInt(5) == 0 ? (byte) random.nextInt() : TELLING[random.nextInt(TELLING.length)];
            }
            if (!scanner.accepts(noise)) {
                assertTrue(scanner.detail().startsWith("byte "), () -> "seed " + seed);
            }
        }
    }

    private boolean isReadable(byte[] document) {
        if (document.length == 0) {
            return false;
        }
        boolean readable = scanner.accepts(document) || !UNREADABLE.contains(scanner.code());
        if (readable && scanner.hasLineBreaks() == hasNone(document)) {
            throw new AssertionError("line breaks: " + HexFormat.of().formatHex(document));
        }
        return readable;
    }

    private static boolean hasNone(byte[] document) {
        for (byte next : document) {
            if (next == '\n' || next == '\r') {
                return false;
            }
        }
        return true;
    }

    /** Jackson alone is lenient about encodings, so strict UTF-8 is asked first. */
    private boolean isJson(byte[] document) throws IOException {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(document)).toString();
        } catch (CharacterCodingException e) {
            return false;
        }
        int roots = 0;
        int depth = 0;
        try (JsonParser parser = jackson.createParser(text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                roots += depth == 0 ? 1 : 0;
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                parser.getTextLength();
            }
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            return false;
        }
        return roots == 1;
    }

    private static byte[] mutate(Random random, byte[] document) {
        if (document.length == 0) {
            return document;
        }
        int at = random.nextInt(document.length);
        byte letter = random.nextInt(6) == 0 ? (byte) random.nextInt() : TELLING[random.nextInt(TELLING.length)];
        return switch (random.nextInt(4)) {
            case 0 -> splice(document, at, 1, new byte[] {letter});
            case 1 -> splice(document, at, 0, new byte[] {letter});
            case 2 -> splice(document, at, 1 + random.nextInt(2), new byte[0]);
            default -> splice(document, at, 0, splice(document, 0, random.nextInt(document.length), new byte[0]));
        };
    }

    private static byte[] splice(byte[] document, int at, int removed, byte[] added) {
        int rest = Math.min(document.length, at + removed);
        ByteBuffer result = ByteBuffer.allocate(at + added.length + document.length - rest);
        return result.put(document, 0, at).put(added).put(document, rest, document.length - rest).array();
    }

    private static String value(Random random, int depth) {
        return switch (random.nextInt(depth > 4 ? 6 : 9)) {
            case 0 -> pick(random, "true", "false", "null");
            case 1 -> pick(random, "0", "-0", "12", "-1.5", "1e5", "2E-7", "3.25e+10", "1e400", "123456789012345678901");
            case 2, 3, 4, 5 -> string(random);
            case 6 -> list(random, "[", "]", () -> value(random, depth + 1));
            default -> list(random, "{", "}", () -> string(random) + space(random) + ":" + value(random, depth + 1));
        };
    }

    private static String list(Random random, String open, String close, java.util.function.Supplier<String> element) {
        StringBuilder text = new StringBuilder(open);
        for (int count = random.nextInt(4), index = 0; index < count; index++) {
            text.append(index == 0 ? "" : ",").append(space(random)).append(element.get());
        }
        return text.append(space(random)).append(close).toString();
    }

    private static String string(Random random) {
        StringBuilder text = new StringBuilder("\"");
        for (int count = random.nextInt(12); count > 0; count--) {
            text.append(pick(random, "a", "event_id", " ", "\u00e4", "\u4e2d", "\ud83d\ude00", "\\n", "\\\"", "\\u00e4",
                    "\\ud83d\\ude00", "\\ud83d", "\u007f", "\u2028", "long enough for words"));
        }
        return text.append('"').toString();
    }

    private static String space(Random random) {
        return random.nextInt(3) > 0 ? "" : pick(random, " ", "\t", "\n", "\r\n", "  ");
    }

    private static String pick(Random random, String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
