package io.hourglass.landing.event;

import io.hourglass.landing.text.Utf8;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;

/**
 * The reasons why the landing job and Jackson may disagree about a document: a closed list.
 *
 * <p>Jackson is configured as most teams would begin: {@code new ObjectMapper()} that refuses trailing tokens, {@code
 * readTree}, and any tree is valid.
 */
enum Disagreement {
    /** Jackson does not check the contract. */
    CONTRACT {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return jackson && (code.startsWith("missing:") || code.startsWith("type:") || Set.of("bad_id", "bad_time").contains(code));
        }
    },
    /** Jackson accepts scalars and arrays. */
    NOT_OBJECT {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return jackson && code.equals("not_object");
        }
    },
    /** Jackson keeps the last of several equal names. */
    DUPLICATE_KEY {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return jackson && code.equals("duplicate_key");
        }
    },
    /** Jackson reads 1e999 as infinity. */
    NUMBER_OUT_OF_RANGE {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return jackson && code.equals("number_out_of_range");
        }
    },
    /** Jackson decodes half a surrogate pair into a string that is not Unicode text. */
    LONE_SURROGATE {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return jackson && code.equals("lone_surrogate") && contains(document, "\\u");
        }
    },
    /** Jackson accepts up to 1,000 levels. */
    TOO_DEEP {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return jackson && code.equals("too_deep");
        }
    },
    /** Jackson has no limit on a document. */
    TOO_LARGE {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return jackson && code.equals("too_large");
        }
    },
    /** Jackson skips the byte order mark of UTF-8. */
    BYTE_ORDER_MARK {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return jackson && code.equals("not_utf8") && Utf8.startsWithByteOrderMark(document, 0, document.length);
        }
    },
    /** Jackson guesses UTF-16 and UTF-32 from zero bytes and byte order marks; a registry's header begins with zero. */
    OTHER_ENCODING {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            boolean wide = document.length > 1 && (document[0] == 0 || document[1] == 0
                    || document[0] == (byte) 0xfe && document[1] == (byte) 0xff
                    || document[0] == (byte) 0xff && document[1] == (byte) 0xfe);
            boolean header = code.equals("schema_registry_framing") && document[0] == 0;
            return jackson && wide && (header || code.equals("not_utf8"));
        }
    },
    /** Jackson decodes overlong forms, surrogates and more than U+10FFFF. */
    LENIENT_UTF8 {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return jackson && code.equals("not_utf8") && !Utf8.startsWithByteOrderMark(document, 0, document.length)
                    && !OTHER_ENCODING.explains(document, code, true);
        }
    },
    /** Jackson refuses numbers of more than 1,000 characters; the job accepts each finite double. */
    LONG_NUMBER {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return !jackson && code.equals(ReferenceValidator.ACCEPTED) && longestRun(document, true) > 900;
        }
    },
    /** Jackson refuses names of more than 50,000 characters; the job limits the event alone. */
    LONG_NAME {
        @Override
        boolean explains(byte[] document, String code, boolean jackson) {
            return !jackson && code.equals(ReferenceValidator.ACCEPTED) && longestRun(document, false) > 50_000;
        }
    };

    /** Whether this row explains Jackson's verdict about a document that got {@code code} from the job. */
    abstract boolean explains(byte[] document, String code, boolean jackson);

    /** The row in the table of the documentation. */
    String row() {
        return name().toLowerCase(Locale.ROOT);
    }

    private static boolean contains(byte[] document, String ascii) {
        return new String(document, java.nio.charset.StandardCharsets.ISO_8859_1).contains(ascii);
    }

    private static int longestRun(byte[] document, boolean digits) {
        int longest = 0;
        int run = 0;
        for (byte next : document) {
            boolean runs = digits ? next >= '0' && next <= '9' : next != '"';
            run = runs ? run + 1 : 0;
            longest = Math.max(longest, run);
        }
        return longest;
    }

    /** The rows that explain a disagreement; there must be exactly one. */
    static Disagreement[] explaining(byte[] document, String code, boolean jackson) {
        return Arrays.stream(values()).filter(row -> row.explains(document, code, jackson)).toArray(Disagreement[]::new);
    }
}
