package app

import (
	"runtime/debug"
	"strings"
)

// Version is that of the program: of its module, or the revision it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	version := "development"
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			version += "-" + s.Value[:min(12, len(s.Value))]
		}
		if s.Key == "vcs.modified" && s.Value == "true" {
			version += "-changed"
		}
	}
	return strings.TrimSpace(version)
}
