package nominator_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/keys"
)

// crashVariable makes the test binary a process that nominates, to be killed.
const crashVariable = "OTV_NOMINATOR_CRASH_PROCESS"

// errand is what such a process is told.
type errand struct {
	URL, DB, Record string
	Blacklist       []string
	Validators      []programme.Address
	// Point and Hit name the moment at which it reports and waits to be killed; no point: it runs to the end.
	Point nominator.Point
	Hit   int
	// Jump is how far its clock is ahead.
	Jump time.Duration
	// Looks bounds its work.
	Looks int
}

func TestMain(m *testing.M) {
	if text := os.Getenv(crashVariable); text != "" {
		if err := runErrand(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// Fewer sequences than usual, unless -rapid.checks says otherwise: each is a life of two processes with a database.
	if err := flag.Set("rapid.checks", "30"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// runErrand hands in the record and looks at the chain until everything has come to rest.
func runErrand(text string) error {
	var e errand
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return err
	}
	ctx := context.Background()
	record, err := os.ReadFile(e.Record)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, e.DB)
	if err != nil {
		return err
	}
	client, err := substrate.Dial(ctx, substrate.Config{Endpoints: []string{e.URL}})
	if err != nil {
		return err
	}
	s, err := newErrandService(&e, db, client)
	if err != nil {
		return err
	}
	out, err := s.Propose(ctx, record, "")
	if err != nil && !errors.Is(err, nominator.ErrRecord) {
		return err
	}
	if out != nil {
		for _, p := range out.Proposals {
			fmt.Printf("proposal %s: %v %s\n", p.Nominator, p.Created, p.Refused)
		}
	}
	for range e.Looks {
		if err := s.Look(ctx); err != nil {
			fmt.Println("look:", err)
		}
		open, err := db.Plans(ctx, plan.Filter{Open: true})
		if err != nil {
			return err
		}
		if len(open) == 0 {
			fmt.Println("DONE")
			return nil
		}
	}
	open, err := db.Plans(ctx, plan.Filter{Open: true})
	for _, p := range open {
		fmt.Printf("open: %s %s %s: %s, %s\n", p.Nominator, p.Mode, p.State, p.Reason, p.Note)
	}
	return errors.Join(errors.New("not at rest after all looks"), err)
}

func newErrandService(e *errand, db *store.Store, client *substrate.Client) (*nominator.Service, error) {
	standing := map[programme.Address]nominator.Standing{}
	for _, v := range e.Validators {
		standing[v] = nominator.Standing{}
	}
	accounts, err := errandAccounts()
	if err != nil {
		return nil, err
	}
	hits := 0
	return nominator.New(nominator.Settings{
		Chain: onchain.New(client), Store: db, Accounts: accounts, Mode: nominator.ModeAct, Consent: true,
		Programme: &list{standing: standing}, MaxCommission: 100_000_000, Blacklist: e.Blacklist, Period: 16,
		Now:    func() time.Time { return time.Now().Add(e.Jump) },
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Fault: func(at nominator.Point) {
			if at != e.Point {
				return
			}
			if hits++; hits == e.Hit {
				fmt.Println("AT")
				select {} // until it is killed
			}
		},
	})
}

func errandAccounts() ([]nominator.Account, error) {
	var out []nominator.Account
	for _, uris := range [][2]string{{directURI, directURI}, {proxiedURI, proxyURI}, {delayedURI, delegateURI}} {
		real, err := keys.FromURI(uris[0], keys.Sr25519)
		if err != nil {
			return nil, err
		}
		signer, err := keys.FromURI(uris[1], keys.Sr25519)
		if err != nil {
			return nil, err
		}
		out = append(out, nominator.Account{
			Nominator: programme.Address(real.Address(42)), Signer: programme.Address(signer.Address(42)),
			Proxy: uris[0] != uris[1], Key: signer,
		})
	}
	return out, nil
}
