package jobs

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/config"
)

var update = flag.Bool("update", false, "rewrite the table of docs/jobs.md")

// The table of docs/jobs.md is the catalogue.
func TestCatalogueIsDocumented(t *testing.T) {
	const file, begin, end = "../../docs/jobs.md", "<!-- catalogue -->\n", "<!-- end -->"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the marks of the table are missing")
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+catalogueTable()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(catalogueTable(), have); diff != "" {
		t.Errorf("docs/jobs.md is out of date; run this test with -update: %s", diff)
	}
}

func catalogueTable() string {
	var b strings.Builder
	b.WriteString("| Job | `cron` key | Queue | Comes after | Causes | Reads | Writes |\n|---|---|---|---|---|---|---|\n")
	for _, j := range Catalogue() {
		key := ""
		if j.Key != "" {
			key = "`" + j.Key + "`"
		}
		var on, after []string
		for _, c := range j.On {
			on = append(on, string(c))
		}
		for _, a := range j.After {
			after = append(after, strings.TrimSuffix(a, "Job"))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", j.Name, key, j.Queue, strings.Join(after, ", "), strings.Join(on, ", "), j.Reads, j.Writes)
	}
	return b.String()
}

// Every job with a schedule has its keys in the configuration, and every such key a job.
func TestSchedulesOfTheConfiguration(t *testing.T) {
	var keys, jobs []string
	for _, k := range config.Keys() {
		if name, ok := strings.CutPrefix(k.Path, "cron."); ok && !strings.HasSuffix(name, "Enabled") {
			keys = append(keys, name)
		}
	}
	for _, j := range Catalogue() {
		if j.Key != "" {
			jobs = append(jobs, j.Key)
		}
	}
	slices.Sort(keys)
	slices.Sort(jobs)
	if diff := cmp.Diff(keys, jobs); diff != "" {
		t.Error(diff)
	}
	if p := Plans([]config.Schedule{{Job: "score", Cron: "0 * * * * *", Enabled: true}}); p[0] != (Plan{"score", "0 * * * * *", true}) {
		t.Errorf("%+v", p)
	}
}

func TestOrder(t *testing.T) {
	list, err := order(Catalogue())
	if err != nil || len(list) != len(Catalogue()) {
		t.Fatal(len(list), err)
	}
	seen := map[string]bool{}
	for _, j := range list {
		for _, a := range j.After {
			if !seen[a] {
				t.Errorf("%s stands before %s", j.Name, a)
			}
		}
		seen[j.Name] = true
	}
	if _, err := order([]Job{{Name: "a", After: []string{"b"}}, {Name: "b", After: []string{"a"}}}); err == nil {
		t.Error("a circle was ordered")
	}
}
