package simchain

import "slices"

// Head is the number and the hash of the newest block.
func (c *Chain) Head() (uint32, [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint32(len(c.blocks) - 1), c.blocks[len(c.blocks)-1].hash
}

// Finalised is the number and the hash of the final block.
func (c *Chain) Finalised() (uint32, [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint32(c.finalised), c.blocks[c.finalised].hash
}

// Pooled is the number of transactions that wait.
func (c *Chain) Pooled() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pool)
}

// Validators are those in charge, at the newest block.
func (c *Chain) Validators() []Account {
	var ids []Account
	c.look(func(w *work) { ids, _ = read[[]Account](w.view, "Session", "Validators") })
	return ids
}

// Era is the active era at the newest block, and Planned the one being planned.
func (c *Chain) Era() (active, planned uint32) {
	c.look(func(w *work) {
		a, p := w.eras()
		active, planned = a.Index, p
	})
	return active, planned
}

// FinalEra is the active era in the newest final block.
func (c *Chain) FinalEra() (active uint32) {
	c.lookAt(func() *block { return c.blocks[c.finalised] }, func(w *work) {
		a, _ := w.eras()
		active = a.Index
	})
	return active
}

// Elected are the validators of an era, sorted.
func (c *Chain) Elected(era uint32) []Account {
	var ids []Account
	c.look(func(w *work) {
		for _, r := range all[overview](w.view, "Staking", "ErasStakersOverview", era) {
			ids = append(ids, r.account(1))
		}
	})
	slices.SortFunc(ids, func(a, b Account) int { return slices.Compare(a[:], b[:]) })
	return ids
}

// Targets are whom a stash nominates.
func (c *Chain) Targets(stash Account) []Account {
	var n nominations
	c.look(func(w *work) { n, _ = read[nominations](w.view, "Staking", "Nominators", stash) })
	return n.Targets
}

// Pages is in how many pages a validator of an era is paid.
func (c *Chain) Pages(era uint32, stash Account) uint32 {
	var pages uint32
	c.look(func(w *work) {
		o, _ := read[overview](w.view, "Staking", "ErasStakersOverview", era, stash)
		pages = pagesOf(o)
	})
	return pages
}

// Nominated is a nomination that took effect, however it came about.
type Nominated struct {
	Number  uint32 // block
	Stash   Account
	Targets []Account
	Era     uint32 // active era
}

// Nominations are those in final blocks, oldest first, as far as blocks are kept.
func (c *Chain) Nominations() []Nominated {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Nominated
	for _, b := range c.blocks[:c.finalised+1] {
		list = append(list, b.nominated...)
	}
	return list
}

// Transaction is a signed extrinsic in a final block.
type Transaction struct {
	Number uint32
	Hash   [32]byte
	Signer Account
}

// Transactions are those in final blocks, oldest first, as far as blocks are kept.
func (c *Chain) Transactions() []Transaction {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Transaction
	for i, b := range c.blocks[:c.finalised+1] {
		for _, t := range b.txs {
			list = append(list, Transaction{uint32(i), t.hash, t.sender})
		}
	}
	return list
}

// Announcement is a call that a proxy has announced.
type Announcement struct {
	Real     Account
	CallHash [32]byte
	Height   uint32 // by the clock in which delays are counted
}

// Announcements are those of a delegate that stand in the newest block.
func (c *Chain) Announcements(delegate Account) (list []Announcement) {
	c.look(func(w *work) {
		for _, a := range w.announcements(delegate).List {
			list = append(list, Announcement(a))
		}
	})
	return list
}

// look reads the state of the newest block.
func (c *Chain) look(fn func(*work)) {
	c.lookAt(func() *block { return c.blocks[len(c.blocks)-1] }, fn)
}

func (c *Chain) lookAt(which func() *block, fn func(*work)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := which()
	fn(&work{view: newView(b.rt, b.state), chain: c, role: c.cfg.Role, params: c.cfg.Params})
}
