package eval

import (
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/scoring"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

const page = "../../docs/rules.md"

// document reads the page about the rules.
func document(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// table returns the cells of the table with the given head.
func table(t *testing.T, doc, head string) [][]string {
	t.Helper()
	_, rest, ok := strings.Cut(doc, "\n| "+head+" |\n")
	if !ok {
		t.Fatalf("%s has no table with the head %q", page, head)
	}
	var rows [][]string
	for i, line := range strings.Split(rest, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if i == 0 {
			continue // the line of dashes
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		if want := strings.Count(head, "|") + 1; len(cells) != want {
			t.Errorf("%q has %d cells, want %d", line, len(cells), want)
			continue
		}
		rows = append(rows, cells)
	}
	return rows
}

func code(s string) string { return "`" + s + "`" }

func codes(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = code(s)
	}
	return strings.Join(out, ", ")
}

// jsonKeys are the names of a struct's fields in JSON, with the fields.
func jsonKeys(v reflect.Value) (names []string, fields []reflect.Value) {
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		names, fields = append(names, name), append(fields, v.Field(i))
	}
	return names, fields
}

func TestChecksAreDocumented(t *testing.T) {
	doc := document(t)
	var want [][]string
	for _, c := range validity.Catalogue() {
		var sources []string
		for _, s := range c.Sources {
			sources = append(sources, string(s))
		}
		name := string(c.Code)
		want = append(want, []string{fmt.Sprintf("[%s](#%s)", code(name), strings.ToLower(name)), c.Title, c.Question,
			strings.Join(sources, ", "), codes(c.Limits), codes(c.Switches)})
		if !strings.Contains(doc, "\n### "+name+"\n") {
			t.Errorf("%s has no section of its own", name)
		}
	}
	if diff := cmp.Diff(want, table(t, doc, "Check | Title | Question | Sources | Limits | Switches")); diff != "" {
		t.Error(diff)
	}
	if n := strings.Count(doc, "\n### "); n != len(want) {
		t.Errorf("%d sections for %d checks", n, len(want))
	}
}

func TestFactorsAreDocumented(t *testing.T) {
	w := programme.DefaultWeights()
	defaults := map[string]float64{}
	for _, k := range weightKeys(&w) {
		defaults[k.name] = *k.value
	}
	var want [][]string
	for _, f := range scoring.Factors() {
		between := ""
		if f.High > 0 {
			between = number(f.Low) + " to " + number(f.High)
		}
		want = append(want, []string{code(string(f.Factor)), code("score." + f.WeightKey), number(defaults[f.WeightKey]), string(f.Direction),
			between, f.Unit, f.Meaning})
	}
	if diff := cmp.Diff(want, table(t, document(t), "Factor | Weight | Default | Good | Between quantiles | Unit | Meaning")); diff != "" {
		t.Error(diff)
	}
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func TestSwitchesAreDocumented(t *testing.T) {
	on, off := programme.DefaultRules(programme.ProfileProgramme), programme.DefaultRules(programme.ProfileReference)
	names, fields := jsonKeys(reflect.ValueOf(on.Switches))
	_, others := jsonKeys(reflect.ValueOf(off.Switches))
	var want []string
	for i, name := range names {
		want = append(want, fmt.Sprintf("<a id=\"switch-%s\"></a>%s", name, code(name)))
		if !fields[i].Bool() || others[i].Bool() {
			t.Errorf("the profiles do not differ in %s", name)
		}
	}
	var got []string
	for _, row := range table(t, document(t), "Switch | On | Off | Why") {
		got = append(got, row[0])
		for _, cell := range row[1:] {
			if !strings.HasSuffix(cell, ".") {
				t.Errorf("%s: %q is no sentence", row[0], cell)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	used := map[string]bool{}
	for _, c := range validity.Catalogue() {
		for _, s := range c.Switches {
			used[s] = true
		}
	}
	for s := range used {
		if !strings.Contains(strings.Join(names, " "), s) {
			t.Errorf("the catalogue names a switch %q that does not exist", s)
		}
	}
}

func TestLimitsAreDocumented(t *testing.T) {
	on, off := programme.DefaultRules(programme.ProfileProgramme), programme.DefaultRules(programme.ProfileReference)
	names, fields := jsonKeys(reflect.ValueOf(on.Limits))
	_, others := jsonKeys(reflect.ValueOf(off.Limits))
	var want [][2]string
	for i, name := range names {
		value := limitText(name, fields[i])
		if old := limitText(name, others[i]); old != value {
			value += "; reference: " + old
		}
		want = append(want, [2]string{fmt.Sprintf("<a id=\"limit-%s\"></a>%s", name, code(name)), value})
	}
	doc := document(t)
	var got [][2]string
	for _, row := range table(t, doc, "Limit | Configured as | Default | Meaning") {
		got = append(got, [2]string{row[0], row[2]})
		if !strings.HasPrefix(row[1], "`") || !strings.HasSuffix(row[3], ".") {
			t.Errorf("%s has no key or no sentence: %v", row[0], row)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, c := range validity.Catalogue() {
		for _, l := range c.Limits {
			if !strings.Contains(doc, "<a id=\"limit-"+l+"\">") {
				t.Errorf("%s uses a limit %q that does not exist", c.Code, l)
			}
		}
	}
}

// limitText writes a limit as the page does.
func limitText(name string, v reflect.Value) string {
	switch x := v.Interface().(type) {
	case programme.Millis:
		return duration(x)
	case programme.Perbill:
		return x.Percent() + " %"
	case programme.Planck:
		return x.String() + " planck"
	case bool:
		if x {
			return "yes"
		}
		return "no"
	case []string:
		if len(x) > 0 {
			return strings.Join(x, ", ")
		}
		return "none"
	case []uint32:
		if len(x) == 0 {
			return "none"
		}
	}
	return fmt.Sprint(v.Interface())
}

func duration(d programme.Millis) string {
	var parts []string
	for _, u := range []struct {
		size programme.Millis
		name string
	}{{programme.Day, "d"}, {programme.Hour, "h"}, {programme.Minute, "min"}, {1000, "s"}} {
		if n := d / u.size; n > 0 {
			parts = append(parts, fmt.Sprint(int64(n), " ", u.name))
			d %= u.size
		}
	}
	return strings.Join(parts, " ")
}

// Every link within the page leads somewhere.
func TestLinksOfThePage(t *testing.T) {
	doc := document(t)
	for _, part := range strings.Split(doc, "](#")[1:] {
		target, _, _ := strings.Cut(part, ")")
		heading := false
		for _, line := range strings.Split(doc, "\n") {
			if title := strings.TrimLeft(line, "#"); title != line && strings.ReplaceAll(strings.ToLower(strings.TrimSpace(title)), " ", "-") == target {
				heading = true
			}
		}
		if !heading && !strings.Contains(doc, "<a id=\""+target+"\">") {
			t.Errorf("the link #%s leads nowhere", target)
		}
	}
}
