package validity_test

import (
	"fmt"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/scoring"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

// BenchmarkEvaluate makes all checks for a programme of Kusama's size and scores the valid candidates.
func BenchmarkEvaluate(b *testing.B) {
	in := bigRound(1126, 22_500)
	b.ReportAllocs()
	for b.Loop() {
		idx := validity.NewIndex(in)
		members := make([]*programme.CandidateInput, 0, len(in.Candidates))
		for i := range in.Candidates {
			if validity.Overall(validity.Evaluate(in, idx, &in.Candidates[i])) == programme.Valid {
				members = append(members, &in.Candidates[i])
			}
		}
		if len(members) < 900 {
			b.Fatalf("only %d of %d candidates are valid", len(members), len(in.Candidates))
		}
		if _, _, err := scoring.Evaluate(in, members, func(programme.Address) float64 { return 0.5 }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkChecks is the part of the checks alone.
func BenchmarkChecks(b *testing.B) {
	in := bigRound(1126, 0)
	b.ReportAllocs()
	for b.Loop() {
		idx := validity.NewIndex(in)
		for i := range in.Candidates {
			validity.Evaluate(in, idx, &in.Candidates[i])
		}
	}
}

// bigRound is a made-up round: one candidate in ten fails something, backers name four candidates each.
func bigRound(candidates, backers int) *programme.Inputs {
	in := goodRound(programme.ProfileProgramme)
	template, onChain := in.Candidates[0], in.Snapshot.Candidates[0]
	in.Candidates, in.Snapshot.Candidates = nil, nil
	for e := in.Snapshot.Eras.Active - 84; e < in.Snapshot.Eras.Active; e++ {
		in.Snapshot.PointEras = append(in.Snapshot.PointEras, programme.EraTotal{Era: e, Total: 1000})
	}
	for i := range candidates {
		c, cc := template, onChain
		c.Slot, c.Stash = i, address("candidate", i)
		cc.Stash = c.Stash
		p := *template.Presence
		c.Presence = &p
		c.Presence.FirstSeen -= programme.Millis(i) * programme.Day
		if i%10 == 3 {
			c.Presence.Live, c.Presence.LastSeen = 0, in.Now-programme.Day
			c.Presence.Outages = []programme.Interval{{From: in.Now - programme.Day}}
		}
		c.Location = &programme.Location{City: fmt.Sprint("City ", i%97), Region: fmt.Sprint("Region ", i%53),
			Country: fmt.Sprint("C", i%31), Provider: fmt.Sprint("Provider ", i%71), At: in.Now}
		cc.Points = map[programme.Era]uint32{}
		for e := range programme.Era(i % 84) {
			cc.Points[in.Snapshot.Eras.Active-1-e] = 20
		}
		if i%4 == 0 {
			cc.Exposure = &programme.Exposure{}
			for k := range 20 {
				cc.Exposure.Others = append(cc.Exposure.Others, programme.Backing{
					Who: address("backer", (i*20+k)%max(backers, 1)), Value: programme.NewPlanck(uint64(k+1) * 1_000_000_000_000)})
			}
		}
		in.Candidates = append(in.Candidates, c)
		in.Snapshot.Candidates = append(in.Snapshot.Candidates, cc)
	}
	for i := range backers {
		b := programme.Backer{Stash: address("backer", i), Active: programme.NewPlanck(uint64(i+1) * 1_000_000_000)}
		for k := range 4 {
			b.Targets = append(b.Targets, address("candidate", (i*7+k*13)%candidates))
		}
		in.Snapshot.Backers = append(in.Snapshot.Backers, b)
	}
	return in
}

// address is text of the length of an address.
func address(kind string, i int) programme.Address {
	return programme.Address(fmt.Sprintf("%s-%0*d", kind, 47-len(kind), i))
}
