package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

// FuzzConfig: any files, variables and options give a usable configuration or errors, and never a crash.
func FuzzConfig(f *testing.F) {
	for _, name := range []string{"kusama", "polkadot", "local"} {
		main, err := os.ReadFile(filepath.Join("testdata", "reference-"+name, MainFile))
		if err != nil {
			f.Fatal(err)
		}
		secret, _ := os.ReadFile(filepath.Join("testdata", "reference-"+name, SecretFile)) // one has none
		f.Add(main, secret, "OTV_SERVER__PORT=1", "score.rank=2")
	}
	f.Add([]byte(minimal(`"constraints": {"minSelfStake": "1e3 KSM", "commission": "5 %", "connectionTime": "1d2h"}`)), []byte("{}"), "OTV_CRON__MONITOR=* * * * * *", "telemetry.blacklistedAsns=1,2")
	f.Add([]byte(minimal(`"telemetry": {"chains": ["0x"]}, "rules": {"profile": "reference"}, "score": {"rank": 0}`)), []byte(nominators(`{"address": "x"}`)), "OTV_SCOREKEEPER__NOMINATORS=[", "x")
	f.Fuzz(func(t *testing.T, main, secret []byte, variable, set string) {
		files := []file{{layer: LayerMain, name: MainFile, data: main}, {layer: LayerSecret, name: SecretFile, data: secret}}
		c, err := assemble("DIR", files, Options{Environ: []string{variable}, Set: []string{set}})
		var invalid *InvalidError
		switch {
		case err == nil:
			if c.Network.Name == "" || c.Candidates == "" || len(c.Chains.Relay) == 0 {
				t.Fatalf("incomplete: %+v", c)
			}
			for _, p := range []programme.Profile{"", programme.ProfileProgramme, programme.ProfileReference} {
				if r, err := c.Rules(p); err != nil || r.Limits.MaxCommission > everything {
					t.Fatalf("%v %+v", err, r)
				}
			}
			for _, v := range c.Effective() {
				if v.Origin.Layer == "" {
					t.Fatalf("%s has no origin", v.Key)
				}
			}
		case !errors.As(err, &invalid) || !strings.Contains(err.Error(), "\n"):
			t.Fatalf("%T %v", err, err)
		}
	})
}
