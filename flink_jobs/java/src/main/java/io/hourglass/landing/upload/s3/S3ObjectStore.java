package io.hourglass.landing.upload.s3;

import com.amazonaws.HttpMethod;
import com.amazonaws.SdkBaseException;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.model.AbortMultipartUploadRequest;
import com.amazonaws.services.s3.model.GeneratePresignedUrlRequest;
import com.amazonaws.services.s3.model.InitiateMultipartUploadRequest;
import com.amazonaws.services.s3.model.PartETag;
import com.amazonaws.services.s3.model.StorageClass;
import java.io.IOException;
import java.net.URL;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.fs.s3.common.writer.S3AccessHelper;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.fs.s3a.S3AUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The bucket of Flink's S3 file system, with its credentials, endpoint and encryption; parts go by presigned URLs. */
public final class S3ObjectStore implements ObjectStore {
    private static final Logger LOG = LoggerFactory.getLogger(S3ObjectStore.class);
    private static final Duration PRESIGNED = Duration.ofMinutes(15);
    private static final String STORAGE_CLASS = "fs.s3a.create.storage.class";

    private final S3AFileSystem fileSystem;
    private final S3AccessHelper helper;
    private final AmazonS3 client;
    private final Senders senders;
    private final Digests digests;
    private final Attempts attempts = new Attempts(Thread::sleep);
    private final StorageClass storageClass;

    public S3ObjectStore(S3AFileSystem fileSystem, S3AccessHelper helper, Senders senders, Digests digests) {
        this.fileSystem = fileSystem;
        this.helper = helper;
        this.client = fileSystem.getAmazonS3ClientForTesting("presigned parts");
        this.senders = senders;
        this.digests = digests;
        String name = fileSystem.getConf().getTrimmed(STORAGE_CLASS, "");
        this.storageClass = name.isEmpty() ? null : StorageClass.fromValue(name);
    }

    @Override
    public String begin(String key) throws IOException {
        InitiateMultipartUploadRequest request = fileSystem.getRequestFactory().newMultipartUploadRequest(key);
        if (storageClass != null) {
            request.setStorageClass(storageClass);
        }
        try {
            return client.initiateMultipartUpload(request).getUploadId();
        } catch (SdkBaseException e) {
            throw S3AUtils.translateException("begin upload", key, e);
        }
    }

    @Override
    public PartETag put(String key, String uploadId, int number, PartBuffer part) throws IOException {
        return attempts.send(
                "part " + number + " of " + key,
                () -> digests.send(part::writeTo, md5 -> {
                    String etag = PartRequest.send(presigned(key, uploadId, number, md5), md5, part);
                    return new PartETag(number, etag);
                }));
    }

    private URL presigned(String key, String uploadId, int number, String md5) throws IOException {
        GeneratePresignedUrlRequest request =
                new GeneratePresignedUrlRequest(fileSystem.getBucket(), key, HttpMethod.PUT);
        request.setContentType(PartRequest.CONTENT_TYPE);
        request.setContentMd5(md5);
        request.setExpiration(Date.from(Instant.now().plus(PRESIGNED)));
        request.addRequestParameter("uploadId", uploadId);
        request.addRequestParameter("partNumber", Integer.toString(number));
        try {
            return client.generatePresignedUrl(request);
        } catch (SdkBaseException e) {
            throw S3AUtils.translateException("sign part", key, e);
        }
    }

    @Override
    public void complete(String key, String uploadId, List<PartETag> parts, long length) throws IOException {
        helper.commitMultiPartUpload(key, uploadId, parts, length, new AtomicInteger());
    }

    @Override
    public void abandon(String key, String uploadId) {
        senders.later(() -> {
            try {
                client.abortMultipartUpload(
                        new AbortMultipartUploadRequest(fileSystem.getBucket(), key, uploadId));
            } catch (SdkBaseException e) {
                LOG.debug("the upload of {} is left to the sweeper", key, e);
            }
        });
    }

    @Override
    public long lengthOf(String key) throws IOException {
        return helper.getObjectMetadata(key).getContentLength();
    }
}
