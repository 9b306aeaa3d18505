package io.hourglass.landing.sink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.jupiter.api.Test;

/** Any gzip reader returns the bytes that were written, in pieces of any size. */
class GzipMembersTest {
    private static final int LEVEL = 1;

    private final Random random = new Random(11);
    private final GzipMembers.Scratch scratch = IsalDeflater.supports(LEVEL) ? new GzipMembers.Scratch(LEVEL) : null;

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(IsalDeflater.supports(LEVEL), "ISA-L does not run on this machine: the JDK writes gzip instead");
    }

    private byte[] write(byte[] expected) throws IOException {
        ByteArrayOutputStream stored = new ByteArrayOutputStream();
        try (GzipMembers members = new GzipMembers(stored, scratch)) {
            int at = 0;
            while (at < expected.length) {
                int count = Math.min(expected.length - at, 1 + random.nextInt(3 * Codec.CHUNK_BYTES));
                members.write(expected, at, count);
                at += count;
            }
        }
        return stored.toByteArray();
    }

    private static byte[] read(byte[] stored) throws IOException {
        return new GZIPInputStream(new ByteArrayInputStream(stored)).readAllBytes();
    }

    private byte[] noise(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] text(int count) {
        return "{\"event_type\":\"STEP_SUCCESS\"}\n".repeat(count / 29 + 1).substring(0, count)
                .getBytes(StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 1 << 16, GzipMembers.MEMBER_BYTES - 1, GzipMembers.MEMBER_BYTES,
        GzipMembers.MEMBER_BYTES + 1, 3 * GzipMembers.MEMBER_BYTES + 17})
    void bytesOfEverySizeComeBack(int count) throws IOException {
        for (byte[] expected : new byte[][] {noise(count), text(count), new byte[count]}) {
            assertArrayEquals(expected, read(write(expected)));
        }
    }

    @Test
    void textBecomesSmallAndNoiseHardlyGrows() throws IOException {
        int count = 2 * GzipMembers.MEMBER_BYTES;
        assertTrue(write(text(count)).length < count / 20);
        assertTrue(write(noise(count)).length < count + count / 100);
    }

    @Test
    void objectsOfOneThreadMayBeOpenAtTheSameTime() throws IOException {
        ByteArrayOutputStream firstStored = new ByteArrayOutputStream();
        ByteArrayOutputStream secondStored = new ByteArrayOutputStream();
        byte[] first = noise(3 * GzipMembers.MEMBER_BYTES / 2);
        byte[] second = text(5 * GzipMembers.MEMBER_BYTES / 2);
        try (GzipMembers one = new GzipMembers(firstStored, scratch);
                GzipMembers two = new GzipMembers(secondStored, scratch)) {
            int step = 1000;
            for (int at = 0; at < second.length; at += step) {
                if (at < first.length) {
                    one.write(first, at, Math.min(step, first.length - at));
                }
                two.write(second, at, Math.min(step, second.length - at));
            }
        }
        assertArrayEquals(first, read(firstStored.toByteArray()));
        assertArrayEquals(second, read(secondStored.toByteArray()));
    }

    @Test
    void higherLevelsAreTheJdks() {
        assertEquals(false, IsalDeflater.supports(3));
        assertEquals(false, IsalDeflater.supports(0));
    }
}
