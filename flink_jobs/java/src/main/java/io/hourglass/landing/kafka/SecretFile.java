package io.hourglass.landing.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file with one secret; a line break at its end is ignored. */
final class SecretFile {
    private SecretFile() {}

    static String read(Path file) throws IOException {
        String text = Files.readString(file);
        return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }
}
