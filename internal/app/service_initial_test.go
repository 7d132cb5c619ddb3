package app_test

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/config"
)

// The files that `otv config init` writes run: every process of every case loads them, and one of each network becomes
// ready. Nothing outside of this machine is asked.
func TestInitialFilesRun(t *testing.T) {
	for _, network := range config.InitialNetworks() {
		for _, arch := range []string{config.ArchCurrent, config.ArchMicroservice} {
			for _, env := range []string{config.EnvProduction, config.EnvDev} {
				dir := t.TempDir()
				files, err := config.Initial{Network: network, Arch: arch, Env: env}.Files()
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					name := filepath.Join(dir, f.Path)
					if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(name, f.Data, f.Mode); err != nil {
						t.Fatal(err)
					}
				}
				roles := map[string][]config.Role{".": nil}
				if arch == config.ArchMicroservice {
					roles = map[string][]config.Role{}
					for _, r := range config.Roles() {
						roles[string(r)] = []config.Role{r}
					}
				}
				for folder, of := range roles {
					s := app.Service{ConfigDir: filepath.Join(dir, folder), Roles: of, Now: time.Now, Random: rand.Reader, Log: io.Discard}
					if err := s.Check(); err != nil {
						t.Errorf("%s %s %s %s: %v", network, arch, env, folder, err)
					}
				}
				if arch == config.ArchCurrent && env == config.EnvDev {
					initialRun(t, dir)
				}
			}
		}
	}
}

// initialRun runs a monolith without any chain until it is ready.
func initialRun(t *testing.T, dir string) {
	t.Helper()
	cfg := load(t, dir, `global.apiEndpoints=["ws://127.0.0.1:1"]`, `global.apiAssetHubEndpoints=["ws://127.0.0.1:1"]`, `global.apiPeopleEndpoints=["ws://127.0.0.1:1"]`,
		"global.candidatesUrl=http://127.0.0.1:1/list.json", "global.cacheDir=cache", "telemetry.enable=false", "constraints.kusamaRank.url=", "prices.source=off")
	ready := make(chan struct{})
	s := &service{t: t, cfg: cfg, log: newLines(), ended: make(chan error, 1), addresses: map[string]string{}}
	run := app.Service{
		Config: cfg, Now: time.Now, Random: rand.Reader, Log: s.log, Pace: pace(), Ready: func() { close(ready) },
		Listening: func(name string, a net.Addr) { s.addresses[name] = a.String() },
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() { s.ended <- run.Run(ctx) }()
	select {
	case <-ready:
	case err := <-s.ended:
		t.Fatalf("%v\n%s", err, s.log)
	case <-time.After(patience):
		t.Fatalf("it does not become ready:\n%s", s.log)
	}
	s.log.until(t, "the candidate list could not be taken over")
	s.end()
	if strings.Contains(s.log.String(), "panic") {
		t.Error(s.log)
	}
}
