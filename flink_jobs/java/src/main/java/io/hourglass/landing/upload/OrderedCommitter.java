package io.hourglass.landing.upload;

import java.io.IOException;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;

/**
 * Completes no upload in a thread in which another one could not be completed.
 *
 * <p>Of a completed checkpoint Flink tells one sink after the other, the last ones also when the first has failed, and
 * only then ends the task: the ledger would promise what its data sink could not make visible. A task that is restarted
 * runs in another thread.
 */
final class OrderedCommitter implements Committer {
    /** Said, not kept as a cause: Flink adds what follows a failure to it, and would go round in circles. */
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
            throw new IOException("not completed after what should have been before it: " + FAILURE.get());
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
