package io.hourglass.landing.upload;

import com.amazonaws.services.s3.model.PartETag;
import io.hourglass.landing.upload.s3.ObjectStore;
import io.hourglass.landing.upload.s3.PartBuffer;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A bucket in memory with the rules of multipart uploads. */
final class KeptStore implements ObjectStore {
    private final Map<String, Map<Integer, byte[]>> uploads = new TreeMap<>();
    private final Map<String, byte[]> objects = new TreeMap<>();
    private final List<String> abandoned = new ArrayList<>();
    private int begun;
    private IOException refusal;

    synchronized void refuse(IOException because) {
        refusal = because;
    }

    synchronized List<String> abandoned() {
        return List.copyOf(abandoned);
    }

    synchronized byte[] object(String key) {
        return objects.get(key);
    }

    /** Return the lengths of the parts of open uploads. */
    synchronized Map<String, List<Integer>> open() {
        return uploads.entrySet().stream().collect(Collectors.toMap(
                Map.Entry::getKey, entry -> entry.getValue().values().stream().map(part -> part.length).toList()));
    }

    @Override
    public synchronized String begin(String key) {
        begun++;
        uploads.put(key + "#" + begun, new TreeMap<>());
        return Integer.toString(begun);
    }

    @Override
    public synchronized PartETag put(String key, String uploadId, int number, PartBuffer part) throws IOException {
        if (refusal != null) {
            throw refusal;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        part.writeTo(bytes);
        uploads.get(key + "#" + uploadId).put(number, bytes.toByteArray());
        return new PartETag(number, "tag-" + number);
    }

    @Override
    public synchronized void complete(String key, String uploadId, List<PartETag> parts, long length)
            throws IOException {
        Map<Integer, byte[]> stored = uploads.remove(key + "#" + uploadId);
        if (stored == null) {
            throw new IOException("NoSuchUpload");
        }
        ByteArrayOutputStream object = new ByteArrayOutputStream();
        parts.forEach(part -> object.writeBytes(stored.get(part.getPartNumber())));
        objects.put(key, object.toByteArray());
    }

    @Override
    public synchronized void abandon(String key, String uploadId) {
        uploads.remove(key + "#" + uploadId);
        abandoned.add(key);
    }

    @Override
    public synchronized long lengthOf(String key) throws IOException {
        if (!objects.containsKey(key)) {
            throw new FileNotFoundException(key);
        }
        return objects.get(key).length;
    }
}
