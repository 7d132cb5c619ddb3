package logging

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

func TestExcludedParts(t *testing.T) {
	var b strings.Builder
	counted := map[slog.Level]int{}
	log := New(&b, Options{Level: slog.LevelInfo, Excluded: []string{"Telemetry", "Block", "validatorPrefJob"}, Count: func(l slog.Level) { counted[l]++ }})
	telemetry := log.With("component", "telemetry")
	telemetry.Info("t1")
	telemetry.Warn("t2")
	telemetry.Error("t3")
	log.With("x", 1).Info("b1", "job", "BlockDataJob")
	log.With("job", "ValidatorPrefJob").With("y", 2).WithGroup("g").Info("v1")
	log.Info("s1", "job", "ScoreJob")
	log.Debug("d1")
	log.WithGroup("g").Info("g1", "job", "BlockDataJob") // another attribute of that name
	got := b.String()
	for text, want := range map[string]bool{"t1": false, "t2": false, "t3": true, "b1": false, "v1": false, "s1": true, "d1": false, "g1": true} {
		if strings.Contains(got, "msg="+text) != want {
			t.Errorf("%s: logged is %v\n%s", text, !want, got)
		}
	}
	if counted[slog.LevelInfo] != 2 || counted[slog.LevelError] != 1 || len(counted) != 2 {
		t.Errorf("counted %v", counted)
	}
}

func TestFormats(t *testing.T) {
	var b strings.Builder
	New(&b, Options{Format: JSON, Level: slog.LevelDebug}).Debug("hello", "component", "x")
	var line map[string]any
	if err := json.Unmarshal([]byte(b.String()), &line); err != nil || line["msg"] != "hello" || line["level"] != "DEBUG" || line["component"] != "x" {
		t.Errorf("%v %s", err, b.String())
	}
	b.Reset()
	New(&b, Options{}).Info("hello")
	if !strings.Contains(b.String(), "level=INFO msg=hello") {
		t.Error(b.String())
	}
}
