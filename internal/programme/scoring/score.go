package scoring

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// Notes explain special cases of a contribution.
const (
	noteMissing    = "not known"
	noteNoPlace    = "no place known: a quarter of the points"
	noteNewPlace   = "no other candidate measured there: all points"
	noteBanned     = "banned provider: no points"
	noteNever      = "never nominated: all points"
	noteMainClient = "main client"
	noteNoClient   = "client not known"
)

// Score is the score of one candidate against the ranges. Draw is a random number in [0, 1).
func (r *Ranges) Score(main string, w *programme.Weights, f *Figures, draw float64) programme.Score {
	return r.score(make([]programme.Contribution, factorCount), main, w, f, draw)
}

// score fills parts, which has room for all factors.
func (r *Ranges) score(parts []programme.Contribution, main string, w *programme.Weights, f *Figures, draw float64) programme.Score {
	ws, numbers, places := weights(w), f.numbers(), f.places()
	var total float64
	for i := range factors {
		p := &parts[i]
		p.Factor, p.Weight = factors[i].Factor, ws[i]
		switch {
		case i == iUnclaimed:
			p.Value = float64(f.Unclaimed)
			if f.Unclaimed != 0 {
				p.Points = float64(-p.Value * p.Weight)
			}
		case i == iClient:
			client(p, main, f.Client)
		case isPlace(i):
			r.place(p, i, places[i-iLocation], f.Banned)
		default:
			r.number(p, i, numbers[i])
		}
		total += p.Points
	}
	randomness := 1 + float64(draw*randomShare)
	return programme.Score{Parts: parts, Aggregate: total, Randomness: randomness, Total: float64(total * randomness)}
}

func (r *Ranges) number(p *programme.Contribution, i int, v float64) {
	p.Scaled = r.scaled(i, v)
	if factors[i].Direction == HighIsGood {
		p.Points = float64(p.Scaled * p.Weight)
	} else {
		p.Points = float64((1 - p.Scaled) * p.Weight)
	}
	switch {
	case IsMissing(v):
		p.Note = noteMissing
		return
	case i == iNominated && v == 0:
		p.Note = noteNever
	}
	p.Value = v
}

func (r *Ranges) place(p *programme.Contribution, i int, name string, banned bool) {
	size, measured := r.groups[i-iLocation].size(name)
	p.Value = float64(size)
	switch {
	case banned:
		p.Note = noteBanned
	case name == "" || name == NoLocation:
		p.Value = 0
		p.Points = float64(missingShare * p.Weight)
		p.Note = noteNoPlace
	case !measured:
		p.Points = p.Weight
		p.Note = noteNewPlace
	default:
		p.Scaled = r.scaled(i, p.Value)
		p.Points = float64((1 - p.Scaled) * p.Weight)
	}
}

func client(p *programme.Contribution, main, name string) {
	switch name {
	case "":
		p.Note = noteNoClient
	case main:
		p.Note = noteMainClient
	default:
		p.Points = p.Weight
	}
}
