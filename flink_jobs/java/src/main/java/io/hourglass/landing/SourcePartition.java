package io.hourglass.landing;

import java.util.ArrayList;
import java.util.List;

/** What the operator keeps of one source partition: how its lines begin, how far it has read, what it must report. */
final class SourcePartition {
    private static final long POSITION_UNKNOWN = -1;

    final String topic;
    final int partition;
    final Envelope envelope;

    private final List<String> typeNames;
    private final List<LedgerEntry> entries = new ArrayList<>(1);
    private LedgerEntry entry;
    private long position = POSITION_UNKNOWN;

    SourcePartition(String topic, int partition, List<String> typeNames) {
        this.topic = topic;
        this.partition = partition;
        this.envelope = new Envelope(topic, partition);
        this.typeNames = typeNames;
    }

    /**
     * Give the entry that counts the record at this offset.
     *
     * <p>An entry begins where the last one ended, so offsets that the broker skips are seen as holes. Offsets that
     * go back (a topic made anew) begin an entry of their own: readers then see the overlap instead of wrong sums.
     */
    LedgerEntry entryFor(long offset) {
        if (entry == null || offset <= position) {
            boolean follows = position != POSITION_UNKNOWN && offset > position;
            entry = new LedgerEntry(follows ? position + 1 : offset, typeNames);
            entries.add(entry);
        }
        position = offset;
        return entry;
    }

    /** Hand over the entries since the last barrier and begin anew. */
    List<LedgerEntry> takeEntries() {
        List<LedgerEntry> taken = List.copyOf(entries);
        entries.clear();
        entry = null;
        return taken;
    }
}
