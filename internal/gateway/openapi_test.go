package gateway_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/thousand-validators/otv/internal/gateway"
)

var update = flag.Bool("update", false, "rewrite the description of the API")

const described = "../../docs/openapi.json"

// description is what is served, laid out for people.
func description(t testing.TB, r *rig) []byte {
	t.Helper()
	resp, body := r.ask(http.MethodGet, "/openapi.json")
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(body), "", " "); err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), '\n')
}

func TestDescriptionIsCheckedIn(t *testing.T) {
	got := description(t, reader(t))
	if *update {
		if err := os.WriteFile(described, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(described)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/openapi.json is out of date; run go test ./internal/gateway -update and look at what changes for clients")
	}
}

// examples are paths under /api/v1 that are found.
func examples(r *rig) []string {
	digest, own := r.Record.Digest, string(r.World.Own[1].Address)
	return []string{
		"/networks", "/candidates", "/candidates?limit=2&listed=any", "/candidates/" + stash(0), "/candidates/2", "/candidates/1/verdicts", "/candidates/1/validity",
		"/candidates/1/scores", "/candidates/1/ranks", "/candidates/4/outages", "/candidates/3/entries", "/candidates/1/locations",
		"/candidates/1/explain", "/candidates/2/explain?round=1", "/rounds", "/rounds/latest", "/rounds/1/digest", "/rounds/latest/why-not/2",
		"/nominators", "/nominators/" + own, "/plans", "/plans?open=true", "/plans/" + digest + "/" + own, "/nominations", "/rewards?validator=" + stash(0),
		"/rewards/sums", "/rewards/sums?group=era&validator=" + stash(0), "/eras", "/eras/999", "/validators", "/validators/" + stash(1), "/locations",
		"/jobs", "/sources", "/glossary",
	}
}

// What is served has the shape that is described: every member, its type, and none that is not told of.
func TestAnswersAreAsDescribed(t *testing.T) {
	r := reader(t)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(description(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	patterns := map[string]*regexp.Regexp{}
	for p := range doc.(map[string]any)["paths"].(map[string]any) {
		patterns[p] = regexp.MustCompile("^" + regexp.MustCompile(`\\\{[^}]+\\\}`).ReplaceAllString(regexp.QuoteMeta(p), "[^/]+") + "$")
	}
	seen := map[string]bool{}
	paths := []string{}
	for _, k := range append(contracts(), older()...) {
		paths = append(paths, k.path)
	}
	for _, p := range examples(r) {
		paths = append(paths, gateway.V1+p)
	}
	for _, path := range paths {
		bare, _, _ := strings.Cut(path, "?")
		pattern := moreFixed(patterns, bare)
		seen[pattern] = true
		resp, body := r.ask(http.MethodGet, path)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
			continue
		}
		pointer := "openapi.json#/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(pattern) + "/get/responses/200/content/application~1json/schema"
		s, err := c.Compile(pointer)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			text := err.Error()
			t.Errorf("%s: %.600s", path, text)
		}
	}
	for p := range patterns {
		if !seen[p] && p != "/healthcheck" && p != "/api/v1/events" && !strings.Contains(p, "/rounds/{round}/") {
			t.Errorf("nothing was asked of %s", p)
		}
	}
}

// moreFixed is the pattern with the most fixed parts that fits a path.
func moreFixed(patterns map[string]*regexp.Regexp, path string) (best string) {
	for p, re := range patterns {
		if re.MatchString(path) && (patterns[best] == nil || strings.Count(p, "{") < strings.Count(best, "{")) {
			best = p
		}
	}
	return best
}
