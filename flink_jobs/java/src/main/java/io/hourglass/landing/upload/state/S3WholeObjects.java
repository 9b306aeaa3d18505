package io.hourglass.landing.upload.state;

import com.amazonaws.SdkBaseException;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.model.AmazonS3Exception;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.HttpURLConnection;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.fs.s3a.S3AUtils;
import org.apache.hadoop.fs.s3a.api.RequestFactory;

/** The bucket of Flink's S3 file system, with its credentials, endpoint, encryption and attempts. */
final class S3WholeObjects implements WholeObjects {
    private final AmazonS3 client;
    private final RequestFactory requests;

    S3WholeObjects(S3AFileSystem fileSystem) {
        this.client = fileSystem.getAmazonS3ClientForTesting("whole objects");
        this.requests = fileSystem.getRequestFactory();
    }

    @Override
    public boolean has(String key) throws IOException {
        try {
            client.getObjectMetadata(requests.newGetObjectMetadataRequest(key));
            return true;
        } catch (AmazonS3Exception e) {
            if (e.getStatusCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return false;
            }
            throw S3AUtils.translateException("look for", key, e);
        } catch (SdkBaseException e) {
            throw S3AUtils.translateException("look for", key, e);
        }
    }

    @Override
    public void put(String key, byte[] bytes) throws IOException {
        try {
            client.putObject(requests.newPutObjectRequest(
                    key, requests.newObjectMetadata(bytes.length), new ByteArrayInputStream(bytes)));
        } catch (SdkBaseException e) {
            throw S3AUtils.translateException("put", key, e);
        }
    }

    @Override
    public void delete(String key) throws IOException {
        try {
            client.deleteObject(requests.newDeleteObjectRequest(key));
        } catch (SdkBaseException e) {
            throw S3AUtils.translateException("delete", key, e);
        }
    }
}
