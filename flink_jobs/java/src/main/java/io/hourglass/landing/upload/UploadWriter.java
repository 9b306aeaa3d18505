package io.hourglass.landing.upload;

import io.hourglass.landing.upload.s3.ObjectStore;
import io.hourglass.landing.upload.s3.PartBuffer;
import io.hourglass.landing.upload.s3.Senders;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Opens uploads from memory, and completes them.
 *
 * <p>The number of open objects in memory is bounded; further ones use Flink's own writer, which keeps their parts in
 * files. So a replay of a thousand hours does not fill the heap.
 */
final class UploadWriter extends FlinksWriter {
    private final ObjectStore store;
    private final Senders senders;
    private final PartBuffer.Blocks blocks;
    private final long partBytes;
    private final Semaphore inMemory;

    /**
     * @param flinks the writer for further objects
     * @param inMemory a permit for each stream that may hold a part in memory, shared by all writers of the process
     */
    UploadWriter(
            RecoverableWriter flinks,
            ObjectStore store,
            Senders senders,
            PartBuffer.Blocks blocks,
            long partBytes,
            Semaphore inMemory) {
        super(flinks);
        this.store = store;
        this.senders = senders;
        this.blocks = blocks;
        this.partBytes = partBytes;
        this.inMemory = inMemory;
    }

    @Override
    public RecoverableFsDataOutputStream open(Path path) throws IOException {
        if (!inMemory.tryAcquire()) {
            return super.open(path);
        }
        return new UploadStream(new Upload(keyOf(path), store, senders), blocks, partBytes, inMemory::release);
    }

    @Override
    public Committer recoverForCommit(CommitRecoverable recoverable) throws IOException {
        return new OrderedCommitter(
                recoverable instanceof UploadRecoverable upload
                        ? new UploadCommitter(upload, store)
                        : super.recoverForCommit(recoverable));
    }

    @Override
    public SimpleVersionedSerializer<CommitRecoverable> getCommitRecoverableSerializer() {
        return new UploadRecoverable.Serializer(super.getCommitRecoverableSerializer());
    }
}
