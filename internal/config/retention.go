package config

import (
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// retentionKeys say for how long what is written again and again is kept.
func retentionKeys() []Key {
	age := func(name string, of func(*memory.Retention) *programme.Millis, meaning string) Key {
		return key("retention."+name, span, func(c *Config) *programme.Millis { return of(&c.Retention) }, meaning+`; "0s" keeps them for ever`)
	}
	return []Key{
		age("records", func(r *memory.Retention) *programme.Millis { return &r.Records },
			"how long records of rounds are kept of which no plan was made; the others always are"),
		age("scores", func(r *memory.Retention) *programme.Millis { return &r.Scores }, "how long the scores of every session are kept"),
		age("eraScores", func(r *memory.Retention) *programme.Millis { return &r.EraScores },
			"how long the scores of the newest session of every era are kept; every candidate's newest always is"),
		age("changes", func(r *memory.Retention) *programme.Millis { return &r.Changes },
			"how long the changes of verdicts and validity are kept; the newest of each check always is"),
		age("stakes", func(r *memory.Retention) *programme.Millis { return &r.Stakes },
			"how long the stakes behind candidates are kept by era; the newest always are"),
		age("eras", func(r *memory.Retention) *programme.Millis { return &r.Eras },
			"how long points and validator sets of eras are kept; totals and counts of active eras always are"),
		age("places", func(r *memory.Retention) *programme.Millis { return &r.Places },
			"how long statistics of places are kept, and where nodes were before"),
		age("alerts", func(r *memory.Retention) *programme.Millis { return &r.Alerts }, "how long alerts are kept that are not raised again"),
		age("rewards", func(r *memory.Retention) *programme.Millis { return &r.Rewards },
			"how long rewards are kept by account; their sums always are"),
	}
}
