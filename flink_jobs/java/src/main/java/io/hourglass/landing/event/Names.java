package io.hourglass.landing.event;

import io.hourglass.landing.text.JsonText;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A fixed set of names, found by their UTF-8 bytes without making a string. */
final class Names {
    static final int UNKNOWN = -1;

    private final byte[][] names;
    private final int[] slots;
    private final int mask;

    Names(List<String> names) {
        this.names = names.stream().map(name -> name.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new);
        this.mask = Integer.highestOneBit(Math.max(4, 4 * names.size())) * 2 - 1;
        this.slots = new int[mask + 1];
        Arrays.fill(slots, UNKNOWN);
        for (int index = 0; index < this.names.length; index++) {
            byte[] name = this.names[index];
            int slot = slotOf(name, 0, name.length);
            while (slots[slot] != UNKNOWN) {
                slot = (slot + 1) & mask;
            }
            slots[slot] = index;
        }
    }

    /** Find the index of the name that lies in {@code [from, to)}, or {@link #UNKNOWN}. */
    int find(byte[] bytes, int from, int to) {
        for (int slot = slotOf(bytes, from, to); slots[slot] != UNKNOWN; slot = (slot + 1) & mask) {
            if (isAt(slots[slot], bytes, from, to)) {
                return slots[slot];
            }
        }
        return UNKNOWN;
    }

    /** Whether the name of an index lies in {@code [from, to)}. */
    private boolean isAt(int index, byte[] bytes, int from, int to) {
        byte[] name = names[index];
        int length = name.length;
        if (length != to - from) {
            return false;
        }
        // two words that may overlap cover most names
        if (length >= Long.BYTES && length <= 2 * Long.BYTES) {
            return JsonText.wordAt(name, 0) == JsonText.wordAt(bytes, from)
                    && JsonText.wordAt(name, length - Long.BYTES) == JsonText.wordAt(bytes, to - Long.BYTES);
        }
        return Arrays.equals(name, 0, length, bytes, from, to);
    }

    private int slotOf(byte[] bytes, int from, int to) {
        if (from == to) {
            return 0;
        }
        int ends = bytes[from] * 31 + bytes[to - 1] * 131 + bytes[(from + to) >>> 1] * 17;
        return ((to - from) * 7 + ends) & mask;
    }
}
