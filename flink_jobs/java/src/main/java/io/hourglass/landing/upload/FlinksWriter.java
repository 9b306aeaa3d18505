package io.hourglass.landing.upload;

import java.io.IOException;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** Delegates to Flink's own writer; a subclass overrides what it does itself. */
public abstract class FlinksWriter implements RecoverableWriter {
    private final RecoverableWriter flinks;

    protected FlinksWriter(RecoverableWriter flinks) {
        this.flinks = flinks;
    }

    /** The object's key: the path without scheme, bucket and first slash. */
    public static String keyOf(Path path) {
        return path.getPath().substring(1);
    }

    @Override
    public RecoverableFsDataOutputStream open(Path path) throws IOException {
        return flinks.open(path);
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
        return flinks.supportsResume();
    }
}
