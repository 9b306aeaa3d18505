package io.hourglass.landing.event;

import static io.hourglass.landing.event.Contracts.amidst;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

/** The real contract, from the copy in the resources that the Python tests keep up to date. */
class ContractTest {
    private static String resource(String name) throws Exception {
        try (InputStream in = ContractTest.class.getResourceAsStream("/" + name)) {
            assertNotNull(in, name);
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void theContractOfThePlatformEventsIsUnderstood() throws Exception {
        Contract contract = Contract.parse(resource("landing_contract.json"));
        assertEquals("event_id:ID event_type:STRING schema_version:INTEGER occurred_at:TIMESTAMP organization:ID "
                + "deployment:ID payload:OBJECT", String.join(" ", Stream.of(contract.fields)
                .filter(Contract.Field::required).map(field -> field.name() + ":" + field.type()).toList()));
        assertEquals(64, contract.depthMax);
        assertEquals(1_000_000, contract.eventBytesMax);
        assertEquals(512, contract.fields[contract.eventTypeField].lengthMax());
        assertTrue(contract.types.contains("ASSET_MATERIALIZATION"));
    }

    /** {@code tests/unit/flink_jobs/test_contract.py} adds only three fields to the model. */
    @Test
    void aFieldThatTheModelGainsIsChecked() throws Exception {
        EventScanner scanner = new EventScanner(Contract.parse(resource("grown_contract.json")));
        String event = Contracts.EVENT.replace("{}}", "{},\"organization\":\"o\",\"deployment\":\"d\"%s}");
        String[][] verdicts = {
            {"missing:count", ""}, {"accepted", ",\"count\":9"}, {"accepted", ",\"count\":-3"}, {"type:count", ",\"count\":10"},
            {"type:count", ",\"count\":-4"}, {"type:count", ",\"count\":1.5"}, {"type:count", ",\"count\":null"},
            {"type:count", ",\"count\":-9223372036854775808"}, {"duplicate_key", ",\"count\":1,\"count\":1"},
            {"accepted", ",\"count\":0,\"label\":\"\u00e4234567\",\"ended_at\":null"},
            {"type:label", ",\"count\":0,\"label\":\"12345678\""}, {"type:label", ",\"count\":0,\"label\":1"},
            {"bad_time", ",\"count\":0,\"ended_at\":\"now\""}, {"type:ended_at", ",\"count\":0,\"ended_at\":0"}};
        for (String[] verdict : verdicts) {
            boolean accepted = scanner.accepts(amidst(Contracts.utf8(String.format(event, verdict[1]))));
            assertEquals(verdict[0], accepted ? "accepted" : scanner.code(), verdict[1]);
        }
    }

    @Test
    void everyNameIsFoundAndNoOther() throws Exception {
        Contract contract = Contract.parse(resource("landing_contract.json"));
        for (Contract.Field field : contract.fields) {
            byte[] name = Contracts.utf8("\"" + field.name() + "\"");
            assertEquals(field.index(), contract.fieldNames.find(name, 1, name.length - 1));
            assertNotEquals(field.index(), contract.fieldNames.find(name, 0, name.length - 1));
            assertEquals(Names.UNKNOWN, contract.fieldNames.find(name, 1, 1));
        }
        for (String type : contract.types) {
            byte[] name = Contracts.utf8(type);
            assertEquals(contract.types.indexOf(type), contract.typeNames.find(name, 0, name.length));
        }
    }

    @Test
    void anIdentityIsWhatTheEventsSay() throws Exception {
        JsonNode identities = new ObjectMapper().readTree(resource("identities.json"));
        Contract contract = Contract.parse(resource("landing_contract.json"));
        for (JsonNode valid : identities.get("valid")) {
            assertTrue(isId(contract, valid.textValue()), valid.toString());
        }
        for (JsonNode invalid : identities.get("invalid")) {
            assertTrue(!isId(contract, invalid.textValue()), invalid.toString());
        }
    }

    private static boolean isId(Contract contract, String text) {
        byte[] bytes = Contracts.utf8("x" + text + "x");
        boolean escaped = text.chars().anyMatch(next -> next < ' ' || next == '"' || next == '\\');
        return contract.identities.defectOf(bytes, 1, bytes.length - 1, contract.fields[0].lengthMax(), escaped) == null;
    }
}
