package io.hourglass.landing.upload.s3;

import com.amazonaws.SdkBaseException;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.model.CompleteMultipartUploadResult;
import com.amazonaws.services.s3.model.ObjectMetadata;
import com.amazonaws.services.s3.model.PartETag;
import com.amazonaws.services.s3.model.PutObjectResult;
import com.amazonaws.services.s3.model.UploadPartRequest;
import com.amazonaws.services.s3.model.UploadPartResult;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.fs.s3.common.writer.S3AccessHelper;
import org.apache.hadoop.fs.s3a.AWSBadRequestException;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.fs.s3a.S3AUtils;

/** The requests of Flink's own writer, with a digest of each part where the bucket asks for it: S3A cannot send one. */
public final class DigestingHelper implements S3AccessHelper {
    private final S3AFileSystem fileSystem;
    private final AmazonS3 client;
    private final S3AccessHelper flinks;
    private final Digests digests;

    public DigestingHelper(S3AFileSystem fileSystem, S3AccessHelper flinks, Digests digests) {
        this.fileSystem = fileSystem;
        this.client = fileSystem.getAmazonS3ClientForTesting("parts with a digest");
        this.flinks = flinks;
        this.digests = digests;
    }

    @Override
    public UploadPartResult uploadPart(String key, String uploadId, int number, File file, long length)
            throws IOException {
        return digests.send(
                out -> Files.copy(file.toPath(), out),
                md5 -> md5 == null
                        ? uploadPlain(key, uploadId, number, file, length)
                        : uploadDigested(key, uploadId, number, file, length, md5));
    }

    private UploadPartResult uploadPlain(String key, String uploadId, int number, File file, long length)
            throws IOException {
        try {
            return flinks.uploadPart(key, uploadId, number, file, length);
        } catch (AWSBadRequestException e) {
            throw DigestMissing.or(e);
        }
    }

    private UploadPartResult uploadDigested(
            String key, String uploadId, int number, File file, long length, String md5) throws IOException {
        UploadPartRequest request = fileSystem
                .getRequestFactory()
                .newUploadPartRequest(key, uploadId, number, Math.toIntExact(length), null, file, 0);
        request.setMd5Digest(md5);
        try {
            return client.uploadPart(request);
        } catch (SdkBaseException e) {
            throw S3AUtils.translateException("upload part", key, e);
        }
    }

    @Override
    public String startMultiPartUpload(String key) throws IOException {
        return flinks.startMultiPartUpload(key);
    }

    /** Flink's writer calls it only for the rest of a file that spans a checkpoint, and no file of this job does. */
    @Override
    public PutObjectResult putObject(String key, File file) throws IOException {
        return flinks.putObject(key, file);
    }

    @Override
    public CompleteMultipartUploadResult commitMultiPartUpload(
            String key, String uploadId, List<PartETag> parts, long length, AtomicInteger errors) throws IOException {
        return flinks.commitMultiPartUpload(key, uploadId, parts, length, errors);
    }

    @Override
    public boolean deleteObject(String key) throws IOException {
        return flinks.deleteObject(key);
    }

    @Override
    public long getObject(String key, File target) throws IOException {
        return flinks.getObject(key, target);
    }

    @Override
    public ObjectMetadata getObjectMetadata(String key) throws IOException {
        return flinks.getObjectMetadata(key);
    }
}
