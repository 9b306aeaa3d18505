package io.hourglass.landing.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenLoginTest {
    private static final String OAUTH = "org.apache.kafka.common.security.oauthbearer.";
    private static final String TOKEN = String.join(
            ".", encoded("{\"alg\":\"none\"}"), encoded("{\"sub\":\"me\",\"iat\":1,\"exp\":4102444800}"), encoded("signature"));

    @TempDir
    Path folder;

    @Test
    void readsTheSecretForEachToken() throws Exception {
        Path file = Files.writeString(folder.resolve("secret"), "first\n");
        List<String> logins = new ArrayList<>();
        HttpServer server = serving(logins);
        try {
            ClientSecretFileLogin login = login(file, "http://127.0.0.1:" + server.getAddress().getPort() + "/token");
            assertEquals(TOKEN, token(login));
            Files.writeString(file, "second");
            token(login);
        } finally {
            server.stop(0);
        }
        assertEquals(List.of("me:first", "me:second"), logins);
    }

    @Test
    void namesTheFileThatIsNotThere() {
        ClientSecretFileLogin login = login(folder.resolve("absent"), "http://127.0.0.1:1/token");
        IOException error = assertThrows(IOException.class, () -> token(login));
        assertTrue(error.getMessage().contains(folder.resolve("absent").toString()), error.getMessage());
    }

    @Test
    void aProcessIsForOneRegion() {
        MskIamLogin login = new MskIamLogin();
        try {
            login.configure(Map.of(), "OAUTHBEARER", entries(Map.of("region", "eu-central-1")));
            MskIamLogin other = new MskIamLogin();
            List<AppConfigurationEntry> elsewhere = entries(Map.of("region", "us-east-1"));
            assertThrows(IllegalStateException.class, () -> other.configure(Map.of(), "OAUTHBEARER", elsewhere));
        } finally {
            login.close();
            System.clearProperty("aws.region");
        }
    }

    private static ClientSecretFileLogin login(Path file, String endpoint) {
        ClientSecretFileLogin login = new ClientSecretFileLogin();
        Map<String, Object> settings = Map.of(
                "sasl.oauthbearer.token.endpoint.url", endpoint,
                "sasl.oauthbearer.client.credentials.client.id", "me",
                "sasl.oauthbearer.jwt.retriever.class", OAUTH + "ClientCredentialsJwtRetriever",
                "sasl.oauthbearer.jwt.validator.class", OAUTH + "ClientJwtValidator",
                "sasl.oauthbearer.scope.claim.name", "scope",
                "sasl.oauthbearer.sub.claim.name", "sub",
                "sasl.login.retry.backoff.ms", 100L,
                "sasl.login.retry.backoff.max.ms", 1000L);
        login.configure(settings, "OAUTHBEARER", entries(Map.of("password_file", file.toString())));
        return login;
    }

    private static List<AppConfigurationEntry> entries(Map<String, ?> options) {
        return List.of(new AppConfigurationEntry(
                OAuthBearerLoginModule.class.getName(), AppConfigurationEntry.LoginModuleControlFlag.REQUIRED, options));
    }

    private static String token(ClientSecretFileLogin login) throws Exception {
        OAuthBearerTokenCallback asked = new OAuthBearerTokenCallback();
        login.handle(new Callback[] {asked});
        return asked.token().value();
    }

    private static HttpServer serving(List<String> logins) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/token", exchange -> {
            String login = exchange.getRequestHeaders().getFirst("Authorization").substring("Basic ".length());
            logins.add(new String(Base64.getDecoder().decode(login), UTF_8));
            byte[] answer = ("{\"access_token\":\"" + TOKEN + "\"}").getBytes(UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static String encoded(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(UTF_8));
    }
}
