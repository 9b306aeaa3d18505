package io.hourglass.landing.upload.state;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;
import org.apache.flink.core.fs.RecoverableWriter.ResumeRecoverable;

/** Collects a file in memory and stores it by one request when it is committed; a large one uses another stream. */
final class WholeObjectStream extends RecoverableFsDataOutputStream {
    private final String key;
    private final WholeObjects objects;
    private final int wholeBytesMax;
    private final OtherWay otherWay;
    private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
    private RecoverableFsDataOutputStream large;
    private boolean closed;

    /** Opens the stream of a larger file. */
    @FunctionalInterface
    interface OtherWay {
        RecoverableFsDataOutputStream open() throws IOException;
    }

    /** @param wholeBytesMax a longer file uses the other stream, from its first byte on */
    WholeObjectStream(String key, WholeObjects objects, int wholeBytesMax, OtherWay otherWay) {
        this.key = key;
        this.objects = objects;
        this.wholeBytesMax = wholeBytesMax;
        this.otherWay = otherWay;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
        if (closed) {
            throw new IOException("the stream is closed");
        }
        if (large == null && count > wholeBytesMax - collected.size()) {
            large = otherWay.open();
            collected.writeTo(large);
            collected.reset();
        }
        (large == null ? collected : large).write(bytes, from, count);
    }

    @Override
    public long getPos() throws IOException {
        return large == null ? collected.size() : large.getPos();
    }

    @Override
    public void flush() {
        // Nothing becomes visible before the commit.
    }

    @Override
    public void sync() {
        throw new UnsupportedOperationException("an object is made durable by its commit alone");
    }

    @Override
    public ResumeRecoverable persist() {
        throw new UnsupportedOperationException("a small object is there as a whole or not at all");
    }

    @Override
    public Committer closeForCommit() throws IOException {
        closed = true;
        return large == null ? new Put() : large.closeForCommit();
    }

    /** Drop the file unless it is committed. */
    @Override
    public void close() throws IOException {
        closed = true;
        if (large != null) {
            large.close();
        }
    }

    private final class Put implements Committer {
        @Override
        public void commit() throws IOException {
            objects.put(key, collected.toByteArray());
        }

        @Override
        public void commitAfterRecovery() throws IOException {
            commit();
        }

        @Override
        public CommitRecoverable getRecoverable() {
            throw new UnsupportedOperationException("a small object is committed where it was written");
        }
    }
}
