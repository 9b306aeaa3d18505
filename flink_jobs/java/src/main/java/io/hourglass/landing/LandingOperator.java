package io.hourglass.landing;

import io.hourglass.landing.chain.ByReference;
import io.hourglass.landing.chain.RecordRun;
import io.hourglass.landing.event.Contract;
import io.hourglass.landing.event.EventScanner;
import io.hourglass.landing.event.Reason;
import io.hourglass.landing.kafka.ExpectedTopics;
import io.hourglass.landing.kafka.TopicChangedException;
import io.hourglass.landing.ledger.BookedOffsets;
import io.hourglass.landing.ledger.LedgerEntry;
import io.hourglass.landing.ledger.SourcePartition;
import io.hourglass.landing.text.Lines;
import io.hourglass.landing.text.UtcText;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Turns each Kafka record into one accepted or one rejected line, and counts it in a ledger entry.
 *
 * <p>The order between two barriers is a promise:
 *
 * <ol>
 *   <li>each record is counted once, in the entry of its partition, and its line carries the epoch;
 *   <li>before the barrier the broker is asked whether the topics still have their ids: what was read is of them then;
 *   <li>the entries go to the ledger's output, so that they reach the sink before it flushes;
 *   <li>then a new epoch begins.
 * </ol>
 *
 * <p>Its state in Flink is the position of each of its partitions, so entries chain across restarts and rescaling, and
 * the ids of the topics, which a restored job compares. Records since the last checkpoint are replayed and counted again
 * from the offsets of that checkpoint. No content of a record makes it throw.
 */
public class LandingOperator extends AbstractStreamOperator<Lines>
        implements OneInputStreamOperator<RecordRun, Lines>, BoundedOneInput {
    private static final long serialVersionUID = 1;

    /** The type of lines on all three outputs. */
    public static final ByReference<Lines> LINES = new ByReference<>(Lines.class);

    /** The output of rejected lines; accepted ones take the main output. */
    public static final OutputTag<Lines> REJECTED = new OutputTag<>("rejected", LINES);

    /** The output of ledger entries. */
    public static final OutputTag<Lines> LEDGER = new OutputTag<>("ledger", LINES);

    /**
     * The checkpoint in the last entries of a bounded run, which no barrier follows. Flink's checkpoints count from 1.
     */
    static final long END_OF_INPUT = 0;

    /**
     * Topic, partition, next offset. Union state: a partition may move to another subtask, so each subtask restores the
     * positions of all. The highest position of a partition is the newest.
     */
    private static final ListStateDescriptor<Tuple3<String, Integer, Long>> POSITIONS =
            new ListStateDescriptor<>("positions", Types.TUPLE(Types.STRING, Types.INT, Types.LONG));

    /** Union state as well: the ids of the topics, in the form of {@link ExpectedTopics#state}. */
    private static final ListStateDescriptor<String> TOPIC_IDS = new ListStateDescriptor<>("topic-ids", Types.STRING);

    private static final int INSTANCE_BYTES = 8;

    /** Lines of this size are sent on within a run, while they are in the second-level cache. */
    static final int LINES_BYTES = 1 << 16;

    private final String job;
    private final String contractJson;
    private final BookedOffsets booked;
    private final ExpectedTopics topics;

    private transient ListState<Tuple3<String, Integer, Long>> positions;
    private transient ListState<String> topicIds;
    private transient Contract contract;
    private transient EventScanner scanner;
    private transient Map<String, Map<Integer, SourcePartition>> partitions;
    private transient String instance;
    private transient long sequence;
    private transient String epoch;
    private transient StreamRecord<Lines> accepted;
    private transient StreamRecord<Lines> rejected;
    private transient StreamRecord<Lines> ledger;
    private transient UtcText ledgerTime;
    private transient String reason;
    private transient String detail;
    private transient LandingMetrics metrics;
    private transient Counter recordsIn;

    /**
     * @param job name of the job in ledger entries
     * @param contractJson the JSON of {@code producers.events.landing_contract()}; a wrong one fails here, in the driver
     * @param booked where the source begins without a restore point, so that entries chain to those of before
     * @param topics that the source reads
     */
    public LandingOperator(String job, String contractJson, BookedOffsets booked, ExpectedTopics topics) {
        Contract.parse(contractJson);
        this.job = job;
        this.contractJson = contractJson;
        this.booked = booked;
        this.topics = topics;
    }

    /**
     * Take up the positions of the checkpoint; a savepoint of before they were kept has none.
     *
     * @throws TopicChangedException if the checkpoint is of another topic of the same name
     */
    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        contract = Contract.parse(contractJson);
        partitions = new TreeMap<>();
        topicIds = context.getOperatorStateStore().getUnionListState(TOPIC_IDS);
        topics.requireStateOfSame(topicIds.get());
        positions = context.getOperatorStateStore().getUnionListState(POSITIONS);
        booked.forEach((at, next) -> partition(at.topic(), at.partition()).restore(next));
        for (Tuple3<String, Integer, Long> known : positions.get()) {
            partition(known.f0, known.f1).restore(known.f2);
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        List<Tuple3<String, Integer, Long>> known = new ArrayList<>();
        for (Map<Integer, SourcePartition> ofTopic : partitions.values()) {
            for (SourcePartition one : ofTopic.values()) {
                known.add(Tuple3.of(one.topic, one.partition, one.position()));
            }
        }
        positions.update(known);
        topicIds.update(topics.state());
    }

    /** Ask for the ids first: a job that restarts because a topic is gone ends here, with the reason. */
    @Override
    public void open() throws Exception {
        super.open();
        topics.requireSame();
        scanner = new EventScanner(contract);
        byte[] random = new byte[INSTANCE_BYTES];
        new SecureRandom().nextBytes(random);
        instance = HexFormat.of().formatHex(random);
        beginEpoch();
        accepted = new StreamRecord<>(new Lines());
        rejected = new StreamRecord<>(new Lines());
        ledger = new StreamRecord<>(new Lines());
        ledgerTime = new UtcText();
        metrics = new LandingMetrics(getMetricGroup());
        recordsIn = getMetricGroup().getIOMetricGroup().getNumRecordsInCounter();
    }

    @Override
    public void close() throws Exception {
        topics.close();
        super.close();
    }

    private void beginEpoch() {
        sequence++;
        epoch = instance + "." + sequence;
    }

    /**
     * Land a run of records. All its lines are sent on before a barrier can follow.
     *
     * @throws TopicChangedException if an offset comes that was read before
     */
    @Override
    public void processElement(StreamRecord<RecordRun> element) throws InterruptedException {
        RecordRun run = element.getValue();
        SourcePartition partition = partition(run.topic(), run.partition());
        int records = 0;
        for (ConsumerRecord<byte[], ByteBuffer> record : run.records()) {
            if (record.offset() < partition.position()) {
                topics.requireSame();
                throw TopicChangedException.cut(run.topic(), run.partition(), partition.position(), record.offset());
            }
            land(partition, record);
            records++;
        }
        sendAccepted();
        recordsIn.inc(records - 1L); // Flink counted the run as one
    }

    private void land(SourcePartition partition, ConsumerRecord<byte[], ByteBuffer> record) {
        long timestamp = Math.max(0, Math.min(record.timestamp(), UtcText.LAST_MILLISECOND));
        LedgerEntry entry = partition.entryFor(record.offset());
        LedgerEntry.Hour hour = entry.hourOf(timestamp);
        Lines lines = accepted.getValue();
        if (lines.length() >= LINES_BYTES || lines.directory() != hour.path) { // the same hour is the same object
            sendAccepted();
        }
        if (lines.length() == 0) {
            lines.into(hour.path, epoch);
        }
        if (writeAccepted(partition, record, timestamp)) {
            int bytes = record.value().remaining();
            int flags = scanner.flags(timestamp);
            entry.addAccepted(hour, record.offset(), timestamp, bytes, scanner.eventType(), flags);
            metrics.accepted(bytes, flags);
        } else {
            partition.envelope.rejected(rejected.getValue().clear(), record, timestamp, reason, detail);
            int bytes = record.value() == null ? 0 : record.value().remaining();
            entry.addRejected(hour, record.offset(), timestamp, bytes, reason);
            metrics.rejected(bytes, reason);
            rejected.getValue().into(hour.path, epoch);
            output.collect(REJECTED, rejected);
        }
    }

    private void sendAccepted() {
        Lines lines = accepted.getValue();
        if (lines.length() > 0) {
            output.collect(accepted);
            lines.clear();
        }
    }

    private SourcePartition partition(String topic, int partition) {
        return partitions
                .computeIfAbsent(topic, name -> new TreeMap<>())
                .computeIfAbsent(partition, number -> new SourcePartition(topic, number, contract.types));
    }

    private boolean writeAccepted(SourcePartition partition, ConsumerRecord<byte[], ByteBuffer> record, long timestamp) {
        Lines lines = accepted.getValue();
        int before = lines.length();
        try {
            if (timestamp != record.timestamp()) {
                return reject(Reason.BAD_TIME.code(), "the record's own timestamp lies outside of 1970 to 9999");
            }
            if (!scanner.accepts(record.value())) {
                return reject(scanner.code(), scanner.detail());
            }
            partition.envelope.accepted(lines, record, timestamp, scanner.hasLineBreaks());
            return true;
        } catch (RuntimeException e) { // a defect of this class costs one record, not the job
            LOG.error("record {}-{} offset {} was rejected by a defect of the landing operator",
                    partition.topic, partition.partition, record.offset(), e);
            lines.cutTo(before);
            return reject(Reason.INTERNAL_ERROR.code(), Trace.describe(e));
        }
    }

    private boolean reject(String newReason, String newDetail) {
        reason = newReason;
        detail = newDetail;
        return false;
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws InterruptedException {
        emitLedger(checkpointId);
    }

    /** Send the last entries: sink writers receive no barrier after the end of the input. */
    @Override
    public void endInput() throws InterruptedException {
        emitLedger(END_OF_INPUT);
    }

    private void emitLedger(long checkpoint) throws InterruptedException {
        List<SourcePartition> counted = partitions.values().stream()
                .flatMap(ofTopic -> ofTopic.values().stream())
                .filter(SourcePartition::hasEntry)
                .toList();
        if (!counted.isEmpty()) {
            topics.requireSame();
        }
        String directory = UtcText.path(UtcText.hourOf(getProcessingTimeService().getCurrentProcessingTime()));
        for (SourcePartition partition : counted) {
            writeEntry(ledger.getValue().clear().into(directory, epoch), checkpoint, partition);
            output.collect(LEDGER, ledger);
        }
        beginEpoch();
    }

    private void writeEntry(Lines line, long checkpoint, SourcePartition partition) {
        line.append("{\"job\":").appendString(job);
        line.append(",\"job_id\":").appendString(getRuntimeContext().getJobInfo().getJobId().toHexString());
        line.append(",\"checkpoint\":").append(checkpoint);
        line.append(",\"subtask\":").append(getRuntimeContext().getTaskInfo().getIndexOfThisSubtask());
        line.append(",\"epoch\":").appendString(epoch);
        String topicId = topics.id(partition.topic);
        if (topicId != null) {
            line.append(",\"cluster_id\":").appendString(topics.clusterId());
            line.append(",\"topic_id\":").appendString(topicId);
        }
        line.append(",\"topic\":").appendString(partition.topic);
        line.append(",\"partition\":").append(partition.partition).append(',');
        partition.takeEntry().append(line, ledgerTime);
        line.append('\n');
    }
}
