package io.hourglass.landing.upload.s3;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sends one part by a presigned URL: no copy, no file, and a digest only where the bucket asks for it.
 *
 * <p>A presigned URL is a password for a quarter of an hour, so no message contains one.
 */
final class PartRequest {
    static final String CONTENT_TYPE = "application/octet-stream";

    private static final int CONNECT_MILLISECONDS_MAX = 10_000;
    private static final int READ_MILLISECONDS_MAX = 60_000;
    private static final int ANSWER_BYTES_MAX = 4096;
    private static final Pattern CODE = Pattern.compile("<Code>([A-Za-z0-9]{1,64})</Code>");

    private PartRequest() {}

    /**
     * Send the part and return its ETag.
     *
     * @param md5 the digest that the URL is signed with, or null
     * @throws DigestMissing if the bucket takes no part without a digest
     * @throws Refused if another attempt would fail alike
     */
    static String send(URL presigned, String md5, PartBuffer part) throws IOException {
        HttpURLConnection request = (HttpURLConnection) presigned.openConnection();
        request.setConnectTimeout(CONNECT_MILLISECONDS_MAX);
        request.setReadTimeout(READ_MILLISECONDS_MAX);
        request.setRequestMethod("PUT");
        request.setRequestProperty("Content-Type", CONTENT_TYPE);
        if (md5 != null) {
            request.setRequestProperty("Content-MD5", md5);
        }
        request.setDoOutput(true);
        request.setFixedLengthStreamingMode(part.length());
        try (OutputStream body = request.getOutputStream()) {
            part.writeTo(body);
        }
        int status = request.getResponseCode();
        String answer = read(status < 400 ? request.getInputStream() : request.getErrorStream());
        if (status != HttpURLConnection.HTTP_OK) {
            throw failure(status, answer);
        }
        String etag = request.getHeaderField("ETag");
        if (etag == null) {
            throw new IOException("the bucket confirmed a part without an ETag");
        }
        return etag.replace("\"", "");
    }

    /** Read the answer to its end, so that the connection can be used again. */
    private static String read(InputStream answer) throws IOException {
        if (answer == null) {
            return "";
        }
        try (answer) {
            byte[] begin = answer.readNBytes(ANSWER_BYTES_MAX);
            answer.transferTo(OutputStream.nullOutputStream());
            return new String(begin, StandardCharsets.UTF_8);
        }
    }

    private static IOException failure(int status, String answer) {
        Matcher code = CODE.matcher(answer);
        String message = "the bucket answered " + status + (code.find() ? " " + code.group(1) : "");
        if (status == HttpURLConnection.HTTP_BAD_REQUEST && DigestMissing.isAskedBy(answer)) {
            return new DigestMissing(message);
        }
        boolean passing = status >= 500
                || status == 429
                || status == HttpURLConnection.HTTP_CLIENT_TIMEOUT
                || answer.contains(DigestMissing.DAMAGED);
        return passing ? new IOException(message) : new Refused(message);
    }

    /** An answer that another attempt would not change. */
    static class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }
}
