package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/internal/programme/memory"
)

func kept(t *testing.T, most int) *answers {
	t.Helper()
	a, err := newAnswers(most)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnswerLivesUntilItsDataChanges(t *testing.T) {
	a, built := kept(t, 1<<20), 0
	ask := func() string {
		t.Helper()
		got, err := a.get(t.Context(), "/candidates", []memory.Subject{"candidates", "scores"}, func(context.Context) (*answer, error) {
			built++
			return encode(built)
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(got.plain)
	}
	say := func(v Versions) { a.versions.Store(&v) }
	steps := []struct {
		versions Versions
		want     string
	}{
		{Versions{}, "1"},
		{Versions{}, "1"},
		{Versions{"rounds": 7}, "1"},
		{Versions{"scores": 1}, "2"},
		{Versions{"scores": 1, "rounds": 8}, "2"},
		{Versions{"scores": 1, "candidates": 1}, "3"},
	}
	for i, s := range steps {
		say(s.versions)
		if got := ask(); got != s.want {
			t.Errorf("step %d: answer %s, want %s", i, got, s.want)
		}
	}
}

func TestWhoAsksTheSameWaitsForTheSame(t *testing.T) {
	a := kept(t, 1<<20)
	begun, release := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	built := 0
	build := func(context.Context) (*answer, error) {
		mu.Lock()
		built++
		if built == 1 {
			close(begun)
		}
		mu.Unlock()
		<-release
		return encode("x")
	}
	var wg sync.WaitGroup
	ask := func(ctx context.Context) error {
		_, err := a.get(ctx, "k", []memory.Subject{"s"}, build)
		return err
	}
	wg.Go(func() {
		if err := ask(t.Context()); err != nil {
			t.Error(err)
		}
	})
	<-begun
	// One who gives up does not end it for the others.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ask(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a client that has gone: %v", err)
	}
	for range 20 {
		wg.Go(func() {
			if err := ask(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	close(release)
	wg.Wait()
	if built != 1 {
		t.Errorf("built %d times", built)
	}
}

// What was begun before a change must not be handed out as the state after it.
func TestNothingOlderThanTheChange(t *testing.T) {
	a := kept(t, 1<<20)
	begun, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := a.get(context.Background(), "k", []memory.Subject{"s"}, func(context.Context) (*answer, error) {
			close(begun)
			<-release
			return encode("old")
		})
		done <- err
	}()
	<-begun
	a.versions.Store(&Versions{"s": 1})
	fresh := func() string {
		got, err := a.get(t.Context(), "k", []memory.Subject{"s"}, func(context.Context) (*answer, error) { return encode("new") })
		if err != nil {
			t.Fatal(err)
		}
		return string(got.plain)
	}
	if got := fresh(); got != `"new"` {
		t.Errorf("while the old one is built: %s", got)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := fresh(); got != `"new"` {
		t.Errorf("after the old one was built: %s", got)
	}
}

func TestAnswersKeepWithinTheirRoom(t *testing.T) {
	const most = 100_000
	a := kept(t, most)
	for i := range 300 {
		_, err := a.get(t.Context(), fmt.Sprint(i), []memory.Subject{"s"}, func(context.Context) (*answer, error) {
			return encode(strings.Repeat("x", i*7%30_000))
		})
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, k := range a.kept.Keys() {
			if one, ok := a.kept.Peek(k); ok {
				sum += cost(k, one)
			}
		}
		if sum != a.held || a.held > most {
			t.Fatalf("after %d: %d bytes are kept, %d are counted, %d are allowed", i, sum, a.held, most)
		}
	}
	// What does not exist takes no room.
	before := a.kept.Len()
	for i := range 100 {
		if _, err := a.get(t.Context(), fmt.Sprint("no", i), []memory.Subject{"s"}, func(context.Context) (*answer, error) { return nothing(), nil }); err != nil {
			t.Fatal(err)
		}
	}
	if a.kept.Len() != before {
		t.Error("answers of nothing are kept")
	}
	// A failure is not kept either.
	failed := errors.New("database")
	if _, err := a.get(t.Context(), "e", []memory.Subject{"s"}, func(context.Context) (*answer, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if got, err := a.get(t.Context(), "e", []memory.Subject{"s"}, func(context.Context) (*answer, error) { return encode(1) }); err != nil || string(got.plain) != "1" {
		t.Error("a failure was kept")
	}
}

func TestViewIsBuiltOncePerChange(t *testing.T) {
	a, built := kept(t, 1<<20), 0
	fail := false
	v := view[int]{answers: a, subjects: []memory.Subject{"s"}, build: func(context.Context) (int, error) {
		if fail {
			return 0, errors.New("database")
		}
		built++
		return built, nil
	}}
	check := func(want int) {
		t.Helper()
		if got, err := v.get(t.Context()); err != nil || got != want {
			t.Errorf("got %d, %v, want %d", got, err, want)
		}
	}
	check(1)
	check(1)
	a.versions.Store(&Versions{"s": 5})
	fail = true
	if _, err := v.get(t.Context()); err == nil {
		t.Error("an old view was handed out for a new one")
	}
	fail = false
	check(2)
}
