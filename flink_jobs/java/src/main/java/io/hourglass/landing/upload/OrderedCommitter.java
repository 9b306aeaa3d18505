package io.hourglass.landing.upload;

import java.io.IOException;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;

/**
 * Refuses to complete an upload after a completion in the same thread has failed.
 *
 * <p>Flink notifies the sinks of a completed checkpoint in turn and does not stop at a failure, so the ledger could be
 * committed without its data. A restarted task runs in a new thread.
 */
final class OrderedCommitter implements Committer {
    /** Kept as text: Flink adds suppressed exceptions to it, which would make a cycle. */
    private static final ThreadLocal<String> FAILURE = new ThreadLocal<>();

    private final Committer committer;

    OrderedCommitter(Committer committer) {
        this.committer = committer;
    }

    @Override
    public void commit() throws IOException {
        inOrder(committer::commit);
    }

    @Override
    public void commitAfterRecovery() throws IOException {
        inOrder(committer::commitAfterRecovery);
    }

    @Override
    public CommitRecoverable getRecoverable() {
        return committer.getRecoverable();
    }

    private static void inOrder(Completion completion) throws IOException {
        if (FAILURE.get() != null) {
            throw new IOException("not completed, because an earlier completion of this task failed: " + FAILURE.get());
        }
        try {
            completion.complete();
        } catch (IOException e) {
            FAILURE.set(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    @FunctionalInterface
    private interface Completion {
        void complete() throws IOException;
    }
}
