package io.hourglass.landing.upload;

import com.amazonaws.services.s3.model.PartETag;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/**
 * One multipart upload. Parts travel in other threads; at most as many at a time as there are slots.
 *
 * <p>Its life: open, while parts are sent; then either finished, when every part is stored and only the completion is
 * missing, or abandoned. The completion is the committer's.
 */
final class Upload {
    private final String key;
    private final ObjectStore store;
    private final Senders senders;
    private final List<Future<PartETag>> parts = new ArrayList<>();
    private long length;
    private String id;
    private boolean abandoned;

    Upload(String key, ObjectStore store, Senders senders) {
        this.key = key;
        this.store = store;
        this.senders = senders;
    }

    ObjectStore store() {
        return store;
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }

    /** Bytes of all parts. */
    long length() {
        return length;
    }

    /** Send a part and release it afterwards; waits for a free slot. */
    void send(PartBuffer part) throws IOException {
        int number = parts.size() + 1;
        length += part.length();
        parts.add(senders.submit(() -> {
            try {
                return store.put(key, idOf(), number, part);
            } finally {
                part.release();
            }
        }));
    }

    /** The first part begins the upload, whichever that is. */
    private synchronized String idOf() throws IOException {
        if (abandoned) {
            throw new IOException("the upload of " + key + " was given up");
        }
        if (id == null) {
            id = store.begin(key);
        }
        return id;
    }

    /** Wait until every part is stored and return what a committer needs. */
    UploadRecoverable finish() throws IOException {
        List<PartETag> stored = new ArrayList<>(parts.size());
        for (Future<PartETag> part : parts) {
            stored.add(resultOf(part));
        }
        return new UploadRecoverable(key, idOf(), stored, length);
    }

    private static PartETag resultOf(Future<PartETag> part) throws IOException {
        try {
            return part.get();
        } catch (ExecutionException e) {
            throw new IOException("a part cannot be stored: " + e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while parts were stored").initCause(e);
        }
    }

    /** Give up: no checkpoint knows this upload. */
    void abandon() {
        parts.forEach(part -> part.cancel(true));
        synchronized (this) {
            abandoned = true;
            if (id != null) {
                store.abandon(key, id);
            }
        }
    }
}
