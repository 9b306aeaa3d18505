package io.hourglass.landing.sink;

import io.hourglass.landing.text.Lines;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.functions.sink.filesystem.BucketAssigner;
import org.apache.flink.streaming.api.functions.sink.filesystem.OutputFileConfig;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.SimpleVersionedStringSerializer;

/**
 * Places each line in the directory of its hour, in an object with the epoch in its name.
 *
 * <p>Flink's sink calls {@code getBucketId} for a line and then, in the same thread, {@code getPartPrefix} if it opens
 * a new part. The interface of the latter has no line, so a {@link ThreadLocal} passes the epoch.
 */
public final class EpochNames {
    private static final ThreadLocal<String> EPOCH = new ThreadLocal<>();

    private EpochNames() {}

    /** Assigns the directory of the line's hour. */
    public static final class Hours implements BucketAssigner<Lines, String> {
        private static final long serialVersionUID = 1;

        @Override
        public String getBucketId(Lines line, Context context) {
            EPOCH.set(line.epoch());
            return line.directory();
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
