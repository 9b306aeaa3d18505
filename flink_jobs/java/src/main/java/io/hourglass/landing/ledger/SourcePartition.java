package io.hourglass.landing.ledger;

import java.util.ArrayList;
import java.util.List;

/** What the operator keeps of one source partition: how its lines begin, how far it has read, what it must report. */
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

    /** The offset after the highest record that was ever counted: below it everything is a repeat. */
    private long highest = UNKNOWN;

    /** The offset that the present entry may not reach: where a repeat comes to what is new. */
    private long limit;

    public SourcePartition(String topic, int partition, List<String> typeNames) {
        this.topic = topic;
        this.partition = partition;
        this.envelope = new Envelope(topic, partition);
        this.typeNames = typeNames;
    }

    /** Go on at a position of a checkpoint; of several the highest counts, because positions only grow. */
    public void restore(long position) {
        highest = Math.max(highest, position);
        next = highest;
    }

    /** The offset that is expected next, for the checkpoint; -1 while no record was seen. */
    public long position() {
        return Math.max(highest, next);
    }

    /**
     * Give the entry that counts the record at this offset.
     *
     * <p>An entry begins where the last one ended, also over a restart, so offsets that the broker skips are seen as
     * holes. An offset below one that was already counted (a topic made anew, a log that was cut) begins an entry of
     * its own that says so, and the first new offset ends it: new entries chain as if nothing had been repeated.
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

    /** Hand over the entries since the last barrier and begin anew. */
    public List<LedgerEntry> takeEntries() {
        highest = position();
        List<LedgerEntry> taken = List.copyOf(entries);
        entries.clear();
        entry = null;
        return taken;
    }
}
