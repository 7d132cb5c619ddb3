package config

import (
	"fmt"
	"strings"
)

// Severity tells an error, which makes a configuration unusable, from a warning.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Severity Severity `json:"severity"`
	// Place is the file's name, the environment variable or the command line option at fault; empty when something
	// is missing that could stand in several places.
	Place  string `json:"place,omitempty"`
	Line   int    `json:"line,omitempty"` // of the file, 0 when it has none
	Key    string `json:"key,omitempty"`  // dotted path
	Reason string `json:"reason"`
}

// String is "main.json:14: constraints.commission: why".
func (p Problem) String() string {
	var b strings.Builder
	if p.Place != "" {
		b.WriteString(p.Place)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Reason)
	return b.String()
}

// InvalidError says that a configuration cannot be used, with every problem found, warnings included.
type InvalidError struct {
	Dir      string
	Problems []Problem
}

// Error lists the errors, one a line, without the warnings.
func (e *InvalidError) Error() string {
	var lines []string
	for _, p := range e.Problems {
		if p.Severity == Error {
			lines = append(lines, p.String())
		}
	}
	count := fmt.Sprintf("%d errors", len(lines))
	if len(lines) == 1 {
		count = "1 error"
	}
	return fmt.Sprintf("configuration %s: %s\n%s", e.Dir, count, strings.Join(lines, "\n"))
}

// Origin says where a value comes from.
type Origin struct {
	Layer Layer  `json:"layer"`
	Place string `json:"place,omitempty"` // file, environment variable or option
	Line  int    `json:"line,omitempty"`
	Note  string `json:"note,omitempty"` // how a default came about
}

// String is "main.json:14", "OTV_SERVER__PORT", "--set" or "default (kusama)".
func (o Origin) String() string {
	s := string(o.Layer)
	if o.Place != "" {
		s = o.Place
	}
	if o.Line > 0 {
		s += fmt.Sprintf(":%d", o.Line)
	}
	if o.Note != "" {
		s += " (" + o.Note + ")"
	}
	return s
}

// Layer is a source of values.
type Layer string

// The layers, weakest first.
const (
	LayerDefault     Layer = "default"
	LayerMain        Layer = "main.json"
	LayerSecret      Layer = "secret.json"
	LayerEnvironment Layer = "environment"
	LayerOption      Layer = "--set"
)

// rank orders the layers; the greatest wins.
func (l Layer) rank() int {
	for i, k := range []Layer{LayerDefault, LayerMain, LayerSecret, LayerEnvironment, LayerOption} {
		if k == l {
			return i
		}
	}
	return -1
}
