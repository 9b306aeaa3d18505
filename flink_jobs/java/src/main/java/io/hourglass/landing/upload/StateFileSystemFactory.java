package io.hourglass.landing.upload;

import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.fs.s3.common.FlinkS3FileSystem.S5CmdConfiguration;
import org.apache.flink.fs.s3.common.writer.S3AccessHelper;
import org.apache.flink.fs.s3hadoop.S3FileSystemFactory;
import org.apache.hadoop.fs.s3a.S3AFileSystem;

/**
 * Registers {@code hourglass-state://bucket/…}: Flink's S3 file system for checkpoints, with few requests.
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
        return new StateFileSystem(
                hadoops,
                s5cmd,
                temporaryFolder,
                entropyKey,
                entropyCharacters,
                helper,
                partBytes,
                uploadsMax,
                new S3WholeObjects((S3AFileSystem) hadoops));
    }
}
