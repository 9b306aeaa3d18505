package io.hourglass.landing.upload.state;

import io.hourglass.landing.upload.FlinksWriter;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableWriter;

/** Opens files that become visible by one request; it recovers only files of Flink's own writer. */
final class WholeObjectWriter extends FlinksWriter {
    private static final int WHOLE_BYTES_MAX = 1 << 22;

    private final WholeObjects objects;

    /** @param flinks the writer of files that are too large for one request */
    WholeObjectWriter(RecoverableWriter flinks, WholeObjects objects) {
        super(flinks);
        this.objects = objects;
    }

    @Override
    public RecoverableFsDataOutputStream open(Path path) {
        return new WholeObjectStream(keyOf(path), objects, WHOLE_BYTES_MAX, () -> super.open(path));
    }

    @Override
    public boolean supportsResume() {
        return false;
    }
}
