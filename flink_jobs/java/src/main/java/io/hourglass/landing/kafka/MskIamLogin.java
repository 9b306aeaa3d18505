package io.hourglass.landing.kafka;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler;

/**
 * Logs in to Amazon MSK by IAM, for the region of the JAAS option {@code region}.
 *
 * <p>AWS's handler signs the tokens, with the credentials that AWS's library finds by itself. It takes the region from
 * the process alone, so this one says it there; a region that the process already has must be the same.
 */
public final class MskIamLogin implements AuthenticateCallbackHandler {
    private static final String REGION = "aws.region";

    private final AuthenticateCallbackHandler signer = new IAMOAuthBearerLoginCallbackHandler();

    /** Called by Kafka for {@code sasl.login.callback.handler.class}. */
    public MskIamLogin() {}

    @Override
    public void configure(Map<String, ?> settings, String mechanism, List<AppConfigurationEntry> entries) {
        claim(String.valueOf(entries.get(0).getOptions().get("region")));
        signer.configure(settings, mechanism, entries);
    }

    @Override
    public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
        signer.handle(callbacks);
    }

    @Override
    public void close() {
        signer.close();
    }

    private static synchronized void claim(String region) {
        String present = System.getProperty(REGION);
        if (present != null && !present.equals(region)) {
            throw new IllegalStateException("this process is for region " + present + ", and Kafka is in " + region);
        }
        System.setProperty(REGION, region);
    }
}
