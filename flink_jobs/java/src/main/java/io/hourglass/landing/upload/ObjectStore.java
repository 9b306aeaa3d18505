package io.hourglass.landing.upload;

import com.amazonaws.services.s3.model.PartETag;
import java.io.IOException;
import java.util.List;

/** What an upload asks of the bucket. An {@link IOException} has outlasted the store's own attempts. */
interface ObjectStore {
    /** Begin a multipart upload and return its id. */
    String begin(String key) throws IOException;

    /** Store a part; the last attempt counts, so a part that is sent twice is stored once. */
    PartETag put(String key, String uploadId, int number, PartBuffer part) throws IOException;

    /** Make the object visible. */
    void complete(String key, String uploadId, List<PartETag> parts, long length) throws IOException;

    /** Forget an upload that no checkpoint knows. Never fails: what is left over is swept later. */
    void abandon(String key, String uploadId);

    /** Return the length of a visible object; {@link java.io.FileNotFoundException} when there is none. */
    long lengthOf(String key) throws IOException;
}
