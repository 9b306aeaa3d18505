package io.hourglass.landing.upload.state;

import java.io.IOException;
import java.io.OutputStream;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;

/** A file that becomes visible when it is closed, and never after a write has failed. */
final class StateStream extends OutputStream {
    private final RecoverableFsDataOutputStream file;
    private boolean broken;
    private boolean closed;

    StateStream(RecoverableFsDataOutputStream file) {
        this.file = file;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
        broken = true;
        file.write(bytes, from, count);
        broken = false;
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try (file) {
            if (!broken) {
                file.closeForCommit().commit();
            }
        }
    }
}
