package io.hourglass.landing.upload.s3;

import java.io.IOException;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.s3a.AWSBadRequestException;

/** The bucket takes no request without a digest of its body, as one with Object Lock. */
public final class DigestMissing extends PartRequest.Refused {
    private static final long serialVersionUID = 1;

    /** Amazon's own message and MinIO's; the error code is that of any other bad request. */
    private static final Pattern ASKED = Pattern.compile("content-md5", Pattern.CASE_INSENSITIVE);

    /** The code of a body that was damaged on its way. */
    static final String DAMAGED = "BadDigest";

    DigestMissing(String message) {
        super(message + ": the bucket asks for Content-MD5");
    }

    /** A failure of S3A's client as one of this class if it is one, else as it is. */
    public static IOException or(IOException failure) {
        boolean asked = failure instanceof AWSBadRequestException && isAskedBy(failure.getMessage());
        return asked ? new DigestMissing("the bucket answered 400") : failure;
    }

    /** Whether the answer to a bad request asks for a digest; one that did not match is another answer. */
    static boolean isAskedBy(String answer) {
        return ASKED.matcher(answer).find() && !answer.contains(DAMAGED);
    }
}
