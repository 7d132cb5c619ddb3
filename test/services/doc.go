// Command services runs the programme as separate processes on a simulated network: a core, a gateway, a telemetry process
// and two workers on a PostgreSQL server that is thrown away at the end. `make services` starts it; it runs until it is
// interrupted. Its test kills the processes in turn. With -memory it measures instead how much memory one process with all
// roles needs in the course of time (`make memory`).
package main
