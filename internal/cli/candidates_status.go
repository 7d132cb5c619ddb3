package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

func newCandidatesStatusCommand(env *Env) *cobra.Command {
	var o actOptions
	cmd := &cobra.Command{
		Use:   "status NAME|STASH|SLOT --config DIR",
		Short: "Explain how a candidate stands and what would change it, from the database",
		Long: `Show what the database knows about one candidate: the verdicts, score and position of the newest round, its presence
over the last week, where its node is, and what would change the decision: what each failing check demands, how many
points are missing to a seat, or which brake holds. No chain and no other source is asked.

Exit code 0: shown. 1: the newest round has no such candidate, or there is no round yet. 3: the database or the
configuration cannot be read.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.prepare(cmd, env); err != nil {
				return err
			}
			cfg, s, err := o.app.OpenStore(cmd.Context())
			if err != nil {
				return exit(ExitInput, err)
			}
			// A database without presence leaves what the round was decided from.
			feed, _ := any(s).(presence.Reader)
			out, err := app.Status(cmd.Context(), s, feed, cfg.Network.Label, args[0], programme.Millis(env.Now().UnixMilli()))
			err = errors.Join(err, s.Close())
			switch {
			case errors.Is(err, app.ErrNoRound), errors.Is(err, app.ErrNoCandidate):
				return exit(ExitFailed, err)
			case err != nil:
				return exit(ExitInput, err)
			case o.asJSON:
				return writeJSON(env.Stdout, out)
			}
			printStatus(env, env.Stdout, out)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.app.ConfigDir, "config", "", "folder with main.json and secret.json")
	f.StringArrayVar(&o.app.Set, "set", nil, "key=value, overrides the configuration; repeatable")
	f.StringVar(&o.app.Database, "db", "", "database, a file or a postgres:// URL (default: database.url of the configuration)")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

func printStatus(env *Env, w io.Writer, s *app.CandidateStatus) {
	fmt.Fprintf(w, "by the round of %s (era %d, %s)\n", s.RoundAt, s.Era, short(s.Round))
	printCandidate(env, w, &s.Network, s.Candidate)
	fmt.Fprintf(w, "\nWHAT WOULD CHANGE IT\n")
	for _, a := range s.Advice {
		mark := map[decision.AdviceKind]string{
			decision.AdviceBrake: red, decision.AdviceCheck: red, decision.AdviceSource: yellow, decision.AdviceNothing: green,
		}[a.Kind]
		text := printable(a.Text)
		if a.Code != "" {
			text = paint(env, mark, string(a.Code)) + ": " + text
		}
		fmt.Fprintf(w, "- %s\n", text)
	}
	printPresence(w, &s.Presence)
	printPlaces(env, w, s.Places)
	for _, h := range s.Sources {
		if h.State == programme.SourceDown {
			fmt.Fprintf(w, "\nThe source %s is down: %s\n", h.Name, printable(h.Detail))
		}
	}
}

func printPresence(w io.Writer, p *app.PresenceStatus) {
	from := "as the round saw it"
	if p.Live {
		from = "from the feed"
	}
	fmt.Fprintf(w, "\nPRESENCE over %s until %s, %s\n", days(p.Window), p.At, from)
	for _, n := range p.Notices {
		fmt.Fprintf(w, "note: %s, since %s\n", printable(n.Text), n.Since)
	}
	if p.Source.State == programme.SourceDown {
		fmt.Fprintf(w, "nobody can see the feed since %s: %s\n", p.Source.At, printable(p.Source.Detail))
	}
	switch {
	case p.Source.State == programme.SourceOff || p.Source.State == programme.SourceAbsent:
		fmt.Fprintf(w, "not watched: %s\n", printable(p.Source.Detail))
		return
	case p.Seen == nil || p.Seen.FirstSeen == 0:
		fmt.Fprintln(w, "never seen under this name")
		return
	}
	now := fmt.Sprintf("%s now", plural(p.Seen.Live, "connection"))
	if p.Seen.Live == 0 {
		now = "not connected, last seen " + p.Seen.LastSeen.String()
	}
	fmt.Fprintf(w, "%s; first seen %s; %s %s\n", now, p.Seen.FirstSeen, printable(p.Seen.Implementation), printable(p.Seen.Version))
	fmt.Fprintf(w, "offline %s of %s allowed", days(p.Total), days(p.Limit))
	if p.Blind > 0 {
		fmt.Fprintf(w, "; the feed was blind for %s, which does not count", days(p.Blind))
	}
	fmt.Fprintln(w)
	for _, iv := range p.Out {
		fmt.Fprintf(w, "- offline from %s to %s (%s)\n", iv.From, iv.To, days(iv.To-iv.From))
	}
}

func printPlaces(env *Env, w io.Writer, places []outside.Located) {
	if len(places) == 0 {
		fmt.Fprintf(w, "\nLOCATION unknown\n")
		return
	}
	fmt.Fprintf(w, "\nLOCATION\n")
	t := newTable(env, "SINCE", "CONFIRMED", "CITY", "REGION", "COUNTRY", "PROVIDER", "AS", "SOURCE", "CONFIDENCE")
	for _, l := range places {
		as := ""
		if l.Place.ASN != 0 {
			as = fmt.Sprintf("AS%d", l.Place.ASN)
		}
		t.row(l.Since.String(), l.At.String(), l.Place.City, l.Place.Region, l.Place.Country, l.Place.Provider, as, l.Source, string(l.Confidence))
	}
	t.print(w)
}

// days writes a duration: "7d", "3h21m36s".
func days(m programme.Millis) string {
	if m%programme.Day == 0 && m > 0 {
		return fmt.Sprintf("%dd", m/programme.Day)
	}
	text := (time.Duration(m) * time.Millisecond).Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
