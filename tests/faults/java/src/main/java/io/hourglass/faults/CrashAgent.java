package io.hourglass.faults;

import static net.bytebuddy.matcher.ElementMatchers.named;

import java.lang.instrument.Instrumentation;
import java.util.Collection;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.asm.Advice;

/** Adds the crash points to Flink and the landing operator while their classes are loaded. */
public final class CrashAgent {
    private static final String COMMITTER = "org.apache.flink.streaming.runtime.operators.sink.CommitterOperator";

    private CrashAgent() {}

    /** If a class or a method no longer exists, its point is missing: the test then times out. */
    public static void premain(String arguments, Instrumentation instrumentation) {
        AgentBuilder agent = new AgentBuilder.Default().disableClassFormatChanges();
        agent = advise(agent, "io.hourglass.landing.LandingOperator", "processElement", Records.class);
        agent = advise(agent, "io.hourglass.landing.LandingOperator", "prepareSnapshotPreBarrier", Emitted.class);
        agent = advise(agent, "org.apache.flink.runtime.checkpoint.CheckpointCoordinator",
                "cleanupAfterCompletedCheckpoint", Completed.class);
        agent = advise(agent, "org.apache.flink.fs.s3hadoop.HadoopS3AccessHelper", "commitMultiPartUpload", Uploaded.class);
        agent = advise(agent, "org.apache.flink.connector.file.sink.committer.FileCommitter", "commit", Committed.class);
        agent = advise(agent, "org.apache.flink.streaming.runtime.tasks.RegularOperatorChain",
                "notifyCheckpointComplete", Notified.class);
        advise(agent, COMMITTER, "initializeState", Restored.class).installOn(instrumentation);
    }

    private static AgentBuilder advise(AgentBuilder agent, String type, String method, Class<?> advice) {
        return agent.type(named(type)).transform((builder, description, loader, module, domain) ->
                builder.visit(Advice.to(advice).on(named(method))));
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

    static final class Uploaded {
        @Advice.OnMethodExit
        static void exit(@Advice.Argument(0) String key) {
            Progress.uploadCompleted(key);
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
