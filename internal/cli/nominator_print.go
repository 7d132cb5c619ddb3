package cli

import (
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/programme"
	planning "github.com/thousand-validators/otv/internal/programme/plan"
)

// printExhibit shows a transaction before it is signed, and what a dry run says of it.
func printExhibit(env *Env, e nominator.Exhibit) {
	if e.Hash != "" {
		fmt.Fprintf(env.Stderr, "dry run of %s: %s\n", e.Hash, printable(e.DryRun))
		return
	}
	fmt.Fprintf(env.Stderr, "signing %s for %s with %s: nonce %d, valid from block %d for %d blocks\n  call %s\n",
		e.Call, e.Nominator, e.Signer, e.Nonce, e.Birth, e.Period, e.CallHex)
}

func printProposals(env *Env, info nominator.Info, out *nominator.Outcome, names map[programme.Address]string) {
	fmt.Fprintf(env.Stdout, "record %s\n", out.Digest)
	for _, b := range out.Braked {
		fmt.Fprintf(env.Stdout, "brake tripped: %s\n", printable(b))
	}
	for _, p := range out.Proposals {
		fmt.Fprintf(env.Stdout, "\n%s\n", p.Nominator)
		if p.Plan == nil {
			fmt.Fprintf(env.Stdout, "  refused: %s\n", printable(p.Refused))
			continue
		}
		fmt.Fprintf(env.Stdout, "  %s, %s\n", planMode(p.Plan), p.Plan.State)
		for _, t := range p.Plan.Targets {
			fmt.Fprintf(env.Stdout, "    %s  %s\n", t, printable(names[t]))
		}
		if e := p.Exhibit; e != nil {
			fmt.Fprintf(env.Stdout, "  first %s by %s, fee %s %s\n  call %s\n", e.Call, e.Signer, e.Fee.Tokens(info.Decimals), info.Symbol, e.CallHex)
		}
	}
	fmt.Fprintln(env.Stdout)
}

// planMode says how a plan reaches the chain.
func planMode(p *planning.Plan) string {
	switch p.Mode {
	case planning.Proxy:
		return fmt.Sprintf("through the proxy %s (%s)", p.Signer, p.ProxyType)
	case planning.Delayed:
		return fmt.Sprintf("through the proxy %s (%s, delay of %d blocks)", p.Signer, p.ProxyType, p.Delay)
	case planning.Removal:
		return "removal of the announcement " + p.CallHash
	}
	return "signed by the nominator itself"
}

func printPlans(env *Env, plans []planning.Plan) {
	t := newTable(env, "nominator", "mode", "era", "targets", "state", "why")
	for i := range plans {
		p := &plans[i]
		t.row(p.Nominator, p.Mode, p.Era, len(p.Targets), stateCell(p.State), planReason(p))
	}
	t.numbers(2, 3).print(env.Stdout)
}

func stateCell(s planning.State) cell {
	switch s {
	case planning.Succeeded:
		return cell{string(s), green}
	case planning.Failed:
		return cell{string(s), red}
	case planning.Cancelled:
		return cell{string(s), dim}
	}
	return cell{string(s), yellow}
}

// stateReason puts a state before its reason, unless the reason begins with it.
func stateReason(s planning.State, reason string) string {
	if strings.HasPrefix(reason, string(s)) {
		return reason
	}
	return string(s) + ": " + reason
}

// planReason is why a plan is in its state, and what it waits for.
func planReason(p *planning.Plan) string {
	out := []string{p.Reason}
	if p.Note != "" {
		out = append(out, p.Note)
	}
	if p.Tx != nil && p.Tx.Pool != "" {
		out = append(out, "the node says: "+p.Tx.Pool)
	}
	return strings.Join(out, "; ")
}

func printStatuses(env *Env, info nominator.Info, head planning.Head, list []nominator.Status) {
	fmt.Fprintf(env.Stdout, "%s, final block %d, active era %d\n\n", printable(info.Name), head.Number, head.Era)
	t := newTable(env, "nominator", "signer", "acts", "bond", "targets", "since era", "state", "remark")
	for _, s := range list {
		t.row(s.Nominator, orDash(s.Signer), actsBy(&s), s.Active.Tokens(info.Decimals)+" "+info.Symbol, len(s.Targets), since(&s), s.State, remark(&s))
	}
	t.numbers(3, 4, 5).print(env.Stdout)
}

func orDash(a programme.Address) string {
	if a == "" {
		return "-"
	}
	return string(a)
}

func actsBy(s *nominator.Status) string {
	switch {
	case !s.Proxy:
		return "itself"
	case s.Type == "":
		return "proxy"
	case s.Delay == 0:
		return "proxy " + s.Type
	}
	return fmt.Sprintf("proxy %s, %d blocks", s.Type, s.Delay)
}

func since(s *nominator.Status) string {
	if len(s.Targets) == 0 {
		return "-"
	}
	return fmt.Sprint(s.SubmittedIn)
}

func remark(s *nominator.Status) cell {
	switch {
	case s.Problem != "":
		return cell{s.Problem, red}
	case s.Pause != nil:
		return cell{fmt.Sprintf("paused by %s: %s", s.Pause.Author, s.Pause.Reason), yellow}
	case s.Plan != nil:
		return cell{stateReason(s.Plan.State, planReason(s.Plan)), ""}
	}
	return cell{}
}

func printAlerts(env *Env, list []planning.Warning) {
	t := newTable(env, "alert", "era", "last", "times", "text")
	for _, w := range list {
		t.row(cell{w.Code, red}, w.Era, w.Last, w.Count, w.Text)
	}
	t.numbers(1, 3).print(env.Stdout)
}
