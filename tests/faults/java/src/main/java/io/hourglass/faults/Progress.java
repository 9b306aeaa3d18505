package io.hourglass.faults;

/** Progress of the job between two checkpoints: only those with records are worth a crash. Called by the advice. */
public final class Progress {
    private static final ThreadLocal<Boolean> RECORDS = ThreadLocal.withInitial(() -> false);
    private static final ThreadLocal<Integer> COMMITS = ThreadLocal.withInitial(() -> 0);
    private static final ThreadLocal<Boolean> RESTORES = ThreadLocal.withInitial(() -> false);
    private static volatile long checkpointWithRecords = Long.MAX_VALUE;

    private Progress() {}

    public static void record() {
        RECORDS.set(true);
    }

    public static void emitted(long checkpoint) {
        if (RECORDS.get()) {
            RECORDS.set(false);
            checkpointWithRecords = checkpoint;
            CrashPoint.note(checkpoint);
            CrashPoint.BEFORE_BARRIER_FLUSH.reach();
        }
    }

    public static void completed(long checkpoint) {
        if (checkpoint == checkpointWithRecords) {
            CrashPoint.AFTER_CHECKPOINT_BEFORE_COMMIT.reach();
        }
        if (CrashPoint.isNoted(checkpoint)) {
            CrashPoint.ON_JOB_MANAGER_BEFORE_COMMIT.reach();
        }
    }

    public static void uploadCompleted(String key) {
        if (key.contains("/landing/")) {
            CrashPoint.INSIDE_COMMIT.reach();
        }
    }

    public static void notifyBegins() {
        COMMITS.set(0);
    }

    public static void committed() {
        COMMITS.set(COMMITS.get() + 1);
        if (RESTORES.get()) {
            CrashPoint.DURING_RESTORE_RECOMMIT.reach();
        } else if (COMMITS.get() == 1) {
            CrashPoint.BETWEEN_COMMITS.reach();
        }
    }

    public static void notifyEnds() {
        if (COMMITS.get() > 0) {
            CrashPoint.AFTER_COMMIT_BEFORE_NOTIFY_END.reach();
        }
    }

    public static void restores(boolean now) {
        RESTORES.set(now);
    }
}
