//go:build !linux

package main

import "syscall"

// dying cannot be had here: processes outlive this one if it is killed.
func dying() *syscall.SysProcAttr { return nil }
