package gateway_test

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/gateway"
	"github.com/thousand-validators/otv/internal/gateway/gatewaytest"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// readings counts what is read of a population.
type readings struct {
	gateway.Data
	n map[string]int
}

func (r *readings) Candidates(ctx context.Context) ([]memory.Candidate, error) {
	r.n["candidates"]++
	return r.Data.Candidates(ctx)
}

func (r *readings) Standings(ctx context.Context) ([]memory.Standing, error) {
	r.n["standings"]++
	return r.Data.Standings(ctx)
}

func (r *readings) NewestScores(ctx context.Context) ([]memory.Score, error) {
	r.n["scores"]++
	return r.Data.NewestScores(ctx)
}

func (r *readings) NewestStakes(ctx context.Context) ([]memory.Stake, error) {
	r.n["stakes"]++
	return r.Data.NewestStakes(ctx)
}

// A change has what it is about read again, and nothing else; what is shown is the new state of all of it.
func TestOnlyWhatHasChangedIsReadAgain(t *testing.T) {
	r := newRig(t, 12)
	data := &readings{r.Store, map[string]int{}}
	g, err := gateway.New(gateway.Options{
		Data: data, Logger: slog.New(slog.DiscardHandler), Now: r.World.Now, Rules: r.World.Rules(), Network: gatewaytest.Network,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Gateway = g
	candidate := func() gateway.Candidate { return get[gateway.Candidate](t, r, "/candidates/1") }
	want := map[string]int{"candidates": 1, "standings": 1, "scores": 1, "stakes": 1}
	step := func(what string, change func() error, again ...string) gateway.Candidate {
		t.Helper()
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := g.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := candidate()
		for _, name := range again {
			want[name]++
		}
		if !maps.Equal(data.n, want) {
			t.Errorf("after %s: read %v, want %v", what, data.n, want)
		}
		return c
	}
	ctx := t.Context()
	first := step("nothing", func() error { return nil })
	if first.Node.Connections != 1 || first.Validity != programme.Valid || first.Score == nil {
		t.Fatalf("%+v", first)
	}
	gone := memory.Presence{Slot: 1, Name: first.Name, Listed: true, FirstSeen: 5, LastSeen: 6, Gone: 6}
	if c := step("presence", func() error {
		return r.Store.SavePresence(ctx, memory.PresenceBatch{Observer: memory.Observer{Seen: r.World.Millis()}, Slots: []memory.Presence{gone}})
	}); c.Node.Connections != 0 || c.Validity != programme.Valid {
		t.Errorf("%+v", c)
	}
	st, err := r.Store.Standing(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	st.Validity, st.At = programme.Invalid, st.At+1
	if c := step("a look", func() error { return r.Store.SaveStandings(ctx, []memory.Standing{st}) }, "standings"); c.Validity != programme.Invalid || c.Node.Connections != 0 {
		t.Errorf("%+v", c)
	}
	score := memory.Score{Slot: 1, Stash: first.Stash, Session: first.Session + 1, Score: programme.Score{Total: 12.5, Parts: []programme.Contribution{}}}
	if c := step("scores", func() error {
		return r.Store.SaveScores(ctx, []memory.Score{score}, memory.ScoreStatistics{Session: score.Session})
	}, "scores"); *c.Score != 12.5 || c.Validity != programme.Invalid {
		t.Errorf("%+v", c)
	}
	// The old routes show the newest score and stake without asking for them one by one.
	if resp, body := r.ask(http.MethodGet, "/score/"+string(first.Stash)); resp.StatusCode != http.StatusOK || !strings.Contains(body, `"total":12.5`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	step("nothing", func() error { return nil })
}

// A slot whose stash was replaced shows no score of the stash before it, and the old stash is found all the same.
func TestScoresAreThoseOfTheStash(t *testing.T) {
	r := newRig(t, 12)
	all, err := r.Store.Candidates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old, c := all[0].Stash, all[0]
	c.Stash = programme.Address(stash(77))
	if err := r.Store.SaveCandidates(t.Context(), []memory.Candidate{c}); err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, status := range map[string]int{
		"/score/" + string(c.Stash): http.StatusNoContent, "/score/" + string(old): http.StatusOK,
		"/nominatorstake/" + string(c.Stash): http.StatusNoContent, "/nominatorstake/" + string(old): http.StatusOK,
	} {
		if resp, body := r.ask(http.MethodGet, path); resp.StatusCode != status {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}
