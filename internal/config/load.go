package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/jsontree"
)

// The files of a configuration folder.
const (
	MainFile   = "main.json"
	SecretFile = "secret.json"
)

// maxFile is the greatest size of a configuration file in bytes.
const maxFile = 4 << 20

// Options are the layers above the files.
type Options struct {
	// Environ are the variables of the environment as "NAME=value"; see [Key.Variable].
	Environ []string
	// Set are "key=value" pairs of the command line, the strongest layer.
	Set []string
}

// Load reads the configuration in a folder. When the values cannot be used the error is an [*InvalidError] with every
// problem at once; other errors say that there is nothing to read. Warnings are in the result.
func Load(dir string, o Options) (*Config, error) {
	main, err := readFile(dir, MainFile, LayerMain)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read configuration: there is no %s in %s", MainFile, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	files := []file{main}
	switch secrets, err := readFile(dir, SecretFile, LayerSecret); {
	case err == nil:
		files = append(files, secrets)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return assemble(dir, files, o)
}

// file is a configuration file that was read.
type file struct {
	layer Layer
	name  string
	path  string
	data  []byte
	mode  fs.FileMode
}

func readFile(dir, name string, layer Layer) (file, error) {
	f := file{layer: layer, name: name, path: filepath.Join(dir, name)}
	r, err := os.Open(f.path)
	if err != nil {
		return f, err
	}
	defer func() { _ = r.Close() }() // nothing was written
	info, err := r.Stat()
	if err != nil {
		return f, err
	}
	if !info.Mode().IsRegular() {
		return f, fmt.Errorf("%s is not a file", f.path)
	}
	f.mode = info.Mode()
	if f.data, err = io.ReadAll(io.LimitReader(r, maxFile+1)); err != nil {
		return f, fmt.Errorf("%s: %w", f.path, err)
	}
	if len(f.data) > maxFile {
		return f, fmt.Errorf("%s is greater than %d MiB", f.path, maxFile>>20)
	}
	return f, nil
}

// open says whether others than its owner may read or change the file. Where permissions have no such bits the
// answer is no.
func (f file) open() bool { return runtime.GOOS != "windows" && f.mode.Perm()&0o077 != 0 }

// setting is a value that a layer gives to a key.
type setting struct {
	key    Key
	in     input
	origin Origin
	value  any
	ok     bool // it was read without error
}

// loader gathers settings and problems.
type loader struct {
	dir      string
	files    []file
	keys     map[string]Key
	sections map[string]bool
	retired  map[string]string
	settings []setting
	problems []Problem
}

func newLoader(dir string) *loader {
	l := &loader{dir: dir, keys: map[string]Key{}, sections: map[string]bool{}, retired: retired()}
	for _, k := range Keys() {
		l.keys[k.Path] = k
		for i, r := range k.Path {
			if r == '.' {
				l.sections[k.Path[:i]] = true
			}
		}
	}
	return l
}

func assemble(dir string, files []file, o Options) (*Config, error) {
	l := newLoader(dir)
	l.files = files
	for _, f := range files {
		tree, err := jsontree.ParseCommented(f.data)
		var syntax *jsontree.SyntaxError
		switch {
		case errors.As(err, &syntax):
			l.problem(Problem{Severity: Error, Place: f.name, Line: syntax.Line, Reason: "it is not JSON: column " + fmt.Sprint(syntax.Column) + ": " + syntax.Reason})
		case err != nil:
			l.problem(Problem{Severity: Error, Place: f.name, Reason: err.Error()})
		case tree.Kind != jsontree.Object:
			l.problem(Problem{Severity: Error, Place: f.name, Line: tree.Line, Reason: "it must hold an object"})
		default:
			l.walk(f, "", tree)
		}
	}
	l.environment(o.Environ)
	l.options(o.Set)
	return l.finish()
}

func (l *loader) problem(p Problem) { l.problems = append(l.problems, p) }

// walk collects the settings of an object in a file.
func (l *loader) walk(f file, section string, object *jsontree.Value) {
	seen := map[string]bool{}
	for _, m := range object.Members {
		path := m.Name
		if section != "" {
			path = section + "." + m.Name
		}
		report := func(severity Severity, format string, args ...any) {
			l.problem(Problem{Severity: severity, Place: f.name, Line: m.Line, Key: shorten(path), Reason: fmt.Sprintf(format, args...)})
		}
		if seen[m.Name] {
			report(Error, "it is given twice")
			continue
		}
		seen[m.Name] = true
		k, known := l.keys[path]
		switch note, old := l.old(path); {
		case path == "$schema" && m.Value.Kind == jsontree.String: // for editors
		case known && m.Value.Kind == jsontree.Null: // as if it were not there
		case known && f.layer == LayerSecret && !k.Secret:
			report(Warning, "it is not a secret and has no effect in %s; move it to %s", SecretFile, MainFile)
		case known:
			l.add(k, input{m.Value, false}, Origin{Layer: f.layer, Place: f.name, Line: m.Value.Line})
		case old:
			report(Warning, "%s", note)
		case l.sections[path] && m.Value.Kind == jsontree.Object:
			l.walk(f, path, m.Value)
		case l.sections[path]:
			report(Error, "%s is not an object with keys", m.Value.Kind.Name())
		default:
			report(Error, "there is no such key%s", l.suggest(path))
		}
	}
}

// old looks a key up among the retired ones.
func (l *loader) old(path string) (note string, ok bool) {
	if note, ok = l.retired[path]; ok {
		return note, true
	}
	for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '.') {
		if note, ok = l.retired[path[:i]+"."]; ok {
			return note, true
		}
	}
	return "", false
}

// suggest looks for a key that may be meant: a similar one in the same section, or one of the same name elsewhere.
func (l *loader) suggest(path string) string {
	dot := strings.LastIndexByte(path, '.')
	section, name := path[:dot+1], path[dot+1:]
	near, elsewhere := map[string]bool{}, []string{}
	for p := range l.keys {
		if rest, ok := strings.CutPrefix(p, section); ok {
			first, _, _ := strings.Cut(rest, ".")
			near[first] = true
		}
		if strings.HasSuffix(strings.ToLower(p), "."+strings.ToLower(name)) {
			elsewhere = append(elsewhere, p)
		}
	}
	names := make([]string, 0, len(near))
	for n := range near {
		names = append(names, n)
	}
	slices.Sort(names)
	slices.Sort(elsewhere)
	if s := suggest(name, names); s != "" || len(elsewhere) == 0 {
		return s
	}
	return "; did you mean " + elsewhere[0] + "?"
}

func (l *loader) add(k Key, in input, o Origin) {
	l.settings = append(l.settings, setting{key: k, in: in, origin: o})
}

// environment collects settings from variables. Names without two underscores are not ours: orchestrators set
// such variables for every service of the name.
func (l *loader) environment(environ []string) {
	variables := make(map[string]Key, len(l.keys))
	var names []string
	for _, k := range l.keys {
		variables[k.Variable()] = k
		names = append(names, k.Variable())
	}
	slices.Sort(names)
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, variablePrefix) || !strings.Contains(name[len(variablePrefix):], "__") || value == "" {
			continue
		}
		k, ok := variables[name]
		if !ok {
			l.problem(Problem{Severity: Error, Place: shorten(name), Reason: "there is no key for this variable" + suggest(name, names)})
			continue
		}
		l.add(k, bare(value), Origin{Layer: LayerEnvironment, Place: name})
	}
}

// options collects settings from the command line. Secrets are refused there: other users can see them.
func (l *loader) options(set []string) {
	place := string(LayerOption)
	for _, s := range set {
		path, value, ok := strings.Cut(s, "=")
		path = strings.TrimSpace(path)
		k, known := l.keys[path]
		note, old := l.old(path)
		p := Problem{Severity: Error, Place: place, Key: shorten(path)}
		switch {
		case !ok:
			p.Key, p.Reason = "", fmt.Sprintf("%q is not of the form key=value", shorten(s))
		case known && k.Secret:
			p.Reason = "secrets must not stand on the command line, where other users see them; use " + SecretFile + " or " + k.Variable()
		case known:
			l.add(k, bare(value), Origin{Layer: LayerOption, Place: place})
			continue
		case old:
			p.Severity, p.Reason = Warning, note
		default:
			p.Reason = "there is no such key" + l.suggest(path)
		}
		l.problem(p)
	}
}

// bare is text from the environment or the command line.
func bare(text string) input {
	return input{&jsontree.Value{Kind: jsontree.String, Text: text}, true}
}
