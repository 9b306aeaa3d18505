package io.hourglass.landing.event;

import java.util.Locale;

/** Why a record is rejected: a closed list. {@link #MISSING} and {@link #TYPE} also name a field of the contract. */
public enum Reason {
    EMPTY,
    TOO_LARGE,
    NOT_UTF8,
    SCHEMA_REGISTRY_FRAMING,
    COMPRESSED_VALUE,
    BINARY_FORMAT,
    NOT_JSON,
    NOT_OBJECT,
    TOO_DEEP,
    DUPLICATE_KEY,
    NUMBER_OUT_OF_RANGE,
    LONE_SURROGATE,
    MISSING,
    TYPE,
    BAD_ID,
    BAD_TIME,
    UNKNOWN_TYPE,
    MISTYPED_PAYLOAD,
    INTERNAL_ERROR;

    private final String code = name().toLowerCase(Locale.ROOT);

    /** The code in lines and ledger entries, without a field. */
    public String code() {
        return code;
    }

    /** The code in lines and ledger entries, {@code missing:event_id}. */
    String code(String field) {
        return code + ":" + field;
    }
}
