package chain

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/codec"
)

// readKeys reads the next session keys of stashes. The keys a runtime has differ from chain to chain, so they are
// listed as the metadata names them. A stash without keys is not in the result.
func readKeys(ctx context.Context, b *substrate.Block, stashes []account) (map[account][]programme.SessionKey, error) {
	out := map[account][]programme.SessionKey{}
	var odd error
	err := many(ctx, b, "Session", "NextKeys", byAccount(stashes), func(i int, v *any) {
		keys, err := sessionKeys(*v)
		if err != nil && odd == nil {
			odd = fmt.Errorf("%s: Session.NextKeys: %w", b.Client().Chain().Name, err)
		}
		out[stashes[i]] = keys
	})
	if err != nil {
		return nil, err
	}
	return out, odd
}

func sessionKeys(v any) ([]programme.SessionKey, error) {
	fields, ok := v.(codec.Struct)
	if !ok {
		return nil, fmt.Errorf("session keys are %T instead of named keys", v)
	}
	keys := make([]programme.SessionKey, len(fields))
	for i, f := range fields {
		text, ok := f.Value.(fmt.Stringer)
		if !ok {
			return nil, fmt.Errorf("session key %s is %T instead of bytes", f.Name, f.Value)
		}
		keys[i] = programme.SessionKey{Name: f.Name, Key: text.String()}
	}
	return keys, nil
}

// readSession reads the index of the session and the validators active in it.
func readSession(ctx context.Context, b *substrate.Block, book *book) (programme.Session, []programme.Address, error) {
	var index uint32
	if _, err := b.Get(ctx, "Session", "CurrentIndex", &index); err != nil {
		return 0, nil, err
	}
	var ids []account
	if _, err := b.Get(ctx, "Session", "Validators", &ids); err != nil {
		return 0, nil, err
	}
	return programme.Session(index), book.addresses(ids), nil
}
