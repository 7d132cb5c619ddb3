// Command mutants puts known defects of nomination transactions back, one at a time, and shows that the simulation finds
// each. The sources stay as they are: a changed copy of a file is laid over it for the compiler.
//
//	go run ./test/simulate/mutants [NAME...]
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// edit replaces a text that is there exactly once.
type edit struct{ file, old, text string }

// mutant is a defect, by its name in docs/nominating.md.
type mutant struct {
	name, what string
	edits      []edit
}

const (
	stepFile      = "internal/programme/plan/step.go"
	planFile      = "internal/programme/plan/plan.go"
	delayedFile   = "internal/programme/plan/delayed.go"
	dueFile       = "internal/programme/selection/due.go"
	settleFile    = "internal/nominator/settle.go"
	observeFile   = "internal/nominator/observe.go"
	lookFile      = "internal/nominator/look.go"
	actFile       = "internal/nominator/act.go"
	permitFile    = "internal/nominator/permission.go"
	reconcileFile = "internal/nominator/reconcile.go"
	worldFile     = "internal/nominator/world.go"
	headFile      = "internal/nominator/onchain/onchain.go"
	plansFile     = "internal/store/plans.go"
	intentsFile   = "internal/store/intents.go"
	guardFile     = "internal/programme/plan/guard.go"
)

// seeds is how many are tried before a mutant counts as not found.
const seeds = "80"

// anySet makes whatever is on chain the planned set.
func anySet() edit {
	return edit{stepFile, "case !SameSet(out.After.Targets, m.p.Targets):", "case false:"}
}

// stays keeps a plan open after its announcement was removed, if the condition on m.p.Reason holds.
func stays(condition string) []edit {
	return []edit{
		{delayedFile, "if out.Error == \"\" && !m.listed() {\n\t\t\t\treturn m.shut(Cancelled", "if out.Error == \"\" && !m.listed() {\n\t\t\t\tif p.Mode != Removal && " +
			condition + " {\n\t\t\t\t\treturn m.wait(\"removed\")\n\t\t\t\t}\n\t\t\t\treturn m.shut(Cancelled"},
		{delayedFile, "\t\treturn m.vanished()\n\t}\n\tmay := o.May", "\t\tif " + condition + " {\n\t\t\treturn m.wait(\"removed\")\n\t\t}\n\t\treturn m.vanished()\n\t}\n\tmay := o.May"},
	}
}

// byRule tells, by the reason, removals by age and blacklist from those after a breach.
const byRule = "(p.Reason == \"its call hash is blacklisted\" || len(p.Reason) > 7 && p.Reason[:7] == \"too old\")"

// mutants are edits that put back what a defect does. Where several lines of ours prevent it, all of them go.
func mutants() []mutant {
	return slices.Concat(fateMutants(), announcementMutants(), orderMutants())
}

// fateMutants are about what becomes of a transaction.
func fateMutants() []mutant {
	return []mutant{
		{"T2", "an announcement counts as made once it was sent", []edit{
			{delayedFile, "case out.Error != \"\":\n\t\treturn m.fail(\"the announcement failed", "case false:\n\t\treturn m.fail(\"the announcement failed"},
			{delayedFile, "case len(out.After.Heights) == 0:", "case false:"},
			{delayedFile, "\tcase Included:\n\tcase Lost:\n\t\treturn m.lost(Planned, func(why string) bool { return m.fail(\"%s\", why) })\n\tdefault:\n\t\treturn m.pool()\n\t}",
				"\tcase Included:\n\tdefault:\n\t\tm.p.Announcement = &Announcement{Height: m.o.Head.Number, Clock: ClockOwn}\n\t\tm.p.Tx, m.o.Tx = nil, nil\n\t\treturn m.move(Announced, \"sent\")\n\t}"},
		}},
		{"T4", "what the pool accepted counts as done", []edit{
			{stepFile, "if m.p.State == InBlock {\n\t\t\tm.move(Submitted, \"its block was discarded\")\n\t\t}",
				"m.p.Effect = &Effect{Number: m.o.Head.Number, Hash: m.o.Head.Hash}\n\t\treturn m.shut(Succeeded, \"accepted\")"},
		}},
		{"T5", "a failed transaction is recorded as made", []edit{
			{stepFile, "case out.Error != \"\":\n\t\treturn m.fail(\"the transaction failed", "case false:\n\t\treturn m.fail(\"the transaction failed"}, anySet(),
		}},
		{"T6", "the result inside a proxy call is not looked at", []edit{
			{stepFile, "case out.Inner != \"\":", "case false:"}, anySet(),
		}},
		{"T7", "transactions that are lost stay so", []edit{
			{settleFile, "return s.expire(ctx, head, i, fate)", "return nil"},
		}},
		{"T8", "nobody reads that a transaction had no effect", []edit{
			{stepFile, "\tcase Lost:\n\t\treturn m.lost(Planned, func(why string) bool { return m.fail(\"%s\", why) })\n\tdefault:\n\t\tif m.p.State == InBlock {",
				"\tcase Lost:\n\t\tm.p.Effect = &Effect{Number: m.o.Head.Number, Hash: m.o.Head.Hash}\n\t\treturn m.shut(Succeeded, \"sent\")\n\tdefault:\n\t\tif m.p.State == InBlock {"},
		}},
		{"T20", "the targets are those of the signer's account", []edit{
			{observeFile, "b, err := s.Chain.Bonded(ctx, at, p.Nominator)", "b, err := s.Chain.Bonded(ctx, at, p.Signer)"},
		}},
		{"T25", "blocks that are not final decide", []edit{
			{headFile, "b, err := c.client.Finalised(ctx)", "b, err := c.client.Best(ctx)"},
		}},
	}
}

// announcementMutants are about delays, second looks and removals.
func announcementMutants() []mutant {
	return []mutant{
		{"T1", "the delay is assumed instead of read", []edit{
			{planFile, "return uint64(height) + uint64(delay) + Margin }", "return uint64(height) + 1 }"},
		}},
		{"T3", "the height of an announcement is a guess from before it was sent", []edit{
			{delayedFile, "height := slices.Max(out.After.Heights)", "height := slices.Max(out.After.Heights) - 2"},
		}},
		{"T9", "after a breach the plan stays", stays("!" + byRule)},
		{"T10", "after a removal by age or blacklist the plan stays", stays(byRule)},
		{"T11", "before the execution only commissions are judged again", []edit{
			{observeFile, "case in.Blocked && !slices.Contains(current, t):", "case false:"},
			{worldFile, "case in.Blocked && !slices.Contains(w.bonded.Targets, t):", "case false:"},
		}},
		{"T12", "no announcement gets too old", []edit{
			{planFile, "return uint64(height) + max(age, d+Margin+minWindow)", "return 1<<40 + uint64(height) + max(age, d+Margin+minWindow)"},
		}},
		{"T13", "announcements for others are removed", []edit{
			{reconcileFile, "\tif account == nil || account.Signer != signer {", "\tfor _, x := range s.accounts {\n\t\tif account == nil && x.Signer == signer {\n" +
				"\t\t\taccount = &Account{Nominator: a.Real, Signer: signer, Proxy: true, Key: x.Key}\n\t\t\ts.accounts[a.Real] = account\n\t\t\tbreak\n\t\t}\n\t}\n" +
				"\tif account == nil || account.Signer != signer {"},
		}},
		{"T14", "announcements on chain are not compared with the plans", []edit{
			{lookFile, "errs := []error{s.settle(ctx, head), s.reconcile(ctx, head)}", "errs := []error{s.settle(ctx, head)}"},
		}},
		{"T24", "the type of the proxy relation is fixed", []edit{
			{actFile, "plan.Proxy, plan.KindProxy, r.Type, r.Delay", "plan.Proxy, plan.KindProxy, \"Staking\", r.Delay"},
		}},
	}
}

// orderMutants are about who acts when on what.
func orderMutants() []mutant {
	return []mutant{
		{"T15", "a key signs several transactions at a time", []edit{
			{guardFile, "o.Status.Open() && (o.Signer == n.Signer || o.Nominator == n.Nominator)", "o.Status.Open() && o.Nominator == n.Nominator"},
			{intentsFile, "_, err = tx.NewInsert().Model(&lock).Exec(ctx)", "_, err = tx.NewInsert().Model(&lock).On(\"CONFLICT DO NOTHING\").Returning(\"NULL\").Exec(ctx)"},
		}},
		{"T17", "it is acted although the mode forbids it", []edit{
			{permitFile, "case s.Mode != ModeAct:\n\t\treturn plan.Permission{Why: fmt.Sprintf(\"act.mode is", "case s.Mode == ModeOff:\n\t\treturn plan.Permission{Why: fmt.Sprintf(\"act.mode is"},
		}},
		{"T18", "the targets are not those that were decided", []edit{
			{actFile, "Targets: slices.Clone(targets), State: plan.Planned", "Targets: slices.Clone(targets)[:1], State: plan.Planned"},
		}},
		{"T19", "one nominator that cannot act ends the round for all", []edit{
			{actFile, "out.Proposals = append(out.Proposals, p)\n", "out.Proposals = append(out.Proposals, p)\n\t\tif p.Refused != \"\" {\n\t\t\tbreak\n\t\t}\n"},
		}},
		{"T21", "nominators that are not bonded take part", []edit{
			{dueFile, "case !chain.Bond.Bonded:", "case false:"},
			{dueFile, "active.Cmp(least) < 0 {", "chain.Bond.Bonded && active.Cmp(least) < 0 {"},
			{dueFile, "active.Cmp(least) <= 0 {", "chain.Bond.Bonded && active.Cmp(least) <= 0 {"},
			{worldFile, "case !w.bonded.OK:", "case false:"},
			{worldFile, "case w.bonded.Active.Cmp(w.limits.MinNominatorBond) < 0:", "case w.bonded.OK && w.bonded.Active.Cmp(w.limits.MinNominatorBond) < 0:"},
		}},
		{"T23", "whoever writes last overwrites the plan", []edit{
			{plansFile, "Where(\"round = ? AND nominator = ? AND version = ?\", p.Round, string(p.Nominator), from)", "Where(\"round = ? AND nominator = ? AND version >= ?\", p.Round, string(p.Nominator), from-from)"},
		}},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) error {
	var survived []string
	done := 0
	for _, m := range mutants() {
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		done++
		began := time.Now()
		seed, err := m.try(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		result := "found by " + seed
		if seed == "" {
			result = "NOT FOUND"
			survived = append(survived, m.name)
		}
		fmt.Printf("%-4s %-66s %s (%s)\n", m.name, m.what, result, time.Since(began).Round(time.Second))
	}
	switch {
	case done == 0:
		return fmt.Errorf("there is no mutant %v", names)
	case len(survived) > 0:
		return fmt.Errorf("the simulation does not find %s", strings.Join(survived, ", "))
	}
	return nil
}

// try simulates with the defect, and tells which seed found it.
func (m mutant) try(ctx context.Context) (seed string, err error) {
	dir, err := os.MkdirTemp("", "otv-mutant-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := m.overlay(dir)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "simulate.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./test/simulate") //nolint:gosec // the arguments are ours
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not build: %w\n%s", err, out)
	}
	test := exec.CommandContext(ctx, binary, "-test.run", "^TestSimulate$", "-test.timeout", "20m", "-seeds", seeds) //nolint:gosec // the same
	test.Dir = "test/simulate"
	out, err := test.CombinedOutput()
	if err == nil {
		return "", nil
	}
	for line := range bytes.Lines(out) {
		text := strings.TrimSpace(string(line))
		if _, text, ok := strings.Cut(text, "seed "); ok && strings.Contains(text, "a promise is broken") {
			return "seed " + text, nil
		}
	}
	return "", fmt.Errorf("the simulation failed for another reason:\n%s", out)
}

// overlay writes the changed files and what the compiler needs to know of them.
func (m mutant) overlay(dir string) (string, error) {
	changed := map[string]string{}
	for _, e := range m.edits {
		text, ok := changed[e.file]
		if !ok {
			b, err := os.ReadFile(e.file)
			if err != nil {
				return "", err
			}
			text = string(b)
		}
		if strings.Count(text, e.old) != 1 {
			return "", fmt.Errorf("%s does not have this once: %s", e.file, e.old)
		}
		changed[e.file] = strings.Replace(text, e.old, e.text, 1)
	}
	replace := map[string]string{}
	for file, text := range changed {
		to := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		full, err := filepath.Abs(file)
		if err != nil {
			return "", err
		}
		replace[full] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, b, 0o600)
}
