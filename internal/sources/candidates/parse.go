package candidates

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Network is what a list is for.
type Network struct {
	Label  string   // name for people
	Prefix uint16   // address prefix
	Accept []uint16 // prefixes the stashes may carry; nil means any
}

// List is a candidate list that was read.
type List struct {
	Entries  []Entry   // by slot
	Findings []Finding // by line
}

// Entry is one entry of a list.
type Entry struct {
	programme.Candidate          // without Stash, which depends on a prefix
	Account             [32]byte // of the stash
	Line                int      // where the entry begins
}

// Err is a [*RefusedError] when the list has errors.
func (l *List) Err(location string) error {
	if Count(l.Findings, Error) == 0 {
		return nil
	}
	return &RefusedError{location, l.Findings}
}

// Candidates are the entries by slot, their stashes with the given address prefix (which the chain knows best).
func (l *List) Candidates(prefix uint16) []programme.Candidate {
	out := make([]programme.Candidate, 0, len(l.Entries))
	for _, e := range l.Entries {
		c := e.Candidate
		c.Stash = programme.Address(ss58.EncodeAccount(prefix, e.Account))
		c.Matrix = slices.Clone(c.Matrix)
		out = append(out, c)
	}
	return out
}

// fields are the fields of an entry.
var fields = []string{"slotId", "name", "stash", "riotHandle", "kyc", "skipSelfStake", "kusamaStash"}

const maxName = 64

// handle is the form of a chat handle.
var handle = regexp.MustCompile(`^@[A-Za-z0-9_./-]+:[A-Za-z0-9_.-]+\.[A-Za-z]{2,}$`)

// Parse reads a list and checks it by every rule. It always returns a list; with errors its entries are those that
// could be read.
func Parse(data []byte, n Network) *List {
	p := parser{
		network: n, list: &List{}, names: map[string]int{}, slots: map[int]int{}, accounts: map[[32]byte]stashSeen{},
		prefixes: map[uint16]int{}, severity: map[string]Severity{},
	}
	for _, r := range Rules() {
		p.severity[r.Code] = r.Severity
	}
	p.document(data)
	sortFindings(p.list.Findings)
	slices.SortStableFunc(p.list.Entries, func(a, b Entry) int { return cmp.Compare(a.Slot, b.Slot) })
	return p.list
}

type parser struct {
	network  Network
	list     *List
	names    map[string]int // lines by name
	slots    map[int]int    // lines by slot
	accounts map[[32]byte]stashSeen
	prefixes map[uint16]int // number of stashes by prefix
	foreign  []Finding      // stashes with another prefix
	severity map[string]Severity
	errors   int
}

// maxErrors is the number of errors after which no further entry is looked at: such a file is something else.
const maxErrors = 1000

type stashSeen struct {
	text string
	line int
}

func (p *parser) find(line int, rule, format string, args ...any) {
	f := Finding{line, p.severity[rule], rule, fmt.Sprintf(format, args...)}
	if f.Severity == Error {
		p.errors++
	}
	p.list.Findings = append(p.list.Findings, f)
}

func (p *parser) document(data []byte) {
	root, err := jsontree.Parse(data)
	if err != nil {
		line, reason := 1, err.Error()
		var syntax *jsontree.SyntaxError
		if errors.As(err, &syntax) {
			line, reason = syntax.Line, fmt.Sprintf("column %d: %s", syntax.Column, syntax.Reason)
		}
		p.find(line, ruleForm, "it is not JSON: %s", reason)
		return
	}
	if root.Kind != jsontree.Object {
		p.find(root.Line, ruleForm, "it is %s, not an object with the key candidates", root.Kind.Name())
		return
	}
	p.fieldNames(root, []string{"candidates"})
	entries, ok := root.Get("candidates")
	switch {
	case !ok:
		p.find(root.Line, ruleForm, "the key candidates is missing")
	case entries.Kind != jsontree.Array:
		p.find(entries.Line, ruleForm, "candidates is %s, not a list", entries.Kind.Name())
	case len(entries.Items) == 0:
		p.find(entries.Line, ruleForm, "it lists no candidate at all")
	default:
		for _, e := range entries.Items {
			if p.errors >= maxErrors {
				p.find(e.Line, ruleForm, "there are %d errors up to here; the rest is not looked at", p.errors)
				return
			}
			p.entry(e)
		}
		p.checkNetwork(entries.Line)
	}
}

// fieldNames reports unknown and repeated names of an object.
func (p *parser) fieldNames(v *jsontree.Value, known []string) {
	for _, m := range v.Members {
		if !slices.Contains(known, m.Name) {
			hint := ""
			if near, ok := jsontree.Nearest(m.Name, known); ok {
				hint = fmt.Sprintf("; did you mean %s?", near)
			}
			p.find(m.Line, ruleUnknown, "unknown key %q%s", m.Name, hint)
		}
	}
	for _, m := range v.Repeated() {
		p.find(m.Line, ruleForm, "key %q is given twice", m.Name)
	}
}

func (p *parser) entry(v *jsontree.Value) {
	if v.Kind != jsontree.Object {
		p.find(v.Line, ruleForm, "an entry is %s, not an object", v.Kind.Name())
		return
	}
	p.fieldNames(v, fields)
	e := Entry{Line: v.Line}
	before := p.errors
	e.Slot = p.slot(v)
	e.Name = p.name(v)
	e.Account = p.stash(v)
	e.KusamaStash = p.kusamaStash(v)
	e.Matrix = p.handles(v)
	e.KYC = p.flag(v, "kyc", ruleKYC, true)
	e.SkipSelfStake = p.flag(v, "skipSelfStake", ruleForm, false)
	if p.errors == before {
		p.list.Entries = append(p.list.Entries, e)
	}
}

func (p *parser) slot(e *jsontree.Value) int {
	v, ok := e.Get("slotId")
	if !ok {
		p.find(e.Line, ruleSlot, "slotId is missing")
		return 0
	}
	f, err := strconv.ParseFloat(v.Text, 64)
	if v.Kind != jsontree.Number || err != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		p.find(v.Line, ruleSlot, "slotId %s is not a whole number", v)
		return 0
	}
	slot := int(f)
	if first, twice := p.slots[slot]; twice {
		p.find(v.Line, ruleSlot, "slotId %d is used already in line %d", slot, first)
		return slot
	}
	p.slots[slot] = v.Line
	if slot < 0 {
		p.find(v.Line, ruleNegative, "slotId %d is less than 0", slot)
	}
	return slot
}

func (p *parser) name(e *jsontree.Value) string {
	v, ok := e.Get("name")
	switch {
	case !ok:
		p.find(e.Line, ruleName, "name is missing")
		return ""
	case v.Kind != jsontree.String:
		p.find(v.Line, ruleName, "name is %s, not a text", v.Kind.Name())
		return ""
	}
	if first, twice := p.names[v.Text]; twice {
		p.find(v.Line, ruleName, "name %s is used already in line %d", v, first)
		return v.Text
	}
	p.names[v.Text] = v.Line
	switch n := utf8.RuneCountInString(v.Text); {
	case v.Text == "":
		p.find(v.Line, ruleNameForm, "name is empty")
	case strings.TrimSpace(v.Text) != v.Text:
		p.find(v.Line, ruleNameForm, "name %s has blanks around it", v)
	case n > maxName:
		p.find(v.Line, ruleNameForm, "name has %d characters, more than %d", n, maxName)
	}
	return v.Text
}

func (p *parser) stash(e *jsontree.Value) (id [32]byte) {
	v, ok := e.Get("stash")
	switch {
	case !ok:
		p.find(e.Line, ruleStash, "stash is missing")
		return id
	case v.Kind != jsontree.String:
		p.find(v.Line, ruleStash, "stash is %s, not a text", v.Kind.Name())
		return id
	}
	id, prefix, err := decode(v.Text)
	if err != nil {
		p.find(v.Line, ruleStash, "stash %s is not an address: %v", v, err)
		return id
	}
	if first, twice := p.accounts[id]; twice {
		note := ""
		if first.text != v.Text {
			note = ", in another encoding"
		}
		p.find(v.Line, ruleStashTwice, "stash %s is listed already in line %d%s", v, first.line, note)
		return id
	}
	p.accounts[id] = stashSeen{v.Text, v.Line}
	if prefix == nil {
		return id
	}
	p.prefixes[*prefix]++
	if p.network.Accept != nil && !slices.Contains(p.network.Accept, *prefix) {
		p.foreign = append(p.foreign, Finding{v.Line, Warning, ruleStashPrefix,
			fmt.Sprintf("stash %s carries address prefix %d, not %d of %s", v, *prefix, p.network.Prefix, p.network.Label)})
	}
	return id
}

// checkNetwork reports the stashes with another prefix: in one sentence when it is all of them.
func (p *parser) checkNetwork(line int) {
	total := 0
	for _, n := range p.prefixes {
		total += n
	}
	if len(p.foreign) == 0 || len(p.foreign) < total {
		p.list.Findings = append(p.list.Findings, p.foreign...)
		return
	}
	carry := "prefixes of other networks"
	if len(p.prefixes) == 1 {
		for prefix := range p.prefixes {
			carry = fmt.Sprintf("address prefix %d%s", prefix, owner(prefix))
		}
	}
	stashes := fmt.Sprintf("all %d stashes carry", total)
	if total == 1 {
		stashes = "its only stash carries"
	}
	p.find(line, ruleNetwork, "this is not a list for %s (address prefix %d): %s %s", p.network.Label, p.network.Prefix, stashes, carry)
}

// owner names the network of a well-known address prefix.
func owner(prefix uint16) string {
	switch prefix {
	case 0:
		return ", that of Polkadot"
	case 2:
		return ", that of Kusama"
	case 42:
		return ", the generic one"
	}
	return ""
}

func (p *parser) kusamaStash(e *jsontree.Value) string {
	v, ok := e.Get("kusamaStash")
	if !ok || v.Kind == jsontree.Null {
		return ""
	}
	if v.Kind != jsontree.String {
		p.find(v.Line, ruleForm, "kusamaStash is %s, not a text", v.Kind.Name())
		return ""
	}
	if _, _, err := decode(v.Text); err != nil && v.Text != "" {
		p.find(v.Line, ruleKusamaStash, "kusamaStash %s is not an address: %v", v, err)
	}
	return v.Text
}

func (p *parser) handles(e *jsontree.Value) []string {
	v, ok := e.Get("riotHandle")
	items := []*jsontree.Value{v}
	switch {
	case !ok || v.Kind == jsontree.Null:
		p.find(e.Line, ruleNoHandle, "riotHandle is missing")
		return nil
	case v.Kind == jsontree.Array:
		items = v.Items
	}
	if len(items) == 0 || v.Kind == jsontree.String && v.Text == "" {
		p.find(v.Line, ruleNoHandle, "riotHandle is empty")
		return nil
	}
	var out []string
	for _, h := range items {
		if h.Kind != jsontree.String || !handle.MatchString(h.Text) {
			p.find(h.Line, ruleHandle, "handle %s is not of the form @user:server.domain", h)
			continue
		}
		out = append(out, h.Text)
	}
	return out
}

// flag reads a boolean field.
func (p *parser) flag(e *jsontree.Value, name, rule string, must bool) bool {
	v, ok := e.Get(name)
	switch {
	case !ok && must:
		p.find(e.Line, rule, "%s is missing", name)
	case !ok || !must && v.Kind == jsontree.Null:
		return false
	case v.Kind != jsontree.Bool:
		p.find(v.Line, rule, "%s %s is neither true nor false", name, v)
	}
	return ok && v.True
}

// decode reads an address, or an account id in hexadecimal, which has no prefix.
func decode(t string) (id [32]byte, prefix *uint16, err error) {
	if digits, ok := strings.CutPrefix(t, "0x"); ok {
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) != len(id) {
			return id, nil, errors.New("0x must be followed by 64 hexadecimal digits")
		}
		return [32]byte(b), nil, nil
	}
	pre, id, err := ss58.DecodeAccount(t)
	if err != nil {
		for _, reason := range []error{ss58.ErrBase58, ss58.ErrLength, ss58.ErrPrefix, ss58.ErrChecksum} {
			if errors.Is(err, reason) { // without the text, which the finding repeats
				return id, nil, reason
			}
		}
	}
	return id, &pre, err
}

// CompareSlots reports the slots of the list that stood for another name and another stash in an earlier version.
func (l *List) CompareSlots(previous *List) {
	before := make(map[int]Entry, len(previous.Entries))
	for _, e := range previous.Entries {
		before[e.Slot] = e
	}
	for _, e := range l.Entries {
		if old, ok := before[e.Slot]; ok && old.Name != e.Name && old.Account != e.Account {
			l.Findings = append(l.Findings, Finding{e.Line, Warning, ruleReuse,
				fmt.Sprintf("slotId %d belonged to %q with another stash before; %q needs a slot of its own", e.Slot, old.Name, e.Name)})
		}
	}
	sortFindings(l.Findings)
}
