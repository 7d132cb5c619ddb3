package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

func TestSourceStates(t *testing.T) {
	for _, tt := range []struct {
		name, main string
		want       map[programme.SourceName]programme.SourceState
	}{
		{"nothing set up", `"global": {"network": "polkadot", "candidatesUrl": "x"}`, map[programme.SourceName]programme.SourceState{"location": "absent"}},
		{"no other network", `"global": {"network": "kusama", "candidatesUrl": "x"}`, map[programme.SourceName]programme.SourceState{"location": "absent", "remote-rank": "off"}},
		{"a file", `"global": {"network": "polkadot", "candidatesUrl": "x"}, "location": {"mmdbFiles": ["a.mmdb"]}`, map[programme.SourceName]programme.SourceState{}},
		{"a token", `"global": {"network": "polkadot", "candidatesUrl": "x"}, "telemetry": {"ipinfoToken": "token=x"}`, map[programme.SourceName]programme.SourceState{}},
		{"a token that is not used", `"global": {"network": "polkadot", "candidatesUrl": "x"}, "telemetry": {"ipinfoToken": "x"}, "location": {"sources": ["mmdb"]}`, map[programme.SourceName]programme.SourceState{"location": "absent"}},
		{"switched off", `"global": {"network": "polkadot", "candidatesUrl": "x"}, "location": {"sources": []}, "constraints": {"clientUpgrade": {"skip": true}, "kusamaRank": {"url": ""}}`,
			map[programme.SourceName]programme.SourceState{"location": "off", "release": "off", "remote-rank": "off"}},
		{"no releases", `"global": {"network": "polkadot", "candidatesUrl": "x"}, "location": {"sources": []}, "constraints": {"clientUpgrade": {"releasesUrl": ""}}`,
			map[programme.SourceName]programme.SourceState{"location": "off", "release": "absent"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, MainFile), []byte("{"+tt.main+"}"), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := Load(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := map[programme.SourceName]programme.SourceState{}
			for name, s := range c.SourceStates() {
				got[name] = s.State
				if s.Detail == "" || s.Name != name {
					t.Errorf("%+v", s)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
