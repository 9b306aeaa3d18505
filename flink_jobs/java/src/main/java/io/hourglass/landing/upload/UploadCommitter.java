package io.hourglass.landing.upload;

import io.hourglass.landing.upload.s3.ObjectStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Completes an upload, once, however often it is called. */
final class UploadCommitter implements Committer {
    private static final Logger LOG = LoggerFactory.getLogger(UploadCommitter.class);

    private final UploadRecoverable upload;
    private final ObjectStore store;

    UploadCommitter(UploadRecoverable upload, ObjectStore store) {
        this.upload = upload;
        this.store = store;
    }

    @Override
    public void commit() throws IOException {
        store.complete(upload.key(), upload.uploadId(), upload.parts(), upload.length());
    }

    /**
     * Complete an upload that may be completed already: its id is gone then, and the object is visible.
     *
     * <p>The name contains an epoch that no other operator has, so an object of this name and length is this upload.
     */
    @Override
    public void commitAfterRecovery() throws IOException {
        try {
            commit();
        } catch (IOException e) {
            requireVisible(e);
            LOG.info("{} was completed before", upload.key());
        }
    }

    private void requireVisible(IOException failure) throws IOException {
        long visible;
        try {
            visible = store.lengthOf(upload.key());
        } catch (FileNotFoundException e) {
            failure.addSuppressed(e);
            throw failure;
        }
        if (visible != upload.length()) {
            throw new IOException(
                    upload.key() + " has " + visible + " bytes, " + upload.length() + " were uploaded", failure);
        }
    }

    @Override
    public CommitRecoverable getRecoverable() {
        return upload;
    }
}
