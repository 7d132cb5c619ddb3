// Command services runs the programme as separate processes on a simulated network: a core, a gateway, a telemetry process
// and two workers on a PostgreSQL server that is thrown away at the end. `make services` starts it; it runs until it is
// interrupted. Its test kills the processes in turn.
package main
