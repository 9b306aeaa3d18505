package io.hourglass.landing.upload;

import java.io.IOException;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.fs.s3.common.FlinkS3FileSystem;
import org.apache.flink.fs.s3.common.FlinkS3FileSystem.S5CmdConfiguration;
import org.apache.flink.fs.s3.common.writer.S3AccessHelper;
import org.apache.flink.fs.s3hadoop.S3FileSystemFactory;
import org.apache.hadoop.fs.s3a.S3AFileSystem;

/**
 * Registers {@code hourglass-state://bucket/…}: Flink's S3 file system for checkpoints, with few requests.
 *
 * <p>It keeps them in a bucket as a bucket is: a small file is one request, and there are no directories. A checkpoint
 * of a few kilobytes every ten seconds is what this job has. Hadoop's S3A plays a file system for it: directories are
 * made, looked up and deleted, files looked for under three names and sent as multipart uploads.
 *
 * <p>What reads, lists or deletes a tree, and state of which Flink makes files of its own, is left to Flink.
 *
 * <p>It belongs into the plugin folder of {@code flink-s3-fs-hadoop} and takes the same settings.
 */
public final class StateFileSystemFactory extends S3FileSystemFactory {
    @Override
    public String getScheme() {
        return "hourglass-state";
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
        WholeObjects objects = new S3WholeObjects((S3AFileSystem) hadoops);
        return new FlinkS3FileSystem(
                hadoops, s5cmd, temporaryFolder, entropyKey, entropyCharacters, helper, partBytes, uploadsMax) {
            /** A directory is there as soon as something lies in it. */
            @Override
            public boolean mkdirs(Path path) {
                return true;
            }

            /** Whether there is a file of this name; directories are not looked for. */
            @Override
            public boolean exists(Path path) throws IOException {
                return objects.has(UploadWriter.keyOf(path));
            }

            /** Without {@code recursive} delete the file of this name; of a directory there is nothing to delete. */
            @Override
            public boolean delete(Path path, boolean recursive) throws IOException {
                if (recursive) {
                    return super.delete(path, true);
                }
                objects.delete(UploadWriter.keyOf(path));
                return true;
            }

            @Override
            public RecoverableWriter createRecoverableWriter() throws IOException {
                return new WholeObjectWriter(super.createRecoverableWriter(), objects);
            }
        };
    }
}
