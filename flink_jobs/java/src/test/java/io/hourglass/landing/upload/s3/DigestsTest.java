package io.hourglass.landing.upload.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A digest is sent from the moment the bucket asks for one, and not before. */
class DigestsTest {
    private static final String MD5_OF_LINES = "P7FipP4FwIyiQB4dPHOyew==";

    private final Digests digests = new Digests();
    private final List<String> sent = new ArrayList<>();
    private int written;

    private String send(boolean asks) throws IOException {
        Digests.Body body = out -> {
            written++;
            out.write("lines\n".getBytes(StandardCharsets.UTF_8));
        };
        return digests.send(body, md5 -> {
            sent.add(String.valueOf(md5));
            if (asks && md5 == null) {
                throw new DigestMissing("the bucket answered 400");
            }
            return "stored";
        });
    }

    @Test
    void aBucketThatDoesNotAskCostsNoDigest() throws IOException {
        assertEquals("stored", send(false));
        assertEquals("stored", send(false));
        assertEquals(List.of("null", "null"), sent);
        assertEquals(0, written);
    }

    @Test
    void aBucketThatAsksRefusesOneRequestAndNoFurtherOne() throws IOException {
        assertEquals("stored", send(true));
        assertEquals("stored", send(true));
        assertEquals(List.of("null", MD5_OF_LINES, MD5_OF_LINES), sent);
    }

    @Test
    void aBucketThatAsksAlthoughItHasADigestIsNotAskedForEver() {
        Digests.Request<String> refused = md5 -> {
            sent.add(md5 == null ? "without" : "with");
            throw new DigestMissing("the bucket answered 400");
        };
        assertThrows(DigestMissing.class, () -> digests.send(out -> {}, refused));
        assertEquals(List.of("without", "with"), sent);
    }
}
