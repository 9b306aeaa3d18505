package io.hourglass.landing;

import static io.hourglass.landing.Contracts.EVENT;
import static io.hourglass.landing.Contracts.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is known of events is exact, and it is bounded. */
class ShapesTest {
    private static final byte[] OBJECT = utf8("{");
    private static final byte[] END = {};

    private final Shapes shapes = new Shapes();

    private Shapes.Place add(Shapes.Place place, String between) {
        return shapes.add(place, utf8(between), OBJECT, null, 0);
    }

    /** Look between bytes that belong to nobody. */
    private static Shapes.Place next(Shapes.Place place, String text) {
        byte[] bytes = utf8("1" + text + "111111111");
        return place.next(bytes, 1, 1 + text.length());
    }

    /** Each length: a part of a word, a whole one, words that overlap and words that do not. */
    @ParameterizedTest
    @ValueSource(ints = {5, 6, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 40, 41, 200})
    void eachByteIsCompared(int length) {
        String between = "{\"" + "k".repeat(length - 4) + "\":";
        Shapes.Place place = add(shapes.beginning(), between);
        assertEquals(length, place.length);
        assertSame(place, next(shapes.beginning(), between + "1}"));
        for (int at = 0; at < length; at++) {
            String other = between.substring(0, at) + "!" + between.substring(at + 1);
            assertNull(next(shapes.beginning(), other + "1}"), other);
        }
    }

    @Test
    void theTextEndsWhereItEnds() {
        Shapes.Place place = add(shapes.beginning(), "{\"a\":");
        Shapes.Place end = shapes.add(place, utf8("}"), END, null, 0);
        assertNull(next(shapes.beginning(), "{\"a\":"));
        assertNull(next(shapes.beginning(), "{\"a\""));
        assertSame(place, next(shapes.beginning(), "{\"a\":1"));
        assertSame(end, next(place, "}"));
        assertTrue(end.ends);
        assertNull(next(place, ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "[", "}", "]", " ", "\n", ",", ":", "x", "\u00e4"})
    void whereNoScalarBeginsThereIsNoPlace(String follows) {
        add(shapes.beginning(), "{\"a\":");
        assertNull(next(shapes.beginning(), "{\"a\":" + follows + "1}"));
        assertFalse(Shapes.beginsScalar(utf8(follows)[0]));
    }

    @Test
    void textsThatBeginAlikeAreToldApart() {
        Shapes.Place flat = add(shapes.beginning(), "{\"a\":");
        Shapes.Place nested = add(shapes.beginning(), "{\"a\":{\"b\":");
        Shapes.Place longer = add(shapes.beginning(), "{\"a\":{\"b\":[");
        assertSame(flat, next(shapes.beginning(), "{\"a\":1}"));
        assertSame(nested, next(shapes.beginning(), "{\"a\":{\"b\":1}}"));
        assertSame(longer, next(shapes.beginning(), "{\"a\":{\"b\":[1]}}"));
    }

    @Test
    void aPlaceHasFewChoicesAndNoLongOnes() {
        for (int choice = 0; choice < Shapes.CHOICES_MAX; choice++) {
            assertNotNull(add(shapes.beginning(), "{\"" + choice + "\":"));
        }
        assertNull(add(shapes.beginning(), "{\"other\":"));
        Shapes.Place first = next(shapes.beginning(), "{\"0\":1");
        assertNull(add(first, "," + "k".repeat(300)));
        assertNull(shapes.add(first, utf8(",\"k\":"), new byte[300], null, 0));
        assertEquals(Shapes.CHOICES_MAX, shapes.places());
    }

    /** Keys that never come again fill it up to its bound; long after that it learns anew. */
    @Test
    void whateverComesTheTreeIsBoundedAndNotFilledForEver() {
        EventScanner scanner = Contracts.scanner();
        Shapes known = scanner.shapes();
        int most = 0;
        int emptied = 0;
        for (int count = 0; count < 2 * Shapes.STRANGERS_MAX; count++) {
            int before = known.places();
            String keys = "{\"" + String.join("\":1,\"", Integer.toOctalString(1 << 18 | count).split("")) + "\":{}}";
            assertTrue(scanner.accepts(Contracts.amidst(utf8(EVENT.replace("{}", keys)))));
            most = Math.max(most, known.places());
            emptied += known.places() < before ? 1 : 0;
        }
        assertEquals(Shapes.PLACES_MAX, most);
        assertEquals(1, emptied);
    }
}
