package io.hourglass.landing.event;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * The rules for every event, read from the JSON of {@code producers.events.landing_contract()}.
 *
 * <p>Fields outside of the contract need only be strict JSON.
 */
public final class Contract {
    private static final int FIELDS_MAX = 64;
    private static final int DEPTH_MAX = 10_000;
    private static final String EVENT_TYPE = "event_type";
    private static final String OCCURRED_AT = "occurred_at";
    private static final String SCHEMA_VERSION = "schema_version";

    /** What a value must be. */
    enum Type {
        STRING,
        INTEGER,
        OBJECT,
        TIMESTAMP,
        ID
    }

    /** One field; lengths count characters (code points) of strings, the other limits hold for integers. */
    record Field(int index, String name, Type type, boolean required, int lengthMin, int lengthMax,
            long integerMin, long integerMax) {}

    final Field[] fields;
    final Names fieldNames;

    /** The bits of the required fields' indexes. */
    final long required;

    public final List<String> types;
    final Names typeNames;
    final int eventTypeField;
    final int occurredAtField;
    final int schemaVersionField;
    final long schemaVersion;
    final long clockAheadMillisMax;
    final long clockBehindMillisMax;
    final int eventBytesMax;
    final int depthMax;

    private Contract(List<Field> fields, List<String> types, JsonNode root) {
        this.fields = fields.toArray(Field[]::new);
        this.fieldNames = new Names(fields.stream().map(Field::name).toList());
        this.required = fields.stream().filter(Field::required).mapToLong(field -> 1L << field.index()).sum();
        this.types = List.copyOf(types);
        this.typeNames = new Names(types);
        this.eventTypeField = indexOf(EVENT_TYPE, Type.STRING);
        this.occurredAtField = indexOf(OCCURRED_AT, Type.TIMESTAMP);
        this.schemaVersionField = indexOf(SCHEMA_VERSION, Type.INTEGER);
        this.schemaVersion = positive(root, "schema_version", Integer.MAX_VALUE);
        this.clockAheadMillisMax = 1000L * positive(root, "clock_ahead_seconds_max", Integer.MAX_VALUE);
        this.clockBehindMillisMax = 1000L * positive(root, "clock_behind_seconds_max", Integer.MAX_VALUE);
        this.eventBytesMax = positive(root, "event_bytes_max", Integer.MAX_VALUE);
        this.depthMax = positive(root, "depth_max", DEPTH_MAX);
    }

    private int indexOf(String name, Type type) {
        for (Field field : fields) {
            if (field.name().equals(name) && field.type() == type) {
                return field.index();
            }
        }
        return Names.UNKNOWN;
    }

    /**
     * Read the contract.
     *
     * @throws IllegalArgumentException if it has a type or limit that this class does not know
     */
    public static Contract parse(String json) {
        JsonNode root = readTree(json);
        List<Field> fields = new ArrayList<>();
        for (var entry : root.path("fields").properties()) {
            fields.add(parseField(fields.size(), entry.getKey(), entry.getValue()));
        }
        require(!fields.isEmpty() && fields.size() <= FIELDS_MAX, "fields: 1 to " + FIELDS_MAX);
        List<String> types = new ArrayList<>();
        root.path("types").forEach(type -> types.add(type.textValue()));
        require(!types.contains(null), "types: strings");
        return new Contract(fields, types, root);
    }

    private static int positive(JsonNode root, String name, int max) {
        int number = root.path(name).intValue();
        require(number > 0 && number <= max, name + ": 1 to " + max);
        return number;
    }

    private static JsonNode readTree(String json) {
        try {
            return new ObjectMapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the landing contract is not JSON", e);
        }
    }

    private static Field parseField(int index, String name, JsonNode field) {
        Type type;
        try {
            type = Type.valueOf(field.path("type").asText().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("field " + name + " of the landing contract has an unknown type", e);
        }
        return new Field(index, name, type, field.path("required").asBoolean(),
                field.path("length_min").asInt(0), field.path("length_max").asInt(Integer.MAX_VALUE),
                field.path("integer_min").asLong(Long.MIN_VALUE), field.path("integer_max").asLong(Long.MAX_VALUE));
    }

    private static void require(boolean holds, String expected) {
        if (!holds) {
            throw new IllegalArgumentException("the landing contract needs " + expected);
        }
    }
}
