package simchain

import "slices"

// Genesis is who is on a chain at its first block. Each role takes what concerns it.
type Genesis struct {
	Balances   []Balance
	Stakers    []Staker
	Proxies    []Proxy
	Identities []Identity
	// Registrar may judge identities; its index is 0.
	Registrar Account
	// Validators are in charge from the start, on a relay chain. Elsewhere the first election decides.
	Validators []Account
	// Session is the index of the first session, on a relay chain; elsewhere it follows from Eras.
	Session uint32
	// Eras is how many eras have passed before the first block, with elections, points and payouts.
	Eras uint32
}

// Balance is what an account has before bonds and deposits.
type Balance struct {
	Who  Account
	Free uint64
}

// Staker is a bonded account: a validator with Validate, a nominator with Targets.
type Staker struct {
	Stash      Account
	Bond       uint64
	Payee      string // Staked, Stash or None; empty is Staked
	Validate   bool
	Commission uint32 // perbill
	Blocked    bool
	Targets    []Account
	// Keys says that session keys are set.
	Keys bool
	// Unclaimed is for how many past eras nobody has paid out.
	Unclaimed uint32
	// Absent is for how many past eras it earned no points.
	Absent uint32
}

// Proxy is a relation.
type Proxy struct {
	Real, Delegate Account
	Type           string
	Delay          uint32
}

// Identity is a registration: of its own with Display, or with Super as a sub-identity of another.
type Identity struct {
	Who     Account
	Display string
	Judged  bool // as Reasonable, by the registrar
	Super   Account
}

// populate writes the genesis into the state.
func (w *work) populate(g Genesis) {
	total := uint64(0)
	for _, b := range g.Balances {
		w.setAccount(b.Who, accountInfo{Providers: 1, Data: accountData{Free: b.Free}})
		total += b.Free
	}
	w.write(total, "Balances", "TotalIssuance")
	w.write("1000000000000000000", "TransactionPayment", "NextFeeMultiplier")
	if w.role.parachain() {
		id := uint32(1000)
		if w.role == RolePeople {
			id = 1004
		}
		w.write(id, "ParachainInfo", "ParachainId")
	}
	if w.role.sessions() {
		for _, s := range g.Stakers {
			if s.Keys {
				w.write(SessionKeys(s.Stash, 0), "Session", "NextKeys", s.Stash)
			}
		}
	}
	if w.role.staking() {
		w.populateStaking(g)
	}
	if w.role == RoleRelay {
		w.write("Active", "StakingAhClient", "Mode")
		w.write(g.Session, "Session", "CurrentIndex")
		w.write(g.Validators, "Session", "Validators")
		w.queue(g.Validators)
	}
	if w.role != RolePeople {
		w.populateProxies(g.Proxies)
	}
	if w.role.identity() {
		w.populateIdentities(g)
	}
	w.events = nil
}

func (w *work) populateStaking(g Genesis) {
	w.write(w.params.ValidatorCount, "Staking", "ValidatorCount")
	w.write(w.params.MinNominatorBond, "Staking", "MinNominatorBond")
	w.write(w.params.MinValidatorBond, "Staking", "MinValidatorBond")
	for _, s := range g.Stakers {
		if s.Bond == 0 {
			continue
		}
		if f := w.stake(s.Stash, 0, s.Bond); f != nil {
			w.fail(f)
			return
		}
		kind := s.Payee
		if kind == "" {
			kind = "Staked"
		}
		w.write(s.Stash, "Staking", "Bonded", s.Stash)
		w.write(payee{Kind: kind}, "Staking", "Payee", s.Stash)
		w.setLedger(ledger{Stash: s.Stash, Total: s.Bond, Active: s.Bond})
		info, _ := w.account(s.Stash)
		info.Consumers++
		w.setAccount(s.Stash, info)
		switch {
		case s.Validate:
			w.setValidator(s.Stash, prefs{s.Commission, s.Blocked})
		case len(s.Targets) > 0:
			w.count("CounterForNominators", 1)
			w.write(nominations{Targets: s.Targets}, "Staking", "Nominators", s.Stash)
		}
	}
	w.populateEras(g)
}

// populateEras lets the eras before the first block pass.
func (w *work) populateEras(g Genesis) {
	length := w.params.BlockTime * w.params.SessionBlocks * uint64(w.params.SessionsPerEra)
	now := w.now
	of := map[Account]Staker{}
	for _, s := range g.Stakers {
		of[s.Stash] = s
	}
	var elected []Account
	for era := range g.Eras + 1 {
		w.now = now - uint64(g.Eras-era)*length
		past := elected
		elected = w.elect(era, nil)
		if era > 0 {
			w.finishPast(era-1, g.Eras, past, of)
		}
		w.startEra(era, era*w.params.SessionsPerEra)
	}
	w.now = now
	if w.role == RoleOne {
		w.write(g.Eras*w.params.SessionsPerEra, "Session", "CurrentIndex")
		w.queue(elected)
		w.takeOver()
		return
	}
	w.write(g.Eras*w.params.SessionsPerEra-min(1, g.Eras), "StakingRcClient", "LastSessionReportEndingIndex")
	if w.params.PlanningEraOffset >= w.params.SessionsPerEra {
		w.write(validatorSet{g.Eras + 1, w.elect(g.Eras+1, nil)}, "StakingRcClient", "OutgoingValidatorSet")
	}
}

// finishPast gives the points of a past era and pays it out.
func (w *work) finishPast(era, eras uint32, elected []Account, of map[Account]Staker) {
	var earned []pointsOf
	for _, v := range elected {
		if of[v].Absent < eras-era {
			earned = append(earned, pointsOf{v, 20 * uint32(40+w.draw(20))})
		}
	}
	w.addPoints(era, earned)
	for _, v := range elected {
		if of[v].Unclaimed >= eras-era {
			continue
		}
		o, _ := read[overview](w.view, "Staking", "ErasStakersOverview", era, v)
		pages := []uint32{}
		for p := range pagesOf(o) {
			pages = append(pages, p)
		}
		w.write(pages, "Staking", "ClaimedRewards", era, v)
	}
}

func (w *work) populateProxies(list []Proxy) {
	for _, p := range list {
		old := w.proxies(p.Real)
		now := append(slices.Clone(old.List), proxyDefinition{p.Delegate, p.Type, p.Delay})
		slices.SortFunc(now, w.compareProxies)
		if f := w.setProxies(p.Real, old, now); f != nil {
			w.fail(f)
		}
	}
}

func (w *work) populateIdentities(g Genesis) {
	w.write([]any{registrar{Account: g.Registrar}}, "Identity", "Registrars")
	subs := map[Account][]Account{}
	for _, i := range g.Identities {
		if i.Super != (Account{}) {
			w.write([]any{i.Super, data(i.Display)}, "Identity", "SuperOf", i.Who)
			subs[i.Super] = append(subs[i.Super], i.Who)
			continue
		}
		r := registration{Info: w.identityInfo(i.Display), Deposit: identityDeposit, Judgements: []judgement{}}
		if i.Judged {
			r.Judgements = []judgement{{0, "Reasonable"}}
		}
		if f := w.deposit(i.Who, 0, r.Deposit); f != nil {
			w.fail(f)
			return
		}
		w.setRegistration(i.Who, r)
	}
	for _, i := range g.Identities {
		if list := subs[i.Who]; len(list) > 0 {
			w.write(subsOf{Subs: list}, "Identity", "SubsOf", i.Who)
		}
	}
}
