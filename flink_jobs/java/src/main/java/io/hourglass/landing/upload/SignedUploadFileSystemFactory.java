package io.hourglass.landing.upload;

/** Registers {@code hourglass-signed://bucket/…}: Flink's own writer for all objects, completed in order. */
public final class SignedUploadFileSystemFactory extends UploadFileSystemFactory {
    @Override
    public String getScheme() {
        return "hourglass-signed";
    }

    @Override
    protected int partsHeldMax() {
        return 0;
    }
}
