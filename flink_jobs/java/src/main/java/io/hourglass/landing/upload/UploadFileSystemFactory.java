package io.hourglass.landing.upload;

import io.hourglass.landing.upload.s3.DigestingHelper;
import io.hourglass.landing.upload.s3.Digests;
import io.hourglass.landing.upload.s3.ObjectStore;
import io.hourglass.landing.upload.s3.PartBuffer;
import io.hourglass.landing.upload.s3.S3ObjectStore;
import io.hourglass.landing.upload.s3.Senders;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.fs.s3.common.FlinkS3FileSystem;
import org.apache.flink.fs.s3.common.FlinkS3FileSystem.S5CmdConfiguration;
import org.apache.flink.fs.s3.common.writer.S3AccessHelper;
import org.apache.flink.fs.s3hadoop.S3FileSystemFactory;
import org.apache.hadoop.fs.s3a.S3AFileSystem;

/**
 * Registers {@code hourglass://bucket/…}: Flink's S3 file system, with uploads from memory.
 *
 * <p>Its place is the plugin folder of {@code flink-s3-fs-hadoop}; it has the same settings.
 */
public class UploadFileSystemFactory extends S3FileSystemFactory {
    private static final int PARTS_HELD_MAX = 16;

    /** Four parts of 16 MiB, about what is filled and on its way at a time: else every part is memory anew. */
    private static final int BLOCKS_KEPT_MAX = 256;

    @Override
    public String getScheme() {
        return "hourglass";
    }

    /** How many objects may be open in memory at a time. */
    protected int partsHeldMax() {
        return PARTS_HELD_MAX;
    }

    @Override
    protected FileSystem createFlinkFileSystem(
            org.apache.hadoop.fs.FileSystem hadoops,
            S5CmdConfiguration s5cmd,
            String temporaryFolder,
            String entropyKey,
            int entropyCharacters,
            S3AccessHelper helper,
            long partBytes,
            int uploadsMax) {
        Senders senders = new Senders(uploadsMax);
        Digests digests = new Digests();
        ObjectStore store = new S3ObjectStore((S3AFileSystem) hadoops, helper, senders, digests);
        S3AccessHelper digesting = new DigestingHelper((S3AFileSystem) hadoops, helper, digests);
        PartBuffer.Blocks blocks = new PartBuffer.Blocks(BLOCKS_KEPT_MAX);
        Semaphore inMemory = new Semaphore(partsHeldMax());
        return new FlinkS3FileSystem(
                hadoops, s5cmd, temporaryFolder, entropyKey, entropyCharacters, digesting, partBytes, uploadsMax) {
            @Override
            public RecoverableWriter createRecoverableWriter() throws IOException {
                return new UploadWriter(
                        super.createRecoverableWriter(), store, senders, blocks, partBytes, inMemory);
            }
        };
    }
}
