package io.hourglass.landing.upload.state;

import io.hourglass.landing.upload.FlinksWriter;
import io.hourglass.landing.upload.s3.DigestingHelper;
import io.hourglass.landing.upload.s3.Digests;
import java.io.IOException;
import java.io.OutputStream;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.fs.s3.common.FlinkS3FileSystem;
import org.apache.flink.fs.s3.common.FlinkS3FileSystem.S5CmdConfiguration;
import org.apache.flink.fs.s3.common.writer.S3AccessHelper;
import org.apache.flink.fs.s3hadoop.S3FileSystemFactory;
import org.apache.flink.fs.s3hadoop.common.HadoopDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.s3a.S3AFileSystem;

/**
 * Registers {@code hourglass-state://bucket/…}: Flink's S3 file system for checkpoints, with few requests.
 *
 * <p>A small file is one request, and there are no directories. This job writes a few kilobytes every ten seconds;
 * Hadoop's S3A creates, looks up and deletes directories for them, looks for files under three names and sends them as
 * multipart uploads.
 *
 * <p>Flink reads, lists and deletes trees by itself; a file beyond 4 MiB goes through its own multipart writer.
 *
 * <p>Its place is the plugin folder of {@code flink-s3-fs-hadoop}; it has the same settings.
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
        Digests digests = new Digests();
        WholeObjects objects = new S3WholeObjects((S3AFileSystem) hadoops, digests);
        S3AccessHelper digesting = new DigestingHelper((S3AFileSystem) hadoops, helper, digests);
        return new FlinkS3FileSystem(
                hadoops, s5cmd, temporaryFolder, entropyKey, entropyCharacters, digesting, partBytes, uploadsMax) {
            /** A directory exists as soon as it has a file. */
            @Override
            public boolean mkdirs(Path path) {
                return true;
            }

            /** Whether there is a file of this name; directories do not count. */
            @Override
            public boolean exists(Path path) throws IOException {
                return objects.has(FlinksWriter.keyOf(path));
            }

            /** Without {@code recursive} delete the file of this name; an empty directory has no object to delete. */
            @Override
            public boolean delete(Path path, boolean recursive) throws IOException {
                if (recursive) {
                    return super.delete(path, true);
                }
                objects.delete(FlinksWriter.keyOf(path));
                return true;
            }

            /** Open a file of a random name, as Flink gives to state that is too large for {@code _metadata}. */
            @Override
            public HadoopDataOutputStream create(Path path, WriteMode mode) throws IOException {
                OutputStream file = new StateStream(createRecoverableWriter().open(path));
                return new HadoopDataOutputStream(new FSDataOutputStream(file, null));
            }

            @Override
            public RecoverableWriter createRecoverableWriter() throws IOException {
                return new WholeObjectWriter(super.createRecoverableWriter(), objects);
            }
        };
    }
}
