// Package simnet is a simulated network: one chain that has everything or a relay chain with its Asset Hub and People
// chain, a telemetry feed, and the outside services that the programme asks. Everything speaks the real protocols, so the
// programme runs on it unchanged.
//
//	net, err := simnet.Start(ctx, simnet.Options{Seed: 1, Topology: simnet.Three})
//	defer net.Close()
//	err = net.WriteFiles(dir)   // main.json, secret.json, candidates.json
//	err = net.Step()            // one block on every chain; with Options.Speed time passes by itself
//
// A population of candidates lives on it, each with a behaviour: steady, flaky, offline for good, raising its commission,
// chilled, late with upgrades, slashed, and so on. The same options give the same history, block hashes included, as long
// as the same transactions come from outside at the same blocks. Named faults break any part of it on demand.
//
// It is a simulation and says so: the network is called simnet, its token SIM. docs/simnet.md tells what is real.
package simnet
