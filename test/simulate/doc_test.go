// Package simulate runs the programme on a simulated network on which everything breaks, by a clock that a seed drives:
// hours of programme time in a second. After every step it compares what chain and database say with the promises.
//
//	go test ./test/simulate -args -seeds 1000        # make simulate SEEDS=1000
//	go test ./test/simulate -args -seed 17 -v        # replay what seed 17 does
package simulate_test
