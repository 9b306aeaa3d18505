package io.hourglass.landing.event;

import java.nio.charset.StandardCharsets;
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

    /** One field; lengths count characters (code points) of strings and identities, the other limits hold for integers. */
    record Field(int index, String name, Type type, boolean required, int lengthMin, int lengthMax,
            long integerMin, long integerMax) {}

    final Field[] fields;
    final Names fieldNames;

    /** The bits of the required fields' indexes. */
    final long required;

    public final List<String> types;
    final Names typeNames;

    /** By type: the bits of the fields that an event of it needs. */
    final long[] typeFields;

    /** Whether an unknown type, or a type without its fields, is rejected; else it is flagged. */
    final boolean rejectsUnknownTypes;

    final boolean rejectsMistypedPayloads;
    final Identities identities;
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
        this.typeFields = typeFields(root.path("type_fields"));
        this.rejectsUnknownTypes = isReject(root, "unknown_types");
        this.rejectsMistypedPayloads = isReject(root, "mistyped_payloads");
        this.identities = new Identities(ranges(root, "id_refused"), ranges(root, "id_blank"));
        this.eventTypeField = indexOf(EVENT_TYPE, Type.STRING);
        this.occurredAtField = indexOf(OCCURRED_AT, Type.TIMESTAMP);
        this.schemaVersionField = indexOf(SCHEMA_VERSION, Type.INTEGER);
        this.schemaVersion = positive(root, "schema_version", Integer.MAX_VALUE);
        this.clockAheadMillisMax = 1000L * positive(root, "clock_ahead_seconds_max", Integer.MAX_VALUE);
        this.clockBehindMillisMax = 1000L * positive(root, "clock_behind_seconds_max", Integer.MAX_VALUE);
        this.eventBytesMax = positive(root, "event_bytes_max", Integer.MAX_VALUE);
        this.depthMax = positive(root, "depth_max", DEPTH_MAX);
    }

    private long[] typeFields(JsonNode table) {
        long[] bits = new long[types.size()];
        for (var entry : table.properties()) {
            int type = types.indexOf(entry.getKey());
            require(type >= 0, "type_fields: only known types");
            for (JsonNode name : entry.getValue()) {
                byte[] bytes = name.asText().getBytes(StandardCharsets.UTF_8);
                int field = fieldNames.find(bytes, 0, bytes.length);
                require(field != Names.UNKNOWN, "type_fields: only fields of the contract");
                bits[type] |= 1L << field;
            }
        }
        return bits;
    }

    private static boolean isReject(JsonNode root, String name) {
        String choice = root.path(name).asText("flag");
        require(choice.equals("flag") || choice.equals("reject"), name + ": flag or reject");
        return choice.equals("reject");
    }

    /** Read ranges of code points, {@code [[0, 31], [127, 159]]}, ascending. */
    private static int[] ranges(JsonNode root, String name) {
        List<Integer> ends = new ArrayList<>();
        for (JsonNode range : root.path(name)) {
            require(range.size() == 2, name + ": pairs of code points");
            range.forEach(end -> ends.add(end.asInt(-1)));
        }
        int[] ranges = ends.stream().mapToInt(Integer::intValue).toArray();
        for (int at = 0; at < ranges.length; at++) {
            require(ranges[at] >= 0 && (at == 0 || ranges[at] >= ranges[at - 1]), name + ": ascending code points");
        }
        return ranges;
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
