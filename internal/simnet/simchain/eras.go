package simchain

import "slices"

// year is 365.25 days in milliseconds; inflation in percent is what validators and nominators get in one.
const (
	year      = 31_557_600_000
	inflation = 10
)

// startEra makes the planned era the active one: the era before is paid, and what is due is done.
func (w *work) startEra(era, session uint32) {
	active, ok := read[activeEra](w.view, "Staking", "ActiveEra")
	if ok {
		w.endEra(active)
	}
	start := w.now
	w.write(activeEra{era, &start}, "Staking", "ActiveEra")
	bonded, _ := read[[]bondedEra](w.view, "Staking", "BondedEras")
	bonded = append(bonded, bondedEra{era, session})
	bonded = slices.DeleteFunc(bonded, func(b bondedEra) bool { return b.Era+w.params.BondingDuration < era })
	w.write(bonded, "Staking", "BondedEras")
	if w.role == RoleOne {
		w.write(session, "Staking", "ErasStartSessionIndex", era)
	}
	w.applySlashes(era)
	if era > w.params.HistoryDepth {
		w.pruneEra(era - w.params.HistoryDepth - 1)
	}
}

// endEra sets the reward of an era that is over.
func (w *work) endEra(e activeEra) {
	length := uint64(0)
	if e.Start != nil && w.now > *e.Start {
		length = w.now - *e.Start
	}
	issued, _ := read[uint64](w.view, "Balances", "TotalIssuance")
	reward := mulDiv(issued/100*inflation, length, year)
	w.write(reward, "Staking", "ErasValidatorReward", e.Index)
	w.emit("Staking", "EraPaid", map[string]any{"era_index": e.Index, "validator_payout": reward, "remainder": 0})
}

func (w *work) pruneEra(era uint32) {
	for _, item := range []string{"ErasStakersOverview", "ErasStakersPaged", "ClaimedRewards", "ErasValidatorPrefs"} {
		w.removeAll("Staking", item, era)
	}
	for _, item := range []string{"ErasValidatorReward", "ErasRewardPoints", "ErasTotalStake"} {
		w.remove("Staking", item, era)
	}
	if w.role == RoleOne {
		w.remove("Staking", "ErasStartSessionIndex", era)
	} else {
		w.emit("Staking", "EraPruned", map[string]any{"index": era})
	}
}

// eraSession is the first session of the active era.
func (w *work) eraSession() uint32 {
	bonded, _ := read[[]bondedEra](w.view, "Staking", "BondedEras")
	if len(bonded) == 0 {
		return 0
	}
	return bonded[len(bonded)-1].Session
}

// addPoints adds to the reward points of an era.
func (w *work) addPoints(era uint32, earned []pointsOf) {
	if len(earned) == 0 {
		return
	}
	p, _ := read[eraPoints](w.view, "Staking", "ErasRewardPoints", era)
	for _, e := range earned {
		i, found := slices.BinarySearchFunc(p.Individual, e.Who, func(x pointsOf, who Account) int { return slices.Compare(x.Who[:], who[:]) })
		if !found {
			p.Individual = slices.Insert(p.Individual, i, pointsOf{Who: e.Who})
		}
		p.Individual[i].Points += e.Points
		p.Total += e.Points
	}
	w.write(p, "Staking", "ErasRewardPoints", era)
}

// SessionReport is what a relay chain tells Asset Hub about a session that is over.
type SessionReport struct {
	End    uint32 // its index
	Points []pointsOf
	// Activated is set when the validators of an era took over in the session that begins.
	Activated *Activation
}

// Activation says since when the validators of an era are at work.
type Activation struct {
	Time uint64 // ms
	Era  uint32
}

// receiveReport is the clock of staking on Asset Hub.
func (w *work) receiveReport(r SessionReport) {
	activated := any(nil)
	if r.Activated != nil {
		activated = []any{r.Activated.Time, r.Activated.Era}
	}
	w.emit("StakingRcClient", "SessionReportReceived", map[string]any{
		"end_index": r.End, "activation_timestamp": activated, "validator_points_counts": len(r.Points), "leftover": false,
	})
	w.write(r.End, "StakingRcClient", "LastSessionReportEndingIndex")
	active, planned := w.eras()
	w.addPoints(active.Index, r.Points)
	if r.Activated != nil && r.Activated.Era == planned && planned == active.Index+1 {
		w.startEra(planned, r.End+1)
	}
	active, planned = w.eras()
	elapsed := r.End + 1 - min(r.End+1, w.eraSession())
	if planned == active.Index && elapsed+w.params.PlanningEraOffset >= w.params.SessionsPerEra {
		planned = active.Index + 1
		w.write(validatorSet{planned, w.elect(planned, nil)}, "StakingRcClient", "OutgoingValidatorSet")
	}
	if set, ok := read[validatorSet](w.view, "StakingRcClient", "OutgoingValidatorSet"); ok && elapsed+exportSessions >= w.params.SessionsPerEra {
		w.out.Set = &ValidatorSet{set.Era, set.Stashes}
		w.remove("StakingRcClient", "OutgoingValidatorSet")
	}
	w.emit("Staking", "SessionRotated", map[string]any{"starting_session": r.End + 1, "active_era": active.Index, "planned_era": planned})
}

// exportSessions is how many sessions before the end of an era the next validators are sent to the relay chain, which
// needs two of them to put them in charge.
const exportSessions = 2

// ValidatorSet are the validators of an era, as Asset Hub tells them to the relay chain.
type ValidatorSet struct {
	Era     uint32
	Stashes []Account
}
