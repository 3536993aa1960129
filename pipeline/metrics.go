package pipeline

import (
	"sync"
	"time"

	rabbitmqexporter "github.com/tailrace/tailrace/exporters/rabbitmq"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// PolledDirectories is the metric by which it can be told from outside whether
// the kernel's watches suffice.
const PolledDirectories = "tailrace_receiver_polled_directories"

// The agent's metrics, named as the OpenTelemetry Collector names its own.
// Records are counted in lines of the files.
var (
	acceptedRecords = telemetry.Counter("tailrace_receiver_accepted_log_records_total", "Lines read and acknowledged: durable in the journal or, with a journal in memory, delivered.", "namespace")
	acceptedBytes   = telemetry.Counter("tailrace_receiver_accepted_bytes_total", "Bytes of log files read and acknowledged.", "namespace")
	lostBytes       = telemetry.Counter("tailrace_receiver_lost_bytes_total", "Bytes of log files that were deleted, truncated or overwritten before they were read.", "namespace")
	gapBytes        = telemetry.Counter("tailrace_receiver_unidentified_lost_bytes_total", "Bytes lost before a whole line of their file was seen, since the start: they have no place in the ledger.")
	againBytes      = telemetry.Counter("tailrace_receiver_read_again_bytes_total", "Bytes of log files read once more since the start, because the journal's frame that held them is damaged.")
	throttled       = telemetry.Counter("tailrace_receiver_throttled_seconds_total", "Time that log files had something to read and service.limits held it, summed over files, since the start.", "namespace")
	damagedFiles    = telemetry.Counter("tailrace_receiver_damaged_files_total", "Compressed log files found damaged since the start: what could be read of them was.")
	watchedFiles    = telemetry.Gauge("tailrace_receiver_files", "Log files by what is being done with them.", "state")
	openFiles       = telemetry.Gauge("tailrace_receiver_open_files", "Log files that have a descriptor.")
	restingFiles    = telemetry.Gauge("tailrace_receiver_resting_files", "Log files that are read and have no descriptor just now: idle ones were closed to make room, or they wait for room.")
	leftOutRecords  = telemetry.Counter("tailrace_receiver_left_out_log_records_total", "Lines read of which no document was made: dropped by a rule, or behind the length limit of the record that they are a piece of.", "namespace")
	inotifyWatches  = telemetry.Gauge("tailrace_receiver_inotify_watches", "Directories that the kernel watches for new and rotated log files.")
	polledDirs      = telemetry.Gauge(PolledDirectories, "Directories that are looked at now and then because the kernel had no watch for them (fs.inotify.max_user_watches).")
	droppedRecords  = telemetry.Counter("tailrace_processor_dropped_log_records_total", "Lines dropped by a rule of the configuration.", "rule")
	parsedRecords   = telemetry.Counter("tailrace_processor_parsed_log_records_total", "Records by the format that explained them.", "format")
	parseFailures   = telemetry.Counter("tailrace_processor_parse_failures_total", "Records that stayed plain text although they were expected to be of a format.", "format", "reason")
	redactedValues  = telemetry.Counter("tailrace_processor_redact_values_total", "Secrets and other values replaced in lines since the start, by the rule that found them (docs/redaction.md).", "rule")

	metadataPods     = telemetry.Gauge("tailrace_processor_kubernetes_pods", "Pods of this node that the Kubernetes API knows (present), that it knows no more and whose logs are still there (gone), and that have logs and are not known (unknown).", "state")
	metadataMissed   = telemetry.Counter("tailrace_processor_kubernetes_missed_pods_total", "Pods whose logs were read without metadata since the start, because none came within wait_for_metadata_timeout.")
	metadataWaited   = telemetry.Counter("tailrace_processor_kubernetes_waited_seconds_total", "Time that the logs of pods were not read because metadata were waited for, summed over pods, since the start.")
	metadataFailures = telemetry.Counter("tailrace_processor_kubernetes_failed_requests_total", "Requests to the Kubernetes API that failed since the start.")
	badAnnotations   = telemetry.Gauge("tailrace_processor_kubernetes_bad_annotations", "Annotations of this node's pods and their namespaces that are not followed: tailrace status says which, and why.")
	metadataWatching = telemetry.Gauge("tailrace_processor_kubernetes_watching", "1 while metadata follow the Kubernetes API, 0 from a failed request until the next successful watch.")

	terminationsTold = telemetry.Counter("tailrace_processor_kubernetes_terminations_total", "Records made since the start of the ends of containers' lives that the Kubernetes API told of.")

	queueMessages    = telemetry.Counter("tailrace_receiver_messages_total", "Messages received of a queue since the start, by what became of them: acknowledged (delivered or, with a journal on disk, durable), returned to the queue, dead (unreadable, kept with the dead letters or left to the queue's dead-letter exchange), dropped (unanswered when the connection was lost; the broker delivers them again).", "receiver", "queue", "outcome")
	queueRedelivered = telemetry.Counter("tailrace_receiver_redelivered_messages_total", "Messages received since the start that had been delivered before.", "receiver", "queue")
	queueBytes       = telemetry.Counter("tailrace_receiver_message_bytes_total", "Bytes of the bodies of received messages, since the start.", "receiver", "queue")
	queueDocuments   = telemetry.Counter("tailrace_receiver_documents_total", "Documents in received messages since the start, as often as they came.", "receiver", "queue")
	queueOutstanding = telemetry.Gauge("tailrace_receiver_outstanding_messages", "Messages received that have no answer yet.", "receiver", "queue")
	queuePrefetch    = telemetry.Gauge("tailrace_receiver_prefetch_messages", "How many messages may be without an answer, by their size and the memory.", "receiver", "queue")
	queueConnected   = telemetry.Gauge("tailrace_receiver_connected", "1 while there is a connection to the broker.", "receiver", "queue")
	queueConsuming   = telemetry.Gauge("tailrace_receiver_consuming", "1 while messages are asked for; 0 without a connection, and while exporters do not deliver what was received.", "receiver", "queue")

	sentRecords    = telemetry.Counter("tailrace_exporter_sent_log_records_total", "Lines delivered.", "exporter")
	failedRecords  = telemetry.Counter("tailrace_exporter_send_failed_log_records_total", "Lines that were not delivered and will not be: dead is in the dead-letter store, lost is gone.", "exporter", "outcome")
	excludedLines  = telemetry.Counter("tailrace_exporter_excluded_log_records_total", "Lines in frames of classes that the exporter does not take.", "exporter")
	returnedLines  = telemetry.Counter("tailrace_exporter_returned_log_records_total", "Documents that went back to the queue they came from before the exporter had them.", "exporter")
	parkedRecords  = telemetry.Gauge("tailrace_exporter_parked_log_records", "Lines parked until their index takes them.", "exporter")
	retriedDocs    = telemetry.Counter("tailrace_exporter_retried_documents_total", "Documents sent again since the start.", "exporter")
	rewrittenDocs  = telemetry.Counter("tailrace_exporter_rewritten_documents_total", "Documents since the start whose attributes were moved to body.structured, because Elasticsearch refused one of their fields.", "exporter", "namespace", "field")
	removedDocs    = telemetry.Counter("tailrace_exporter_removed_documents_total", "Documents deleted again since the start, because they had been stored before a rollover.", "exporter")
	uncheckedDocs  = telemetry.Counter("tailrace_exporter_unchecked_documents_total", "Documents since the start that may have been stored before a rollover as well, which could not be looked up.", "exporter")
	divertedDocs   = telemetry.Counter("tailrace_exporter_diverted_documents_total", "Dead-lettered documents since the start that Elasticsearch has put into a failure store.", "exporter")
	requests       = telemetry.Counter("tailrace_exporter_requests_total", "Requests since the start.", "exporter", "outcome")
	inFlight       = telemetry.Gauge("tailrace_exporter_in_flight_requests", "Requests without an answer yet.", "exporter")
	window         = telemetry.Gauge("tailrace_exporter_in_flight_limit", "How many requests may be in flight, by what the backend takes.", "exporter")
	blocked        = telemetry.Gauge("tailrace_exporter_blocked", "1 while RabbitMQ takes nothing from publishers, for want of memory or disk (connection.blocked).", "exporter")
	badMessages    = telemetry.Counter("tailrace_exporter_unstored_messages_total", "Messages since the start that RabbitMQ did not store, which are sent again: returned for want of a queue, refused by a full one, or lost with the connection before they were confirmed.", "exporter", "reason")
	queueSize      = telemetry.Gauge("tailrace_exporter_queue_size", "Frames in the journal that are not delivered.", "exporter")
	pendingRecords = telemetry.Gauge("tailrace_exporter_pending_log_records", "Lines in the journal that are not delivered.", "exporter")
	lagBytes       = telemetry.Gauge("tailrace_exporter_lag_bytes", "Compressed bytes in the journal that are not delivered.", "exporter")
	lagSeconds     = telemetry.Gauge("tailrace_exporter_lag_seconds", "Age of the oldest frame that is not delivered.", "exporter")
	holding        = telemetry.Gauge("tailrace_exporter_holding", "1 while the exporter waits for a person: tailrace status says why.", "exporter")

	journalBytes    = telemetry.Gauge("tailrace_journal_size_bytes", "Bytes of the journal, on disk or in memory.")
	journalSegments = telemetry.Gauge("tailrace_journal_segments", "Segments of the journal.")
	journalFree     = telemetry.Gauge("tailrace_journal_free_bytes", "Free bytes of the journal's file system.")
	journalReserve  = telemetry.Gauge("tailrace_journal_reserve_bytes", "Free bytes of the file system below which the journal takes nothing (service.journal.min_free).")
	journalFull     = telemetry.Gauge("tailrace_journal_full", "1 while the journal takes nothing, so that log files are not read.")
	journalQueued   = telemetry.Gauge("tailrace_journal_unsynced_bytes", "Bytes that wait for their fsync, of the memory budget.")
	journalDamaged  = telemetry.Counter("tailrace_journal_damaged_frames_total", "Frames found damaged when the journal was opened.")
	fsyncSeconds    = telemetry.Histogram("tailrace_journal_fsync_seconds", "Time that an fsync of the journal took.")
	stateWaiting    = telemetry.Gauge("tailrace_state_waiting", "1 while the agent waits for another one on the same state directory to end. Until then it has no other figures but tailrace_journal_full.")
	stateCopies     = telemetry.Counter("tailrace_state_copies_total", "Times that the state directory was found to be a copy, or restored from one.")
	stateMoves      = telemetry.Counter("tailrace_state_node_changes_total", "Times that the state directory was found to be that of a node with another name.")
	droppedPlaces   = telemetry.Counter("tailrace_checkpoint_forgotten_total", "Positions of files forgotten because there were too many.")

	// The first two as Prometheus names its own.
	reloadSuccessful = telemetry.Gauge("tailrace_config_last_reload_successful", "1 when the agent has the configuration that is in its files as of the last look, 0 when that one could not be used and the agent goes on with the one before.")
	reloadTime       = telemetry.Gauge("tailrace_config_last_reload_success_timestamp_seconds", "When the configuration in the files was last found to be the agent's, or became it.")
	reloadsDone      = telemetry.Counter("tailrace_config_reloads_total", "Looks at the configuration since the process started: applied; unchanged; refused, for a mistake or because it takes a restart; failed, when the agent could not start with it.", "outcome")
)

// collector reads all metrics from the parts' own figures.
func (a *Agent) collect(e telemetry.Emit) {
	e.Value(stateWaiting, 0)
	a.collectReading(e)
	a.collectQueues(e)
	for _, s := range a.shippers {
		a.collectShipper(e, s)
	}
	a.collectJournal(e)
	a.collectReloads(e)
}

func (a *Agent) collectReading(e telemetry.Emit) {
	totals := a.checkpoint.Totals()
	for name, c := range totals.Namespaces {
		e.Value(acceptedRecords, float64(c.Lines), name)
		e.Value(acceptedBytes, float64(c.Bytes), name)
		e.Value(lostBytes, float64(c.LostBytes), name)
		e.Value(leftOutRecords, float64(c.DroppedLines), name)
	}
	for name, lines := range totals.Rules {
		e.Value(droppedRecords, float64(lines), name)
	}
	_, gaps := a.engine.Gaps()
	e.Value(gapBytes, float64(gaps))
	e.Value(againBytes, float64(a.engine.AgainBytes()))
	for name, d := range a.engine.Delayed() {
		e.Value(throttled, d.Seconds(), name)
	}
	e.Value(damagedFiles, float64(a.engine.Damaged()))
	states := map[string]int{}
	for _, f := range a.engine.Files() {
		states[f.State.String()]++
	}
	for state, n := range states {
		e.Value(watchedFiles, float64(n), state)
	}
	open, resting := a.engine.Descriptors()
	e.Value(openFiles, float64(open))
	e.Value(restingFiles, float64(resting))
	watched, polled := a.engine.Watches()
	e.Value(inotifyWatches, float64(watched))
	e.Value(polledDirs, float64(polled))
	a.collectParsing(e)
	a.collectRedaction(e)
	a.collectMetadata(e)
}

func (a *Agent) collectParsing(e telemetry.Emit) {
	type key struct{ format, reason string }
	sums := map[key]uint64{}
	for _, p := range a.parsers {
		for _, c := range p.Counters() {
			sums[key{c.Format, c.Reason}] += c.Lines
		}
	}
	for k, n := range sums {
		if k.reason == "" {
			e.Value(parsedRecords, float64(n), k.format)
			continue
		}
		e.Value(parseFailures, float64(n), k.format, k.reason)
	}
}

func (a *Agent) collectShipper(e telemetry.Emit, s *shipper) {
	c, l, ledger := s.cursor.Stats(), s.loop.Stats(), a.ledger(s)
	e.Value(sentRecords, float64(ledger.Delivered), s.name)
	e.Value(failedRecords, float64(ledger.Dead), s.name, "dead")
	e.Value(failedRecords, float64(ledger.Lost), s.name, "lost")
	e.Value(excludedLines, float64(ledger.Excluded), s.name)
	e.Value(returnedLines, float64(ledger.Returned), s.name)
	e.Value(parkedRecords, float64(ledger.Parked), s.name)
	e.Value(retriedDocs, float64(l.Retries), s.name)
	for m, n := range l.Rewritten {
		e.Value(rewrittenDocs, float64(n), s.name, m.Namespace, m.Field)
	}
	e.Value(removedDocs, float64(l.Removed), s.name)
	e.Value(uncheckedDocs, float64(l.Unchecked), s.name)
	e.Value(divertedDocs, float64(l.Diverted), s.name)
	e.Value(requests, float64(l.Requests-l.FailedRequests), s.name, "answered")
	e.Value(requests, float64(l.FailedRequests), s.name, "failed")
	e.Value(inFlight, float64(l.InFlight), s.name)
	e.Value(window, float64(l.Window), s.name)
	e.Value(queueSize, float64(c.Pending.Frames), s.name)
	e.Value(pendingRecords, float64(c.Pending.DocLines), s.name)
	e.Value(lagBytes, float64(c.Pending.Bytes), s.name)
	e.Value(lagSeconds, lag(c, time.Now()).Seconds(), s.name)
	e.Value(holding, number(l.Trouble.Holding), s.name)
	if r, ok := s.exporter.(*rabbitmqexporter.Exporter); ok {
		collectRabbitMQ(e, s.name, r.Figures())
	}
}

func collectRabbitMQ(e telemetry.Emit, name string, f rabbitmqexporter.Figures) {
	e.Value(blocked, number(f.Blocked != ""), name)
	e.Value(badMessages, float64(f.Returned), name, "returned")
	e.Value(badMessages, float64(f.Refused), name, "refused")
	e.Value(badMessages, float64(f.Lost), name, "lost")
}

// lag is the age of the oldest frame that is not delivered.
func lag(c journal.CursorStats, now time.Time) time.Duration {
	if c.Oldest == 0 {
		return 0
	}
	return max(0, now.Sub(time.Unix(0, c.Oldest)))
}

func (a *Agent) collectJournal(e telemetry.Emit) {
	j := a.journal.Stats()
	e.Value(journalBytes, float64(j.Bytes))
	e.Value(journalFull, number(j.Full))
	e.Value(journalQueued, float64(j.Queued))
	e.Value(droppedPlaces, float64(a.checkpoint.Forgotten()))
	e.Value(stateCopies, float64(a.owner.Copies))
	e.Value(stateMoves, float64(a.owner.Moves))
	if a.inMemory() {
		return
	}
	e.Value(journalSegments, float64(j.Segments))
	e.Value(journalFree, float64(j.Free))
	e.Value(journalReserve, float64(j.Reserve))
	e.Value(journalDamaged, float64(j.Recovery.Damaged))
	e.Distribution(fsyncSeconds, a.fsyncs.snapshot())
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// fsyncTimes is the histogram of how long fsyncs took.
type fsyncTimes struct {
	mu     sync.Mutex
	count  uint64
	sum    float64
	counts [len(fsyncBounds)]uint64
}

// fsyncBounds are upper bounds in seconds, from a fast NVMe to a disk in
// trouble.
var fsyncBounds = [...]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func (f *fsyncTimes) observe(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	f.sum += d.Seconds()
	for i, bound := range fsyncBounds {
		if d.Seconds() <= bound {
			f.counts[i]++
		}
	}
}

func (f *fsyncTimes) snapshot() telemetry.Distribution {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := telemetry.Distribution{Count: f.count, Sum: f.sum, Buckets: make(map[float64]uint64, len(fsyncBounds))}
	for i, bound := range fsyncBounds {
		d.Buckets[bound] = f.counts[i]
	}
	return d
}
