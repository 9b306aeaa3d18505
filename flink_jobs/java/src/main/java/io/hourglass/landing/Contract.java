package io.hourglass.landing;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * What is checked of every event, read from the JSON of {@code producers.events.landing_contract()}.
 *
 * <p>Fields beyond the contract are not checked, apart from being JSON that every reader can take.
 */
final class Contract {
    private static final int FIELDS_MAX = 64;
    private static final int DEPTH_MAX = 10_000;
    private static final String EVENT_TYPE = "event_type";

    /** What a value must be. */
    enum Type {
        STRING,
        INTEGER,
        OBJECT,
        TIMESTAMP,
        ID
    }

    /** One field; {@code lengthMax} counts characters (code points) and holds for strings alone. */
    record Field(int index, String name, Type type, boolean required, int lengthMax) {}

    final Field[] fields;
    final Names fieldNames;
    final List<String> types;
    final Names typeNames;
    final int eventTypeField;
    final int eventBytesMax;
    final int depthMax;

    private Contract(List<Field> fields, List<String> types, int eventBytesMax, int depthMax) {
        this.fields = fields.toArray(Field[]::new);
        this.fieldNames = new Names(fields.stream().map(Field::name).toList());
        this.types = List.copyOf(types);
        this.typeNames = new Names(types);
        this.eventTypeField = fields.stream().filter(f -> f.name().equals(EVENT_TYPE)).mapToInt(Field::index)
                .findFirst().orElse(Names.UNKNOWN);
        this.eventBytesMax = eventBytesMax;
        this.depthMax = depthMax;
    }

    /** Read the contract; a contract that this class does not understand is an {@link IllegalArgumentException}. */
    static Contract parse(String json) {
        JsonNode root = readTree(json);
        List<Field> fields = new ArrayList<>();
        for (var entry : root.path("fields").properties()) {
            fields.add(parseField(fields.size(), entry.getKey(), entry.getValue()));
        }
        require(!fields.isEmpty() && fields.size() <= FIELDS_MAX, "fields: 1 to " + FIELDS_MAX);
        List<String> types = new ArrayList<>();
        root.path("types").forEach(type -> types.add(type.textValue()));
        require(!types.contains(null), "types: strings");
        int eventBytesMax = root.path("event_bytes_max").intValue();
        require(eventBytesMax > 0, "event_bytes_max: a positive number");
        int depthMax = root.path("depth_max").intValue();
        require(depthMax > 0 && depthMax <= DEPTH_MAX, "depth_max: 1 to " + DEPTH_MAX);
        return new Contract(fields, types, eventBytesMax, depthMax);
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
        int lengthMax = field.path("length_max").asInt(Integer.MAX_VALUE);
        return new Field(index, name, type, field.path("required").asBoolean(), lengthMax);
    }

    private static void require(boolean holds, String expected) {
        if (!holds) {
            throw new IllegalArgumentException("the landing contract needs " + expected);
        }
    }
}
