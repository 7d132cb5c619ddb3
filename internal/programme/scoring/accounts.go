package scoring

import (
	"math/bits"

	"github.com/thousand-validators/otv/internal/programme"
)

// accounts numbers addresses: 0, 1, 2 ... in the order in which they are added. In a round, tens of thousands of
// nomination targets are looked up in it, so it is a small open hash table over eight characters of each address (its
// [key]), from which the processor's cache is not driven out. Addresses that find no free place near their own go
// into a plain map, so that addresses made to collide cost no more than that.
type accounts struct {
	list  []programme.Address
	table []entry
	shift int
	slow  map[programme.Address]int32
}

// entry is a place in the table: a part of the mixed key, which tells nearly all others apart, and one more than the
// account's number; 0 marks a free place.
type entry struct {
	tag    uint32
	number int32
}

// probes is how many neighbouring places are tried.
const probes = 8

// newAccounts makes room for a number of addresses; more can be added, at a price.
func newAccounts(size int) *accounts {
	width := max(bits.Len(uint(2*size)), 4)
	return &accounts{
		list: make([]programme.Address, 0, size), table: make([]entry, 1<<width), shift: 64 - width,
		slow: map[programme.Address]int32{},
	}
}

func (a *accounts) size() int { return len(a.list) }

// key is the end of an address, which is its most random part.
func key(s programme.Address) uint64 {
	n := len(s)
	if n >= 8 {
		t := s[n-8:]
		return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
	}
	var k uint64
	for i := range n {
		k = k<<8 | uint64(s[i])
	}
	return k
}

// home is where the search for a key begins, and its tag.
func (a *accounts) home(k uint64) (int, uint32) {
	mixed := k * 0x9E3779B97F4A7C15
	return int(mixed >> a.shift), uint32(mixed)
}

// add numbers an address with the given key, unless it has a number already.
func (a *accounts) add(k uint64, s programme.Address) int32 {
	at, tag := a.home(k)
	for i := range probes {
		e := &a.table[(at+i)&(len(a.table)-1)]
		if e.number == 0 {
			a.list = append(a.list, s)
			*e = entry{tag, int32(len(a.list))}
			return e.number - 1
		}
		if e.tag == tag && a.list[e.number-1] == s {
			return e.number - 1
		}
	}
	n, ok := a.slow[s]
	if !ok {
		n = int32(len(a.list))
		a.list = append(a.list, s)
		a.slow[s] = n
	}
	return n
}

// find is the number of the address with the given key, -1 when it has none.
func (a *accounts) find(k uint64, s programme.Address) int32 {
	at, tag := a.home(k)
	for i := range probes {
		e := &a.table[(at+i)&(len(a.table)-1)]
		if e.number == 0 {
			return -1
		}
		if e.tag == tag && a.list[e.number-1] == s {
			return e.number - 1
		}
	}
	if n, ok := a.slow[s]; ok {
		return n
	}
	return -1
}
