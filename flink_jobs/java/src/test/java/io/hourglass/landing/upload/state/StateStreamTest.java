package io.hourglass.landing.upload.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.core.fs.RecoverableFsDataOutputStream;
import org.apache.flink.core.fs.RecoverableWriter.ResumeRecoverable;
import org.apache.flink.core.fs.local.LocalFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file is visible when it is closed, as a whole; after a failed write it never is. */
class StateStreamTest {
    private static final byte[] BYTES = {1, 2, 3, 4};

    private Path file;
    private RecoverableFsDataOutputStream target;

    @BeforeEach
    void open(@TempDir Path folder) throws IOException {
        file = folder.resolve("state");
        target = LocalFileSystem.getSharedInstance()
                .createRecoverableWriter()
                .open(new org.apache.flink.core.fs.Path(file.toUri()));
    }

    @Test
    void itIsVisibleWhenItIsClosedAndOnlyOnceClosed() throws IOException {
        StateStream stream = new StateStream(target);
        stream.write(BYTES, 0, 3);
        stream.write(4);
        stream.flush();
        assertFalse(Files.exists(file));
        stream.close();
        assertArrayEquals(BYTES, Files.readAllBytes(file));
        Files.delete(file);
        stream.close();
        assertFalse(Files.exists(file));
    }

    @Test
    void afterAFailedWriteItIsNeverVisible() throws IOException {
        StateStream stream = new StateStream(new FullDisk(target));
        IOException failure = assertThrows(IOException.class, () -> stream.write(BYTES, 0, 4));
        assertEquals("the disk is full", failure.getMessage());
        stream.close();
        assertFalse(Files.exists(file));
    }

    /** Fails at the second half of each write. */
    private static final class FullDisk extends RecoverableFsDataOutputStream {
        private final RecoverableFsDataOutputStream target;

        FullDisk(RecoverableFsDataOutputStream target) {
            this.target = target;
        }

        @Override
        public void write(int value) throws IOException {
            target.write(value);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            target.write(bytes, from, count / 2);
            throw new IOException("the disk is full");
        }

        @Override
        public long getPos() throws IOException {
            return target.getPos();
        }

        @Override
        public void flush() throws IOException {
            target.flush();
        }

        @Override
        public void sync() throws IOException {
            target.sync();
        }

        @Override
        public ResumeRecoverable persist() throws IOException {
            return target.persist();
        }

        @Override
        public Committer closeForCommit() throws IOException {
            return target.closeForCommit();
        }

        @Override
        public void close() throws IOException {
            target.close();
        }
    }
}
