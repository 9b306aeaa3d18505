package io.hourglass.landing.sink;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.GZIPOutputStream;

/** How the lines of an object are stored. */
public enum Codec {
    PLAIN(".jsonl") {
        @Override
        Compressor compressor(int level) {
            return out -> out;
        }
    },
    GZIP(".jsonl.gz") {
        @Override
        Compressor compressor(int level) {
            if (!IsalDeflater.supports(level)) {
                return out -> jdkGzip(out, level);
            }
            GzipMembers.Scratch scratch = new GzipMembers.Scratch(level);
            return out -> new GzipMembers(out, scratch);
        }
    },
    ZSTD(".jsonl.zst") {
        @Override
        Compressor compressor(int level) {
            int windowLog = level == 1 ? ZSTD_SMALL_WINDOW_LOG : ZSTD_WINDOW_LOG_OF_LEVEL;
            return out -> new ZstdOutputStream(out, level).setChecksum(true).setWindowLog(windowLog);
        }
    };

    /** Bytes of lines that are compressed at a time. */
    static final int CHUNK_BYTES = 1 << 16;

    /**
     * 256 KB, half of what level 1 has by itself: with it the second-level cache still has room for the records of a
     * poll. Higher levels are asked for to find more, and keep theirs.
     */
    private static final int ZSTD_SMALL_WINDOW_LOG = 18;

    /** What zstd reads as its own choice for the level. */
    private static final int ZSTD_WINDOW_LOG_OF_LEVEL = 0;

    private final String suffix;

    Codec(String suffix) {
        this.suffix = suffix;
    }

    /** How the names of such objects end. */
    public String suffix() {
        return suffix;
    }

    /** Make what compresses the objects of one thread, one after another or several at a time. */
    abstract Compressor compressor(int level);

    /** Wraps the stream of an object; closing the result finishes the compressed form and closes the stream. */
    @FunctionalInterface
    interface Compressor {
        OutputStream over(OutputStream out) throws IOException;
    }

    private static OutputStream jdkGzip(OutputStream out, int level) throws IOException {
        return new GZIPOutputStream(out, CHUNK_BYTES) {
            {
                def.setLevel(level);
            }
        };
    }
}
