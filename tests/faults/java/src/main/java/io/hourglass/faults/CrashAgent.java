package io.hourglass.faults;

import static net.bytebuddy.matcher.ElementMatchers.named;

import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.IllegalClassFormatException;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.asm.Advice;

/**
 * Adds the crash points to Flink and the landing operator while their classes are loaded.
 *
 * <p>The jar is on the class path of the JVM and not on its boot path, with which Java would ignore the archive of the
 * job's classes.
 */
public final class CrashAgent {
    private static final String COMMITTER = "org.apache.flink.streaming.runtime.operators.sink.CommitterOperator";
    private static final String UPLOADS = "io.hourglass.faults.uploads";

    private final Set<String> classes = new HashSet<>();
    private AgentBuilder agent = new AgentBuilder.Default().disableClassFormatChanges();

    private CrashAgent() {}

    /** If a class or a method no longer exists, its point is missing: the test then times out. */
    public static void premain(String arguments, Instrumentation instrumentation) {
        System.getProperties().put(UPLOADS, (Consumer<String>) Progress::uploadCompleted);
        CrashAgent points = new CrashAgent();
        points.advise("io.hourglass.landing.LandingOperator", "processElement", Records.class);
        points.advise("io.hourglass.landing.LandingOperator", "prepareSnapshotPreBarrier", Emitted.class);
        points.advise("org.apache.flink.runtime.checkpoint.CheckpointCoordinator",
                "cleanupAfterCompletedCheckpoint", Completed.class);
        points.advise("org.apache.flink.fs.s3hadoop.HadoopS3AccessHelper", "commitMultiPartUpload", Uploaded.class);
        points.advise("org.apache.flink.connector.file.sink.committer.FileCommitter", "commit", Committed.class);
        points.advise("org.apache.flink.streaming.runtime.tasks.RegularOperatorChain",
                "notifyCheckpointComplete", Notified.class);
        points.advise(COMMITTER, "initializeState", Restored.class);
        instrumentation.addTransformer(points.transformer());
    }

    private void advise(String type, String method, Class<?> advice) {
        classes.add(type.replace('.', '/'));
        agent = agent.type(named(type)).transform((builder, description, loader, module, domain) ->
                builder.visit(Advice.to(advice).on(named(method))));
    }

    /** Byte Buddy would parse each of the job's thousands of classes to know its name. */
    private ClassFileTransformer transformer() {
        ClassFileTransformer advising = agent.makeRaw();
        return new ClassFileTransformer() {
            @Override
            public byte[] transform(ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain,
                    byte[] body) throws IllegalClassFormatException {
                return classes.contains(name) ? advising.transform(loader, name, redefined, domain, body) : null;
            }
        };
    }

    static final class Records {
        @Advice.OnMethodEnter
        static void enter() {
            Progress.record();
        }
    }

    static final class Emitted {
        @Advice.OnMethodExit
        static void exit(@Advice.Argument(0) long checkpoint) {
            Progress.emitted(checkpoint);
        }
    }

    static final class Completed {
        @Advice.OnMethodEnter
        static void enter(@Advice.Argument(1) long checkpoint) {
            Progress.completed(checkpoint);
        }
    }

    /** The class loader of the S3 plugin finds the classes of Java, but not those of this jar. */
    static final class Uploaded {
        @Advice.OnMethodExit
        @SuppressWarnings("unchecked")
        static void exit(@Advice.Argument(0) String key) {
            ((Consumer<String>) System.getProperties().get("io.hourglass.faults.uploads")).accept(key);
        }
    }

    static final class Committed {
        @Advice.OnMethodExit
        static void exit(@Advice.Argument(0) Collection<?> requests) {
            if (!requests.isEmpty()) {
                Progress.committed();
            }
        }
    }

    static final class Notified {
        @Advice.OnMethodEnter
        static void enter() {
            Progress.notifyBegins();
        }

        @Advice.OnMethodExit
        static void exit() {
            Progress.notifyEnds();
        }
    }

    static final class Restored {
        @Advice.OnMethodEnter
        static void enter() {
            Progress.restores(true);
        }

        @Advice.OnMethodExit
        static void exit() {
            Progress.restores(false);
        }
    }
}
