package io.hourglass.landing.upload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hourglass.landing.upload.s3.PartBuffer;
import io.hourglass.landing.upload.s3.Senders;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.core.fs.local.LocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory is bounded: Flink's own writer opens the streams beyond the limit. */
class UploadWriterTest {
    @Test
    void streamsBeyondTheLimitAreFlinksOwn(@TempDir java.nio.file.Path folder) throws Exception {
        RecoverableWriter flinks = LocalFileSystem.getSharedInstance().createRecoverableWriter();
        UploadWriter writer = new UploadWriter(
                flinks, new KeptStore(), new Senders(2), new PartBuffer.Blocks(2), 1 << 20, new Semaphore(1));
        Path path = new Path(folder.resolve("object").toUri());
        var inMemory = writer.open(path);
        var inFile = writer.open(path);
        assertEquals(List.of(true, false), List.of(inMemory instanceof UploadStream, inFile instanceof UploadStream));
        inFile.write(7);
        var committer = inFile.closeForCommit();
        assertFalse(committer.getRecoverable() instanceof UploadRecoverable);
        writer.recoverForCommit(committer.getRecoverable()).commit();
        assertEquals(1, Files.size(folder.resolve("object")));
        inMemory.closeForCommit();
        assertTrue(writer.open(path) instanceof UploadStream);
    }
}
