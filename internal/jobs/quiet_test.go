package jobs

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// The queue's warnings come through once, its other remarks and what is said about jobs do not.
func TestQuiet(t *testing.T) {
	var out bytes.Buffer
	l := quiet(slog.New(slog.NewTextHandler(&out, nil)))
	for range 3 {
		l.Info("nothing of interest")
		l.Warn("jobexecutor.JobExecutor: Job errored; retrying")
		l.With("queue", "work").WithGroup("x").Error("producer: Error fetching jobs")
	}
	if text := out.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "fetching jobs") {
		t.Error(text)
	}
}
