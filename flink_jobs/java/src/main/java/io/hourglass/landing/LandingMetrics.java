package io.hourglass.landing;

import io.hourglass.landing.event.Flag;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/**
 * The metrics of the landing operator. Records are counted when they are processed, and again after a restart: metrics
 * show rates and reasons, the ledger proves totals.
 */
final class LandingMetrics {
    private final MetricGroup group;
    private final Counter acceptedRecords;
    private final Counter acceptedBytes;
    private final Counter rejectedRecords;
    private final Counter rejectedBytes;
    private final Counter[] flaggedRecords;
    private final Map<String, Counter> reasons = new HashMap<>();

    LandingMetrics(MetricGroup group) {
        this.group = group;
        acceptedRecords = group.counter("acceptedRecords");
        acceptedBytes = group.counter("acceptedBytes");
        rejectedRecords = group.counter("rejectedRecords");
        rejectedBytes = group.counter("rejectedBytes");
        flaggedRecords = Arrays.stream(Flag.ALL)
                .map(flag -> group.addGroup("flag", flag.code()).counter("flaggedRecords"))
                .toArray(Counter[]::new);
    }

    /** Count an accepted record; {@code flags} is a mask of {@link Flag}. */
    void accepted(int valueBytes, int flags) {
        acceptedRecords.inc();
        acceptedBytes.inc(valueBytes);
        if (flags != Flag.NONE) {
            for (Flag flag : Flag.ALL) {
                if (flag.isIn(flags)) {
                    flaggedRecords[flag.ordinal()].inc();
                }
            }
        }
    }

    /** Count a rejected record under its whole reason; the contract bounds how many reasons there are. */
    void rejected(int valueBytes, String reason) {
        rejectedRecords.inc();
        rejectedBytes.inc(valueBytes);
        reasons.computeIfAbsent(reason, code -> group.addGroup("reason", code).counter("rejectedByReason")).inc();
    }
}
