package io.hourglass.landing.upload;

/** Registers {@code hourglass-signed://bucket/…}: all objects go through Flink's own writer, completed in order. */
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
