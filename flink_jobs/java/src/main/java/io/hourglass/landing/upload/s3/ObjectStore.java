package io.hourglass.landing.upload.s3;

import com.amazonaws.services.s3.model.PartETag;
import java.io.IOException;
import java.util.List;

/** The requests of an upload. An {@link IOException} is final: the store has made its own attempts. */
public interface ObjectStore {
    /** Begin a multipart upload and return its id. */
    String begin(String key) throws IOException;

    /** Store a part. A part that is sent twice is stored once: S3 keeps the last. */
    PartETag put(String key, String uploadId, int number, PartBuffer part) throws IOException;

    /** Make the object visible. */
    void complete(String key, String uploadId, List<PartETag> parts, long length) throws IOException;

    /** Abort an upload that is in no checkpoint. Never fails: {@code hourglass job sweep} aborts what is left over. */
    void abandon(String key, String uploadId);

    /** Return the length of a visible object; {@link java.io.FileNotFoundException} when there is none. */
    long lengthOf(String key) throws IOException;
}
