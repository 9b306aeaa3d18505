package io.hourglass.landing.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.login.LoginException;
import javax.security.auth.spi.LoginModule;
import org.apache.kafka.common.security.scram.ScramLoginModule;

/**
 * Logs in to Kafka with a password that stands in a file, so that it is in no configuration, job graph or log.
 *
 * <p>Options: {@code username} and {@code password_file}; the last line break of the file does not count. It serves
 * PLAIN and SCRAM, which both find their password at the subject.
 */
public final class PasswordFileLogin implements LoginModule {
    private Subject subject;
    private String user;
    private String file;

    /** Make a module for {@code sasl.jaas.config} to find. */
    public PasswordFileLogin() {
        // The class of Kafka registers the mechanisms SCRAM with Java when it is loaded.
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
            String password = Files.readString(Path.of(file));
            subject.getPublicCredentials().add(user);
            subject.getPrivateCredentials().add(password.endsWith("\n") ? password.substring(0, password.length() - 1) : password);
            return true;
        } catch (IOException e) {
            LoginException refusal = new LoginException("the file of Kafka's password cannot be read: " + file);
            refusal.initCause(e);
            throw refusal;
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
