package io.hourglass.landing.upload;

import com.amazonaws.services.s3.model.PartETag;
import io.hourglass.landing.upload.s3.ObjectStore;
import io.hourglass.landing.upload.s3.PartBuffer;
import io.hourglass.landing.upload.s3.Senders;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/**
 * One multipart upload. Other threads send its parts, as many at a time as there are slots.
 *
 * <p>It is open while parts are sent; then finished, with every part stored and only the completion missing, or
 * abandoned. The committer completes it.
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

    /** The first part that is sent begins the upload. */
    private synchronized String idOf() throws IOException {
        if (abandoned) {
            throw new IOException("the upload of " + key + " was abandoned");
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

    /** Abort the upload, which is in no checkpoint. */
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
