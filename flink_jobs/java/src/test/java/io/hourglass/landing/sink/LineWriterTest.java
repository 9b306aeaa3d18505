package io.hourglass.landing.sink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.github.luben.zstd.ZstdInputStream;
import io.hourglass.landing.text.Lines;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.apache.flink.api.common.serialization.BulkWriter;
import org.apache.flink.core.fs.FSDataOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Lines are read as they were written, and the stream below stays open. */
class LineWriterTest {
    private static final int LEVEL = 1;
    private static final int FRAME_MAGIC_BYTES = 4;

    private static InputStream decompress(Codec codec, byte[] stored) throws IOException {
        InputStream in = new ByteArrayInputStream(stored);
        return switch (codec) {
            case PLAIN -> in;
            case GZIP -> new GZIPInputStream(in);
            case ZSTD -> new ZstdInputStream(in);
        };
    }

    @ParameterizedTest
    @EnumSource
    void linesOfAllSizesComeBackInOrder(Codec codec) throws IOException {
        Random random = new Random(7);
        LineWriter.Factory factory = new LineWriter.Factory(codec, LEVEL);
        for (int lines : new int[] {1, 500, 3}) {
            Kept out = new Kept();
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            BulkWriter<Lines> writer = factory.create(out);
            Lines line = new Lines();
            for (int count = 0; count < lines; count++) {
                byte[] bytes = new byte[random.nextInt(count % 100 == 99 ? 3 * Codec.CHUNK_BYTES : 2000)];
                random.nextBytes(bytes);
                writer.addElement(line.clear().append(bytes));
                expected.writeBytes(bytes);
            }
            writer.finish();
            assertFalse(out.closed);
            assertArrayEquals(expected.toByteArray(), decompress(codec, out.bytes.toByteArray()).readAllBytes());
        }
    }

    @Test
    void aFewLinesTakeNoCodecBeforeTheObjectIsFinished() throws IOException {
        Kept out = new Kept();
        BulkWriter<Lines> writer = new LineWriter.Factory(Codec.GZIP, LEVEL).create(out);
        writer.addElement(new Lines().append("line\n"));
        assertEquals(0, out.bytes.size());
        writer.finish();
        assertEquals("line\n", new String(decompress(Codec.GZIP, out.bytes.toByteArray()).readAllBytes()));
    }

    /** The window is in the header of a frame (RFC 8878, 3.1.1.1.2), as an exponent of 1 KB. */
    @ParameterizedTest
    @CsvSource({"1, 256", "3, 2048"})
    void theWindowOfLevelOneIsSmall(int level, int kilobytes) throws IOException {
        Kept out = new Kept();
        BulkWriter<Lines> writer = new LineWriter.Factory(Codec.ZSTD, level).create(out);
        writer.addElement(new Lines().append(new byte[1 << 22]));
        writer.finish();
        int descriptor = out.bytes.toByteArray()[FRAME_MAGIC_BYTES + 1] & 0xff;
        assertEquals(kilobytes, 1 << (descriptor >> 3));
    }

    @Test
    void suffixesAreThoseOfTheLayout() {
        assertEquals(".jsonl", Codec.PLAIN.suffix());
        assertEquals(".jsonl.gz", Codec.GZIP.suffix());
        assertEquals(".jsonl.zst", Codec.ZSTD.suffix());
    }

    /** A stream that keeps its bytes. */
    private static final class Kept extends FSDataOutputStream {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        boolean closed;

        @Override
        public long getPos() {
            return bytes.size();
        }

        @Override
        public void write(int next) {
            bytes.write(next);
        }

        @Override
        public void write(byte[] more, int from, int count) {
            bytes.write(more, from, count);
        }

        @Override
        public void flush() {}

        @Override
        public void sync() {}

        @Override
        public void close() {
            closed = true;
        }
    }
}
