package io.hourglass.objects;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Date;
import java.util.List;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.domain.Blob;
import org.gaul.s3proxy.blobstore.domain.MultipartPart;
import org.gaul.s3proxy.blobstore.domain.MultipartUpload;
import org.gaul.s3proxy.blobstore.options.CopyOptions;
import org.gaul.s3proxy.blobstore.options.PutOptions;
import org.gaul.s3proxy.nio2blob.AbstractNio2BlobStore;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/**
 * The folder in which objects are written before they are published. It is on the file system of the buckets and is
 * never listed.
 *
 * <p>s3proxy itself writes each object with its attributes, in a separate sub-folder. A file here is not an object, so
 * all of them are deleted when the server starts.
 */
final class Staging {
    private static final String OBJECT = "object";
    private static final String SOURCE = "source";

    private final Path folder;
    private final BlobStore store;

    /** Creates the folder, and deletes what a killed server left in it. */
    Staging(Path folder) throws IOException {
        Files.createDirectories(folder);
        MoreFiles.deleteDirectoryContents(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        this.folder = folder;
        this.store = new FilesystemNio2BlobStore(folder.toString());
    }

    /**
     * One complete file, to be moved to its key; closing deletes it if it was not moved.
     *
     * @param folder of this file alone
     * @param eTag of its bytes, or of its parts
     */
    record Staged(Path folder, String eTag) implements AutoCloseable {
        Path file() {
            return folder.resolve(OBJECT);
        }

        Date modified() {
            try {
                return new Date(Files.getLastModifiedTime(file()).toMillis());
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }

        @Override
        public void close() {
            remove(folder);
        }
    }

    /** Writes an object into a folder and returns its ETag. */
    private interface Making {
        String in(Path folder, String container) throws IOException;
    }

    /** Reads a body to its end. */
    Staged receive(Blob blob, PutOptions options) {
        return make(
                (own, container) -> store.putBlob(container, blob.toBuilder().name(OBJECT).build(), access(options)));
    }

    /** Joins the parts of an upload; a missing part fails with status 400, as in S3. */
    Staged join(MultipartUpload upload, List<MultipartPart> parts, Path bucket) {
        return make(
                (own, container) -> {
                    for (MultipartPart part : parts) {
                        link(
                                bucket.resolve(partName(upload.id(), upload.blobName(), part.partNumber())),
                                own.resolve(partName(upload.id(), OBJECT, part.partNumber())));
                    }
                    return store.completeMultipartUpload(
                            new MultipartUpload(
                                    container,
                                    OBJECT,
                                    upload.id(),
                                    upload.blobMetadata(),
                                    access(upload.putOptions())),
                            parts);
                });
    }

    /** Copies an object that exists. */
    Staged copy(Path source, CopyOptions options) {
        return make(
                (own, container) -> {
                    link(source, own.resolve(SOURCE));
                    return store.copyBlob(container, SOURCE, container, OBJECT, options);
                });
    }

    /** Returns the name of the hidden file of one part in s3proxy. */
    static String partName(String uploadId, String blobName, int number) {
        return AbstractNio2BlobStore.multipartPartName(uploadId, blobName, number);
    }

    private Staged make(Making making) {
        Path own = null;
        try {
            own = Files.createTempDirectory(folder, "");
            return new Staged(own, making.in(own, own.getFileName().toString()));
        } catch (IOException error) {
            remove(own);
            throw new UncheckedIOException(error);
        } catch (RuntimeException error) {
            remove(own);
            throw error;
        }
    }

    /** Keeps the permissions only: the conditions are checked when the file is published. */
    private static PutOptions access(PutOptions options) {
        return options == null ? PutOptions.NONE : PutOptions.builder().blobAccess(options.blobAccess()).build();
    }

    /** Links a file into staging; a missing file is reported by its reader. */
    private static void link(Path source, Path target) throws IOException {
        try {
            Files.createLink(target, source);
        } catch (NoSuchFileException gone) {
            return;
        }
    }

    private static void remove(Path own) {
        if (own == null) {
            return;
        }
        try {
            MoreFiles.deleteRecursively(own, RecursiveDeleteOption.ALLOW_INSECURE);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
