package jobs

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/thousand-validators/otv/internal/store"
)

// child works on a database until it is killed. It says when it has begun with the job that never ends.
func child(target string) {
	ctx := context.Background()
	s, err := store.Open(ctx, target)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	o := options(s, map[string]Body{BlockData: func(ctx context.Context, r *Run) (string, error) {
		fmt.Println("in the middle")
		<-ctx.Done()
		return "", ctx.Err()
	}})
	o.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	e, err := New(o)
	if err == nil {
		err = e.Start(ctx)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	select {}
}

// A process is killed in the middle of a job, without any chance to say so. Another one does the job.
func TestKilledInTheMiddle(t *testing.T) {
	databases(t, func(t *testing.T, target string) {
		db := open(t, target)
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), helper+"="+target)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || line != "in the middle\n" {
			t.Fatalf("the other process says %q, %v", line, err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed

		var runs atomic.Int32
		r := newRig(t, options(db, map[string]Body{BlockData: func(context.Context, *Run) (string, error) {
			runs.Add(1)
			return "from the beginning", nil
		}}))
		r.begin()
		r.ran(BlockData, 1)
		r.ranAll()
		if s := r.state(BlockData); s.Status != Finished || s.Rescues != 0 || s.RunCount < 1 || runs.Load() < 1 {
			t.Errorf("%+v after %d runs", s, runs.Load())
		}
	})
}

// A worker that was taken for dead and is not can do nothing with the job any more.
func TestALateWorkerHasNoSay(t *testing.T) {
	g := newGate()
	target := t.TempDir() + "/otv.db"
	o := options(open(t, target), map[string]Body{BlockData: g.body})
	late := newRig(t, o)
	late.begin()
	<-g.begun
	err := o.DB.Atomic(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		have, err := late.table.all(ctx, tx)
		if err != nil {
			return err
		}
		queue, err := late.entries(ctx, tx)
		if err != nil {
			return err
		}
		return late.rescue(ctx, tx, queue[BlockData], have[BlockData])
	})

	if err != nil {
		t.Fatal(err)
	}
	g.open <- struct{}{} // may or may not come before it is told
	late.until("another run", func(e []Event) bool { return count(e, BlockData, Running) >= 2 })
	g.open <- struct{}{}
	late.ran(BlockData, 1)
	if s := late.state(BlockData); s.Status != Finished || s.RunCount != 1 {
		t.Errorf("%+v", s)
	}
}
