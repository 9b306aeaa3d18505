package io.hourglass.landing.sink;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * Writes gzip as a series of members, one for each {@link #MEMBER_BYTES} of input (RFC 1952, section 2.2).
 *
 * <p>Its buffer grows with the input, so an object of a few lines takes little memory.
 */
final class GzipMembers extends OutputStream {
    static final int MEMBER_BYTES = 1 << 20;

    private static final int BYTES_AT_START = 1 << 16;
    private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};
    private static final byte[] NOTHING_DEFLATED = {3, 0};
    private static final int TRAILER_BYTES = 8;

    private final OutputStream out;
    private final Scratch scratch;
    private byte[] bytes = new byte[BYTES_AT_START];
    private int length;
    private boolean begun;

    /** @param scratch of the same thread, shared by all its open objects */
    GzipMembers(OutputStream out, Scratch scratch) {
        this.out = out;
        this.scratch = scratch;
    }

    /** Memory of one thread to write a member, for all its open objects. */
    static final class Scratch {
        private final IsalDeflater deflater;
        private final CRC32 crc = new CRC32();
        private byte[] member = new byte[BYTES_AT_START];

        Scratch(int level) {
            deflater = new IsalDeflater(level);
        }

        private void reserve(int count) {
            if (member.length < count) {
                member = new byte[count];
            }
        }
    }

    @Override
    public void write(int next) throws IOException {
        write(new byte[] {(byte) next}, 0, 1);
    }

    @Override
    public void write(byte[] more, int from, int count) throws IOException {
        int at = from;
        while (at < from + count) {
            if (length == MEMBER_BYTES) {
                writeMember();
            }
            int taken = Math.min(MEMBER_BYTES - length, from + count - at);
            reserve(length + taken);
            System.arraycopy(more, at, bytes, length, taken);
            length += taken;
            at += taken;
        }
    }

    private void reserve(int count) {
        if (bytes.length < count) {
            bytes = Arrays.copyOf(bytes, Math.min(MEMBER_BYTES, Math.max(count, 2 * bytes.length)));
        }
    }

    private void writeMember() throws IOException {
        scratch.reserve(HEADER.length + IsalDeflater.bound(length));
        out.write(HEADER);
        if (length == 0) {
            out.write(NOTHING_DEFLATED);
        } else {
            out.write(scratch.member, 0, scratch.deflater.deflate(bytes, length, scratch.member));
        }
        writeTrailer();
        begun = true;
        length = 0;
    }

    private void writeTrailer() throws IOException {
        scratch.crc.reset();
        scratch.crc.update(bytes, 0, length);
        byte[] trailer = new byte[TRAILER_BYTES];
        putLittleEndian(trailer, 0, (int) scratch.crc.getValue());
        putLittleEndian(trailer, Integer.BYTES, length);
        out.write(trailer);
    }

    private static void putLittleEndian(byte[] into, int at, int number) {
        for (int index = 0; index < Integer.BYTES; index++) {
            into[at + index] = (byte) (number >>> (index * Byte.SIZE));
        }
    }

    /** Write the last member; an empty object is one empty member. */
    @Override
    public void close() throws IOException {
        if (length > 0 || !begun) {
            writeMember();
        }
        out.close();
    }
}
