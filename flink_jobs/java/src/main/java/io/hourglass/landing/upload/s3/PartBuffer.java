package io.hourglass.landing.upload.s3;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The bytes of one part, in reused blocks. */
public final class PartBuffer {
    public static final int BLOCK_BYTES = 1 << 18;

    private final Blocks blocks;
    private final List<byte[]> filled = new ArrayList<>();
    private int lastLength = BLOCK_BYTES;

    public PartBuffer(Blocks blocks) {
        this.blocks = blocks;
    }

    /** Bytes held. */
    public long length() {
        return (long) filled.size() * BLOCK_BYTES - BLOCK_BYTES + lastLength;
    }

    public void append(byte[] bytes, int from, int count) {
        int at = from;
        while (at < from + count) {
            if (lastLength == BLOCK_BYTES) {
                filled.add(blocks.take());
                lastLength = 0;
            }
            int taken = Math.min(BLOCK_BYTES - lastLength, from + count - at);
            System.arraycopy(bytes, at, filled.get(filled.size() - 1), lastLength, taken);
            lastLength += taken;
            at += taken;
        }
    }

    /** Write everything; may be called again after a failure. */
    public void writeTo(OutputStream out) throws IOException {
        for (int index = 0; index < filled.size(); index++) {
            out.write(filled.get(index), 0, index == filled.size() - 1 ? lastLength : BLOCK_BYTES);
        }
    }

    /** Return the blocks to the pool and be empty. */
    public void release() {
        filled.forEach(blocks::giveBack);
        filled.clear();
        lastLength = BLOCK_BYTES;
    }

    /** A pool of unused blocks. Thread-safe. */
    public static final class Blocks {
        private final int keptMax;
        private final Deque<byte[]> spare = new ArrayDeque<>();

        /** @param keptMax unused blocks to keep; the garbage collector takes the others */
        public Blocks(int keptMax) {
            this.keptMax = keptMax;
        }

        private synchronized byte[] take() {
            byte[] block = spare.poll();
            return block == null ? new byte[BLOCK_BYTES] : block;
        }

        private synchronized void giveBack(byte[] block) {
            if (spare.size() < keptMax) {
                spare.push(block);
            }
        }
    }
}
