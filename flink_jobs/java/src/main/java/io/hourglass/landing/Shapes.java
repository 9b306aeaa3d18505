package io.hourglass.landing;

import java.util.Arrays;

/**
 * What lay between the values of earlier events: commas, keys, colons and brackets.
 *
 * <p>Events of a kind have the same keys in the same order, so between their values the same bytes come again and
 * again, and one comparison finds that they are right. The places where values begin form a tree from the beginning of
 * an event. To each leads one text alone, apart from the values, so what the scanner knew when it first came there holds
 * whenever it comes there again.
 *
 * <p>The tree is bounded, whatever comes. Events that it does not know are read token by token.
 */
final class Shapes {
    static final int PLACES_MAX = 1 << 12;
    static final int CHOICES_MAX = 1 << 3;
    private static final int DISTANCE_MAX = 1 << 8;
    private static final int BYTES_MAX = 1 << 8;

    /** So many events that a full tree did not know, and it begins anew: traffic changes. */
    static final int STRANGERS_MAX = 1 << 16;

    private final Place beginning = new Place(new byte[0], 0, new byte[0], null, 0);
    private int places;
    private int strangers;

    /** The place before the first bracket of an event. */
    Place beginning() {
        return beginning;
    }

    int places() {
        return places;
    }

    /**
     * Remember how the text goes on behind the value of a place; return null if that is not worth its memory.
     *
     * @param between what lies before the next value, or the end of the event
     * @param open the brackets of the containers around that value, the outermost first; none at the end
     * @param member the field of the contract that the value belongs to, or null
     * @param seen the fields of the contract so far
     */
    Place add(Place place, byte[] between, byte[] open, Contract.Field member, long seen) {
        if (places == PLACES_MAX) {
            countStranger();
            return null;
        }
        if (between.length > BYTES_MAX || place.distance == DISTANCE_MAX || place.choices() == CHOICES_MAX) {
            return null;
        }
        Place added = new Place(between, place.distance + 1, open, member, seen);
        added.otherwise = place.first;
        place.first = added;
        places++;
        return added;
    }

    private void countStranger() {
        strangers++;
        if (strangers == STRANGERS_MAX) {
            beginning.first = null;
            places = 0;
            strangers = 0;
        }
    }

    /** Where a value that is neither object nor array begins, or where an event has ended. */
    static final class Place {
        private final byte[] between;

        /** Bytes between the value before and this one. */
        final int length;

        private final long firstWord;
        private final long firstMask;
        private final long lastWord;
        final boolean ends;
        final Contract.Field member;
        final long seen;
        final byte[] open;
        private final int distance;
        private Place first;
        private Place otherwise;

        private Place(byte[] between, int distance, byte[] open, Contract.Field member, long seen) {
            this.between = between;
            this.length = between.length;
            byte[] word = Arrays.copyOf(between, Math.max(length, Long.BYTES));
            this.firstWord = JsonText.wordAt(word, 0);
            this.firstMask = length < Long.BYTES ? (1L << Byte.SIZE * length) - 1 : -1;
            this.lastWord = JsonText.wordAt(word, word.length - Long.BYTES);
            this.ends = open.length == 0;
            this.member = member;
            this.seen = seen;
            this.open = open;
            this.distance = distance;
        }

        private int choices() {
            int choices = 0;
            for (Place one = first; one != null; one = one.otherwise) {
                choices++;
            }
            return choices;
        }

        /**
         * Find the place where the next value begins, {@link #length} bytes on, or null if it is not known.
         *
         * @param at where the value of this place ends
         */
        Place next(byte[] text, int at, int to) {
            for (Place one = first; one != null; one = one.otherwise) {
                if (one.isBehind(text, at, to)) {
                    return one;
                }
            }
            return null;
        }

        private boolean isBehind(byte[] text, int at, int to) {
            int next = at + length;
            if (next > to || !ends && (next == to || !beginsScalar(text[next]))) {
                return false;
            }
            if (at + Long.BYTES > to) {
                return Arrays.equals(text, at, next, between, 0, length);
            }
            if ((JsonText.wordAt(text, at) & firstMask) != firstWord) {
                return false;
            }
            for (int word = Long.BYTES; word < length - Long.BYTES; word += Long.BYTES) {
                if (JsonText.wordAt(text, at + word) != JsonText.wordAt(between, word)) {
                    return false;
                }
            }
            return length <= Long.BYTES || JsonText.wordAt(text, next - Long.BYTES) == lastWord;
        }
    }

    /** Whether a value begins like this that is neither object nor array; it need not be one. */
    static boolean beginsScalar(int next) {
        return next == '"' || next >= '0' && next <= '9' || next == 't' || next == 'f' || next == 'n' || next == '-';
    }
}
