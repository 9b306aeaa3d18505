package io.hourglass.objects;

import org.gaul.s3proxy.blobstore.options.PutOptions;

/** The conditions of a write, checked while no other write runs. */
final class Conditions {
    private static final String ANY = "*";

    private Conditions() {}

    /**
     * Returns whether the conditions of a write hold.
     *
     * @param options If-Match and If-None-Match: an ETag with or without quotes, {@code *} for any, null for no condition
     * @param eTag of the present object; null without an object, or if it is not known
     * @param present whether an object exists
     */
    static boolean hold(PutOptions options, String eTag, boolean present) {
        return (options.ifMatch() == null || matches(options.ifMatch(), eTag, present))
                && (options.ifNoneMatch() == null || !matches(options.ifNoneMatch(), eTag, present));
    }

    private static boolean matches(String condition, String eTag, boolean present) {
        return present && (condition.equals(ANY) || (eTag != null && unquoted(condition).equals(unquoted(eTag))));
    }

    private static String unquoted(String eTag) {
        return eTag.replace("\"", "");
    }
}
