package io.hourglass.landing.event;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/validation.md} has the same lists as the code, in the same order. */
class ValidationDocumentTest {
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z0-9_]+)` \\|");

    private static List<String> rowsBelow(String heading) throws IOException {
        String document = Files.readString(Path.of("../../docs/validation.md"));
        String section = document.split("(?m)^## " + heading + "$")[1].split("(?m)^## ")[0];
        return ROW.matcher(section).results().map((MatchResult row) -> row.group(1)).toList();
    }

    @Test
    void eachReasonIsExplainedAndNoOther() throws IOException {
        assertEquals(Stream.of(Reason.values()).map(Reason::code).toList(), rowsBelow("Reasons"));
    }

    @Test
    void eachFlagIsExplainedAndNoOther() throws IOException {
        assertEquals(Stream.of(Flag.ALL).map(Flag::code).toList(), rowsBelow("Flags"));
    }

    @Test
    void eachDisagreementWithJacksonIsExplainedAndNoOther() throws IOException {
        assertEquals(Stream.of(Disagreement.values()).map(Disagreement::row).toList(), rowsBelow("Beside Jackson"));
    }
}
