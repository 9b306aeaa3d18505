package io.hourglass.landing.upload.s3;

import java.io.IOException;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds a Content-MD5 to requests once the bucket has asked for one. Thread-safe.
 *
 * <p>A bucket with Object Lock refuses a PUT without it. Other buckets do not need it, and it costs 1.4 CPU-seconds a
 * gigabyte.
 */
public final class Digests {
    private static final Logger LOG = LoggerFactory.getLogger(Digests.class);

    private volatile boolean asked;

    /** The body of a request; it can be written more than once. */
    @FunctionalInterface
    public interface Body {
        void writeTo(OutputStream out) throws IOException;
    }

    /** A request that may be sent again. */
    @FunctionalInterface
    public interface Request<T> {
        /** @param md5 the digest in base 64, or null */
        T send(String md5) throws IOException;
    }

    /** Send a request without a digest, or with one if the bucket has asked for it or does so now. */
    public <T> T send(Body body, Request<T> request) throws IOException {
        if (!asked) {
            try {
                return request.send(null);
            } catch (DigestMissing e) {
                LOG.info("every object is sent with a digest from now on: {}", e.getMessage());
                asked = true;
            }
        }
        return request.send(md5(body));
    }

    private static String md5(Body body) throws IOException {
        try {
            MessageDigest md5 = MessageDigest.getInstance("MD5");
            body.writeTo(new DigestOutputStream(OutputStream.nullOutputStream(), md5));
            return Base64.getEncoder().encodeToString(md5.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IOException("the bucket asks for Content-MD5, and this Java has no MD5", e);
        }
    }
}
