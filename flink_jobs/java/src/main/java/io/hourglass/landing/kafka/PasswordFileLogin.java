package io.hourglass.landing.kafka;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.login.LoginException;
import javax.security.auth.spi.LoginModule;
import org.apache.kafka.common.security.scram.ScramLoginModule;

/**
 * Logs in to Kafka with the password of a file, so that no configuration, job graph or log holds it.
 *
 * <p>Options: {@code username} and {@code password_file}; a line break at the end of the file is ignored. For
 * PLAIN and SCRAM, which both read the password from the subject.
 */
public final class PasswordFileLogin implements LoginModule {
    private Subject subject;
    private String user;
    private String file;

    /** Called by Java's login for {@code sasl.jaas.config}. */
    public PasswordFileLogin() {
        // Loading Kafka's class registers the SCRAM mechanisms with Java.
        new ScramLoginModule();
    }

    @Override
    public void initialize(Subject newSubject, CallbackHandler handler, Map<String, ?> state, Map<String, ?> options) {
        subject = newSubject;
        user = (String) options.get("username");
        file = (String) options.get("password_file");
    }

    @Override
    public boolean login() throws LoginException {
        try {
            String password = SecretFile.read(Path.of(file));
            subject.getPublicCredentials().add(user);
            subject.getPrivateCredentials().add(password);
            return true;
        } catch (IOException e) {
            LoginException failure = new LoginException("the file of Kafka's password cannot be read: " + file);
            failure.initCause(e);
            throw failure;
        }
    }

    @Override
    public boolean commit() {
        return true;
    }

    @Override
    public boolean abort() {
        return false;
    }

    @Override
    public boolean logout() {
        return true;
    }
}
