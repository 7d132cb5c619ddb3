package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store"
)

// small is a network whose eras have 32 blocks.
func small(seed uint64) simnet.Options {
	return simnet.Options{Seed: seed, Candidates: 12, BlockTime: time.Second, SessionBlocks: 8, SessionsPerEra: 4}
}

// drive makes blocks until the answer is yes. At the end of a session it waits until the jobs have done their work.
func drive(t testing.TB, n *simnet.Network, db *store.Store, what string, s *service, yes func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for blocks := 0; !yes(); {
		select {
		case <-tick.C:
			if blocks%8 == 0 && !quiet(t, db) {
				continue
			}
			if err := n.Step(); err != nil {
				t.Fatal(err)
			}
			blocks++
		case <-limit:
			t.Fatalf("never came: %s\n%s", what, s.log)
		}
	}
}

// quiet reports whether no job is wanted or at work.
func quiet(t testing.TB, db *store.Store) bool {
	t.Helper()
	all := states(t, db)
	for _, j := range jobs.Catalogue() {
		st, known := all[j.Name]
		waits := st.Status == jobs.Started && st.RunCount == 0 && slices.Contains(j.On, jobs.AtStart)
		if !known || st.Status == jobs.Running || st.Wanted != "" || waits {
			return false
		}
	}
	return true
}

// nominated counts the nominations that took effect by their nominators.
func nominated(t testing.TB, db *store.Store) map[programme.Address]int {
	t.Helper()
	list, err := db.Nominations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[programme.Address]int{}
	for _, x := range list {
		out[x.Nominator]++
	}
	return out
}

// rounds are those in a database, the oldest first.
func rounds(t testing.TB, db *store.Store) []memory.Round {
	t.Helper()
	list, err := db.Rounds(t.Context(), genesis(t, db), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// From an empty folder on the monolith fills its database, holds rounds whose records verify and nominates; after a
// restart it goes on where it was.
func TestMonolith(t *testing.T) {
	n := world(t, small(4))
	dir := folder(t, n)
	cfg := load(t, dir, within(n, "act.mode=act")...)
	s := begin(t, n, cfg)
	db := look(t, cfg)
	drive(t, n, db, "all nominators have nominated", s, func() bool { return len(nominated(t, db)) == len(n.Nominators()) })
	until(t, "the jobs have done their work", s.log, func() bool { return quiet(t, db) })
	for name, st := range states(t, db) {
		t.Logf("%s: %s %s %s %s", name, st.Status, st.Cause, st.Result, st.Error)
	}
	verify(t, db)
	counts(t, s, n)
	s.end()
	before, plans := rounds(t, db), allPlans(t, db)

	s = begin(t, n, cfg)
	runs := states(t, db)[jobs.Scorekeeper].RunCount
	s.log.until(t, "works on jobs")
	until(t, "the jobs have run again", s.log, func() bool { return quiet(t, db) && states(t, db)[jobs.Scorekeeper].RunCount > runs })
	after := rounds(t, db)
	if len(after) != len(before) {
		t.Errorf("%d rounds before, %d after the restart in the same era", len(before), len(after))
	}
	if again := allPlans(t, db); len(again) != len(plans) {
		t.Errorf("%d plans before, %d after the restart", len(plans), len(again))
	}
	if text := s.log.String(); strings.Contains(text, "level=ERROR") {
		t.Error(text)
	}
}

func allPlans(t testing.TB, db *store.Store) []plan.Plan {
	t.Helper()
	list, err := db.Plans(t.Context(), plan.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// verify recomputes the records of all rounds, and looks that no nominator has two sets of targets in an era.
func verify(t testing.TB, db *store.Store) {
	t.Helper()
	for _, r := range rounds(t, db) {
		doc, err := db.Document(t.Context(), r.Digest)
		if err != nil {
			t.Fatal(err)
		}
		record, err := decision.Verify(doc.Bytes)
		if err != nil || record.Digest != r.Digest {
			t.Error(r.Number, err)
		}
	}
	seen := map[string]bool{}
	list, err := db.Nominations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		key := string(x.Nominator) + x.At.String()
		if seen[key] {
			t.Errorf("%s has nominated twice in era %d", x.Nominator, x.Era)
		}
		seen[key] = true
	}
}

// counts looks at the metrics and the job board of a process that has held rounds and nominated.
func counts(t *testing.T, s *service, n *simnet.Network) {
	t.Helper()
	want := []string{
		"db_connectivity 1", "telemetry_connectivity 1", `chain_rpc_connectivity{chain="relay"} 1`, `chain_rpc_connectivity{chain="people"} 1`,
		`jobs_runs_total{name="ValidityJob",status="started"}`, `candidates{state="listed"} 12`, "ready 1", `component_up{component="jobs"} 1`,
		`job_progress{name="ScoreJob"} 100`, `jobs_queue{state="off"}`, `rounds_total{result="decided"}`, "latest_block 0",
	}
	for _, j := range jobs.Catalogue() {
		if slices.Contains(j.On, jobs.AtStart) && j.Name != jobs.BlockData {
			want = append(want, fmt.Sprintf(`jobs_runs_total{name=%q,status="running"}`, j.Name), fmt.Sprintf(`jobs_runs_total{name=%q,status="finished"}`, j.Name),
				fmt.Sprintf(`job_execution_time_seconds_count{name=%q}`, j.Name), fmt.Sprintf(`job_last_success_timestamp_seconds{name=%q}`, j.Name))
		}
	}
	for _, x := range n.Nominators() {
		want = append(want, fmt.Sprintf(`nominations_total{account=%q}`, x.Address()))
	}
	// Some figures are renewed on a clock of their own, and a job that runs again has its progress set back.
	var missing []string
	t.Cleanup(func() {
		if len(missing) > 0 {
			t.Log("no metrics", missing)
		}
	})
	until(t, "all figures", s.log, func() bool {
		_, body := s.get("health", "/metrics")
		missing = slices.DeleteFunc(slices.Clone(want), func(x string) bool { return strings.Contains(body, "otv_backend_"+x) })
		return len(missing) == 0
	})
	for _, part := range []string{"lead", "work on jobs", "nominator", "candidate list", "telemetry feed", "source release", "source prices"} {
		if p := s.part(part); p.State != "ok" {
			t.Errorf("%+v", p)
		}
	}
	if status, _ := s.get("admin", "/jobs/"); status != 401 {
		t.Error("the job board answers without token:", status)
	}
	token, err := os.ReadFile(filepath.Join(s.cfg.Dir, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	header := "Bearer " + strings.TrimSpace(string(token))
	if status, body := s.get("admin", "/jobs/", "Authorization", header); status != 200 || !strings.Contains(body, "<html") {
		t.Error(status, body)
	}
	if status, _ := s.get("admin", "/bull", "Authorization", header); status != 303 {
		t.Error("/bull answers", status)
	}
	if status, body := s.get("admin", "/jobs/api/jobs?state=completed", "Authorization", header); status != 200 || !strings.Contains(body, "ValidityJob") {
		t.Error(status, body)
	}
}
