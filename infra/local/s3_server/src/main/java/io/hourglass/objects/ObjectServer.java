package io.hourglass.objects;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.gaul.s3proxy.S3Proxy;

/** The S3 server of one machine: s3proxy's front over {@link WholeBlobStore}. */
public final class ObjectServer {
    private static final String BUCKETS = "jclouds.filesystem.basedir";
    private static final String STAGING = "hourglass.staging";

    private ObjectServer() {}

    /**
     * Serve until the process is ended.
     *
     * @param arguments one file of s3proxy's properties, beside them the folder in which objects are made
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

    /** Answer the requests that are under way when the process is asked to end. */
    private static void drain(S3Proxy server) {
        try {
            server.stop();
        } catch (Exception error) { // of Jetty's, as it is declared
            System.err.println("the server did not stop in order: " + error);
        }
    }
}
