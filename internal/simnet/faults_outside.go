package simnet

import (
	"context"
	"encoding/hex"

	"github.com/thousand-validators/otv/internal/simnet/simfeed"
	"github.com/thousand-validators/otv/internal/simnet/simsources"
	"github.com/thousand-validators/otv/internal/simnet/tally"
)

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }

// tallied begins a kind that is counted where it acts.
func tallied[K comparable](t *tally.Tally[K], k K) effect {
	before := t.Hits(k)
	return effect{
		end: t.Begin(k), hits: func() int { return t.Hits(k) - before },
		wait: func(ctx context.Context, hits int) error { return t.Wait(ctx, k, before+hits) },
	}
}

// feedFaults concern telemetry.
func feedFaults() []fault {
	kind := func(name, what string, k simfeed.Kind) fault {
		return fault{Fault{name, what, false}, func(n *Network) (effect, error) {
			return tallied(n.Feed.Trouble(), k), nil
		}}
	}
	return []fault{
		once("cut", "all connections to the feed break", func(n *Network) error { n.Feed.CutAll(); return nil }),
		once("restart", "telemetry starts again and gives all nodes other ids", func(n *Network) error {
			n.Feed.Restart()
			n.findNodes()
			return nil
		}),
		once("mass-removal", "half of all nodes vanish and are back at once", func(n *Network) error {
			for i, c := range n.people.candidates {
				if i%2 == 0 && c.node >= 0 {
					n.Feed.Leave(c.node)
				}
			}
			n.Feed.Flush()
			for i, c := range n.people.candidates {
				if i%2 == 0 && c.node >= 0 {
					c.node = n.Feed.Join(c.feedNode(n.time))
				}
			}
			n.Feed.Flush()
			return nil
		}),
		kind("refuse", "new connections to the feed are answered 503", simfeed.RefuseFeed),
		kind("silence", "the feed says nothing", simfeed.SilentFeed),
		kind("flood", "every frame is followed by a hundred others", simfeed.FloodFrames),
		kind("truncated", "frames end in the middle", simfeed.Truncated),
		kind("odd", "frames have a payload too few", simfeed.OddItems),
		kind("unknown-action", "frames carry an action nobody knows", simfeed.UnknownItem),
		kind("future-form", "frames begin with the byte of another form", simfeed.BinaryForm),
		kind("twice", "every frame comes twice", simfeed.TwiceSent),
		kind("text-frames", "frames are text", simfeed.TextFrames),
		kind("no-pongs", "pings are not answered", simfeed.MutePongs),
		{Fault{"old-layout", "nodes have the details of August 2022", false}, func(n *Network) (effect, error) {
			n.Feed.SetLayout(simfeed.Layout6)
			return effect{end: func() { n.Feed.SetLayout(simfeed.Layout11) }}, nil
		}},
		{Fault{"no-addresses", "nodes have no address", false}, func(n *Network) (effect, error) {
			n.Feed.HideAddresses(true)
			return effect{end: func() { n.Feed.HideAddresses(false) }}, nil
		}},
	}
}

// findNodes looks up the ids of all nodes after they have changed.
func (n *Network) findNodes() {
	for _, c := range append(append([]*Candidate(nil), n.people.candidates...), n.people.others...) {
		if c.node < 0 {
			continue
		}
		name := c.Name
		if c.renamed != "" {
			name = c.renamed
		}
		if id, ok := n.Feed.Find(name); ok {
			c.node = id
		}
	}
}

// sourceFaults concern an outside service.
func sourceFaults(service string) []fault {
	kind := func(name, what string, h simsources.How) fault {
		k := simsources.Kind{Service: service, How: h}
		return fault{Fault{name, what, false}, func(n *Network) (effect, error) {
			return tallied(n.Sources.Trouble(), k), nil
		}}
	}
	return []fault{
		kind("error", "the service answers 500", simsources.ServerError),
		kind("rate-limit", "the service answers 429", simsources.RateLimited),
		kind("stall", "the service does not answer", simsources.Stalled),
		kind("garbage", "the service answers with a page", simsources.Garbage),
		kind("cut", "answers break in the middle", simsources.Cut),
	}
}
