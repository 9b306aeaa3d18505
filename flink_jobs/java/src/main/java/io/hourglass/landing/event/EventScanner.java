package io.hourglass.landing.event;

import java.nio.ByteBuffer;

/**
 * Decides in one pass over the bytes whether an event may land, without making an object of what it reads.
 *
 * <p>Accepted means: one JSON object (RFC 8259), valid UTF-8, to its last byte; size and depth within the contract;
 * each number a finite double; no lone surrogate; each field of the contract at most once and of its type, the required
 * ones present.
 *
 * <p>There are two classes of defects. One that makes the bytes unreadable as JSON, or too deep to read on, ends the
 * scan. A defect of the content is recorded, the first one wins, and the scan goes on, so a text that is not JSON
 * always gets that reason. The position of a defect never lies outside the value.
 *
 * <p>An instance belongs to one thread; what its methods return holds until the next call of {@link #accepts}.
 */
public final class EventScanner {
    /** The event type of an event whose type the contract does not know. */
    public static final int UNKNOWN_TYPE = Names.UNKNOWN;

    private final Contract contract;
    private final Defect defect = new Defect();
    private final EventFields fields;
    private final JsonScanner json;

    public EventScanner(Contract contract) {
        this.contract = contract;
        this.fields = new EventFields(contract, defect);
        this.json = new JsonScanner(contract.depthMax, defect, fields);
    }

    /**
     * Scan the value of a record; after false, {@link #code} and {@link #detail} return what is wrong.
     *
     * @param value a buffer over an array, read from position to limit; or null
     */
    public boolean accepts(ByteBuffer value) {
        if (value == null) {
            begin(null, 0);
            defect.add(Reason.EMPTY, 0, "the record has no value (a tombstone)");
        } else {
            int from = value.arrayOffset() + value.position();
            begin(value.array(), from);
            scan(value.array(), from, from + value.remaining());
        }
        return !defect.isFound();
    }

    private void begin(byte[] bytes, int from) {
        defect.clear(from);
        fields.clear(bytes);
    }

    private void scan(byte[] bytes, int from, int to) {
        if (from == to) {
            defect.add(Reason.EMPTY, from, "the value has no bytes");
        } else if (to - from > contract.eventBytesMax) {
            defect.add(Reason.TOO_LARGE, from + contract.eventBytesMax, "the largest event ends here, the value goes on");
        } else if (json.scan(bytes, from, to)) {
            if (bytes[json.start()] != '{') {
                defect.replace(Reason.NOT_OBJECT, json.start(), "the value is not an object");
            } else if (!defect.isFound()) {
                fields.checkNothingMissing(to - 1);
            }
        }
    }

    /** The reason code of the last value that was not accepted. */
    public String code() {
        return defect.code();
    }

    /** Where and what is wrong; holds nothing of the value itself. */
    public String detail() {
        return defect.detail();
    }

    /** Whether the last value has a CR or LF between its tokens, the only place where accepted JSON can have one. */
    public boolean hasLineBreaks() {
        return json.hasLineBreaks();
    }

    /** Index of the event type of the last value in the contract, or {@link #UNKNOWN_TYPE}. */
    public int eventType() {
        return fields.eventType();
    }

    /**
     * The {@link Flag}s of the last value, as a mask.
     *
     * @param timestamp of the record, in milliseconds, so that a replay gives the same flags
     */
    public int flags(long timestamp) {
        return fields.flags(timestamp);
    }
}
