package io.hourglass.landing.kafka;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteUtils;

/**
 * A small buffer that moves along a batch while it is decompressed, so that records are read from the processor's
 * cache. It grows to the largest record, and is small again with the next batch.
 *
 * <p>For one thread, and one batch at a time.
 */
public final class BatchWindow {
    /** LZ4 returns up to 64 KB at once; as much again is for a record that began before. */
    static final int BYTES = 1 << 17;

    private static final int LONGEST_VARINT = 5;

    private final BufferSupplier buffers = BufferSupplier.create();
    private ByteBuffer view = ByteBuffer.allocate(BYTES);
    private InputStream decompressed = InputStream.nullInputStream();

    /** Begin with another batch and drop the bytes of the last one. */
    void open(DefaultRecordBatch batch) {
        close();
        decompressed = batch.recordInputStream(buffers);
        view = view.capacity() > BYTES ? ByteBuffer.allocate(BYTES) : view;
        view.clear().limit(0);
    }

    /** Close the batch; another one may follow. */
    void close() {
        try {
            decompressed.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        decompressed = InputStream.nullInputStream();
    }

    /**
     * Decompress the whole next record, or what the batch still has of it.
     *
     * @return positioned at the record's length, and valid until the next call
     */
    ByteBuffer nextRecord() throws IOException {
        if (view.remaining() < LONGEST_VARINT) {
            extendTo(LONGEST_VARINT); // the last records of a batch may be shorter
        }
        int start = view.position();
        int body = ByteUtils.readVarint(view);
        long bytes = view.position() - start + (long) body;
        view.position(start);
        if (view.remaining() < bytes) {
            extendTo(Math.toIntExact(bytes));
        }
        return view;
    }

    int capacity() {
        return view.capacity();
    }

    /** Whether the batch has nothing more. */
    boolean isAtEnd() throws IOException {
        return !view.hasRemaining() && decompressed.read() < 0;
    }

    /** Decompress until the buffer has so many bytes, or the batch ends. */
    private void extendTo(int bytes) throws IOException {
        view = bytes > view.capacity() ? ByteBuffer.allocate(bytes).put(view) : view.compact();
        int read = 0;
        while (read >= 0 && view.position() < bytes) {
            read = decompressed.read(view.array(), view.position(), view.remaining());
            view.position(view.position() + Math.max(0, read));
        }
        view.flip();
    }
}
