package io.hourglass.landing.ledger;

import java.util.ArrayList;
import java.util.List;

/** The state of one source partition: its next offset, its envelope, and its ledger entries since the last barrier. */
public final class SourcePartition {
    private static final long UNKNOWN = -1;

    public final String topic;
    public final int partition;
    public final Envelope envelope;

    private final List<String> typeNames;
    private final List<LedgerEntry> entries = new ArrayList<>(1);
    private LedgerEntry entry;

    /** The offset after the last record. */
    private long next = UNKNOWN;

    /** The offset after the highest record that was counted; every offset below it is a repeat. */
    private long highest = UNKNOWN;

    /** The end of the current entry, exclusive: a repeat ends at the first new offset. */
    private long limit;

    public SourcePartition(String topic, int partition, List<String> typeNames) {
        this.topic = topic;
        this.partition = partition;
        this.envelope = new Envelope(topic, partition);
        this.typeNames = typeNames;
    }

    /** Continue at a position of a checkpoint. The highest of several counts, because positions only grow. */
    public void restore(long position) {
        highest = Math.max(highest, position);
        next = highest;
    }

    /** The next offset, for the checkpoint; -1 before the first record. */
    public long position() {
        return Math.max(highest, next);
    }

    /**
     * The entry that counts the record at this offset.
     *
     * <p>An entry begins where the last one ended, also across restarts, so offsets that the broker skips are holes. An
     * offset that was counted before (the topic was recreated, or its log truncated) begins an entry marked as
     * repeated. The first new offset ends that entry, so new entries chain as if nothing was repeated.
     */
    public LedgerEntry entryFor(long offset) {
        if (entry == null || offset < next || offset >= limit) {
            begin(offset);
        } else if (offset > next) {
            entry.skip(next, offset - 1);
        }
        next = offset + 1;
        return entry;
    }

    private void begin(long offset) {
        highest = position();
        boolean repeat = offset < highest;
        limit = repeat ? highest : Long.MAX_VALUE;
        long expected = repeat ? next : highest;
        long first = offset < expected || expected == UNKNOWN ? offset : expected;
        entry = new LedgerEntry(first, repeat, typeNames);
        entries.add(entry);
        if (offset > first) {
            entry.skip(first, offset - 1);
        }
    }

    /** Return the entries since the last barrier, and start with none. */
    public List<LedgerEntry> takeEntries() {
        highest = position();
        List<LedgerEntry> taken = List.copyOf(entries);
        entries.clear();
        entry = null;
        return taken;
    }
}
