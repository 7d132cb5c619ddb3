package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/simnet"
)

// On an empty folder the monolith fills its database, holds a round whose record verifies, and after a restart goes on
// where it was.
func TestMonolith(t *testing.T) {
	n := world(t, simnet.Options{Seed: 4, Candidates: 12})
	if err := n.Steps(12); err != nil {
		t.Fatal(err)
	}
	dir := folder(t, n)
	cfg := load(t, dir, within(n)...)
	began := time.Now()
	s := begin(t, n, cfg)
	t.Logf("ready after %s", time.Since(began))
	db := look(t, cfg)
	done := func() bool {
		for name, st := range states(t, db) {
			if st.Status == jobs.NotRunning {
				continue
			}
			if st.RunCount == 0 || st.Status == jobs.Errored || st.Wanted != "" {
				_ = name
				return false
			}
		}
		return true
	}
	until(t, "all jobs have run", s.log, done)
	t.Logf("all jobs ran after %s", time.Since(began))
	for name, st := range states(t, db) {
		t.Logf("%s: %s %s %s %s", name, st.Status, st.Cause, st.Result, st.Error)
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Error(s.log)
	}
	list, err := db.Rounds(t.Context(), genesis(t, db), 0)
	if err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	doc, err := db.Document(t.Context(), list[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decision.Verify(doc.Bytes); err != nil {
		t.Error(err)
	}
}
