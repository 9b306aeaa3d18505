package io.hourglass.benchmark;

import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.namedOneOf;

import java.lang.instrument.Instrumentation;
import java.util.List;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.asm.Advice;

/**
 * Removes the ledger from the landing operator: it counts nothing for the ledger and writes no entry.
 *
 * <p>With the argument {@code keep} it rewrites the same methods without changing their effect, so that both sides of a
 * comparison pay the same for the agent and its start.
 */
public final class LedgerAgent {
    private LedgerAgent() {}

    /** If a method no longer exists, the ledger stays: the benchmark then finds entries, and fails. */
    public static void premain(String arguments, Instrumentation instrumentation) {
        boolean keep = "keep".equals(arguments);
        Class<?> count = keep ? Count.class : NoCount.class;
        Class<?> entries = keep ? Entries.class : NoEntries.class;
        new AgentBuilder.Default()
                .disableClassFormatChanges()
                .type(named("io.hourglass.landing.ledger.LedgerEntry"))
                .transform((builder, description, loader, module, domain) ->
                        builder.visit(Advice.to(count).on(namedOneOf("addAccepted", "addRejected"))))
                .type(named("io.hourglass.landing.ledger.SourcePartition"))
                .transform((builder, description, loader, module, domain) ->
                        builder.visit(Advice.to(entries).on(named("takeEntries"))))
                .installOn(instrumentation);
    }

    static final class NoCount {
        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static boolean enter() {
            return true;
        }
    }

    static final class Count {
        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
        static boolean enter() {
            return false;
        }
    }

    static final class NoEntries {
        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) List<?> entries) {
            entries = List.of();
        }
    }

    static final class Entries {
        @Advice.OnMethodExit
        static void exit(@Advice.Return List<?> entries) {
            // as they are
        }
    }
}
