package io.hourglass.landing.event;

import java.util.Locale;

/** Why an accepted event is unusual. It lands, and the ledger counts it. A set of flags is a mask of bits. */
public enum Flag {
    /** {@code occurred_at} is far before or after the timestamp of the record. */
    CLOCK_SKEW,
    /** The contract does not know the type of the event. */
    UNKNOWN_TYPE,
    /** The event was written for another version of the contract. */
    SCHEMA_VERSION,
    /** The event lacks a field that its type needs. */
    MISTYPED_PAYLOAD;

    public static final int NONE = 0;
    public static final Flag[] ALL = values();

    private final String code = name().toLowerCase(Locale.ROOT);

    /** The code in ledger entries. */
    public String code() {
        return code;
    }

    /** The mask with this flag alone, or {@link #NONE}. */
    public int when(boolean raised) {
        return raised ? 1 << ordinal() : NONE;
    }

    public boolean isIn(int mask) {
        return (mask & 1 << ordinal()) != 0;
    }
}
