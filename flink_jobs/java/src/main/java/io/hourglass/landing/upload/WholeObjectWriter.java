package io.hourglass.landing.upload;

import java.io.IOException;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** Opens files that become visible by one request; what it can recover is what Flink's own writer wrote. */
final class WholeObjectWriter implements RecoverableWriter {
    private static final int WHOLE_BYTES_MAX = 1 << 22;

    private final RecoverableWriter flinks;
    private final WholeObjects objects;

    /** @param flinks the writer for what is too large for one request */
    WholeObjectWriter(RecoverableWriter flinks, WholeObjects objects) {
        this.flinks = flinks;
        this.objects = objects;
    }

    @Override
    public RecoverableFsDataOutputStream open(Path path) {
        return new WholeObjectStream(UploadWriter.keyOf(path), objects, WHOLE_BYTES_MAX, () -> flinks.open(path));
    }

    @Override
    public RecoverableFsDataOutputStream recover(ResumeRecoverable resumable) throws IOException {
        return flinks.recover(resumable);
    }

    @Override
    public Committer recoverForCommit(CommitRecoverable recoverable) throws IOException {
        return flinks.recoverForCommit(recoverable);
    }

    @Override
    public SimpleVersionedSerializer<CommitRecoverable> getCommitRecoverableSerializer() {
        return flinks.getCommitRecoverableSerializer();
    }

    @Override
    public SimpleVersionedSerializer<ResumeRecoverable> getResumeRecoverableSerializer() {
        return flinks.getResumeRecoverableSerializer();
    }

    @Override
    public boolean requiresCleanupOfRecoverableState() {
        return flinks.requiresCleanupOfRecoverableState();
    }

    @Override
    public boolean cleanupRecoverableState(ResumeRecoverable resumable) throws IOException {
        return flinks.cleanupRecoverableState(resumable);
    }

    @Override
    public boolean supportsResume() {
        return false;
    }
}
