package app_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

// ran waits until the jobs of a session have run once more, making blocks meanwhile.
func ran(t testing.TB, s *service, db *store.Store, step func() error) {
	t.Helper()
	runs := states(t, db)[jobs.Validity].RunCount
	limit := time.After(patience)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for states(t, db)[jobs.Validity].RunCount == runs || states(t, db)[jobs.Validity].Error != "" {
		select {
		case <-tick.C:
			if err := step(); err != nil {
				t.Fatal(err)
			}
		case <-limit:
			t.Fatalf("the jobs do not run any more: %+v\n%s", states(t, db)[jobs.Validity], s.log)
		}
	}
}

// Of two cores on one database one leads. When it stops, the other one takes over, and nothing is done twice.
func TestTwoCores(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	n := world(t, small(21))
	dir := folder(t, n)
	set := within(n, "act.mode=act", "OTV_DATABASE__URL="+pgtest.URL(t))
	cfg := load(t, dir, set...)
	roles := func(s *app.Service) {
		s.Roles = []config.Role{config.RoleCore, config.RoleWorker, config.RoleTelemetry}
	}
	a := begin(t, n, cfg, roles)
	a.log.until(t, "this process leads")
	b := begin(t, n, load(t, dir, set...), roles)
	until(t, "the second core stands by", b.log, func() bool { return strings.HasPrefix(b.part("lead").Text, "stands by") })
	if b.part("lead").State != health.OK || !strings.HasPrefix(a.part("lead").Text, "this process leads") {
		t.Errorf("%+v, %+v", a.part("lead"), b.part("lead"))
	}
	db := look(t, cfg)
	until(t, "the first jobs", a.log, func() bool { st, ok := states(t, db)[jobs.Scorekeeper]; return ok && st.RunCount > 0 })
	if owner := strings.Contains(b.log.String(), "component=nominator"); owner {
		t.Error("the core that stands by acts for nominators")
	}
	a.end()
	b.log.until(t, "this process leads")
	ran(t, b, db, n.Step)
	drive(t, n, db, "all nominators have nominated", b, func() bool { return len(nominated(t, db)) == len(n.Nominators()) })
	verify(t, db)
}

// The database server is killed and comes back. The process says so once, and goes on.
func TestDatabaseGoesAway(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	server := pgtest.New(t)
	n := world(t, small(22))
	cfg := load(t, folder(t, n), within(n, "OTV_DATABASE__URL="+server.URL())...)
	s := begin(t, n, cfg, func(s *app.Service) { s.Pace.Lease = 2 * time.Second })
	db := look(t, cfg)
	until(t, "the first jobs", s.log, func() bool { st, ok := states(t, db)[jobs.Validity]; return ok && st.RunCount > 0 })
	before := len(rounds(t, db))
	server.Kill()
	s.log.until(t, "the database does not answer")
	if status, body := s.get("health", "/ready"); status != 503 || !strings.Contains(body, "database") {
		t.Error(status, body)
	}
	if _, body := s.get("health", "/metrics"); !strings.Contains(body, "otv_backend_db_connectivity 0\n") {
		t.Error("the metrics do not tell")
	}
	for range 3 {
		if err := n.Step(); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	s.log.until(t, "the database answers again")
	until(t, "it is ready again", s.log, func() bool { status, _ := s.get("health", "/ready"); return status == 200 })
	ran(t, s, db, n.Step)
	if after := len(rounds(t, db)); after < before {
		t.Errorf("%d rounds before, %d after", before, after)
	}
	if n := strings.Count(s.log.String(), "the database does not answer; work"); n != 1 {
		t.Errorf("it was said %d times\n%s", n, s.log)
	}
	verify(t, db)
}

// The disk of the database is full for a while: nothing can be written into any table. The process says so in one sentence,
// stays, and goes on when there is room again; nothing is lost or done twice.
func TestNoRoomLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	n := world(t, small(25))
	cfg := load(t, folder(t, n), within(n, "act.mode=act", "OTV_DATABASE__URL="+pgtest.URL(t))...)
	s := begin(t, n, cfg)
	db := look(t, cfg)
	until(t, "the first jobs", s.log, func() bool { return quiet(t, db) && states(t, db)[jobs.Scorekeeper].RunCount > 0 })
	admin, err := store.Open(t.Context(), cfg.DatabaseTarget())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	run := func(what, query string) {
		t.Helper()
		if _, err := admin.SQL().ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	run("prepare", `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$`)
	const each = `DO $$ DECLARE x text; BEGIN FOR x IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP EXECUTE format('%s', x); END LOOP; END $$`
	run("fill", fmt.Sprintf(each, "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION full_disk()"))
	before, plans := rounds(t, db), len(allPlans(t, db))
	const sentence = "there is no room left on the disk of the database"
	limit := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	for blocks := 0; blocks < 16 || !strings.Contains(s.log.String(), sentence); blocks++ {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal(s.log)
		}
		if err := n.Step(); err != nil {
			t.Fatal(err)
		}
	}
	tick.Stop()
	if during := rounds(t, db); len(during) != len(before) || len(allPlans(t, db)) != plans {
		t.Errorf("%d rounds before, %d on the full disk", len(before), len(during))
	}
	run("make room", fmt.Sprintf(each, "DROP TRIGGER full_disk ON %I"))
	ran(t, s, db, n.Step)
	drive(t, n, db, "all nominators have nominated", s, func() bool { return len(nominated(t, db)) == len(n.Nominators()) })
	verify(t, db)
	totals, err := db.EraTotals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(totals); i++ {
		if totals[i].Era != totals[i-1].Era+1 {
			t.Errorf("points of era %d are followed by those of era %d", totals[i-1].Era, totals[i].Era)
		}
	}
	said := map[string]int{}
	for line := range strings.Lines(s.log.String()) {
		if _, text, found := strings.Cut(line, "level=ERROR "); found && strings.Contains(line, sentence) {
			said[text]++
		}
	}
	for text, times := range said {
		if times > 1 {
			t.Errorf("it was said %d times: %s", times, text)
		}
	}
}

// The chains go away and come back. The process stays ready, says what is missing, and goes on.
func TestChainsGoAway(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	n := world(t, small(23))
	cfg := load(t, folder(t, n), within(n)...)
	s := begin(t, n, cfg)
	db := look(t, cfg)
	until(t, "the first jobs", s.log, func() bool { return quiet(t, db) && states(t, db)[jobs.Validity].RunCount > 0 })
	var ends []func()
	for _, part := range []string{"relay", "hub", "people"} {
		end, err := n.Break(part + "/down")
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, end)
	}
	until(t, "the chains are missing", s.log, func() bool {
		return s.part("chain relay").State == health.Down || s.part("chain asset-hub").State == health.Down
	})
	if status, body := s.get("health", "/ready"); status != 200 {
		t.Error(status, body)
	}
	if err := n.Steps(12); err != nil {
		t.Fatal(err)
	}
	for _, end := range ends {
		end()
	}
	ran(t, s, db, n.Step)
	until(t, "the chains are there again", s.log, func() bool {
		return s.part("chain relay").State == health.OK && s.part("chain asset-hub").State == health.OK
	})
}

// The clock jumps forwards and back by hours. Jobs go on, nothing is done twice, and nobody else takes the lead.
func TestClockJumps(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	n := world(t, small(24))
	cfg := load(t, folder(t, n), within(n)...)
	var offset atomic.Int64
	s := begin(t, n, cfg, func(s *app.Service) {
		s.Now = func() time.Time { return n.Now().Add(time.Duration(offset.Load())) }
	})
	db := look(t, cfg)
	until(t, "the first jobs", s.log, func() bool { return quiet(t, db) && states(t, db)[jobs.Scorekeeper].RunCount > 0 })
	for _, jump := range []time.Duration{5 * time.Hour, -5 * time.Hour} {
		offset.Store(int64(jump))
		ran(t, s, db, n.Step)
	}
	seen := map[uint32]bool{}
	for _, r := range rounds(t, db) {
		if len(r.Tripped) == 0 && seen[uint32(r.Era)] {
			t.Errorf("two rounds that can be acted on in era %d", r.Era)
		}
		seen[uint32(r.Era)] = seen[uint32(r.Era)] || len(r.Tripped) == 0
	}
	if strings.Contains(s.log.String(), "the lease was lost") {
		t.Error("the lease was lost")
	}
	verify(t, db)
}
