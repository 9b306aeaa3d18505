package io.hourglass.landing.upload;

import io.hourglass.landing.upload.s3.PartBuffer;
import java.io.IOException;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableWriter.ResumeRecoverable;

/** Collects an object's bytes in memory and sends them part by part. Belongs to one thread, except {@link #close}. */
final class UploadStream extends RecoverableFsDataOutputStream {
    private final Upload upload;
    private final PartBuffer.Blocks blocks;
    private final long partBytes;
    private final Runnable whenClosed;
    private PartBuffer part;
    private boolean finished;
    private boolean closed;

    /**
     * @param partBytes length of all parts but the last; S3 requires at least 5 MiB
     * @param whenClosed called once, when the stream holds no memory any more
     */
    UploadStream(Upload upload, PartBuffer.Blocks blocks, long partBytes, Runnable whenClosed) {
        this.upload = upload;
        this.blocks = blocks;
        this.partBytes = partBytes;
        this.whenClosed = whenClosed;
        this.part = new PartBuffer(blocks);
    }

    @Override
    public void write(int next) throws IOException {
        write(new byte[] {(byte) next}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
        if (closed) {
            throw new IOException("the stream is closed");
        }
        part.append(bytes, from, count);
        if (part.length() >= partBytes) {
            sendPart();
        }
    }

    private void sendPart() throws IOException {
        PartBuffer full = part;
        part = new PartBuffer(blocks);
        upload.send(full);
    }

    @Override
    public long getPos() {
        return upload.length() + part.length();
    }

    @Override
    public void flush() {
        // Nothing becomes visible before the checkpoint that completes the upload.
    }

    @Override
    public void sync() {
        throw new UnsupportedOperationException("an upload is made durable by closeForCommit alone");
    }

    @Override
    public ResumeRecoverable persist() {
        throw new UnsupportedOperationException("an object never spans a checkpoint: roll on every checkpoint");
    }

    @Override
    public Committer closeForCommit() throws IOException {
        return new UploadCommitter(finish(), upload.store());
    }

    private UploadRecoverable finish() throws IOException {
        if (part.length() > 0 || upload.isEmpty()) {
            sendPart();
        }
        UploadRecoverable recoverable = upload.finish();
        finished = true;
        end();
        return recoverable;
    }

    /** Abort the upload unless it is finished. */
    @Override
    public void close() {
        if (!closed && !finished) {
            upload.abandon();
        }
        end();
    }

    private void end() {
        if (!closed) {
            closed = true;
            part.release();
            whenClosed.run();
        }
    }
}
