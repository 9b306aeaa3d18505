package io.hourglass.landing.upload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.s3.model.PartETag;
import io.hourglass.landing.upload.s3.PartBuffer;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;
import org.apache.flink.core.io.SimpleVersionedSerialization;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.junit.jupiter.api.Test;

/** Another process can complete the upload of a checkpoint, any number of times. */
class UploadCommitterTest {
    private static final String KEY = "part";

    private final KeptStore store = new KeptStore();
    private final SimpleVersionedSerializer<CommitRecoverable> serializer =
            new UploadRecoverable.Serializer(new FlinksSerializer());

    private UploadRecoverable uploaded(String text) throws IOException {
        PartBuffer part = new PartBuffer(new PartBuffer.Blocks(1));
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        part.append(bytes, 0, bytes.length);
        String id = store.begin(KEY);
        return new UploadRecoverable(KEY, id, List.of(store.put(KEY, id, 1, part)), bytes.length);
    }

    private CommitRecoverable throughACheckpoint(CommitRecoverable recoverable) throws IOException {
        byte[] bytes = SimpleVersionedSerialization.writeVersionAndSerialize(serializer, recoverable);
        return SimpleVersionedSerialization.readVersionAndDeSerialize(serializer, bytes);
    }

    @Test
    void aCheckpointKeepsEverythingThatTheCompletionNeeds() throws IOException {
        UploadRecoverable upload = uploaded("lines\n");
        UploadRecoverable restored = (UploadRecoverable) throughACheckpoint(upload);
        assertEquals(List.of(upload.key(), upload.uploadId(), upload.length()),
                List.of(restored.key(), restored.uploadId(), restored.length()));
        assertEquals(upload.parts().stream().map(PartETag::getETag).toList(),
                restored.parts().stream().map(PartETag::getETag).toList());
        new UploadCommitter(restored, store).commitAfterRecovery();
        assertArrayEquals("lines\n".getBytes(StandardCharsets.UTF_8), store.object(KEY));
    }

    @Test
    void aSecondCompletionFindsTheObjectAndIsContent() throws IOException {
        UploadCommitter committer = new UploadCommitter(uploaded("lines\n"), store);
        committer.commit();
        committer.commitAfterRecovery();
        committer.commitAfterRecovery();
        assertThrows(IOException.class, committer::commit);
    }

    @Test
    void anUploadThatIsGoneWithoutAnObjectIsALoss() throws IOException {
        UploadRecoverable upload = uploaded("lines\n");
        store.abandon(KEY, upload.uploadId());
        IOException failure =
                assertThrows(IOException.class, new UploadCommitter(upload, store)::commitAfterRecovery);
        assertEquals("NoSuchUpload", failure.getMessage());
        assertEquals(FileNotFoundException.class, failure.getSuppressed()[0].getClass());
    }

    @Test
    void anObjectOfAnotherLengthIsNotOurs() throws IOException {
        UploadRecoverable upload = uploaded("lines\n");
        new UploadCommitter(upload, store).commit();
        new UploadCommitter(uploaded("other lines\n"), store).commit();
        IOException failure =
                assertThrows(IOException.class, new UploadCommitter(upload, store)::commitAfterRecovery);
        assertTrue(failure.getMessage().contains("12 bytes, 6 were uploaded"), failure.getMessage());
    }

    @Test
    void uploadsOfFlinksOwnWriterPassThrough() throws IOException {
        assertSame(FlinksSerializer.ONLY, throughACheckpoint(FlinksSerializer.ONLY));
        byte[] written = SimpleVersionedSerialization.writeVersionAndSerialize(
                new FlinksSerializer(), FlinksSerializer.ONLY);
        assertSame(FlinksSerializer.ONLY, SimpleVersionedSerialization.readVersionAndDeSerialize(serializer, written));
    }

    private static final class FlinksSerializer implements SimpleVersionedSerializer<CommitRecoverable> {
        static final CommitRecoverable ONLY = new CommitRecoverable() {};

        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(CommitRecoverable recoverable) {
            assertSame(ONLY, recoverable);
            return new byte[] {42};
        }

        @Override
        public CommitRecoverable deserialize(int version, byte[] bytes) {
            assertEquals(1, version);
            assertArrayEquals(new byte[] {42}, bytes);
            return ONLY;
        }
    }
}
