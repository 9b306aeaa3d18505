package io.hourglass.landing.upload;

import com.amazonaws.services.s3.model.PartETag;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.fs.RecoverableWriter.CommitRecoverable;
import org.apache.flink.core.io.SimpleVersionedSerialization;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * A finished upload in a checkpoint, until it is completed.
 *
 * @param key of the object
 * @param uploadId of the multipart upload
 * @param parts in the order of their numbers
 * @param length of the object in bytes
 */
record UploadRecoverable(String key, String uploadId, List<PartETag> parts, long length) implements CommitRecoverable {
    /**
     * Writes uploads of this package and of Flink's own writer; also reads checkpoints of Flink's own writer alone.
     *
     * <p>The versions of Flink's serializer are small numbers; versions here begin at 1000.
     */
    static final class Serializer implements SimpleVersionedSerializer<CommitRecoverable> {
        static final int VERSION = 1000;

        private final SimpleVersionedSerializer<CommitRecoverable> flinks;

        Serializer(SimpleVersionedSerializer<CommitRecoverable> flinks) {
            this.flinks = flinks;
        }

        @Override
        public int getVersion() {
            return VERSION;
        }

        @Override
        public byte[] serialize(CommitRecoverable recoverable) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            if (recoverable instanceof UploadRecoverable upload) {
                out.writeBoolean(true);
                write(upload, out);
            } else {
                out.writeBoolean(false);
                out.write(SimpleVersionedSerialization.writeVersionAndSerialize(flinks, recoverable));
            }
            return bytes.toByteArray();
        }

        private static void write(UploadRecoverable upload, DataOutputStream out) throws IOException {
            out.writeUTF(upload.key);
            out.writeUTF(upload.uploadId);
            out.writeLong(upload.length);
            out.writeInt(upload.parts.size());
            for (PartETag part : upload.parts) {
                out.writeInt(part.getPartNumber());
                out.writeUTF(part.getETag());
            }
        }

        @Override
        public CommitRecoverable deserialize(int version, byte[] bytes) throws IOException {
            if (version != VERSION) {
                return flinks.deserialize(version, bytes);
            }
            DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
            if (!in.readBoolean()) {
                return SimpleVersionedSerialization.readVersionAndDeSerialize(flinks, in.readAllBytes());
            }
            String key = in.readUTF();
            String uploadId = in.readUTF();
            long length = in.readLong();
            int count = in.readInt();
            List<PartETag> parts = new ArrayList<>(count);
            for (int index = 0; index < count; index++) {
                parts.add(new PartETag(in.readInt(), in.readUTF()));
            }
            return new UploadRecoverable(key, uploadId, parts, length);
        }
    }
}
