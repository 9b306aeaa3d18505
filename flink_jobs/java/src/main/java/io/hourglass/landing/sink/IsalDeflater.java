package io.hourglass.landing.sink;

import com.intel.gkl.compression.IntelDeflater;
import java.lang.ref.Cleaner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The deflate of Intel's ISA-L, almost four times as fast as the JDK's at its level 1, where this machine can run it.
 *
 * <p>It compresses one buffer at a time into a complete deflate stream and keeps nothing between two calls. An instance
 * belongs to one thread.
 */
final class IsalDeflater {
    private static final int LEVEL_MAX = 2;

    private static final Logger LOG = LoggerFactory.getLogger(IsalDeflater.class);
    private static final boolean HERE = isHere();
    private static final Cleaner CLEANER = Cleaner.create();
    private static final int HEAD_ROOM = 1 << 10;

    private final IntelDeflater deflater;

    IsalDeflater(int level) {
        IntelDeflater created = new IntelDeflater(level, true);
        deflater = created;
        CLEANER.register(this, created::end);
    }

    /** Whether this machine has the instructions and the library, and the level is one of ISA-L's. */
    static boolean supports(int level) {
        return HERE && level >= 1 && level <= LEVEL_MAX;
    }

    private static boolean isHere() {
        try {
            boolean loaded = new IntelDeflater(1, true).load(null);
            LOG.info("gzip of level 1 and 2 is written by {}", loaded ? "ISA-L" : "the JDK: ISA-L does not run here");
            return loaded;
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("gzip is written by the JDK, which takes four times as long: ISA-L cannot be loaded", e);
            return false;
        }
    }

    /** The most bytes that {@code count} bytes may become. */
    static int bound(int count) {
        return count + (count >>> 3) + HEAD_ROOM;
    }

    /** Compress the first {@code count} bytes, at least one, and return how many were written at the start of {@code into}. */
    int deflate(byte[] bytes, int count, byte[] into) {
        deflater.reset();
        deflater.setInput(bytes, 0, count);
        deflater.finish();
        int written = deflater.deflate(into, 0, into.length);
        if (!deflater.finished()) {
            throw new IllegalStateException("ISA-L left input behind");
        }
        return written;
    }
}
