package io.hourglass.objects;

import com.google.common.hash.HashCode;
import io.hourglass.objects.Staging.Staged;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import org.gaul.s3proxy.blobstore.HttpResponse;
import org.gaul.s3proxy.blobstore.HttpResponseException;
import org.gaul.s3proxy.blobstore.KeyNotFoundException;
import org.gaul.s3proxy.blobstore.domain.Blob;
import org.gaul.s3proxy.blobstore.domain.BlobMetadata;
import org.gaul.s3proxy.blobstore.domain.MultipartPart;
import org.gaul.s3proxy.blobstore.domain.MultipartUpload;
import org.gaul.s3proxy.blobstore.domain.PageSet;
import org.gaul.s3proxy.blobstore.domain.StorageMetadata;
import org.gaul.s3proxy.blobstore.options.CopyOptions;
import org.gaul.s3proxy.blobstore.options.CreateContainerOptions;
import org.gaul.s3proxy.blobstore.options.GetOptions;
import org.gaul.s3proxy.blobstore.options.ListContainerOptions;
import org.gaul.s3proxy.blobstore.options.PutOptions;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/**
 * Buckets in a folder with atomic writes, as in S3: an object exists completely or not at all.
 *
 * <p>s3proxy alone writes {@code <key>-<uuid>} beside the key and renames it. A listing at that moment shows that name,
 * or leaves out the rest of the directory when the file is renamed meanwhile; after a kill the file stays as an object.
 * Here a write
 *
 * <ol>
 *   <li>writes the whole object in {@link Staging}, without a lock, so a slow client blocks no other one;
 *   <li>then checks its conditions and renames the file to its key under the write lock.
 * </ol>
 *
 * Listings and reads take the read lock, so nothing changes while they run. Conditions are exact, If-Match included.
 * Only one server may use a folder.
 */
final class WholeBlobStore extends ForwardingBlobStore {
    private static final int PRECONDITION_FAILED = 412;

    private final Path root;
    private final Staging staging;
    private final ReadWriteLock change = new ReentrantReadWriteLock();

    WholeBlobStore(Path root, Staging staging) {
        super(new FilesystemNio2BlobStore(root.toString()));
        this.root = root;
        this.staging = staging;
    }

    @Override
    public PageSet<? extends StorageMetadata> list(String container, ListContainerOptions options) {
        return reading(() -> super.list(container, options));
    }

    @Override
    public List<MultipartUpload> listMultipartUploads(String container) {
        return reading(() -> super.listMultipartUploads(container));
    }

    @Override
    public List<MultipartPart> listMultipartUpload(MultipartUpload upload) {
        return reading(() -> super.listMultipartUpload(upload));
    }

    @Override
    public boolean blobExists(String container, String name) {
        return reading(() -> super.blobExists(container, name));
    }

    @Override
    public BlobMetadata blobMetadata(String container, String name) {
        return reading(() -> super.blobMetadata(container, name));
    }

    /** Opens an object; its body is read from the open file later, even if the key is deleted or replaced. */
    @Override
    public Blob getBlob(String container, String name, GetOptions options) {
        return reading(() -> super.getBlob(container, name, options));
    }

    @Override
    public String putBlob(String container, Blob blob, PutOptions options) {
        String name = blob.getMetadata().name();
        if (isMarker(name)) {
            return writing(() -> super.putBlob(container, blob, options));
        }
        try (Staged staged = staging.receive(blob, options)) {
            return writing(() -> publish(staged, container, name, options));
        }
    }

    @Override
    public String copyBlob(
            String fromContainer, String fromName, String toContainer, String toName, CopyOptions options) {
        if (isMarker(fromName) || isMarker(toName)) {
            return writing(() -> super.copyBlob(fromContainer, fromName, toContainer, toName, options));
        }
        if (!blobExists(fromContainer, fromName)) {
            throw new KeyNotFoundException(fromContainer, fromName, "while copying");
        }
        try (Staged staged = staging.copy(root.resolve(fromContainer).resolve(fromName), options)) {
            return writing(() -> publish(staged, toContainer, toName, PutOptions.NONE));
        }
    }

    @Override
    public MultipartUpload initiateMultipartUpload(String container, BlobMetadata metadata, PutOptions options) {
        String id = UUID.randomUUID().toString();
        putBlob(container, stub(id, metadata.name()), PutOptions.NONE);
        return new MultipartUpload(container, metadata.name(), id, metadata, options);
    }

    @Override
    public MultipartPart uploadMultipartPart(
            MultipartUpload upload, int number, InputStream body, long bytes, HashCode contentMd5) {
        String name = Staging.partName(upload.id(), upload.blobName(), number);
        Blob part = Blob.builder(name).payload(body).contentLength(bytes).contentMD5(contentMd5).build();
        try (Staged staged = staging.receive(part, PutOptions.NONE)) {
            MultipartPart made = new MultipartPart(number, bytes, staged.eTag(), staged.modified());
            writing(() -> publish(staged, upload.containerName(), name, PutOptions.NONE));
            return made;
        }
    }

    /** Publishes the object, then ends the upload; after a kill in between, the upload can be completed again. */
    @Override
    public String completeMultipartUpload(MultipartUpload upload, List<MultipartPart> parts) {
        PutOptions options = upload.putOptions() == null ? PutOptions.NONE : upload.putOptions();
        try (Staged staged = staging.join(upload, parts, root.resolve(upload.containerName()))) {
            return writing(
                    () -> {
                        String eTag = publish(staged, upload.containerName(), upload.blobName(), options);
                        super.abortMultipartUpload(upload);
                        return eTag;
                    });
        }
    }

    @Override
    public void abortMultipartUpload(MultipartUpload upload) {
        writing(() -> super.abortMultipartUpload(upload));
    }

    @Override
    public void removeBlob(String container, String name) {
        writing(() -> super.removeBlob(container, name));
    }

    /** Removes the keys one by one, so that the write lock is never held for all of them. */
    @Override
    public void removeBlobs(String container, Iterable<String> names) {
        names.forEach(name -> removeBlob(container, name));
    }

    @Override
    public boolean createContainer(String container, CreateContainerOptions options) {
        return writing(() -> super.createContainer(container, options));
    }

    @Override
    public boolean deleteContainerIfEmpty(String container) {
        return writing(() -> super.deleteContainerIfEmpty(container));
    }

    @Override
    public void deleteContainer(String container) {
        writing(() -> super.deleteContainer(container));
    }

    @Override
    public void clearContainer(String container, ListContainerOptions options) {
        writing(() -> super.clearContainer(container, options));
    }

    private String publish(Staged staged, String container, String name, PutOptions options) {
        // s3proxy refuses a missing bucket here, and a name that leads out of it
        BlobMetadata present = super.blobMetadata(container, name);
        if (!Conditions.hold(options, present == null ? null : present.eTag(), present != null)) {
            throw new HttpResponseException(new HttpResponse(PRECONDITION_FAILED));
        }
        Path target = root.resolve(container).resolve(name).normalize();
        try {
            Files.createDirectories(target.getParent());
            Files.move(staged.file(), target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return staged.eTag();
    }

    /** Whether the name ends with a slash: to s3proxy a directory, created without a body. */
    private static boolean isMarker(String name) {
        return name.endsWith("/");
    }

    /** The empty object with which s3proxy lists an upload. */
    private static Blob stub(String uploadId, String name) {
        String part = Staging.partName(uploadId, name, 0);
        return Blob.builder(part.substring(0, part.length() - 1) + "stub")
                .payload(InputStream.nullInputStream())
                .contentLength(0)
                .build();
    }

    private <T> T reading(Supplier<T> look) {
        return under(change.readLock(), look);
    }

    private <T> T writing(Supplier<T> work) {
        return under(change.writeLock(), work);
    }

    private void writing(Runnable work) {
        writing(
                () -> {
                    work.run();
                    return null;
                });
    }

    private static <T> T under(Lock lock, Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }
}
