package gateway_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/gateway"
)

// docs/api.md names every resource of the API that explains decisions.
func TestEveryResourceIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Paths map[string]any }
	if err := json.Unmarshal(description(t, reader(t)), &doc); err != nil {
		t.Fatal(err)
	}
	for path := range doc.Paths {
		rest, ok := strings.CutPrefix(path, gateway.V1+"/")
		if !ok {
			continue
		}
		for part := range strings.SplitSeq(rest, "/") {
			if !strings.HasPrefix(part, "{") && !strings.Contains(string(text), part) {
				t.Errorf("docs/api.md does not tell of %s (%s)", part, path)
			}
		}
	}
}
