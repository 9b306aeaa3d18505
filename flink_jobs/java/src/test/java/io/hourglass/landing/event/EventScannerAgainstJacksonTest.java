package io.hourglass.landing.event;

import static io.hourglass.landing.event.Contracts.amidst;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JacksonException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.DeserializationFeature;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * For a million mutated documents the scanner agrees with an independent validator, and each disagreement with Jackson
 * has one named reason.
 */
@Tag("slow")
class EventScannerAgainstJacksonTest {
    private static final int DOCUMENTS = Integer.getInteger("documents", 1_000_000);
    /** With at least this many documents each row and each reason must occur. */
    private static final int DOCUMENTS_FOR_ALL_ROWS = 500_000;
    private static final int EXAMPLE_BYTES_MAX = 100;
    /** The two more parses by Jackson that find the position take as long as the rest of the test. */
    private static final int BROKEN_TEXTS_PER_POSITION = 4;
    private static final Contract CONTRACT =
            Contract.parse(Contracts.JSON.replace("\"event_bytes_max\": 1000", "\"event_bytes_max\": 60000"));

    private final ObjectMapper jackson = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private final EventScanner scanner = new EventScanner(CONTRACT);
    private final ReferenceValidator reference = new ReferenceValidator(CONTRACT);
    private int broken;
    private boolean shrinking;
    private final Map<String, Integer> codes = new TreeMap<>();
    private final Map<Disagreement, Integer> rows = new EnumMap<>(Disagreement.class);
    private final Map<Disagreement, byte[]> examples = new EnumMap<>(Disagreement.class);

    @Test
    void agreeOrDisagreeForANamedReason() throws IOException {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.printf("EventScannerAgainstJacksonTest: %,d documents, repeat with -Dseed=%d%n", DOCUMENTS, seed);
        Documents documents = new Documents(new Random(seed));
        for (int count = 0; count < DOCUMENTS; count++) {
            byte[] document = documents.next();
            String complaint = complain(document);
            if (complaint != null) {
                byte[] smallest = shrink(document);
                fail("seed " + seed + ", document " + count + ": " + complaint + "; the smallest: " + complain(smallest) + "\n"
                        + HexFormat.of().formatHex(smallest) + "\n" + new String(smallest, StandardCharsets.UTF_8));
            }
            note(document);
        }
        report();
        if (DOCUMENTS >= DOCUMENTS_FOR_ALL_ROWS) {
            assertEquals(Arrays.asList(Disagreement.values()), Arrays.asList(rows.keySet().toArray()), "rows never met");
        }
        int accepted = codes.getOrDefault(ReferenceValidator.ACCEPTED, 0);
        assertTrue(accepted > DOCUMENTS / 5 && accepted < DOCUMENTS / 2, "accepted " + accepted);
    }

    private String code(byte[] document) {
        return scanner.accepts(amidst(document)) ? ReferenceValidator.ACCEPTED : scanner.code();
    }

    /** Return what is wrong with the scanner's verdict, or null. */
    private String complain(byte[] document) throws IOException {
        ReferenceValidator.Verdict expected = reference.judge(document);
        String code = code(document);
        if (!code.equals(expected.code())) {
            return "expected " + expected + ", the scanner says " + code;
        }
        if (code.equals(ReferenceValidator.ACCEPTED)) {
            return scanner.hasLineBreaks() == hasLineBreaks(document) ? null : "line breaks are not noticed";
        }
        int position = Contracts.position(scanner.detail());
        if (code.equals("not_json")) {
            boolean ask = broken++ % BROKEN_TEXTS_PER_POSITION == 0 || shrinking;
            return !ask || breaksAt(document, position) ? null : "nothing breaks at " + position;
        }
        return position == expected.position() ? null : "expected " + expected + ", the scanner points to " + position;
    }

    /** Return whether the bytes before the position can begin JSON, and those to the end of its token cannot. */
    private boolean breaksAt(byte[] document, int position) throws IOException {
        if (!reference.isBegun(document, position)) {
            return false;
        }
        int end = position + 1;
        if (document[position] == '\\') {
            end = position + 2;
            while (end < document.length && end < position + 6 && JsonTokens.isHex(document[end])) {
                end++;
            }
        } else {
            while (end < document.length && JsonTokens.isScalar(document[end - 1]) && JsonTokens.isScalar(document[end])) {
                end++;
            }
        }
        while (end < document.length && (document[end] & 0xc0) == 0x80) {
            end++;
        }
        if (end >= document.length) {
            return true;
        }
        byte[] separated = Arrays.copyOf(document, end + 1);
        separated[end] = ' ';
        return !reference.isBegun(separated, separated.length);
    }

    /** The bytes that tokens are made of. */
    private static final class JsonTokens {
        static boolean isHex(byte next) {
            return Character.digit(next, 16) >= 0;
        }

        static boolean isScalar(byte next) {
            return next >= 'a' && next <= 'z' || next >= '0' && next <= '9' || "+-.E".indexOf(next) >= 0;
        }
    }

    private static boolean hasLineBreaks(byte[] document) {
        for (byte next : document) {
            if (next == '\n' || next == '\r') {
                return true;
            }
        }
        return false;
    }

    private void note(byte[] document) throws IOException {
        String code = code(document);
        codes.merge(code, 1, Integer::sum);
        boolean read = jacksonReads(document);
        if (read == code.equals(ReferenceValidator.ACCEPTED)) {
            return;
        }
        Disagreement[] explanations = Disagreement.explaining(document, code, read);
        assertEquals(1, explanations.length, () -> "Jackson " + (read ? "reads" : "refuses") + ", the job says " + code
                + ", rows " + Arrays.toString(explanations) + ": " + HexFormat.of().formatHex(document));
        rows.merge(explanations[0], 1, Integer::sum);
        examples.merge(explanations[0], document, (kept, other) -> other.length < kept.length ? other : kept);
    }

    private boolean jacksonReads(byte[] document) throws IOException {
        try {
            return !jackson.readTree(document).isMissingNode();
        } catch (JacksonException | java.io.CharConversionException e) {
            return false;
        }
    }

    /** Shorten a document to the bytes that matter for the failure. */
    private byte[] shrink(byte[] document) throws IOException {
        shrinking = true;
        byte[] smallest = document;
        for (int chunk = Math.max(1, document.length / 2); chunk > 0; chunk /= 2) {
            for (int at = 0; at + chunk <= smallest.length;) {
                byte[] without = new byte[smallest.length - chunk];
                System.arraycopy(smallest, 0, without, 0, at);
                System.arraycopy(smallest, at + chunk, without, at, without.length - at);
                if (complain(without) != null) {
                    smallest = without;
                } else {
                    at += chunk;
                }
            }
        }
        return smallest;
    }

    private void report() {
        codes.forEach((code, count) -> System.out.printf("%,10d  %s%n", count, code));
        System.out.println("Jackson decides otherwise:");
        rows.forEach((row, count) -> {
            byte[] example = examples.get(row);
            String shown = new String(example, 0, Math.min(example.length, EXAMPLE_BYTES_MAX), StandardCharsets.ISO_8859_1);
            System.out.printf("%,10d  %-20s %s%n", count, row.row(), shown.replaceAll("[^ -~]", "?"));
        });
    }
}
