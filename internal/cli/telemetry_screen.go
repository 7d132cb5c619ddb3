package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
)

// feedScreen shows a feed.
type feedScreen struct {
	*feedWatch
	table  feed.Table
	events chan feed.Event
	seen   bool // all nodes have been known once
	before uint64
}

// nameAll is how long a server that has named a chain may take to name all.
const nameAll = time.Second

// follow shows what happens until ctx ends, or nothing can be shown.
func (s *feedScreen) follow(ctx context.Context) error {
	greeted := time.NewTimer(s.greeting)
	defer greeted.Stop()
	redraw := time.NewTicker(time.Second)
	defer redraw.Stop()
	named := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-greeted.C:
			if _, shown := s.table.Chain(s.chain); !s.seen && !shown {
				return s.stranger(s.table.View().Chains)
			}
		case e := <-s.events:
			if e.Kind == feed.ChainShown && !named {
				named = true
				greeted.Reset(min(nameAll, s.greeting))
			}
			if e.Kind == feed.FeedLost && !s.seen {
				if ctx.Err() != nil {
					return nil
				}
				return s.refusal(e.Why)
			}
			if end, err := s.show(e); end || err != nil {
				return err
			}
		case <-redraw.C:
			if s.seen && s.live() {
				s.draw()
			}
		}
	}
}

// live: the table follows the feed in place.
func (s *feedScreen) live() bool { return s.env.Terminal && !s.asJSON && !s.once }

// show shows an event, and reports whether that was all.
func (s *feedScreen) show(e feed.Event) (end bool, err error) {
	first := e.Kind == feed.ListComplete && !s.seen
	s.seen = s.seen || first
	switch {
	case s.asJSON:
		if e.Node == nil || s.fits(e.Node.Name) {
			if err := json.NewEncoder(s.env.Stdout).Encode(e); err != nil {
				return true, exit(ExitFailed, fmt.Errorf("print: %w", err))
			}
		}
	case s.live():
		if first {
			s.draw()
		}
	case first:
		v := s.table.View()
		s.head(s.env.Stdout, &v)
		s.nodes(s.env.Stdout, &v, s.rows)
	case s.seen:
		s.line(e)
	}
	return s.once && first, nil
}

func (s *feedScreen) fits(name string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(s.find))
}

// line tells an event in words.
func (s *feedScreen) line(e feed.Event) {
	var text string
	switch e.Kind {
	case feed.NodeJoined, feed.NodeLeft, feed.NodeChanged:
		if !s.fits(e.Node.Name) {
			return
		}
		text = fmt.Sprintf("%s: %s %s", e.Node.Name, e.Node.Implementation, e.Node.Version)
	case feed.FeedLost:
		text = e.Why
	case feed.ListComplete:
		text = plural(e.Nodes, "node")
	case feed.ChainEmptied:
		text = "the last node of the chain has left"
	default:
		return
	}
	fmt.Fprintf(s.env.Stdout, "%s %s %s\n", e.At, e.Kind, printable(text))
}

// draw paints the table over what was there.
func (s *feedScreen) draw() {
	v := s.table.View()
	rows := s.rows
	if rows == 0 && s.env.Height != nil {
		rows = max(s.env.Height()-5, 0) // without the lines above and below
	}
	var b strings.Builder
	b.WriteString("\x1b[H\x1b[2J")
	s.head(&b, &v)
	s.nodes(&b, &v, rows)
	_, _ = io.WriteString(s.env.Stdout, b.String()) // the next one may succeed
}

func (s *feedScreen) head(w io.Writer, v *feed.View) {
	label := s.chain
	for _, c := range v.Chains {
		if c.Genesis == s.chain {
			label = c.Label + " " + s.chain[:10] + "..."
		}
	}
	state := paint(s.env, green, "in sight")
	switch {
	case v.Lost != "":
		state = paint(s.env, red, "lost: "+printable(v.Lost)) + ", it is tried again"
	case !v.Complete:
		state = paint(s.env, yellow, "the list of nodes is being sent")
	}
	fmt.Fprintf(w, "%s  %s  %s\n", feed.Redacted(s.url), printable(label), state)
	fmt.Fprintf(w, "%s, best %d, finalised %d, %d messages", plural(len(v.Nodes), "node"), v.Best, v.Finalized, v.Messages)
	if s.live() {
		fmt.Fprintf(w, " (%d in the last second)", v.Messages-min(s.before, v.Messages))
		s.before = v.Messages
	}
	fmt.Fprint(w, "\n\n")
}

func (s *feedScreen) nodes(w io.Writer, v *feed.View, most int) {
	t := newTable(s.env, "NAME", "CLIENT", "PEERS", "HEIGHT", "BEHIND", "CITY", "CONNECTED SINCE").numbers(2, 3, 4)
	left := 0
	for i := range v.Nodes {
		n := &v.Nodes[i]
		if !s.fits(n.Name) {
			continue
		}
		if most > 0 && len(t.rows) >= most {
			left++
			continue
		}
		behind := cell{text: "0"}
		if n.Height < v.Best {
			behind.text = fmt.Sprint(v.Best - n.Height)
			if v.Best-n.Height > 20 {
				behind.sgr = yellow
			}
		}
		if n.Stale {
			behind.sgr = red
		}
		t.row(n.Name, strings.TrimSpace(n.Implementation+" "+n.Version), n.Peers, n.Height, behind, n.City, clockTime(n.Since))
	}
	t.print(w)
	if left > 0 {
		fmt.Fprintf(w, "and %s more\n", plural(left, "node"))
	}
}

func clockTime(m programme.Millis) string {
	return time.UnixMilli(int64(m)).UTC().Format(time.DateTime)
}
