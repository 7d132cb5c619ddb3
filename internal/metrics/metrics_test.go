package metrics

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func scrape(m *Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// The names, labels and buckets of the old backend.
func TestOldNames(t *testing.T) {
	m := New("otv_backend_")
	at := time.UnixMilli(1_700_000_000_500)
	m.BlocksScanned(3, 77)
	m.JobScheduled("ScoreJob")
	m.JobRunning("ScoreJob")
	m.JobProgress("ScoreJob", 25)
	m.JobEnded("ValidityJob", at, 12*time.Second, true)
	m.JobEnded("CancelJob", at, 5000*time.Second, false)
	m.Nomination("FoQ")
	m.Database(true)
	m.Telemetry(false)
	m.Chain("relay", true)
	m.Request("api", 204, time.Millisecond)
	m.Request("api", 0, time.Millisecond)
	m.Component("worker", false, true)
	m.Round("braked", at)
	got := scrape(m)
	for _, line := range []string{
		"otv_backend_blocks_scanned_total 3",
		"otv_backend_latest_block 77",
		`otv_backend_jobs_runs_total{name="ScoreJob",status="started"} 1`,
		`otv_backend_jobs_runs_total{name="ScoreJob",status="running"} 1`,
		`otv_backend_jobs_runs_total{name="ValidityJob",status="finished"} 1`,
		`otv_backend_jobs_runs_total{name="CancelJob",status="errored"} 1`,
		`otv_backend_nominations_total{account="FoQ"} 1`,
		"otv_backend_db_connectivity 1",
		"otv_backend_telemetry_connectivity 0",
		`otv_backend_chain_rpc_connectivity{chain="relay"} 1`,
		`otv_backend_job_progress{name="ScoreJob"} 25`,
		`otv_backend_job_progress{name="ValidityJob"} 100`,
		`otv_backend_job_execution_time_seconds_bucket{name="ValidityJob",le="0"} 0`,
		`otv_backend_job_execution_time_seconds_bucket{name="ValidityJob",le="10"} 0`,
		`otv_backend_job_execution_time_seconds_bucket{name="ValidityJob",le="30"} 1`,
		`otv_backend_job_execution_time_seconds_bucket{name="CancelJob",le="4350"} 0`,
		`otv_backend_job_last_success_timestamp_seconds{name="ValidityJob"} 1.7000000005e+09`,
		`otv_backend_http_requests_total{listener="api",status="2xx"} 1`,
		`otv_backend_http_requests_total{listener="api",status="other"} 1`,
		`otv_backend_component_failures_total{component="worker"} 1`,
		`otv_backend_round_last_timestamp_seconds 1.7000000005e+09`,
		"# TYPE otv_backend_process_resident_memory_bytes gauge",
		"# TYPE otv_backend_go_goroutines gauge",
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
	if strings.Contains(got, `job_last_success_timestamp_seconds{name="CancelJob"}`) {
		t.Error("a failed run counts as success")
	}
	if n := strings.Count(got, `otv_backend_job_execution_time_seconds_bucket{name="ValidityJob"`); n != 31 {
		t.Errorf("%d buckets", n)
	}
}

// Two sets of metrics live beside each other, with names of their own.
func TestNothingIsGlobal(t *testing.T) {
	a, b := New("a_"), New("kusama:")
	a.Database(true)
	if got := scrape(b); strings.Contains(got, "a_db") || !strings.Contains(got, "kusama:db_connectivity 0") {
		t.Error(got)
	}
}
