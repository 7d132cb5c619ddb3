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
	turn  int32 // counts resets
	slow  map[programme.Address]int32
}

// entry is a place in the table; it is free when it was taken before the last reset.
type entry struct {
	key    uint64
	number int32
	turn   int32
}

// probes is how many neighbouring places are tried.
const probes = 8

// newAccounts makes room for a number of addresses; more can be added, at a price.
func newAccounts(size int) *accounts {
	a := &accounts{slow: map[programme.Address]int32{}}
	a.reset(size)
	return a
}

// reset forgets all addresses and makes room for a number of others. The table is only cleared when it has to grow.
func (a *accounts) reset(size int) {
	width := max(bits.Len(uint(2*size)), 4)
	a.shift = 64 - width
	a.turn++
	if len(a.table) < 1<<width {
		a.table = make([]entry, 1<<width)
	}
	a.list = a.list[:0]
	clear(a.slow)
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

// home is where the search for a key begins.
func (a *accounts) home(k uint64) int { return int(k * 0x9E3779B97F4A7C15 >> a.shift) }

// add numbers an address with the given key, unless it has a number already.
func (a *accounts) add(k uint64, s programme.Address) int32 {
	if n := a.find(k, s); n >= 0 {
		return n
	}
	n := int32(len(a.list))
	a.list = append(a.list, s)
	at := a.home(k)
	for i := range probes {
		if e := &a.table[(at+i)&(len(a.table)-1)]; e.turn != a.turn {
			*e = entry{k, n, a.turn}
			return n
		}
	}
	a.slow[s] = n
	return n
}

// find is the number of the address with the given key, -1 when it has none.
func (a *accounts) find(k uint64, s programme.Address) int32 {
	at := a.home(k)
	for i := range probes {
		e := &a.table[(at+i)&(len(a.table)-1)]
		if e.turn != a.turn {
			return -1
		}
		if e.key == k && a.list[e.number] == s {
			return e.number
		}
	}
	if n, ok := a.slow[s]; ok {
		return n
	}
	return -1
}
