package io.hourglass.landing.sink;

import io.hourglass.landing.text.Lines;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.functions.sink.filesystem.BucketAssigner;
import org.apache.flink.streaming.api.functions.sink.filesystem.OutputFileConfig;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.SimpleVersionedStringSerializer;

/**
 * Puts each line into the directory of its hour and the epoch into the name of its object.
 *
 * <p>A sink asks for the bucket of a line and then, in the same thread and before anything else, for the name of the
 * part that this bucket may need: the epoch travels between the two in a {@link ThreadLocal}.
 */
public final class EpochNames {
    private static final ThreadLocal<String> EPOCH = new ThreadLocal<>();

    private EpochNames() {}

    /** The directory of the line's hour. */
    public static final class Hours implements BucketAssigner<Lines, String> {
        private static final long serialVersionUID = 1;

        @Override
        public String getBucketId(Lines line, Context context) {
            EPOCH.set(line.epoch());
            return line.bucket();
        }

        @Override
        public SimpleVersionedSerializer<String> getSerializer() {
            return SimpleVersionedStringSerializer.INSTANCE;
        }
    }

    /** Names {@code part-<epoch>-<writer>-<count><suffix>}. */
    public static final class Parts extends OutputFileConfig {
        private static final long serialVersionUID = 1;

        /** @param suffix end of the names, {@code .jsonl.zst} */
        public Parts(String suffix) {
            super("part", suffix);
        }

        @Override
        public String getPartPrefix() {
            return super.getPartPrefix() + "-" + EPOCH.get();
        }
    }
}
