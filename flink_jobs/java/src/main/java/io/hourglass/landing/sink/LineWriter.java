package io.hourglass.landing.sink;

import io.hourglass.landing.text.Lines;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.flink.api.common.serialization.BulkWriter;
import org.apache.flink.core.fs.FSDataOutputStream;

/**
 * Compresses the lines of one object: large pieces directly, small ones collected in a chunk.
 *
 * <p>The codec's native memory is allocated with the first full chunk and freed when the object is finished, so
 * thousands of open hours with a few lines take one chunk each.
 */
public final class LineWriter implements BulkWriter<Lines> {
    /** Lines of at least this length go to the codec directly. */
    private static final int ENOUGH_BYTES = Codec.CHUNK_BYTES / 4;

    private final OutputStream out;
    private final Codec.Compressor compressor;
    private final Deque<byte[]> spareChunks;
    private byte[] chunk;
    private int used;
    private OutputStream compressed;

    private LineWriter(OutputStream out, Codec.Compressor compressor, Deque<byte[]> spareChunks) {
        this.out = out;
        this.compressor = compressor;
        this.spareChunks = spareChunks;
        byte[] spare = spareChunks.poll();
        this.chunk = spare == null ? new byte[Codec.CHUNK_BYTES] : spare;
    }

    @Override
    public void addElement(Lines lines) throws IOException {
        if (lines.length() > Codec.CHUNK_BYTES - used) {
            writeChunk();
        }
        if (lines.length() >= ENOUGH_BYTES) {
            writeChunk();
            compressed().write(lines.bytes(), 0, lines.length());
        } else {
            System.arraycopy(lines.bytes(), 0, chunk, used, lines.length());
            used += lines.length();
        }
    }

    private void writeChunk() throws IOException {
        if (used > 0) {
            compressed().write(chunk, 0, used);
            used = 0;
        }
    }

    private OutputStream compressed() throws IOException {
        if (compressed == null) {
            compressed = compressor.over(new Unclosed(out));
        }
        return compressed;
    }

    @Override
    public void flush() throws IOException {
        writeChunk();
        out.flush();
    }

    /** Finish the compressed form. The stream below stays open; its owner closes it. */
    @Override
    public void finish() throws IOException {
        writeChunk();
        if (spareChunks.size() < Factory.SPARE_CHUNKS_MAX) {
            spareChunks.add(chunk);
        }
        chunk = null;
        compressed().close();
    }

    /** Makes one writer per object. */
    public static final class Factory implements BulkWriter.Factory<Lines> {
        private static final long serialVersionUID = 1;
        private static final int SPARE_CHUNKS_MAX = 64;

        private final Codec codec;
        private final int level;
        private transient Codec.Compressor compressor;
        private transient Deque<byte[]> spareChunks;

        /** @param level of the codec; without meaning for {@link Codec#PLAIN} */
        public Factory(Codec codec, int level) {
            this.codec = codec;
            this.level = level;
        }

        @Override
        public BulkWriter<Lines> create(FSDataOutputStream out) {
            if (compressor == null) {
                compressor = codec.compressor(level);
                spareChunks = new ArrayDeque<>();
            }
            return new LineWriter(out, compressor, spareChunks);
        }
    }

    private static final class Unclosed extends FilterOutputStream {
        Unclosed(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            out.write(bytes, from, count);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
