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
 * <p>The tree is bounded, whatever comes. Events that it does not know are read token by token. What each value needs
 * fits a line of the cache, of which the codec leaves little; the rest is kept apart.
 */
final class Shapes {
    static final int PLACES_MAX = 1 << 12;
    static final int CHOICES_MAX = 1 << 3;
    private static final int DISTANCE_MAX = 1 << 8;
    private static final int BYTES_MAX = 1 << 8;

    /** So many events that a full tree did not know, and it begins anew: traffic changes. */
    static final int STRANGERS_MAX = 1 << 16;

    private final Place beginning = new Place(new byte[0], null, new Known(new byte[0], new byte[0], 0, 0));
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
        boolean isLong = between.length + open.length > BYTES_MAX;
        if (isLong || place.known.distance == DISTANCE_MAX || place.choices() == CHOICES_MAX) {
            return null;
        }
        Place added = new Place(between, member, new Known(between, open, seen, place.known.distance + 1));
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
        /** Bytes between the value before and this one. */
        final int length;

        private final long firstWord;
        private final long secondWord;
        private final long lastWord;
        final Contract.Field member;
        private Place first;
        private Place otherwise;
        final boolean ends;
        final Known known;

        private Place(byte[] between, Contract.Field member, Known known) {
            byte[] words = Arrays.copyOf(between, Math.max(between.length, Long.BYTES));
            int last = words.length - Long.BYTES;
            this.length = between.length;
            this.firstWord = JsonText.wordAt(words, 0);
            this.secondWord = JsonText.wordAt(words, Math.min(Long.BYTES, last));
            this.lastWord = JsonText.wordAt(words, last);
            this.member = member;
            this.ends = known.open.length == 0;
            this.known = known;
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
            if (at + Math.max(length, Long.BYTES) > to) {
                return next <= to && Arrays.equals(text, at, next, known.between, 0, length) && mayFollow(text, next, to);
            }
            if ((JsonText.wordAt(text, at) ^ firstWord) << -Byte.SIZE * Math.min(length, Long.BYTES) != 0) {
                return false;
            }
            if (length > Long.BYTES && JsonText.wordAt(text, next - Long.BYTES) != lastWord
                    || length > 2 * Long.BYTES && JsonText.wordAt(text, at + Long.BYTES) != secondWord) {
                return false;
            }
            return (length <= 3 * Long.BYTES || isRestAt(text, at)) && mayFollow(text, next, to);
        }

        private boolean isRestAt(byte[] text, int at) {
            int from = 2 * Long.BYTES;
            int to = length - Long.BYTES;
            return Arrays.equals(text, at + from, at + to, known.between, from, to);
        }

        private boolean mayFollow(byte[] text, int next, int to) {
            return ends || next < to && beginsScalar(text[next]);
        }
    }

    /** What lies before a place, and what the scanner goes on with when it comes from there to what is not known. */
    record Known(byte[] between, byte[] open, long seen, int distance) {}

    /** Whether a value begins like this that is neither object nor array; it need not be one. */
    static boolean beginsScalar(int next) {
        return next == '"' || next >= '0' && next <= '9' || next == 't' || next == 'f' || next == 'n' || next == '-';
    }
}
