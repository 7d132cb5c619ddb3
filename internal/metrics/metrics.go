// Package metrics counts what a process does, for Prometheus. The names of the old backend are kept, so that its
// dashboards and alarms go on working; docs/metrics.md, which is generated from this package, lists all of them.
package metrics

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are all metrics of one process, with a registry of their own. Methods may be called from any goroutine.
type Metrics struct {
	registry *prometheus.Registry
	prefix   string

	// Of the old backend.
	blocksScanned prometheus.Counter
	jobRuns       *prometheus.CounterVec
	nominations   *prometheus.CounterVec
	database      prometheus.Gauge
	telemetry     prometheus.Gauge
	chains        *prometheus.GaugeVec
	jobProgress   *prometheus.GaugeVec
	latestBlock   prometheus.Gauge
	jobTime       *prometheus.HistogramVec

	// New.
	build       *prometheus.GaugeVec
	ready       prometheus.Gauge
	components  *prometheus.GaugeVec
	restarts    *prometheus.CounterVec
	jobSuccess  *prometheus.GaugeVec
	jobsWaiting *prometheus.GaugeVec
	parts       *prometheus.GaugeVec
	logs        *prometheus.CounterVec
	requests    *prometheus.CounterVec
	requestTime *prometheus.HistogramVec
	routes      *prometheus.CounterVec
	routeTime   *prometheus.CounterVec
	rounds      *prometheus.CounterVec
	roundTime   prometheus.Gauge
	candidates  *prometheus.GaugeVec
}

// jobBuckets are those of the old backend, in seconds: 5·i·(i+1).
func jobBuckets() []float64 {
	var b []float64
	for i := range 30 {
		b = append(b, float64(5*i*(i+1)))
	}
	return b
}

// definition is a line of docs/metrics.md.
type definition struct {
	name, kind, help string
	labels           []string
}

// builder makes metrics and remembers them for the documentation.
type builder struct {
	to   prometheus.Registerer
	list []definition
}

func (b *builder) note(kind, name, help string, labels []string) {
	b.list = append(b.list, definition{name, kind, help, labels})
}

func (b *builder) counter(name, help string, labels ...string) *prometheus.CounterVec {
	b.note("counter", name, help, labels)
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	b.to.MustRegister(v)
	return v
}

func (b *builder) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	b.note("gauge", name, help, labels)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	b.to.MustRegister(v)
	return v
}

func (b *builder) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	b.note("histogram", name, help, labels)
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	b.to.MustRegister(v)
	return v
}

// New makes metrics whose names begin with prefix, which is valid at the beginning of a name (global.prometheusPrefix).
func New(prefix string) *Metrics {
	m, _ := build(prefix)
	return m
}

func build(prefix string) (*Metrics, []definition) {
	m := &Metrics{registry: prometheus.NewRegistry(), prefix: prefix}
	b := &builder{to: prometheus.WrapRegistererWithPrefix(prefix, m.registry)}
	b.to.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewGoCollector())

	m.blocksScanned = b.counter("blocks_scanned_total", "blocks indexed by BlockDataJob").WithLabelValues()
	m.jobRuns = b.counter("jobs_runs_total", "events of jobs; status is started, running, errored or finished", "name", "status")
	m.nominations = b.counter("nominations_total", "nominations attempted for a nominator, by its address; failed ones count", "account")
	m.database = b.gauge("db_connectivity", "1 when the database answers").WithLabelValues()
	m.telemetry = b.gauge("telemetry_connectivity", "1 when the telemetry feed is connected").WithLabelValues()
	m.chains = b.gauge("chain_rpc_connectivity", "1 when a node of the chain is connected; chain is relay, asset-hub or people", "chain")
	m.jobProgress = b.gauge("job_progress", "progress of a job's last run in percent", "name")
	m.latestBlock = b.gauge("latest_block", "newest block that was indexed; 0 when none was").WithLabelValues()
	m.jobTime = b.histogram("job_execution_time_seconds", "duration of a job's runs in seconds", jobBuckets(), "name")

	m.build = b.gauge("build_info", "1; version of the program and of Go, roles of the process", "version", "goversion", "roles")
	m.ready = b.gauge("ready", "1 when the process is ready, as /ready says").WithLabelValues()
	m.components = b.gauge("component_up", "1 while a component of the process works", "component")
	m.restarts = b.counter("component_failures_total", "failures of a component after which it is started again", "component")
	m.parts = b.gauge("part_up", "state of what the process depends on, as /health lists it: 1 ok, 0.5 starting or degraded, 0 down", "part")
	m.jobSuccess = b.gauge("job_last_success_timestamp_seconds", "when a job last ended well, in seconds since 1970", "name")
	m.jobsWaiting = b.gauge("jobs_queue", "jobs in the queue by state", "state")
	m.rounds = b.counter("rounds_total", "rounds decided; result is decided, braked or failed", "result")
	m.roundTime = b.gauge("round_last_timestamp_seconds", "when the last round was decided, in seconds since 1970").WithLabelValues()
	m.candidates = b.gauge("candidates", "candidates by state: listed, valid, active", "state")
	m.logs = b.counter("log_messages_total", "messages logged, by level", "level")
	m.requests = b.counter("http_requests_total", "HTTP requests answered, by listener and class of status", "listener", "status")
	m.requestTime = b.histogram("http_request_duration_seconds", "time to answer an HTTP request in seconds, by listener",
		[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}, "listener")
	m.routes = b.counter("api_requests_total", "requests to the API, by pattern of the route and class of status", "route", "status")
	m.routeTime = b.counter("api_request_seconds_total", "time spent on requests to the API in seconds, by pattern of the route", "route")
	return m, b.list
}

// Handler serves the metrics as text.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Registerer takes further collectors; their names get the prefix.
func (m *Metrics) Registerer() prometheus.Registerer {
	return prometheus.WrapRegistererWithPrefix(m.prefix, m.registry)
}

func up(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// Build tells what runs.
func (m *Metrics) Build(version, goVersion string, roles []string) {
	m.build.WithLabelValues(version, goVersion, strings.Join(roles, ",")).Set(1)
}

// Ready tells whether the process is ready.
func (m *Metrics) Ready(is bool) { m.ready.Set(up(is)) }

// Component tells whether a component works, and whether it just failed.
func (m *Metrics) Component(name string, works, failed bool) {
	m.components.WithLabelValues(name).Set(up(works))
	if failed {
		m.restarts.WithLabelValues(name).Inc()
	}
}

// Part tells the state of a part: 1 is good, 0 is down.
func (m *Metrics) Part(name string, state float64) { m.parts.WithLabelValues(name).Set(state) }

// Database tells whether the database answers.
func (m *Metrics) Database(is bool) { m.database.Set(up(is)) }

// Telemetry tells whether the feed is connected.
func (m *Metrics) Telemetry(is bool) { m.telemetry.Set(up(is)) }

// Chain tells whether a chain is connected.
func (m *Metrics) Chain(chain string, is bool) { m.chains.WithLabelValues(chain).Set(up(is)) }

// BlocksScanned counts indexed blocks; latest is the newest one's number.
func (m *Metrics) BlocksScanned(n int, latest uint32) {
	m.blocksScanned.Add(float64(n))
	m.latestBlock.Set(float64(latest))
}

// JobScheduled counts a job that was made known to the scheduler.
func (m *Metrics) JobScheduled(name string) { m.jobRuns.WithLabelValues(name, "started").Inc() }

// JobRunning counts the begin of a run.
func (m *Metrics) JobRunning(name string) {
	m.jobRuns.WithLabelValues(name, "running").Inc()
	m.jobProgress.WithLabelValues(name).Set(0)
}

// JobProgress tells how far a run is, in percent.
func (m *Metrics) JobProgress(name string, percent float64) {
	m.jobProgress.WithLabelValues(name).Set(percent)
}

// JobEnded counts the end of a run.
func (m *Metrics) JobEnded(name string, at time.Time, took time.Duration, ok bool) {
	m.jobTime.WithLabelValues(name).Observe(took.Seconds())
	if !ok {
		m.jobRuns.WithLabelValues(name, "errored").Inc()
		return
	}
	m.jobRuns.WithLabelValues(name, "finished").Inc()
	m.jobProgress.WithLabelValues(name).Set(100)
	m.jobSuccess.WithLabelValues(name).Set(seconds(at))
}

// Queue tells how many jobs wait, run, or are given up.
func (m *Metrics) Queue(state string, n int) { m.jobsWaiting.WithLabelValues(state).Set(float64(n)) }

// Nomination counts an attempt to nominate.
func (m *Metrics) Nomination(account string) { m.nominations.WithLabelValues(account).Inc() }

// Round counts a round with its result: decided, braked or failed.
func (m *Metrics) Round(result string, at time.Time) {
	m.rounds.WithLabelValues(result).Inc()
	if result != "failed" {
		m.roundTime.Set(seconds(at))
	}
}

// Candidates tells how many candidates are in a state.
func (m *Metrics) Candidates(state string, n int) {
	m.candidates.WithLabelValues(state).Set(float64(n))
}

// Log counts a message.
func (m *Metrics) Log(level string) { m.logs.WithLabelValues(level).Inc() }

// Request counts an answered request.
func (m *Metrics) Request(listener string, status int, took time.Duration) {
	m.requests.WithLabelValues(listener, class(status)).Inc()
	m.requestTime.WithLabelValues(listener).Observe(took.Seconds())
}

// Route counts an answered request to the API. Routes are patterns, of which there are as many as the program has.
func (m *Metrics) Route(route string, status int, took time.Duration) {
	m.routes.WithLabelValues(route, class(status)).Inc()
	m.routeTime.WithLabelValues(route).Add(took.Seconds())
}

// class is the class of a status: 2xx.
func class(status int) string {
	if status >= 100 && status < 600 {
		return string(rune('0'+status/100)) + "xx"
	}
	return "other"
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
