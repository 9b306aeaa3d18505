import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * Accepts what Amazon MSK does: a request to connect that is signed (AWS signature version 4) by one key for one region.
 *
 * <p>The property {@code msk.test} of the broker's process holds region, key id and secret key, with blanks between.
 */
public final class MskTokens implements AuthenticateCallbackHandler {
    private static final String SERVICE = "kafka-cluster";
    private static final Set<String> UNSIGNED = Set.of("X-Amz-Signature", "User-Agent");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'");

    private String region;
    private String keyId;
    private String secret;

    @Override
    public void configure(Map<String, ?> settings, String mechanism, List<AppConfigurationEntry> entries) {
        String[] told = System.getProperty("msk.test").split(" ");
        region = told[0];
        keyId = told[1];
        secret = told[2];
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerValidatorCallback asked) {
                judge(asked);
            } else if (!(callback instanceof OAuthBearerExtensionsValidatorCallback)) {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    @Override
    public void close() {}

    private void judge(OAuthBearerValidatorCallback asked) {
        try {
            URI request = URI.create(new String(Base64.getUrlDecoder().decode(asked.tokenValue()), StandardCharsets.UTF_8));
            TreeMap<String, String> parameters = new TreeMap<>();
            for (String parameter : request.getRawQuery().split("&")) {
                String[] parts = parameter.split("=", 2);
                parameters.put(parts[0], parts[1]);
            }
            String time = parameters.get("X-Amz-Date");
            String scope = time.substring(0, 8) + "/" + region + "/" + SERVICE + "/aws4_request";
            require("kafka." + region + ".amazonaws.com", request.getHost());
            require("kafka-cluster:Connect", decoded(parameters.get("Action")));
            require(keyId + "/" + scope, decoded(parameters.get("X-Amz-Credential")));
            require(signature(parameters, request.getHost(), time, scope), parameters.get("X-Amz-Signature"));
            long began = LocalDateTime.parse(time, TIME).toInstant(ZoneOffset.UTC).toEpochMilli();
            asked.token(new Accepted(asked.tokenValue(), began, began + 1000 * Long.parseLong(parameters.get("X-Amz-Expires"))));
        } catch (IllegalArgumentException | GeneralSecurityException | NullPointerException e) {
            asked.error("invalid_token", "kafka-cluster:Connect", null);
        }
    }

    private String signature(Map<String, String> parameters, String host, String time, String scope)
            throws GeneralSecurityException {
        String query = parameters.entrySet().stream()
                .filter(one -> !UNSIGNED.contains(one.getKey()))
                .map(one -> one.getKey() + "=" + one.getValue())
                .collect(Collectors.joining("&"));
        String request = String.join("\n", "GET", "/", query, "host:" + host, "", "host", hash(""));
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/")) {
            key = signed(key, part);
        }
        return HexFormat.of().formatHex(signed(key, String.join("\n", "AWS4-HMAC-SHA256", time, scope, hash(request))));
    }

    private static byte[] signed(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String hash(String text) throws GeneralSecurityException {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest);
    }

    private static String decoded(String value) {
        return URLDecoder.decode(value, StandardCharsets.UTF_8);
    }

    private static void require(String expected, String found) {
        if (!expected.equals(found)) {
            throw new IllegalArgumentException(found);
        }
    }

    private record Accepted(String value, Long startTimeMs, long lifetimeMs) implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of("kafka-cluster:Connect");
        }

        @Override
        public String principalName() {
            return "iam";
        }
    }
}
