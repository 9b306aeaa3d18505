package io.hourglass.landing.upload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream.Committer;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;
import org.junit.jupiter.api.Test;

/** What could not be completed is not followed by anything of its thread: the ledger comes last. */
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

    /** As Flink does it: every sink is told, whatever became of the one before. */
    private void toldAllInATaskOfItsOwn(Committer... committers) throws InterruptedException {
        Thread task = new Thread(() -> {
            for (Committer committer : committers) {
                try {
                    committer.commitAfterRecovery();
                    effects.add("done");
                } catch (IOException e) {
                    effects.add(e.getMessage());
                    assertNull(e.getCause()); // Flink will hang it under the first failure
                }
            }
        });
        task.start();
        task.join();
    }

    @Test
    void whatFollowsAFailureInItsTaskIsNotCompletedAndTheNextTaskBeginsAnew() throws InterruptedException {
        String after = "not completed after what should have been before it: data is refused";
        toldAllInATaskOfItsOwn(committer("data", true), committer("rejected", false), committer("ledger", false));
        assertEquals(List.of("data", "data is refused", after, after), effects);
        effects.clear();
        toldAllInATaskOfItsOwn(committer("data", false), committer("ledger", false));
        assertEquals(List.of("data", "done", "ledger", "done"), effects);
    }
}
