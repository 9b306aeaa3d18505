package io.hourglass.landing.upload.state;

import java.io.IOException;

/** The requests of small files. */
interface WholeObjects {
    /** Whether there is an object of this key. */
    boolean has(String key) throws IOException;

    /** Store an object, or replace it. */
    void put(String key, byte[] bytes) throws IOException;

    /** Delete the object if there is one. */
    void delete(String key) throws IOException;
}
