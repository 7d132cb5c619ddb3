package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type observerRow struct {
	bun.BaseModel `bun:"table:presence_observer,alias:po"`
	ID            int64 `bun:"id,pk"`
	Seen          int64
	Feeds         string
}

func (r *observerRow) observer() (memory.Observer, error) {
	o := memory.Observer{Seen: programme.Millis(r.Seen)}
	err := parse("feeds", r.Feeds, &o.Feeds)
	return o, err
}

type presenceRow struct {
	bun.BaseModel  `bun:"table:presence_slots,alias:ps"`
	Slot           int64 `bun:",pk"`
	Name           string
	Listed         bool
	FirstSeen      int64
	LastSeen       int64
	Gone           int64
	Live           int64
	Home           string
	Implementation string
	Version        string
	NetworkID      string `bun:"network_id"`
	Hardware       string
	Notices        string
}

func newPresenceRow(p *memory.Presence) (presenceRow, error) {
	r := presenceRow{
		Slot: int64(p.Slot), Name: p.Name, Listed: p.Listed, FirstSeen: int64(p.FirstSeen), LastSeen: int64(p.LastSeen), Gone: int64(p.Gone),
		Live: int64(p.Live), Implementation: p.Implementation, Version: p.Version, NetworkID: p.NetworkID,
	}
	var err1, err2, err3 error
	r.Home, err1 = text(p.Home)
	r.Hardware, err2 = text(p.Hardware)
	r.Notices, err3 = text(p.Notices)
	return r, errors.Join(err1, err2, err3)
}

func (r *presenceRow) presence() (memory.Presence, error) {
	p := memory.Presence{
		Slot: int(r.Slot), Name: r.Name, Listed: r.Listed, FirstSeen: programme.Millis(r.FirstSeen), LastSeen: programme.Millis(r.LastSeen),
		Gone: programme.Millis(r.Gone), Live: int(r.Live), Implementation: r.Implementation, Version: r.Version, NetworkID: r.NetworkID,
	}
	err := errors.Join(parse("feeds of a slot", r.Home, &p.Home), parse("hardware", r.Hardware, &p.Hardware), parse("notices", r.Notices, &p.Notices))
	return p, err
}

type outageRow struct {
	bun.BaseModel `bun:"table:presence_outages,alias:ou"`
	Slot          int64 `bun:",pk"`
	Began         int64 `bun:",pk"`
	Ended         int64
}

func newOutageRow(o memory.Outage) outageRow {
	return outageRow{Slot: int64(o.Slot), Began: int64(o.From), Ended: int64(o.To)}
}

type blindRow struct {
	bun.BaseModel `bun:"table:presence_blind,alias:bl"`
	Began         int64 `bun:",pk"`
	Ended         int64
	Reason        string
}

type nameRow struct {
	bun.BaseModel `bun:"table:presence_names,alias:pn"`
	Name          string `bun:",pk"`
	FirstSeen     int64
	LastSeen      int64
}

// SavePresence stores what changed since the batch before, all or nothing, and deletes what may be forgotten. That the
// observer has seen more of the same is no change that is counted.
func (s *Store) SavePresence(ctx context.Context, b memory.PresenceBatch) error {
	w, err := newPresenceWrite(&b)
	if err == nil {
		err = s.transact(ctx, w.run)
	}
	if err != nil {
		return fmt.Errorf("store presence: %w", err)
	}
	return nil
}

// presenceWrite is a batch as rows.
type presenceWrite struct {
	observer observerRow
	slots    []presenceRow
	outages  []outageRow
	blind    []blindRow
	names    []nameRow
	batch    *memory.PresenceBatch
}

func newPresenceWrite(b *memory.PresenceBatch) (*presenceWrite, error) {
	w := &presenceWrite{observer: observerRow{ID: 1, Seen: int64(b.Observer.Seen)}, batch: b}
	var err error
	if w.observer.Feeds, err = text(b.Observer.Feeds); err != nil {
		return nil, err
	}
	for i := range b.Slots {
		r, err := newPresenceRow(&b.Slots[i])
		if err != nil {
			return nil, err
		}
		w.slots = append(w.slots, r)
	}
	for _, o := range b.Outages {
		w.outages = append(w.outages, newOutageRow(o))
	}
	for _, v := range b.Blind {
		w.blind = append(w.blind, blindRow{Began: int64(v.From), Ended: int64(v.To), Reason: v.Reason})
	}
	w.names = nameRows(b.Names)
	return w, nil
}

// nameRows are the rows of names. Names are from outside; two that differ only in what a database does not store are one.
func nameRows(names []memory.SeenName) []nameRow {
	var rows []nameRow
	at := map[string]int{}
	for _, n := range names {
		r := nameRow{Name: storable(n.Name), FirstSeen: int64(n.First), LastSeen: int64(n.Last)}
		i, ok := at[r.Name]
		if !ok {
			at[r.Name] = len(rows)
			rows = append(rows, r)
			continue
		}
		rows[i].FirstSeen, rows[i].LastSeen = min(rows[i].FirstSeen, r.FirstSeen), max(rows[i].LastSeen, r.LastSeen)
	}
	return rows
}

// storable is a text as the databases keep it: in UTF-8, without the zero byte that PostgreSQL refuses.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

func (w *presenceWrite) run(ctx context.Context, tx bun.Tx) error {
	changed, err := w.observed(ctx, tx)
	if err != nil {
		return err
	}
	b := w.batch
	changed = changed || len(w.slots)+len(w.outages)+len(w.blind)+len(b.DroppedOutages)+len(b.DroppedBlind) > 0
	if err := w.drop(ctx, tx); err != nil {
		return err
	}
	if err := put(ctx, tx, w.slots); err != nil {
		return err
	}
	if err := put(ctx, tx, w.outages); err != nil {
		return err
	}
	if err := put(ctx, tx, w.blind); err != nil {
		return err
	}
	if err := put(ctx, tx, w.names); err != nil {
		return err
	}
	if b.Forget > 0 {
		for _, of := range []any{(*outageRow)(nil), (*blindRow)(nil)} {
			if _, err := tx.NewDelete().Model(of).Where("ended > 0 AND ended < ?", int64(b.Forget)).Exec(ctx); err != nil {
				return err
			}
		}
	}
	if !changed {
		return nil
	}
	return bump(ctx, tx, memory.SubjectPresence)
}

// observed stores the observer; changed tells whether a feed came, went, or became or ceased to be dark.
func (w *presenceWrite) observed(ctx context.Context, tx bun.Tx) (changed bool, err error) {
	before, err := observer(ctx, tx)
	if err != nil {
		return false, err
	}
	same := slices.EqualFunc(before.Feeds, w.batch.Observer.Feeds, func(a, b memory.Feed) bool {
		return a.Key == b.Key && a.Dark == b.Dark && a.Reason == b.Reason
	})
	return !same, put(ctx, tx, []observerRow{w.observer})
}

// drop deletes what turned out to be none.
func (w *presenceWrite) drop(ctx context.Context, tx bun.Tx) error {
	for _, o := range w.batch.DroppedOutages {
		r := newOutageRow(o)
		if _, err := tx.NewDelete().Model(&r).WherePK().Exec(ctx); err != nil {
			return err
		}
	}
	begins := make([]int64, len(w.batch.DroppedBlind))
	for i, v := range w.batch.DroppedBlind {
		begins[i] = int64(v.From)
	}
	if err := remove(ctx, tx, (*blindRow)(nil), "began", begins); err != nil {
		return err
	}
	names := make([]string, len(w.batch.DroppedNames))
	for i, n := range w.batch.DroppedNames {
		names[i] = storable(n)
	}
	return remove(ctx, tx, (*nameRow)(nil), "name", names)
}

// observer reads the observer, empty before the first batch.
func observer(ctx context.Context, db bun.IDB) (memory.Observer, error) {
	o, err := first(ctx, db, "observer", func(*bun.SelectQuery) {}, (*observerRow).observer)
	if errors.Is(err, ErrNotFound) {
		return memory.Observer{}, nil
	}
	return o, err
}

// LoadPresence reads what a watcher needs to go on: the outages that run or ended after the newest batch, and everything else.
func (s *Store) LoadPresence(ctx context.Context) (memory.PresenceState, error) {
	return viewed(ctx, s, "presence", func(ctx context.Context, db bun.IDB) (memory.PresenceState, error) {
		o, err := observer(ctx, db)
		if err != nil {
			return memory.PresenceState{}, err
		}
		h, err := history(ctx, db, o.Seen, 0)
		if err != nil {
			return memory.PresenceState{}, err
		}
		names, err := list(ctx, db, "names", nil, func(r *nameRow) (memory.SeenName, error) {
			return memory.SeenName{Name: r.Name, First: programme.Millis(r.FirstSeen), Last: programme.Millis(r.LastSeen)}, nil
		})
		slices.SortFunc(names, func(a, b memory.SeenName) int { return strings.Compare(a.Name, b.Name) })
		return memory.PresenceState{Observer: o, Slots: h.Slots, Outages: h.Outages, Blind: h.Blind, Names: names}, err
	})
}

// PresenceSince reads what is known of the time since a moment.
func (s *Store) PresenceSince(ctx context.Context, from programme.Millis) (memory.PresenceHistory, error) {
	return viewed(ctx, s, "presence", func(ctx context.Context, db bun.IDB) (memory.PresenceHistory, error) {
		return history(ctx, db, from, from)
	})
}

// history reads the outages and the blind intervals that run, or ended after the given moments.
func history(ctx context.Context, db bun.IDB, outages, blind programme.Millis) (memory.PresenceHistory, error) {
	var h memory.PresenceHistory
	var err error
	since := func(at programme.Millis, order ...string) func(*bun.SelectQuery) {
		return func(q *bun.SelectQuery) { q.Where("ended = 0 OR ended > ?", int64(at)).Order(order...) }
	}
	if h.Observer, err = observer(ctx, db); err != nil {
		return h, err
	}
	h.Slots, err = list(ctx, db, "slots", func(q *bun.SelectQuery) { q.Order("slot") }, (*presenceRow).presence)
	if err != nil {
		return h, err
	}
	h.Outages, err = list(ctx, db, "outages", since(outages, "slot", "began"), func(r *outageRow) (memory.Outage, error) {
		return memory.Outage{Slot: int(r.Slot), Interval: programme.Interval{From: programme.Millis(r.Began), To: programme.Millis(r.Ended)}}, nil
	})
	if err != nil {
		return h, err
	}
	h.Blind, err = list(ctx, db, "blind intervals", since(blind, "began"), func(r *blindRow) (memory.Blind, error) {
		return memory.Blind{Interval: programme.Interval{From: programme.Millis(r.Began), To: programme.Millis(r.Ended)}, Reason: r.Reason}, nil
	})
	return h, err
}
