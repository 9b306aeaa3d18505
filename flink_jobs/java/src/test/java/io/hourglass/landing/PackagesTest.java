package io.hourglass.landing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The packages of the landing job form layers: a package imports only packages below it, never the operator. */
class PackagesTest {
    private static final Path SOURCES = Path.of("src/main/java/io/hourglass/landing");
    private static final Pattern IMPORT =
            Pattern.compile("(?m)^import (?:static )?io\\.hourglass\\.landing\\.([a-z0-9.]*)\\.[A-Z]");

    @Test
    void packagesImportOnlyWhatLiesBelowThem() throws IOException {
        Map<String, Set<String>> expected = Map.of(
                "", Set.of("chain", "event", "kafka", "ledger", "text"),
                "kafka", Set.of("chain"),
                "ledger", Set.of("event", "text"),
                "sink", Set.of("text"),
                "event", Set.of("text"),
                "chain", Set.of(),
                "text", Set.of(),
                "upload", Set.of("upload.s3"),
                "upload.s3", Set.of(),
                "upload.state", Set.of("upload", "upload.s3"));
        assertEquals(expected, imports());
    }

    private static Map<String, Set<String>> imports() throws IOException {
        Map<String, Set<String>> imports = new TreeMap<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = SOURCES.relativize(file.getParent()).toString().replace('/', '.');
                Set<String> imported = imports.computeIfAbsent(name, key -> new TreeSet<>());
                IMPORT.matcher(Files.readString(file)).results().map(found -> found.group(1)).forEach(imported::add);
            }
        }
        return imports;
    }
}
