package chain

import (
	"bytes"
	"slices"
	"sync"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// account is a 32-byte account id.
type account = [32]byte

func compareAccounts(a, b account) int { return bytes.Compare(a[:], b[:]) }

// Reencode writes the account of an address, whatever its prefix, as an address with the given prefix. Everything in
// a snapshot has the prefix of the staking chain.
func Reencode(a programme.Address, prefix uint16) (programme.Address, error) {
	_, id, err := ss58.DecodeAccount(string(a))
	if err != nil {
		return "", err
	}
	return programme.Address(ss58.EncodeAccount(prefix, id)), nil
}

// book writes account ids as addresses of one network. Each account is encoded once, so equal addresses share memory.
type book struct {
	prefix uint16
	mu     sync.Mutex
	known  map[account]programme.Address
}

func newBook(prefix uint16) *book {
	return &book{prefix: prefix, known: map[account]programme.Address{}}
}

func (b *book) address(id account) programme.Address {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a, ok := b.known[id]; ok {
		return a
	}
	a := programme.Address(ss58.EncodeAccount(b.prefix, id))
	b.known[id] = a
	return a
}

// addresses is the sorted list of the addresses of ids.
func (b *book) addresses(ids []account) []programme.Address {
	if len(ids) == 0 {
		return nil
	}
	list := make([]programme.Address, len(ids))
	for i, id := range ids {
		list[i] = b.address(id)
	}
	slices.Sort(list)
	return list
}

// accounts converts addresses of any prefix; what names the list for the error.
func accounts(what string, list []programme.Address) ([]account, error) {
	ids := make([]account, len(list))
	for i, a := range list {
		_, id, err := ss58.DecodeAccount(string(a))
		if err != nil {
			return nil, badRequest("%s: %w", what, err)
		}
		ids[i] = id
	}
	return ids, nil
}

// unique sorts ids and drops repetitions.
func unique(ids []account) []account {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, compareAccounts)
	return slices.Compact(ids)
}
