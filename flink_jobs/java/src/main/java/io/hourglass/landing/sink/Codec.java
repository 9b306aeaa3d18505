package io.hourglass.landing.sink;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.GZIPOutputStream;

/** How an object is compressed. */
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
     * 256 KB, half of zstd's own window at level 1, so that the records of a poll stay in the second-level cache.
     * Higher levels keep their own window.
     */
    private static final int ZSTD_SMALL_WINDOW_LOG = 18;

    /** Selects zstd's own window of the level. */
    private static final int ZSTD_WINDOW_LOG_OF_LEVEL = 0;

    private final String suffix;

    Codec(String suffix) {
        this.suffix = suffix;
    }

    /** The end of the object's name. */
    public String suffix() {
        return suffix;
    }

    /** A compressor for the objects of one thread; several may be open at a time. */
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
