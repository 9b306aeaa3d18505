package io.hourglass.landing;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.GZIPOutputStream;

/** How the lines of an object are stored. */
public enum Codec {
    PLAIN(".jsonl") {
        @Override
        OutputStream compress(OutputStream out, int level) {
            return out;
        }
    },
    GZIP(".jsonl.gz") {
        @Override
        OutputStream compress(OutputStream out, int level) throws IOException {
            return new GZIPOutputStream(out, LineWriter.CHUNK_BYTES) {
                {
                    def.setLevel(level);
                }
            };
        }
    },
    ZSTD(".jsonl.zst") {
        @Override
        OutputStream compress(OutputStream out, int level) throws IOException {
            return new ZstdOutputStream(out, level).setChecksum(true);
        }
    };

    private final String suffix;

    Codec(String suffix) {
        this.suffix = suffix;
    }

    /** How the names of such objects end. */
    public String suffix() {
        return suffix;
    }

    /** Wrap a stream; closing the result finishes the compressed form and closes the stream. */
    abstract OutputStream compress(OutputStream out, int level) throws IOException;
}
