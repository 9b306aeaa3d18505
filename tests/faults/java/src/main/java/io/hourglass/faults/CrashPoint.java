package io.hourglass.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/**
 * The places at which the job can be made to die, in the order in which a checkpoint passes them.
 *
 * <p>One is armed by the text {@code <name>:<n>} in the file {@code armed} of the folder {@code HOURGLASS_CRASH_FOLDER},
 * before the start or while the job runs: at its n-th time from then on the JVM renames the file to {@code reached}
 * and halts, without shutdown hooks and without finishing anything.
 */
public enum CrashPoint {
    /** The operator has emitted its ledger entries; no writer has flushed them. */
    BEFORE_BARRIER_FLUSH,
    /** The checkpoint's metadata is written; no task was notified. */
    AFTER_CHECKPOINT_BEFORE_COMMIT,
    /** The same, on the JobManager of a cluster, after a worker has noted that there were records. */
    ON_JOB_MANAGER_BEFORE_COMMIT,
    /** The bucket has completed an upload of accepted lines; its response has not reached Flink. */
    INSIDE_COMMIT,
    /** The first sink has committed; those after it have not. */
    BETWEEN_COMMITS,
    /** Every sink of the subtask has committed; the notification has not returned. */
    AFTER_COMMIT_BEFORE_NOTIFY_END,
    /** A restored job has committed what was pending for its first sink; those after it have not. */
    DURING_RESTORE_RECOMMIT;

    private static final int EXIT_CODE = 86;
    private static final Path FOLDER = Path.of(System.getenv().getOrDefault("HOURGLASS_CRASH_FOLDER", "nowhere"));
    private static final Path ARMED = FOLDER.resolve("armed");
    private static final Path WITH_RECORDS = FOLDER.resolve("with-records");
    private static int times;

    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Note, for another process of the cluster, that a checkpoint has records. */
    static void note(long checkpoint) {
        try {
            if (Files.exists(ARMED)) {
                Files.writeString(WITH_RECORDS, Long.toString(checkpoint));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Return whether a process of the cluster has noted that this checkpoint, the newest, has records. */
    static boolean isNoted(long checkpoint) {
        try {
            return Files.exists(WITH_RECORDS) && Files.readString(WITH_RECORDS).equals(Long.toString(checkpoint));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Die here, if this is the armed point and its time has come. */
    void reach() {
        synchronized (CrashPoint.class) {
            try {
                if (!Files.exists(ARMED) || !Files.readString(ARMED).startsWith(label() + ":")) {
                    return;
                }
                times++;
                if (Files.readString(ARMED).equals(label() + ":" + times)) {
                    Files.move(ARMED, FOLDER.resolve("reached"), StandardCopyOption.REPLACE_EXISTING);
                    Runtime.getRuntime().halt(EXIT_CODE);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
