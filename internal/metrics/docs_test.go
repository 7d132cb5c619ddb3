package metrics

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the documentation")

const head = `# Metrics

Every process serves its metrics for Prometheus at ` + "`/metrics`" + ` of its health listener ([operating.md](operating.md)).
Generated from the code; a test compares this page with it (` + "`go test ./internal/metrics -update`" + ` rewrites it).

Names begin with ` + "`global.prometheusPrefix`, `otv_backend_`" + ` unless configured. The first nine are those of the old backend, so
that dashboards go on working; runtime metrics of Node.js (` + "`nodejs_*`" + `) have given way to those of Go (` + "`go_*`" + `), with the
same prefix, and ` + "`process_*`" + ` are there as before.

A process shows what it does itself: jobs are counted by the process that ran them. Sum over all processes of a network.

| Name after the prefix | Type | Labels | Meaning |
|---|---|---|---|
`

const tail = `
## Alarms worth having

| Expression | What it finds |
|---|---|
| ` + "`otv_backend_ready == 0`" + ` for 10 minutes | a process that misses something; ` + "`/ready`" + ` says what |
| ` + "`time() - max by (name) (otv_backend_job_last_success_timestamp_seconds) > 7200`" + ` | a job that has not ended well for two hours |
| ` + "`increase(otv_backend_component_failures_total[1h]) > 5`" + ` | a component that comes and goes |
| ` + "`otv_backend_part_up < 1`" + ` for 30 minutes | a source, chain or feed that does not deliver |
| ` + "`increase(otv_backend_rounds_total{result=\"braked\"}[1d]) > 0`" + ` | a brake that forbids acting on a round |
`

// docs/metrics.md is what the code registers, and nothing else.
func TestMetricsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(head)
	_, list := build("otv_backend_")
	for _, d := range list {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.name, d.kind, strings.Join(d.labels, ", "), d.help)
	}
	b.WriteString(tail)
	const file = "../../docs/metrics.md"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), b.String()); d != "" {
		t.Errorf("docs/metrics.md differs from the code (run with -update and read it): %s", d)
	}
}
