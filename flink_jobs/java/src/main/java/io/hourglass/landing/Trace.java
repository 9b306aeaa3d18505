package io.hourglass.landing;

import java.util.Arrays;

/** Describes a defect of ours without its message, which may hold bytes of the record. */
final class Trace {
    private Trace() {}

    /** The exception, where it was thrown, and a hash of the stack trace to group equal defects. */
    static String describe(RuntimeException defect) {
        StackTraceElement[] frames = defect.getStackTrace();
        String place = frames.length == 0 ? "unknown place" : frames[0].getClassName() + ":" + frames[0].getLineNumber();
        int hash = Arrays.hashCode(frames) * 31 + defect.getClass().getName().hashCode();
        return String.format("%s at %s, trace %08x", defect.getClass().getSimpleName(), place, hash);
    }
}
