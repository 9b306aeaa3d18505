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
 * Where objects are made: a folder beside the buckets, on the same file system, that nobody lists.
 *
 * <p>Each object is made by s3proxy itself, with its attributes, in a folder of its own; so a file here is
 * never an object of anybody, and all of them may go when the server starts.
 */
final class Staging {
    private static final String OBJECT = "object";
    private static final String SOURCE = "source";

    private final Path folder;
    private final BlobStore store;

    /** Make the folder, and remove from it what a killed server has left. */
    Staging(Path folder) throws IOException {
        Files.createDirectories(folder);
        MoreFiles.deleteDirectoryContents(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        this.folder = folder;
        this.store = new FilesystemNio2BlobStore(folder.toString());
    }

    /**
     * One finished file, to be moved to where it belongs; closing removes what was not moved.
     *
     * @param folder that it lies in alone
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

    /** Makes an object in a folder, whose name is given, and returns the ETag. */
    private interface Making {
        String in(Path folder, String container) throws IOException;
    }

    /** Receive a body to its last byte, however slowly it comes. */
    Staged receive(Blob blob, PutOptions options) {
        return make(
                (own, container) -> store.putBlob(container, blob.toBuilder().name(OBJECT).build(), access(options)));
    }

    /** Join the parts of an upload; one that is not there ends it with status 400, as S3 does. */
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

    /** Copy an object that exists. */
    Staged copy(Path source, CopyOptions options) {
        return make(
                (own, container) -> {
                    link(source, own.resolve(SOURCE));
                    return store.copyBlob(container, SOURCE, container, OBJECT, options);
                });
    }

    /** Name the hidden file of one part, as s3proxy looks for it. */
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

    /** Conditions are those of the place that it is moved to; here only the permissions count. */
    private static PutOptions access(PutOptions options) {
        return options == null ? PutOptions.NONE : PutOptions.builder().blobAccess(options.blobAccess()).build();
    }

    /** Give a file a second name here; what is not there is missed by who wants to read it. */
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
