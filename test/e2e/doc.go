// Package e2e runs the real program against real runtimes. Its tests carry the build tag e2e (`make e2e`): they start
// Chopsticks nodes from the genesis of Westend and Paseo, fill them with a population, run otv, and compare what it
// says with an independent model that reads the same block with @polkadot/api. See node/README.md.
package e2e
