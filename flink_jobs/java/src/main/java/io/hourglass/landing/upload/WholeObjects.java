package io.hourglass.landing.upload;

import java.io.IOException;

/** What small files ask of the bucket, a request each. */
interface WholeObjects {
    /** Whether there is an object of this key; a directory is none. */
    boolean has(String key) throws IOException;

    /** Store an object, in place of one that is there. */
    void put(String key, byte[] bytes) throws IOException;

    /** Delete the object; there need not be one. */
    void delete(String key) throws IOException;
}
