package main

import "syscall"

// dying has a process end with this one, whatever ends this one.
func dying() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
