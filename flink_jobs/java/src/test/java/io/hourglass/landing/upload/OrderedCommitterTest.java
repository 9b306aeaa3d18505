package io.hourglass.landing.upload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;
import org.junit.jupiter.api.Test;

/** After a failed completion its thread completes nothing else, so the ledger, which comes last, stays invisible. */
class OrderedCommitterTest {
    private final List<String> effects = new ArrayList<>();

    private Committer committer(String name, boolean refused) {
        return new OrderedCommitter(new Committer() {
            @Override
            public void commit() throws IOException {
                effects.add(name);
                if (refused) {
                    throw new IOException(name + " is refused");
                }
            }

            @Override
            public void commitAfterRecovery() throws IOException {
                commit();
            }

            @Override
            public CommitRecoverable getRecoverable() {
                return null;
            }
        });
    }

    /** Like Flink: notify every sink, also after a failure. */
    private void toldAllInATaskOfItsOwn(Committer... committers) throws InterruptedException {
        Thread task = new Thread(() -> {
            for (Committer committer : committers) {
                try {
                    committer.commitAfterRecovery();
                    effects.add("done");
                } catch (IOException e) {
                    effects.add(e.getMessage());
                    assertNull(e.getCause()); // Flink adds it to the first failure
                }
            }
        });
        task.start();
        task.join();
    }

    @Test
    void whatFollowsAFailureInItsTaskIsNotCompletedAndTheNextTaskBeginsAnew() throws InterruptedException {
        String after = "not completed, because an earlier completion of this task failed: data is refused";
        toldAllInATaskOfItsOwn(committer("data", true), committer("rejected", false), committer("ledger", false));
        assertEquals(List.of("data", "data is refused", after, after), effects);
        effects.clear();
        toldAllInATaskOfItsOwn(committer("data", false), committer("ledger", false));
        assertEquals(List.of("data", "done", "ledger", "done"), effects);
    }
}
