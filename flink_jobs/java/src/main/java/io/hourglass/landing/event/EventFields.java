package io.hourglass.landing.event;

import io.hourglass.landing.text.JsonText;
import io.hourglass.landing.text.Utf8;

/** Checks the members of one event against the contract, and keeps what the ledger counts. */
final class EventFields implements JsonScanner.Members {
    private final Contract contract;
    private final Defect defect;
    private final Rfc3339 time = new Rfc3339();

    private byte[] bytes;
    private Contract.Field field;
    private long seen;
    private long absent;
    private int eventType;
    private long occurredAt;
    private long schemaVersion;

    EventFields(Contract contract, Defect defect) {
        this.contract = contract;
        this.defect = defect;
    }

    /** Start with the next event. */
    void clear(byte[] newBytes) {
        bytes = newBytes;
        seen = 0;
        absent = 0;
        eventType = Names.UNKNOWN;
        occurredAt = Rfc3339.INVALID;
        schemaVersion = contract.schemaVersion;
    }

    @Override
    public boolean key(int from, int to, boolean escaped) {
        byte[] name = escaped ? JsonText.unescape(bytes, from, to) : bytes;
        int index = escaped ? contract.fieldNames.find(name, 0, name.length) : contract.fieldNames.find(name, from, to);
        if (index == Names.UNKNOWN) {
            return false;
        }
        field = contract.fields[index];
        if ((seen & 1L << index) != 0) {
            defect.add(Reason.DUPLICATE_KEY, from - 1, "the event has this field of the contract twice");
        }
        seen |= 1L << index;
        return true;
    }

    @Override
    public void number(int from, int to, boolean whole) {
        if (field.type() != Contract.Type.INTEGER) {
            wrongType(from, "a number");
        } else if (!whole) {
            wrongType(from, "a number with a fraction or an exponent");
        } else if (!JsonText.fitsLong(bytes, from, to)) {
            wrongType(from, "an integer beyond 64 bits");
        } else {
            checkInteger(JsonText.toLong(bytes, from, to), from);
        }
    }

    private void checkInteger(long number, int from) {
        if (number < field.integerMin()) {
            wrongType(from, "an integer below " + field.integerMin());
        } else if (number > field.integerMax()) {
            wrongType(from, "an integer above " + field.integerMax());
        }
        if (field.index() == contract.schemaVersionField) {
            schemaVersion = number;
        }
    }

    @Override
    public void other(JsonScanner.Kind kind, int at) {
        switch (kind) {
            case OBJECT -> {
                if (field.type() != Contract.Type.OBJECT) {
                    wrongType(at, "an object");
                }
            }
            case ARRAY -> wrongType(at, "an array");
            case BOOLEAN -> wrongType(at, "a boolean");
            case NULL -> {
                absent |= 1L << field.index();
                if (field.required()) {
                    wrongType(at, "null, but the field is required");
                }
            }
        }
    }

    @Override
    public void string(int from, int to, boolean escaped) {
        if (escaped) {
            byte[] text = JsonText.unescape(bytes, from, to);
            checkString(text, 0, text.length, from, true);
        } else {
            checkString(bytes, from, to, from, false);
        }
    }

    private void checkString(byte[] text, int textFrom, int textTo, int from, boolean escaped) {
        switch (field.type()) {
            case STRING -> checkText(text, textFrom, textTo, from);
            case ID -> checkId(text, textFrom, textTo, from, escaped);
            case TIMESTAMP -> checkTime(text, textFrom, textTo, from);
            case INTEGER, OBJECT -> wrongType(from - 1, "a string");
        }
    }

    private void checkId(byte[] text, int textFrom, int textTo, int from, boolean escaped) {
        String wrong = contract.identities.defectOf(text, textFrom, textTo, field.lengthMax(), escaped);
        if (wrong != null) {
            defect.add(Reason.BAD_ID, from - 1, field.name() + " " + wrong);
        }
    }

    private void checkText(byte[] text, int textFrom, int textTo, int from) {
        int length = textTo - textFrom;
        if (length > field.lengthMax() && Utf8.count(text, textFrom, textTo) > field.lengthMax()) {
            wrongType(from - 1, "longer than " + field.lengthMax() + " characters");
        } else if (length < Utf8.BYTES_MAX * field.lengthMin()
                && Utf8.count(text, textFrom, textTo) < field.lengthMin()) {
            wrongType(from - 1, "shorter than " + field.lengthMin() + " characters");
        }
        if (field.index() == contract.eventTypeField) {
            eventType = contract.typeNames.find(text, textFrom, textTo);
            if (eventType == Names.UNKNOWN && contract.rejectsUnknownTypes) {
                defect.add(Reason.UNKNOWN_TYPE, from - 1, "the contract does not know this type of event");
            }
        }
    }

    private void checkTime(byte[] text, int textFrom, int textTo, int from) {
        long milliseconds = time.milliseconds(text, textFrom, textTo);
        if (milliseconds == Rfc3339.INVALID) {
            defect.add(Reason.BAD_TIME, from - 1, Rfc3339.askFor(text, textFrom, textTo));
        }
        if (field.index() == contract.occurredAtField) {
            occurredAt = milliseconds;
        }
    }

    private void wrongType(int at, String message) {
        defect.add(Reason.TYPE, field, at, message);
    }

    /** Record the first field that the event lacks: a required one, or one that its type needs if that is enforced. */
    void checkNothingMissing(int at) {
        if ((seen & contract.required) != contract.required) {
            Contract.Field one = firstOf(contract.required & ~seen);
            defect.add(Reason.MISSING, one, at, "the object ends without this field");
        } else if (contract.rejectsMistypedPayloads && lacking() != 0) {
            String name = firstOf(lacking()).name();
            defect.add(Reason.MISTYPED_PAYLOAD, at, "the object ends without " + name + ", which its event type needs");
        }
    }

    private Contract.Field firstOf(long bits) {
        return contract.fields[Long.numberOfTrailingZeros(bits)];
    }

    /** The bits of the fields that the event type needs and that are absent or null. */
    private long lacking() {
        return eventType == Names.UNKNOWN ? 0 : contract.typeFields[eventType] & (~seen | absent);
    }

    int eventType() {
        return eventType;
    }

    int flags(long timestamp) {
        boolean skewed = occurredAt != Rfc3339.INVALID
                && (occurredAt - timestamp > contract.clockAheadMillisMax
                        || timestamp - occurredAt > contract.clockBehindMillisMax);
        return Flag.CLOCK_SKEW.when(skewed)
                | Flag.UNKNOWN_TYPE.when(eventType == Names.UNKNOWN)
                | Flag.SCHEMA_VERSION.when(schemaVersion != contract.schemaVersion)
                | Flag.MISTYPED_PAYLOAD.when(lacking() != 0);
    }
}
