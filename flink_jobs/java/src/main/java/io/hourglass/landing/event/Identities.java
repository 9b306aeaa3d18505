package io.hourglass.landing.event;

import io.hourglass.landing.text.JsonText;

/** Checks identities: printable text that is not blank, of a limited number of characters (code points). */
final class Identities {
    /** First and last code points of ranges, ascending. */
    private final int[] refused;

    private final int[] blank;

    /**
     * @param refused first and last code points of ranges that no identity may hold
     * @param blank ranges that look like nothing; an identity needs a character outside of them
     */
    Identities(int[] refused, int[] blank) {
        this.refused = refused;
        this.blank = blank;
    }

    /** Return what is wrong with the text, which is valid UTF-8, as a phrase after its name; or null. */
    String defectOf(byte[] text, int from, int to, int charactersMax, boolean escaped) {
        int length = to - from;
        // only an escape can make a control character of ASCII but DEL, which the words are searched for
        if (!escaped && length > 0 && length <= charactersMax && text[from] != ' ' && JsonText.isPrintable(text, from, to)) {
            return null;
        }
        return length == 0 ? "is empty" : defectOfCharacters(text, from, to, charactersMax);
    }

    private String defectOfCharacters(byte[] text, int from, int to, int charactersMax) {
        int characters = 0;
        boolean visible = false;
        for (int at = from; at < to; characters++) {
            int character = characterAt(text, at);
            if (isIn(refused, character)) {
                return "holds a control character, a line separator or an invisible character";
            }
            visible |= !isIn(blank, character);
            at += lengthOf(text[at]);
        }
        if (characters > charactersMax) {
            return "is longer than " + charactersMax + " characters";
        }
        return visible ? null : "holds nothing but blanks";
    }

    private static int lengthOf(byte lead) {
        return lead >= 0 ? 1 : (lead & 0xff) < 0xe0 ? 2 : (lead & 0xff) < 0xf0 ? 3 : 4;
    }

    private static int characterAt(byte[] text, int at) {
        int length = lengthOf(text[at]);
        int character = length == 1 ? text[at] : text[at] & 0xff >> length + 1;
        for (int next = 1; next < length; next++) {
            character = character << 6 | text[at + next] & 0x3f;
        }
        return character;
    }

    private static boolean isIn(int[] ranges, int character) {
        for (int at = 0; at < ranges.length && ranges[at] <= character; at += 2) {
            if (character <= ranges[at + 1]) {
                return true;
            }
        }
        return false;
    }
}
