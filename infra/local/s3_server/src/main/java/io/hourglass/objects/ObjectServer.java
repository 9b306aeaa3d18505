package io.hourglass.objects;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.gaul.s3proxy.S3Proxy;

/** The S3 server of the local stack: the HTTP front of s3proxy over {@link WholeBlobStore}. */
public final class ObjectServer {
    private static final String BUCKETS = "jclouds.filesystem.basedir";
    private static final String STAGING = "hourglass.staging";

    private ObjectServer() {}

    /**
     * Serves until the process ends.
     *
     * @param arguments one file with the properties of s3proxy and the folder for staging
     */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 1) {
            System.err.println("usage: ObjectServer PROPERTIES");
            System.exit(2);
        }
        Properties properties = new Properties();
        try (InputStream file = Files.newInputStream(Path.of(arguments[0]))) {
            properties.load(file);
        }
        Path buckets = Path.of(properties.getProperty(BUCKETS));
        Staging staging = new Staging(Path.of(properties.getProperty(STAGING)));
        S3Proxy server =
                S3Proxy.Builder.fromProperties(properties).blobStore(new WholeBlobStore(buckets, staging)).build();
        server.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> drain(server)));
    }

    /** Finishes the running requests when the process ends. */
    private static void drain(S3Proxy server) {
        try {
            server.stop();
        } catch (Exception error) { // as Jetty declares it
            System.err.println("the server did not stop gracefully: " + error);
        }
    }
}
