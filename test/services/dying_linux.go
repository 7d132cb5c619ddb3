package main

import "syscall"

// dying has a process end with this one, whatever ends this one. Signals of the terminal go to this one only, which ends
// the others in order.
func dying() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
