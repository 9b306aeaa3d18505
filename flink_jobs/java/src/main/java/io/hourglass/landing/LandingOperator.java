package io.hourglass.landing;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Turns each Kafka record into one accepted or one rejected line, and tells the ledger what it did.
 *
 * <p>The order between two barriers is the promise:
 *
 * <ol>
 *   <li>each record is counted once, in the entry of its partition, and its line carries the epoch;
 *   <li>before the barrier the entries go to the ledger's output, which the sink writers get before they flush;
 *   <li>then a new epoch begins.
 * </ol>
 *
 * <p>It keeps no state of Flink: what it counted since the last checkpoint is replayed from the offsets of that
 * checkpoint. It throws for no input; only a sink that fails, or the machine, ends the job.
 */
public class LandingOperator extends AbstractStreamOperator<Line>
        implements OneInputStreamOperator<ConsumerRecord<byte[], byte[]>, Line>, BoundedOneInput {
    private static final long serialVersionUID = 1;

    /** The type of lines on all three outputs. */
    public static final ByReference<Line> LINES = new ByReference<>(Line.class);

    /** The output of rejected lines; accepted ones take the main output. */
    public static final OutputTag<Line> REJECTED = new OutputTag<>("rejected", LINES);

    /** The output of ledger entries. */
    public static final OutputTag<Line> LEDGER = new OutputTag<>("ledger", LINES);

    /** The checkpoint in the last entries of a bounded run, which follow no barrier; real ones count from 1. */
    static final long END_OF_INPUT = 0;

    private static final int INSTANCE_BYTES = 8;

    private final String job;
    private final String contractJson;

    private transient Contract contract;
    private transient EventScanner scanner;
    private transient Map<String, Map<Integer, SourcePartition>> partitions;
    private transient SourcePartition current;
    private transient String instance;
    private transient long sequence;
    private transient String epoch;
    private transient StreamRecord<Line> accepted;
    private transient StreamRecord<Line> rejected;
    private transient StreamRecord<Line> ledger;
    private transient UtcText ledgerTime;
    private transient String reason;
    private transient String detail;
    private transient Counter acceptedRecords;
    private transient Counter rejectedRecords;
    private transient Counter[] flaggedRecords;

    /**
     * @param job name of the job in ledger entries
     * @param contractJson the JSON of {@code producers.events.landing_contract()}; a wrong one fails here, in the driver
     */
    public LandingOperator(String job, String contractJson) {
        Contract.parse(contractJson);
        this.job = job;
        this.contractJson = contractJson;
    }

    @Override
    public void open() throws Exception {
        super.open();
        contract = Contract.parse(contractJson);
        scanner = new EventScanner(contract);
        partitions = new TreeMap<>();
        byte[] random = new byte[INSTANCE_BYTES];
        new SecureRandom().nextBytes(random);
        instance = HexFormat.of().formatHex(random);
        beginEpoch();
        accepted = new StreamRecord<>(new Line());
        rejected = new StreamRecord<>(new Line());
        ledger = new StreamRecord<>(new Line());
        ledgerTime = new UtcText();
        acceptedRecords = getMetricGroup().counter("acceptedRecords");
        rejectedRecords = getMetricGroup().counter("rejectedRecords");
        flaggedRecords = Arrays.stream(Flag.ALL)
                .map(flag -> getMetricGroup().addGroup("flag", flag.code()).counter("flaggedRecords"))
                .toArray(Counter[]::new);
    }

    private void beginEpoch() {
        sequence++;
        epoch = instance + "." + sequence;
    }

    @Override
    public void processElement(StreamRecord<ConsumerRecord<byte[], byte[]>> element) {
        ConsumerRecord<byte[], byte[]> record = element.getValue();
        SourcePartition partition = partitionOf(record);
        long timestamp = Math.max(0, Math.min(record.timestamp(), UtcText.LAST_MILLISECOND));
        LedgerEntry entry = partition.entryFor(record.offset());
        LedgerEntry.Hour hour = entry.hourOf(timestamp);
        if (writeAccepted(partition, record, timestamp)) {
            int flags = scanner.flags(timestamp);
            entry.addAccepted(hour, record.offset(), timestamp, record.value().length, scanner.eventType(), flags);
            acceptedRecords.inc();
            if (flags != Flag.NONE) {
                countFlags(flags);
            }
            accepted.getValue().into(hour.path, epoch);
            output.collect(accepted);
        } else {
            writeRejected(partition, record, timestamp);
            int valueBytes = record.value() == null ? 0 : record.value().length;
            entry.addRejected(hour, record.offset(), timestamp, valueBytes, reason);
            rejectedRecords.inc();
            rejected.getValue().into(hour.path, epoch);
            output.collect(REJECTED, rejected);
        }
    }

    private void countFlags(int flags) {
        for (Flag flag : Flag.ALL) {
            if (flag.isIn(flags)) {
                flaggedRecords[flag.ordinal()].inc();
            }
        }
    }

    /** Records come in runs of one partition, so the partition of the record before is asked first. */
    private SourcePartition partitionOf(ConsumerRecord<byte[], byte[]> record) {
        if (current == null || current.partition != record.partition() || !current.topic.equals(record.topic())) {
            current = partitions
                    .computeIfAbsent(record.topic(), topic -> new TreeMap<>())
                    .computeIfAbsent(
                            record.partition(),
                            number -> new SourcePartition(record.topic(), number, contract.types));
        }
        return current;
    }

    private boolean writeAccepted(SourcePartition partition, ConsumerRecord<byte[], byte[]> record, long timestamp) {
        try {
            if (timestamp != record.timestamp()) {
                return refuse(Reason.BAD_TIME.code(), "the record's own timestamp lies outside of 1970 to 9999");
            }
            if (!scanner.accepts(record.value())) {
                return refuse(scanner.code(), scanner.detail());
            }
            Line line = accepted.getValue().clear();
            partition.envelope.accepted(line, record, timestamp, scanner.hasLineBreaks());
            return true;
        } catch (RuntimeException e) { // a defect of ours must cost one record, not the job
            LOG.error("record {}-{} offset {} was rejected by a defect of the landing operator",
                    partition.topic, partition.partition, record.offset(), e);
            return refuse(Reason.INTERNAL_ERROR.code(), Trace.describe(e));
        }
    }

    private boolean refuse(String newReason, String newDetail) {
        reason = newReason;
        detail = newDetail;
        return false;
    }

    private void writeRejected(SourcePartition partition, ConsumerRecord<byte[], byte[]> record, long timestamp) {
        partition.envelope.rejected(rejected.getValue().clear(), record, timestamp, reason, detail);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) {
        emitLedger(checkpointId);
    }

    /** After the input has ended, sink writers take nothing more of a last barrier: the rest must go now. */
    @Override
    public void endInput() {
        emitLedger(END_OF_INPUT);
    }

    private void emitLedger(long checkpoint) {
        String bucket = UtcText.path(UtcText.hourOf(getProcessingTimeService().getCurrentProcessingTime()));
        for (Map<Integer, SourcePartition> ofTopic : partitions.values()) {
            for (SourcePartition partition : ofTopic.values()) {
                for (LedgerEntry entry : partition.takeEntries()) {
                    writeEntry(ledger.getValue().clear().into(bucket, epoch), checkpoint, partition, entry);
                    output.collect(LEDGER, ledger);
                }
            }
        }
        beginEpoch();
    }

    private void writeEntry(Line line, long checkpoint, SourcePartition partition, LedgerEntry entry) {
        line.append("{\"job\":").appendString(job);
        line.append(",\"job_id\":").appendString(getRuntimeContext().getJobInfo().getJobId().toHexString());
        line.append(",\"checkpoint\":").append(checkpoint);
        line.append(",\"subtask\":").append(getRuntimeContext().getTaskInfo().getIndexOfThisSubtask());
        line.append(",\"epoch\":").appendString(epoch);
        line.append(",\"topic\":").appendString(partition.topic);
        line.append(",\"partition\":").append(partition.partition).append(',');
        entry.append(line, ledgerTime);
        line.append('\n');
    }
}
