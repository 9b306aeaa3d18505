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
 * Buckets in a folder, in which an object is there or not, as in S3.
 *
 * <p>By itself s3proxy writes {@code <key>-<uuid>} beside the key and renames it. A listing at that moment shows that
 * name, or leaves out the rest of the directory when the file goes while it is looked at; a server that is
 * killed leaves it behind as an object for ever. Here a write
 *
 * <ol>
 *   <li>makes the whole object in {@link Staging}, with no lock: a client that freezes in its body holds up nobody;
 *   <li>then, alone, looks at its conditions and renames it to its key.
 * </ol>
 *
 * Listings and reads wait for the second step only, and it for them; so nothing comes, goes or changes while somebody
 * looks. Conditions, also If-Match, are exact. Two servers over one folder are not provided for.
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
        return looking(() -> super.list(container, options));
    }

    @Override
    public List<MultipartUpload> listMultipartUploads(String container) {
        return looking(() -> super.listMultipartUploads(container));
    }

    @Override
    public List<MultipartPart> listMultipartUpload(MultipartUpload upload) {
        return looking(() -> super.listMultipartUpload(upload));
    }

    @Override
    public boolean blobExists(String container, String name) {
        return looking(() -> super.blobExists(container, name));
    }

    @Override
    public BlobMetadata blobMetadata(String container, String name) {
        return looking(() -> super.blobMetadata(container, name));
    }

    /** Open an object: its body is read from the open file later, whatever becomes of the key. */
    @Override
    public Blob getBlob(String container, String name, GetOptions options) {
        return looking(() -> super.getBlob(container, name, options));
    }

    @Override
    public String putBlob(String container, Blob blob, PutOptions options) {
        String name = blob.getMetadata().name();
        if (isMarker(name)) {
            return changing(() -> super.putBlob(container, blob, options));
        }
        try (Staged staged = staging.receive(blob, options)) {
            return changing(() -> publish(staged, container, name, options));
        }
    }

    @Override
    public String copyBlob(
            String fromContainer, String fromName, String toContainer, String toName, CopyOptions options) {
        if (isMarker(fromName) || isMarker(toName)) {
            return changing(() -> super.copyBlob(fromContainer, fromName, toContainer, toName, options));
        }
        if (!blobExists(fromContainer, fromName)) {
            throw new KeyNotFoundException(fromContainer, fromName, "while copying");
        }
        try (Staged staged = staging.copy(root.resolve(fromContainer).resolve(fromName), options)) {
            return changing(() -> publish(staged, toContainer, toName, PutOptions.NONE));
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
            changing(() -> publish(staged, upload.containerName(), name, PutOptions.NONE));
            return made;
        }
    }

    /** Make the object of its parts, then end the upload: who dies between has both, and may complete it again. */
    @Override
    public String completeMultipartUpload(MultipartUpload upload, List<MultipartPart> parts) {
        PutOptions options = upload.putOptions() == null ? PutOptions.NONE : upload.putOptions();
        try (Staged staged = staging.join(upload, parts, root.resolve(upload.containerName()))) {
            return changing(
                    () -> {
                        String eTag = publish(staged, upload.containerName(), upload.blobName(), options);
                        super.abortMultipartUpload(upload);
                        return eTag;
                    });
        }
    }

    @Override
    public void abortMultipartUpload(MultipartUpload upload) {
        changing(() -> super.abortMultipartUpload(upload));
    }

    @Override
    public void removeBlob(String container, String name) {
        changing(() -> super.removeBlob(container, name));
    }

    /** Remove one after the other, so that nobody waits for all of them. */
    @Override
    public void removeBlobs(String container, Iterable<String> names) {
        names.forEach(name -> removeBlob(container, name));
    }

    @Override
    public boolean createContainer(String container, CreateContainerOptions options) {
        return changing(() -> super.createContainer(container, options));
    }

    @Override
    public boolean deleteContainerIfEmpty(String container) {
        return changing(() -> super.deleteContainerIfEmpty(container));
    }

    @Override
    public void deleteContainer(String container) {
        changing(() -> super.deleteContainer(container));
    }

    @Override
    public void clearContainer(String container, ListContainerOptions options) {
        changing(() -> super.clearContainer(container, options));
    }

    private String publish(Staged staged, String container, String name, PutOptions options) {
        // s3proxy refuses here a bucket that is not there, and a name that leads out of it
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

    /** An object whose name ends with a slash: a directory to s3proxy, made at once and without a body. */
    private static boolean isMarker(String name) {
        return name.endsWith("/");
    }

    /** The empty object by which s3proxy lists an upload. */
    private static Blob stub(String uploadId, String name) {
        String part = Staging.partName(uploadId, name, 0);
        return Blob.builder(part.substring(0, part.length() - 1) + "stub")
                .payload(InputStream.nullInputStream())
                .contentLength(0)
                .build();
    }

    private <T> T looking(Supplier<T> look) {
        return under(change.readLock(), look);
    }

    private <T> T changing(Supplier<T> work) {
        return under(change.writeLock(), work);
    }

    private void changing(Runnable work) {
        changing(
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
