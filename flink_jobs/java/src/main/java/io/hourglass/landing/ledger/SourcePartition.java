package io.hourglass.landing.ledger;

import java.util.List;

/** The state of one source partition: its next offset, its envelope, and its ledger entry since the last barrier. */
public final class SourcePartition {
    private static final long UNKNOWN = -1;

    public final String topic;
    public final int partition;
    public final Envelope envelope;

    private final List<String> typeNames;
    private LedgerEntry entry;

    /** The offset after the last record. */
    private long next = UNKNOWN;

    public SourcePartition(String topic, int partition, List<String> typeNames) {
        this.topic = topic;
        this.partition = partition;
        this.envelope = new Envelope(topic, partition);
        this.typeNames = typeNames;
    }

    /** Continue at a position of a checkpoint. The highest of several counts, because positions only grow. */
    public void restore(long position) {
        next = Math.max(next, position);
    }

    /** The next offset, for the checkpoint; -1 before the first record. No record lies before it. */
    public long position() {
        return next;
    }

    /**
     * The entry that counts the record at this offset, which is not before the position.
     *
     * <p>An entry begins where the last one ended, also across restarts, so offsets that the broker skips are holes.
     */
    public LedgerEntry entryFor(long offset) {
        long expected = next == UNKNOWN ? offset : next;
        if (entry == null) {
            entry = new LedgerEntry(expected, typeNames);
        }
        if (offset > expected) {
            entry.skip(expected, offset - 1);
        }
        next = offset + 1;
        return entry;
    }

    /** Whether a record was counted since the last barrier. */
    public boolean hasEntry() {
        return entry != null;
    }

    /** Return the entry since the last barrier, and start with none; null where no record was counted. */
    public LedgerEntry takeEntry() {
        LedgerEntry taken = entry;
        entry = null;
        return taken;
    }
}
