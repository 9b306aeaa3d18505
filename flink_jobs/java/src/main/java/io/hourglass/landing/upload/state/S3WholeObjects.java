package io.hourglass.landing.upload.state;

import com.amazonaws.SdkBaseException;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.model.AmazonS3Exception;
import com.amazonaws.services.s3.model.ObjectMetadata;
import com.amazonaws.services.s3.model.PutObjectResult;
import io.hourglass.landing.upload.s3.DigestMissing;
import io.hourglass.landing.upload.s3.Digests;
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
    private final Digests digests;

    S3WholeObjects(S3AFileSystem fileSystem, Digests digests) {
        this.client = fileSystem.getAmazonS3ClientForTesting("whole objects");
        this.requests = fileSystem.getRequestFactory();
        this.digests = digests;
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
        digests.send(out -> out.write(bytes), md5 -> putWith(md5, key, bytes));
    }

    private PutObjectResult putWith(String md5, String key, byte[] bytes) throws IOException {
        ObjectMetadata metadata = requests.newObjectMetadata(bytes.length);
        metadata.setContentMD5(md5);
        try {
            return client.putObject(requests.newPutObjectRequest(key, metadata, new ByteArrayInputStream(bytes)));
        } catch (SdkBaseException e) {
            throw DigestMissing.or(S3AUtils.translateException("put", key, e));
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
