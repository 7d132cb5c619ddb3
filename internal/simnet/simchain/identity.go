package simchain

import (
	"slices"
	"strconv"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
)

func identityError(name string) *Failure { return &Failure{"Identity", name} }

// data is a text of at most 32 bytes as identities hold it.
func data(text string) codec.Variant {
	if text == "" {
		return codec.Variant{Name: "None"}
	}
	text = text[:min(len(text), 32)]
	return codec.Variant{Name: "Raw" + strconv.Itoa(len(text)), Fields: []codec.Field{{Value: codec.Bytes(text)}}}
}

// identityInfo is an identity with a display name only, in the form of the runtime.
func (v *view) identityInfo(display string) any {
	info := map[string]any{"pgp_fingerprint": nil, "display": data(display)}
	names := []string{"legal", "web", "matrix", "email", "image", "twitter", "github", "discord"}
	if v.rt.isOne() {
		names = []string{"legal", "web", "riot", "email", "image", "twitter"}
		info["additional"] = []any{}
	}
	for _, n := range names {
		info[n] = data("")
	}
	return info
}

// isOne reports whether identities have the form of relay chains.
func (r *runtime) isOne() bool {
	_, ok := r.md.Pallet("Staking")
	return ok
}

func (w *work) registration(id Account) (registration, bool) {
	if w.role == RoleOne {
		n, ok := read[named](w.view, "Identity", "IdentityOf", id)
		return n.Registration, ok
	}
	return read[registration](w.view, "Identity", "IdentityOf", id)
}

func (w *work) setRegistration(id Account, r registration) {
	if w.role == RoleOne {
		w.write(named{Registration: r}, "Identity", "IdentityOf", id)
		return
	}
	w.write(r, "Identity", "IdentityOf", id)
}

func (w *work) setIdentity(origin Account, a args) *Failure {
	old, had := w.registration(origin)
	r := registration{Info: a.get("info"), Deposit: identityDeposit, Judgements: []judgement{}}
	if had {
		// Only judgements that are said to stick do.
		r.Judgements = slices.DeleteFunc(old.Judgements, func(j judgement) bool {
			v, _ := j.Kind.(codec.Variant)
			return v.Name != "FeePaid" && v.Name != "Erroneous"
		})
	}
	if f := w.deposit(origin, old.Deposit, r.Deposit); f != nil {
		return f
	}
	w.setRegistration(origin, r)
	w.emit("Identity", "IdentitySet", map[string]any{"who": origin})
	return nil
}

func (w *work) clearIdentity(origin Account, _ args) *Failure {
	old, ok := w.registration(origin)
	if !ok {
		return identityError("NotNamed")
	}
	subs, _ := read[subsOf](w.view, "Identity", "SubsOf", origin)
	for _, s := range subs.Subs {
		w.remove("Identity", "SuperOf", s)
	}
	w.remove("Identity", "SubsOf", origin)
	w.remove("Identity", "IdentityOf", origin)
	w.unreserve(origin, old.Deposit+subs.Deposit)
	w.emit("Identity", "IdentityCleared", map[string]any{"who": origin, "deposit": old.Deposit + subs.Deposit})
	return nil
}

type subsOf struct {
	Deposit uint64    `scale:"0"`
	Subs    []Account `scale:"1"`
}

func (w *work) setSubs(origin Account, a args) *Failure {
	if _, ok := w.registration(origin); !ok {
		return identityError("NotFound")
	}
	list, _ := a.get("subs").([]any)
	if len(list) > maxSubs {
		return identityError("TooManySubAccounts")
	}
	old, _ := read[subsOf](w.view, "Identity", "SubsOf", origin)
	now := subsOf{Deposit: identityDeposit * uint64(len(list)), Subs: []Account{}}
	if f := w.deposit(origin, old.Deposit, now.Deposit); f != nil {
		return f
	}
	for _, s := range old.Subs {
		w.remove("Identity", "SuperOf", s)
	}
	for _, e := range list {
		pair, _ := e.([]any)
		if len(pair) != 2 {
			continue
		}
		sub := toAccount(pair[0])
		w.write([]any{origin, pair[1]}, "Identity", "SuperOf", sub)
		now.Subs = append(now.Subs, sub)
	}
	if len(now.Subs) == 0 {
		w.remove("Identity", "SubsOf", origin)
	} else {
		w.write(now, "Identity", "SubsOf", origin)
	}
	return nil
}

func (w *work) provideJudgement(origin Account, a args) *Failure {
	index, target := a.number("reg_index"), a.account("target")
	list, _ := read[[]*registrar](w.view, "Identity", "Registrars")
	if int(index) >= len(list) || list[index] == nil || list[index].Account != origin {
		return identityError("InvalidIndex")
	}
	verdict, _ := a.get("judgement").(codec.Variant)
	if verdict.Name == "Unknown" || verdict.Name == "FeePaid" {
		return identityError("InvalidJudgement")
	}
	r, ok := w.registration(target)
	if !ok {
		return identityError("InvalidTarget")
	}
	entry, err := w.rt.infoHash(r.Info)
	if err != nil {
		w.fail(err)
		return identityError("InvalidTarget")
	}
	if entry != a.hash("identity") {
		return identityError("JudgementForDifferentIdentity")
	}
	r.Judgements = slices.DeleteFunc(r.Judgements, func(j judgement) bool { return j.Registrar == index })
	r.Judgements = append(r.Judgements, judgement{index, verdict})
	slices.SortFunc(r.Judgements, func(a, b judgement) int { return int(a.Registrar) - int(b.Registrar) })
	w.setRegistration(target, r)
	w.emit("Identity", "JudgementGiven", map[string]any{"target": target, "registrar_index": index})
	return nil
}

// infoHash is what a registrar signs: the hash of the encoded identity.
func (r *runtime) infoHash(info any) ([32]byte, error) {
	_, set, err := r.md.Call("Identity", "set_identity")
	if err != nil {
		return [32]byte{}, err
	}
	b, err := codec.Encode(r.md.Types, set.Fields[0].Type, info)
	return hash.Blake2b256(b), err
}
