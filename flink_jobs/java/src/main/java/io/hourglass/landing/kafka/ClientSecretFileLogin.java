package io.hourglass.landing.kafka;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.internals.BrokerSecurityConfigs;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler;

/**
 * Gets Kafka's tokens with a client secret from a file, so that no configuration, job graph or log holds it.
 *
 * <p>The JAAS option {@code password_file} names the file; a line break at its end is ignored. It is read for each
 * token, so a new secret needs no restart. All else is Kafka's own handler, with its settings.
 */
public final class ClientSecretFileLogin implements AuthenticateCallbackHandler {
    private static final String FILE = "password_file";

    private Map<String, ?> settings;
    private String mechanism;
    private List<AppConfigurationEntry> entries;

    /** Called by Kafka for {@code sasl.login.callback.handler.class}. */
    public ClientSecretFileLogin() {}

    @Override
    public void configure(Map<String, ?> newSettings, String newMechanism, List<AppConfigurationEntry> newEntries) {
        settings = newSettings;
        mechanism = newMechanism;
        entries = newEntries;
        allow(String.valueOf(newSettings.get(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL)));
    }

    @Override
    public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
        Map<String, Object> withSecret = new HashMap<>(settings);
        withSecret.put(SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET, new Password(secret()));
        OAuthBearerLoginCallbackHandler kafkas = new OAuthBearerLoginCallbackHandler();
        try {
            kafkas.configure(withSecret, mechanism, entries);
            kafkas.handle(callbacks);
        } finally {
            kafkas.close();
        }
    }

    @Override
    public void close() {
        // Kafka's handler lives as long as one call
    }

    private String secret() throws IOException {
        Path file = Path.of(String.valueOf(entries.get(0).getOptions().get(FILE)));
        try {
            return SecretFile.read(file);
        } catch (IOException e) {
            throw new IOException("the file of Kafka's client secret cannot be read: " + file, e);
        }
    }

    /** Kafka asks only servers that a property of the process names; ours is a setting of the operator's own. */
    private static synchronized void allow(String url) {
        String property = BrokerSecurityConfigs.ALLOWED_SASL_OAUTHBEARER_URLS_CONFIG;
        Set<String> allowed = new LinkedHashSet<>(List.of(System.getProperty(property, "").split(",")));
        allowed.remove("");
        allowed.add(url);
        System.setProperty(property, String.join(",", allowed));
    }
}
