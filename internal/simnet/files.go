package simnet

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/thousand-validators/otv/substrate/ss58"
)

// Endpoints are the addresses of everything.
type Endpoints struct {
	Relay, AssetHub, People                string // WebSocket; the latter two empty when there is one chain
	Telemetry                              string // WebSocket, with the path
	Candidates                             string // URL of the candidate list
	GitHub, Location, Prices, OtherNetwork string // base URLs
	Genesis                                string // hash of the relay chain's first block, 0x hex
	TelemetryChain                         string // the same, to subscribe to
	Asset                                  string // id of the coin at the price service
}

// Endpoints tells where everything listens.
func (n *Network) Endpoints() Endpoints {
	genesis := n.Relay.Genesis()
	e := Endpoints{
		Relay: n.Relay.URL(), Telemetry: n.Feed.URL(), Candidates: n.Sources.List(), GitHub: n.Sources.GitHub(), Location: n.Sources.Location(),
		Prices: n.Sources.Prices(), OtherNetwork: n.Sources.Remote(), Genesis: "0x" + hex.EncodeToString(genesis[:]), Asset: "simnet",
	}
	e.TelemetryChain = e.Genesis
	if n.Hub != nil {
		e.AssetHub, e.People = n.Hub.URL(), n.People.URL()
	}
	return e
}

// Connect opens a connection to the node of an address, "127.0.0.1:port", without leaving the process. It is for
// the configuration of a client where time matters.
func (n *Network) Connect(ctx context.Context, _, address string) (net.Conn, error) {
	for _, c := range n.Chains() {
		if c.URL() == "ws://"+address {
			return c.Node().Connect(ctx)
		}
	}
	return nil, fmt.Errorf("the simulated network has no node at %s", address)
}

func (n *Network) candidateList() ([]byte, error) {
	list := []any{}
	for _, c := range n.people.candidates {
		list = append(list, map[string]any{
			"slotId": c.Slot, "name": c.Name, "stash": c.Address(), "riotHandle": "@" + c.Name + ":example.org", "kyc": false,
		})
	}
	return json.MarshalIndent(map[string]any{"candidates": list}, "", "  ")
}

// mainFile is main.json: the rules are scaled to eras of minutes.
func (n *Network) mainFile() any {
	e := n.Endpoints()
	global := map[string]any{
		"network": "custom",
		"customNetwork": map[string]any{
			"name": "simnet", "ss58Prefix": prefix, "genesisHash": e.Genesis, "decimals": decimals, "symbol": symbol,
		},
		"apiEndpoints": []string{e.Relay}, "candidatesUrl": "candidates.json", "cacheDir": "cache",
	}
	if n.Hub != nil {
		global["apiAssetHubEndpoints"], global["apiPeopleEndpoints"] = []string{e.AssetHub}, []string{e.People}
	}
	era := n.o.BlockTime * time.Duration(n.o.SessionBlocks) * time.Duration(n.o.SessionsPerEra)
	session := era / time.Duration(n.o.SessionsPerEra)
	return map[string]any{
		"global": global,
		"constraints": map[string]any{
			"minSelfStake": "5000 " + symbol, "commission": "10 %", "unclaimedEraThreshold": 4, "skipConnectionTime": true,
			"disconnectionGrace": span(session / 4), "offlineWindow": span(era * 6), "offlineAllowed": span(session / 2),
			"clientUpgrade": map[string]any{"grace": span(2 * session)},
		},
		"telemetry": map[string]any{
			"enable": true, "host": e.Telemetry, "chains": []string{e.TelemetryChain}, "blacklistedProviders": []string{bannedProvider},
		},
		"scorekeeper": map[string]any{"eraBuffer": 1, "maxTargets": 16},
		"act":         map[string]any{"mode": "propose"},
	}
}

// span writes a duration in whole seconds, as the configuration takes it.
func span(d time.Duration) string { return fmt.Sprintf("%ds", max(1, int(d.Seconds()))) }

func (n *Network) secretFile() any {
	list := []any{}
	for _, x := range n.people.nominators {
		e := map[string]any{"seed": x.Seed, "isProxy": x.Proxy}
		if x.Proxy {
			e["proxyFor"], e["proxyDelay"] = ss58.EncodeAccount(prefix, x.Account), x.Delay
		}
		list = append(list, e)
	}
	return map[string]any{"scorekeeper": map[string]any{"nominators": list}}
}

// WriteFiles writes a configuration for the network into a folder: main.json, secret.json and candidates.json.
func (n *Network) WriteFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	list, err := n.candidateList()
	if err != nil {
		return err
	}
	for name, content := range map[string]any{"main.json": n.mainFile(), "secret.json": n.secretFile(), "candidates.json": json.RawMessage(list)} {
		b, err := json.MarshalIndent(content, "", "  ")
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), append(b, '\n'), 0o600)
		}
		if err != nil {
			return fmt.Errorf("write the configuration: %w", err)
		}
	}
	return nil
}
