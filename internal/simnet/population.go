package simnet

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"

	"github.com/thousand-validators/otv/internal/simnet/simchain"
	"github.com/thousand-validators/otv/internal/simnet/simfeed"
	"github.com/thousand-validators/otv/internal/simnet/simsources"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Behaviour is what a candidate does in the course of time.
type Behaviour string

// The behaviours. Most begin in the course of the first two eras.
const (
	Steady           Behaviour = "steady"
	Flaky            Behaviour = "flaky"             // off for a session, again and again
	Leaves           Behaviour = "leaves"            // goes offline for good
	RaisesCommission Behaviour = "raises commission" // to 25 %
	Chills           Behaviour = "chills"
	UpgradesLate     Behaviour = "upgrades late" // keeps the old client long after a release
	IsSlashed        Behaviour = "is slashed"
	Unbonds          Behaviour = "unbonds" // nine tenths of its bond
	LosesIdentity    Behaviour = "loses identity"
	Renames          Behaviour = "renames"      // its node, without telling the programme
	NeverClaims      Behaviour = "never claims" // nobody pays its rewards out
	RotatesKeys      Behaviour = "rotates keys" // every few sessions
)

// Behaviours lists all but Steady.
func Behaviours() []Behaviour {
	return []Behaviour{Flaky, Leaves, RaisesCommission, Chills, UpgradesLate, IsSlashed, Unbonds, LosesIdentity, Renames, NeverClaims, RotatesKeys}
}

// Candidate is one of the programme's candidates.
type Candidate struct {
	Slot      int
	Name      string // as in the candidate list
	Stash     simchain.Account
	Behaviour Behaviour
	// Super is the account whose sub-identity it is; zero when it has its own.
	Super simchain.Account

	// IP is the address of its node and Place where that is; Version is that of the client it runs.
	IP      string
	Place   simsources.Place
	Version string

	key        *keys.Pair
	bond       uint64
	commission uint32
	authority  string
	node       int // id in the feed, -1 while it is offline
	renamed    string
	keysSet    uint32
}

// Address is the stash as an address.
func (c *Candidate) Address() string { return ss58.EncodeAccount(prefix, c.Stash) }

// Online reports whether its node is on.
func (c *Candidate) Online() bool { return c.node >= 0 }

// Nominator is one of the programme's own nominators.
type Nominator struct {
	Account simchain.Account
	// Seed is the secret URI of whoever signs: the account, or its proxy.
	Seed  string
	Proxy bool
	// Signer is the account of Seed, and Delay that of the proxy in blocks.
	Signer simchain.Account
	Delay  uint32
	// Unbonded says that it has nothing at stake, and so cannot nominate.
	Unbonded bool
}

// Address is the nominator as an address.
func (n Nominator) Address() string { return ss58.EncodeAccount(prefix, n.Account) }

// population is everybody on the network.
type population struct {
	candidates []*Candidate
	others     []*Candidate // validators that do not take part
	nominators []Nominator
	judge      *keys.Pair // the registrar
	payer      *keys.Pair // who pays rewards out
	public     []simchain.Staker
}

// secretURI makes the secret of somebody from the seed. It is no secret: whoever knows the seed can sign.
func secretURI(seed uint64, who string) string {
	sum := hash.Blake2b256(fmt.Appendf(nil, "simnet %d %s", seed, who))
	return "0x" + hex.EncodeToString(sum[:])
}

// person makes the keys of an inhabitant. Signatures of ed25519 are the same every time, and so is history.
func person(seed uint64, who string) (*keys.Pair, error) {
	return keys.FromURI(secretURI(seed, who), keys.Ed25519)
}

// places are where nodes are, with the first octets of the addresses there. The addresses are made up.
func places() []simsources.Place {
	return []simsources.Place{
		{City: "Zurich", Region: "Zurich", Country: "CH", Latitude: 47.37, Longitude: 8.55, ASN: 64601, Provider: "Alpine Hosting"},
		{City: "Helsinki", Region: "Uusimaa", Country: "FI", Latitude: 60.17, Longitude: 24.94, ASN: 64602, Provider: "North Racks"},
		{City: "Toronto", Region: "Ontario", Country: "CA", Latitude: 43.7, Longitude: -79.4, ASN: 64603, Provider: "Maple Cloud"},
		{City: "Singapore", Region: "Singapore", Country: "SG", Latitude: 1.29, Longitude: 103.85, ASN: 64604, Provider: "Strait Data"},
		{City: "Sao Paulo", Region: "Sao Paulo", Country: "BR", Latitude: -23.55, Longitude: -46.63, ASN: 64605, Provider: "Paulista Metal"},
		{City: "Falkenstein", Region: "Saxony", Country: "DE", Latitude: 50.48, Longitude: 12.37, ASN: 64606, Provider: bannedProvider},
		{City: "Nairobi", Region: "Nairobi", Country: "KE", Latitude: -1.29, Longitude: 36.82, ASN: 64607, Provider: "Rift Servers"},
		{City: "Warsaw", Region: "Mazovia", Country: "PL", Latitude: 52.23, Longitude: 21.01, ASN: 64608, Provider: "Vistula Net"},
	}
}

// bannedProvider may not be used by the rules of the configuration.
const bannedProvider = "Crowded Cloud"

// Versions of the client before and after the release that comes out in the first era.
const (
	oldVersion = "1.18.0"
	newVersion = "1.19.0"
)

func newPopulation(o Options) (*population, error) {
	p := &population{}
	rng := rand.New(rand.NewPCG(o.Seed, 0x73696d6e6574))
	var err error
	if p.judge, err = person(o.Seed, "registrar"); err != nil {
		return nil, err
	}
	if p.payer, err = person(o.Seed, "payer"); err != nil {
		return nil, err
	}
	for i := range o.Candidates {
		c := &Candidate{Slot: i + 1, Name: fmt.Sprintf("sim-%03d", i+1), Behaviour: Steady, node: -1, Version: oldVersion}
		if list := Behaviours(); i%3 == 2 {
			c.Behaviour = list[(i/3)%len(list)]
		}
		if c.key, err = person(o.Seed, c.Name); err != nil {
			return nil, err
		}
		c.Stash = c.key.AccountID()
		c.bond = (5_000 + rng.Uint64N(15_000)) * token
		c.commission = uint32(rng.IntN(10)) * 10_000_000
		kinds := places()
		at := rng.IntN(len(kinds))
		c.Place = kinds[at]
		c.IP = fmt.Sprintf("45.%d.%d.%d", 10+at, i/250, 1+i%250)
		grandpa := hash.Blake2b256(append([]byte("grandpa"), c.Stash[:]...))
		c.authority = "0x" + hex.EncodeToString(grandpa[:])
		if i%10 == 4 { // shares the identity of the one before
			c.Super = p.candidates[i-1].Stash
		}
		p.candidates = append(p.candidates, c)
	}
	for i := range bystanders(o.Candidates) {
		c := &Candidate{Name: fmt.Sprintf("bystander-%d", i+1), Behaviour: Steady, node: -1, Version: oldVersion, commission: 100_000_000}
		if c.key, err = person(o.Seed, c.Name); err != nil {
			return nil, err
		}
		c.Stash, c.bond = c.key.AccountID(), (200_000+rng.Uint64N(100_000))*token
		p.others = append(p.others, c)
	}
	if err := p.addNominators(o); err != nil {
		return nil, err
	}
	return p, p.addPublic(o, rng)
}

// addNominators makes the programme's nominators: one that signs itself, one with a proxy, one with a delayed proxy.
func (p *population) addNominators(o Options) error {
	kinds := []string{"direct", "proxied", "delayed"}
	if o.Unbonded {
		kinds = append([]string{"unbonded"}, kinds...)
	}
	for _, kind := range kinds {
		uri := secretURI(o.Seed, "nominator "+kind)
		account, err := keys.PublicFromURI(uri, keys.Sr25519)
		if err != nil {
			return err
		}
		n := Nominator{Account: account.AccountID(), Seed: uri, Signer: account.AccountID(), Unbonded: kind == "unbonded"}
		if kind == "proxied" || kind == "delayed" {
			n.Seed, n.Proxy = secretURI(o.Seed, "proxy "+kind), true
			if o.SharedKey {
				n.Seed = secretURI(o.Seed, "proxy")
			}
			signer, err := keys.PublicFromURI(n.Seed, keys.Sr25519)
			if err != nil {
				return err
			}
			n.Signer = signer.AccountID()
		}
		if kind == "delayed" {
			n.Delay = o.ProxyDelay
		}
		p.nominators = append(p.nominators, n)
	}
	return nil
}

// stranger is somebody outside the programme for whom a key of the programme's is a proxy, too.
func (p *population) stranger() simchain.Account { return p.public[0].Stash }

// addPublic makes nominators who nominate whom they like.
func (p *population) addPublic(o Options, rng *rand.Rand) error {
	for i := range o.Candidates / 2 {
		key, err := person(o.Seed, fmt.Sprintf("nominator %d", i))
		if err != nil {
			return err
		}
		s := simchain.Staker{Stash: key.AccountID(), Bond: (500 + rng.Uint64N(4_000)) * token}
		for range 1 + rng.IntN(6) {
			if rng.IntN(3) == 0 {
				s.Targets = append(s.Targets, p.others[rng.IntN(len(p.others))].Stash)
			} else {
				s.Targets = append(s.Targets, p.candidates[rng.IntN(len(p.candidates))].Stash)
			}
		}
		p.public = append(p.public, s)
	}
	return nil
}

// genesis is who is on which chain: balances, bonds and proxies where staking is, keys where sessions are, identities
// where those are. Every chain gets enough for fees.
func (p *population) genesis(o Options) simchain.Genesis {
	g := simchain.Genesis{Eras: o.Eras, Registrar: p.judge.AccountID()}
	have := func(id simchain.Account, n uint64) {
		g.Balances = append(g.Balances, simchain.Balance{Who: id, Free: n})
	}
	have(p.judge.AccountID(), 1_000*token)
	have(p.payer.AccountID(), 1_000_000*token)
	validator := func(c *Candidate) {
		have(c.Stash, c.bond+1_000*token)
		s := simchain.Staker{Stash: c.Stash, Bond: c.bond, Validate: true, Commission: c.commission, Keys: true}
		if c.Behaviour == NeverClaims {
			s.Unclaimed = 6
		}
		g.Stakers = append(g.Stakers, s)
	}
	for _, c := range p.candidates {
		validator(c)
		g.Identities = append(g.Identities, simchain.Identity{Who: c.Stash, Display: c.Name, Judged: true, Super: c.Super})
	}
	for _, c := range p.others {
		validator(c)
	}
	for _, s := range p.public {
		have(s.Stash, s.Bond+100*token)
		g.Stakers = append(g.Stakers, s)
	}
	paid := map[simchain.Account]bool{}
	for _, n := range p.nominators {
		have(n.Account, 110_000*token)
		if n.Unbonded {
			continue
		}
		// They have nominated bystanders before.
		g.Stakers = append(g.Stakers, simchain.Staker{Stash: n.Account, Bond: 100_000 * token, Targets: []simchain.Account{p.others[0].Stash}})
		if n.Proxy {
			if !paid[n.Signer] {
				have(n.Signer, 1_000*token)
			}
			paid[n.Signer] = true
			g.Proxies = append(g.Proxies, simchain.Proxy{Real: n.Account, Delegate: n.Signer, Type: o.ProxyType, Delay: n.Delay})
			if o.SharedKey && n.Delay > 0 {
				g.Proxies = append(g.Proxies, simchain.Proxy{Real: p.stranger(), Delegate: n.Signer, Type: o.ProxyType, Delay: n.Delay})
			}
		}
	}
	return g
}

// feedNode is a candidate's node as telemetry sees it.
func (c *Candidate) feedNode(now int64) simfeed.Node {
	name := c.Name
	if c.renamed != "" {
		name = c.renamed
	}
	id := hash.Blake2b128(c.Stash[:])
	return simfeed.Node{
		Name: name, Implementation: "Parity Polkadot", Version: c.Version + "-simulated", Authority: c.authority,
		NetworkID: "12D3KooW" + hex.EncodeToString(id[:]), IP: c.IP, City: c.Place.City, Latitude: c.Place.Latitude, Longitude: c.Place.Longitude,
		Startup: now, Cores: 8, Memory: 32 << 30,
	}
}
