package gateway

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/thousand-validators/otv/internal/programme/memory"
)

// buildTime bounds how long one answer may take to be built, whoever waits for it.
const buildTime = 20 * time.Second

// answers keeps finished answers until the data behind them changes or the room is needed for others.
type answers struct {
	versions atomic.Pointer[Versions]
	flight   singleflight.Group

	mu   sync.Mutex
	kept *lru.Cache[string, *answer]
	held int // bytes
	most int // bytes
}

// keptAnswers bounds the number of answers; what really bounds them is their size.
const keptAnswers = 1 << 16

func newAnswers(most int) (*answers, error) {
	a := &answers{most: most}
	a.versions.Store(&Versions{})
	var err error
	a.kept, err = lru.NewWithEvict(keptAnswers, func(key string, old *answer) { a.held -= cost(key, old) })
	return a, err
}

// entryCost is what an answer occupies beside its text, its key and its tag, roughly, in bytes.
const entryCost = 512

// cost is what keeping an answer takes, in bytes. Keys count: a client can make up as many as it likes.
func cost(key string, a *answer) int { return entryCost + 2*len(key) + a.size() }

// stamp is the state of some subjects as it is known now.
func (a *answers) stamp(subjects []memory.Subject) []int64 {
	v := *a.versions.Load()
	out := make([]int64, len(subjects))
	for i, s := range subjects {
		out[i] = v[s]
	}
	return out
}

// fresh reports whether nothing behind an answer has changed since.
func (a *answers) fresh(have *answer, subjects []memory.Subject) bool {
	v := *a.versions.Load()
	for i, s := range subjects {
		if v[s] != have.stamp[i] {
			return false
		}
	}
	return true
}

// have is the kept answer to a question, nil when there is none or what is behind it has changed.
func (a *answers) have(key string, subjects []memory.Subject) *answer {
	a.mu.Lock()
	have, ok := a.kept.Get(key)
	a.mu.Unlock()
	if ok && a.fresh(have, subjects) {
		return have
	}
	return nil
}

// get hands out the answer to a question, building it when there is none or what is behind it has changed. Whoever asks
// the same meanwhile waits for the same one. The stamp is read before the data: an answer may be newer than its stamp,
// and is then built once more, but never older.
func (a *answers) get(ctx context.Context, key string, subjects []memory.Subject, build func(context.Context) (*answer, error)) (*answer, error) {
	if have := a.have(key, subjects); have != nil {
		return have, nil
	}
	stamp := a.stamp(subjects)
	// The stamp is part of the name: whoever asks after a change must not get what was begun before it.
	result := a.flight.DoChan(fmt.Sprint(key, stamp), func() (any, error) {
		if have := a.have(key, subjects); have != nil {
			return have, nil // another one has been built since we looked
		}
		// Not the asker's own time: others wait for the same answer.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), buildTime)
		defer cancel()
		made, err := guarded(ctx, build)
		if err != nil {
			return nil, err
		}
		kept := *made
		kept.stamp = stamp
		a.keep(key, &kept)
		return &kept, nil
	})
	select {
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*answer), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// guarded turns a panic of a builder, which runs on nobody's request, into an error.
func guarded(ctx context.Context, build func(context.Context) (*answer, error)) (made *answer, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("build answer: %v\n%s", reason, debug.Stack())
		}
	}()
	return build(ctx)
}

// keep stores an answer. That something does not exist is not kept: whoever makes names up could drive out what others
// ask for, and it is quickly found out again.
func (a *answers) keep(key string, made *answer) {
	if made.plain == nil || cost(key, made) > a.most/4 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if old, ok := a.kept.Peek(key); ok {
		if slices.Equal(old.stamp, made.stamp) {
			return
		}
		a.kept.Remove(key)
	}
	a.kept.Add(key, made)
	a.held += cost(key, made)
	for a.held > a.most {
		a.kept.RemoveOldest()
	}
}

// view is something that many answers are made from, built once per change of the data behind it.
type view[T any] struct {
	answers  *answers
	subjects []memory.Subject
	build    func(context.Context) (T, error)

	mu    sync.Mutex
	stamp []int64
	value T
}

// get hands out the value. Builders wait for each other; readers of a fresh value hardly do.
func (v *view[T]) get(ctx context.Context) (T, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	stamp := v.answers.stamp(v.subjects)
	if v.stamp != nil && slices.Equal(stamp, v.stamp) {
		return v.value, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), buildTime)
	defer cancel()
	value, err := v.build(ctx)
	if err != nil {
		var none T
		return none, err
	}
	v.stamp, v.value = stamp, value
	return value, nil
}
