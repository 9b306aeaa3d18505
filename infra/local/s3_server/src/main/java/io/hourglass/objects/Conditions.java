package io.hourglass.objects;

import org.gaul.s3proxy.blobstore.options.PutOptions;

/** The conditions of a write, looked at while nothing else writes. */
final class Conditions {
    private static final String ANY = "*";

    private Conditions() {}

    /**
     * Whether a write may be done.
     *
     * @param options If-Match and If-None-Match: an ETag with or without quotes, {@code *} for any, null for none
     * @param eTag of the present object; null where there is none, or none is known
     * @param present whether there is an object
     */
    static boolean hold(PutOptions options, String eTag, boolean present) {
        return (options.ifMatch() == null || names(options.ifMatch(), eTag, present))
                && (options.ifNoneMatch() == null || !names(options.ifNoneMatch(), eTag, present));
    }

    private static boolean names(String condition, String eTag, boolean present) {
        return present && (condition.equals(ANY) || (eTag != null && bare(condition).equals(bare(eTag))));
    }

    private static String bare(String eTag) {
        return eTag.replace("\"", "");
    }
}
