package simnet

import (
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/simnet/simchain"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// once is a fault that happens at once.
func once(name, what string, do func(n *Network) error) fault {
	return fault{Fault{name, what, true}, func(n *Network) (effect, error) { return effect{}, do(n) }}
}

// lasting is a fault that is switched on and off.
func lasting(name, what string, on, off func()) fault {
	return fault{Fault{name, what, false}, func(*Network) (effect, error) {
		on()
		return effect{end: off}, nil
	}}
}

// ruled is a fault that hits requests to a node.
func ruled(name, what string, c *simchain.Chain, r substratetest.Rule) fault {
	return fault{Fault{name, what, false}, func(*Network) (effect, error) {
		i := c.Node().Inject(r)
		return effect{i.Stop, i.Hits, i.Wait}, nil
	}}
}

// reads matches what reads state.
func reads(r substratetest.Request) bool {
	return strings.HasPrefix(r.Method, "state_") && !strings.Contains(r.Method, "ubscribe")
}

// connectionFaults concern the way to a node.
func connectionFaults(c *simchain.Chain) []fault {
	n := c.Node()
	return []fault{
		once("cut", "all connections break", func(*Network) error { n.CutAll(); return nil }),
		lasting("down", "the node cannot be reached", n.Down, n.Up),
		lasting("refuse", "new connections are answered 503, open ones break",
			func() { n.RefuseHandshakes(503, 0); n.CutAll() }, func() { n.RefuseHandshakes(0, 0) }),
		lasting("limit-connections", "new connections are answered 429, open ones break",
			func() { n.RefuseHandshakes(429, 1); n.CutAll() }, func() { n.RefuseHandshakes(0, 0) }),
		ruled("close", "the connection is closed instead of an answer", c, substratetest.Rule{Match: reads, Do: substratetest.CloseWith(1013, "try again later")}),
		ruled("stall", "requests are never answered", c, substratetest.Rule{Do: substratetest.Stall()}),
		ruled("slow", "every answer takes 20 ms longer", c, substratetest.Rule{Do: substratetest.Delay(20 * time.Millisecond)}),
		lasting("silence", "subscriptions stay open and say nothing", func() { n.MuteNotifications(true) }, func() { n.MuteNotifications(false) }),
		lasting("duplicate-notifications", "every notification comes twice", func() { n.DuplicateNotifications(true) }, func() { n.DuplicateNotifications(false) }),
		lasting("early-notifications", "the first notification comes before the reply", func() { n.EarlyNotifications(true) }, func() { n.EarlyNotifications(false) }),
	}
}

// answerFaults are answers that everybody can see are wrong.
func answerFaults(c *simchain.Chain) []fault {
	n := c.Node()
	return []fault{
		ruled("rate-limit", "reads are over the limit of calls", c, substratetest.Rule{Match: reads, Do: substratetest.RateLimit()}),
		ruled("internal-error", "reads fail", c, substratetest.Rule{Match: reads, Do: substratetest.Fail(-32603, "Internal error")}),
		ruled("pruned", "the state is said to be discarded", c,
			substratetest.Rule{Match: reads, Do: substratetest.Fail(4003, "Client error: UnknownBlock: State already discarded for 0x00")}),
		ruled("garbage", "answers are no JSON", c, substratetest.Rule{Match: reads, Do: substratetest.Raw("<html>502</html>")}),
		ruled("truncated-hex", "byte strings lack a digit", c, substratetest.Rule{Match: reads, Do: substratetest.TruncatedHex()}),
		ruled("wrong-id", "answers have an id that was never asked", c, substratetest.Rule{Match: reads, Do: substratetest.WrongID()}),
		lasting("small-answers", "answers over 4 kB are refused", func() { n.LimitResponses(4096) }, func() { n.LimitResponses(0) }),
		lasting("no-batches", "batches are refused", func() { n.LimitBatches(-1) }, func() { n.LimitBatches(0) }),
		lasting("short-pages", "lists of keys have seven at most", func() { n.LimitPages(7) }, func() { n.LimitPages(0) }),
		lasting("no-dry-run", "the node does not know system_dryRun", func() { n.Lack("system_dryRun") }, func() { n.Know("system_dryRun") }),
	}
}

// lieFaults are answers that look right.
func lieFaults(c *simchain.Chain) []fault {
	genesis := c.Genesis()
	return []fault{
		ruled("lie-final", "the final block is said to be block 0", c, substratetest.Rule{Method: "chain_getFinalizedHead", Do: substratetest.Reply(hexOf(genesis[:]))}),
		ruled("lie-nonce", "the next nonce is said to be 0", c, substratetest.Rule{Method: "system_accountNextIndex", Do: substratetest.Reply(0)}),
		ruled("lie-far-nonce", "the next nonce is said to be 9999", c, substratetest.Rule{Method: "system_accountNextIndex", Do: substratetest.Reply(9999)}),
		ruled("lie-absent", "values are said not to exist", c, substratetest.Rule{Method: "state_getStorage", Do: substratetest.Reply(nil)}),
		ruled("lie-empty", "maps are said to be empty", c, substratetest.Rule{Method: "state_getKeysPaged", Do: substratetest.Reply([]string{})}),
		ruled("lie-no-header", "blocks are said not to exist", c, substratetest.Rule{Method: "chain_getHeader", Do: substratetest.Reply(nil)}),
		ruled("lie-other-chain", "block 0 has another hash", c, substratetest.Rule{
			Method: "chain_getBlockHash", Match: func(r substratetest.Request) bool { return len(r.Params) > 0 && string(r.Params[0]) == "0" },
			Do: substratetest.Reply("0x" + strings.Repeat("ab", 32)),
		}),
	}
}

// blockFaults concern the chain itself.
func blockFaults(c *simchain.Chain) []fault {
	return []fault{
		once("reorganise", "the newest block is replaced by two others", func(*Network) error { return c.Reorganise(1) }),
		once("reorganise-deep", "all blocks that are not final are replaced", func(*Network) error { return c.Reorganise(lag) }),
		once("replay", "an old block is announced as the final one", func(*Network) error {
			number, _ := c.Finalised()
			c.Node().AnnounceAgain(number - min(number, 5))
			return nil
		}),
		once("upgrade", "the runtime changes with the next block: versions and indices move", func(*Network) error { return c.Upgrade() }),
		{Fault{"two-forks", "every block has a sibling that is announced too", false}, func(n *Network) (effect, error) {
			n.forks++
			return effect{end: func() { n.mu.Lock(); defer n.mu.Unlock(); n.forks-- }}, nil
		}},
		lasting("finality-stalls", "blocks are made and never become final", func() { c.HoldFinality(true) }, func() { c.HoldFinality(false) }),
	}
}

// poolFaults concern transactions.
func poolFaults(c *simchain.Chain) []fault {
	submit := func(r substratetest.Request) bool { return strings.HasPrefix(r.Method, "author_submit") }
	return []fault{
		once("drop-pool", "the pool is emptied and the senders are told", func(*Network) error { c.DropPool("dropped"); return nil }),
		once("lose-pool", "the pool is emptied and nobody is told", func(*Network) error { c.DropPool(""); return nil }),
		lasting("hold-pool", "transactions are taken and not put into blocks", func() { c.HoldPool(true) }, func() { c.HoldPool(false) }),
		ruled("pool-full", "transactions are refused: the pool is full", c,
			substratetest.Rule{Match: submit, Do: substratetest.Fail(1016, "Immediately dropped: The transaction couldn't enter the pool because of the limit")}),
		ruled("cut-submit", "the connection breaks when a transaction arrives", c, substratetest.Rule{Match: submit, Do: substratetest.Cut()}),
		{Fault{"take-and-cut", "the connection breaks after a transaction was taken", false}, func(*Network) (effect, error) {
			return tallied(c.TakeAndCut(), struct{}{}), nil
		}},
	}
}
