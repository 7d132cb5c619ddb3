package simchain

import (
	"math/big"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
)

// Fees, in planck: of every transaction, and of each of its bytes.
const (
	baseFee = 10_000_000
	byteFee = 100_000
)

func feeOf(length int) uint64 { return baseFee + byteFee*uint64(length) }

// newLogic is the flag of accounts whose holds are apart from their locks.
func newLogic() codec.BigInt {
	return codec.NewBigInt(new(big.Int).Lsh(big.NewInt(1), 127))
}

func (w *work) account(id Account) (accountInfo, bool) {
	return read[accountInfo](w.view, "System", "Account", id)
}

func (w *work) setAccount(id Account, a accountInfo) {
	a.Data.Flags = newLogic()
	w.write(a, "System", "Account", id)
}

// floor is what must stay in the free balance: what is frozen and not held anyway, and the existential deposit.
func (w *work) floor(a accountInfo) uint64 {
	frozen := a.Data.Frozen - min(a.Data.Frozen, a.Data.Reserved)
	return max(frozen, w.params.ExistentialDeposit)
}

// usable is what an account can spend without dying.
func (w *work) usable(a accountInfo) uint64 { return a.Data.Free - min(a.Data.Free, w.floor(a)) }

func (w *work) issue(n uint64) {
	total, _ := read[uint64](w.view, "Balances", "TotalIssuance")
	w.write(total+n, "Balances", "TotalIssuance")
}

func (w *work) burn(n uint64) {
	total, _ := read[uint64](w.view, "Balances", "TotalIssuance")
	w.write(total-min(total, n), "Balances", "TotalIssuance")
}

// mint pays new tokens out. An account that would stay below the existential deposit gets nothing.
func (w *work) mint(to Account, n uint64) uint64 {
	a, known := w.account(to)
	if a.Data.Free+n < w.params.ExistentialDeposit && !known || n == 0 {
		return 0
	}
	w.credit(to, a, known, n)
	w.issue(n)
	w.emit("Balances", "Minted", map[string]any{"who": to, "amount": n})
	return n
}

func (w *work) credit(to Account, a accountInfo, known bool, n uint64) {
	if !known {
		a.Providers = 1
		w.emit("System", "NewAccount", map[string]any{"account": to})
		w.emit("Balances", "Endowed", map[string]any{"account": to, "free_balance": n})
	}
	a.Data.Free += n
	w.setAccount(to, a)
}

func (w *work) transfer(from, to Account, n uint64, keepAlive bool) *Failure {
	a, _ := w.account(from)
	frozen := a.Data.Frozen - min(a.Data.Frozen, a.Data.Reserved)
	switch {
	case a.Data.Free < n:
		return errNoFunds
	case a.Data.Free-n < frozen:
		return &Failure{"Balances", "LiquidityRestrictions"}
	}
	dies := a.Data.Free-n+a.Data.Reserved < w.params.ExistentialDeposit
	if dies && (keepAlive || a.Consumers > 0) {
		return &Failure{"Balances", "Expendability"}
	}
	if from == to {
		w.emit("Balances", "Transfer", map[string]any{"from": from, "to": to, "amount": n})
		return nil
	}
	b, known := w.account(to)
	if !known && n < w.params.ExistentialDeposit {
		return &Failure{"Balances", "ExistentialDeposit"}
	}
	a.Data.Free -= n
	if dies {
		if a.Data.Free > 0 {
			w.emit("Balances", "DustLost", map[string]any{"account": from, "amount": a.Data.Free})
			w.burn(a.Data.Free)
		}
		w.remove("System", "Account", from)
		w.emit("System", "KilledAccount", map[string]any{"account": from})
	} else {
		w.setAccount(from, a)
	}
	w.credit(to, b, known, n)
	w.emit("Balances", "Transfer", map[string]any{"from": from, "to": to, "amount": n})
	return nil
}

func (w *work) transferAll(origin Account, a args) *Failure {
	keep, _ := a.get("keep_alive").(bool)
	info, _ := w.account(origin)
	n := info.Data.Free
	if keep || info.Data.Frozen > 0 || info.Data.Reserved > 0 {
		n = w.usable(info)
	}
	return w.transfer(origin, a.account("dest"), n, keep)
}

// reserve moves free balance aside for a deposit.
func (w *work) reserve(who Account, n uint64) *Failure {
	if n == 0 {
		return nil
	}
	a, _ := w.account(who)
	if w.usable(a) < n {
		return &Failure{"Balances", "InsufficientBalance"}
	}
	a.Data.Free, a.Data.Reserved = a.Data.Free-n, a.Data.Reserved+n
	w.setAccount(who, a)
	w.emit("Balances", "Reserved", map[string]any{"who": who, "amount": n})
	return nil
}

func (w *work) unreserve(who Account, n uint64) {
	a, _ := w.account(who)
	n = min(n, a.Data.Reserved)
	if n == 0 {
		return
	}
	a.Data.Free, a.Data.Reserved = a.Data.Free+n, a.Data.Reserved-n
	w.setAccount(who, a)
	w.emit("Balances", "Unreserved", map[string]any{"who": who, "amount": n})
}

// deposit changes what is reserved for something from one amount to another.
func (w *work) deposit(who Account, old, now uint64) *Failure {
	if now > old {
		return w.reserve(who, now-old)
	}
	w.unreserve(who, old-now)
	return nil
}

// stake sets how much of an account is bonded: a hold on Asset Hub, which moves it from free to reserved, and a lock
// elsewhere, which leaves it in free.
func (w *work) stake(stash Account, old, now uint64) *Failure {
	a, ok := w.account(stash)
	if !ok {
		return errNoFunds
	}
	if w.role == RoleHub {
		if now > old && w.usable(a) < now-old {
			return errNoFunds
		}
		a.Data.Free, a.Data.Reserved = a.Data.Free+old-now, a.Data.Reserved+now-old
		w.setAccount(stash, a)
		if now == 0 {
			w.remove("Balances", "Holds", stash)
			return nil
		}
		w.write([]any{map[string]any{"id": map[string]any{"Staking": "Staking"}, "amount": now}}, "Balances", "Holds", stash)
		return nil
	}
	a.Data.Frozen = now
	w.setAccount(stash, a)
	if now == 0 {
		w.remove("Balances", "Locks", stash)
		return nil
	}
	w.write([]balanceLock{{[8]byte([]byte("staking ")), now, "All"}}, "Balances", "Locks", stash)
	return nil
}

func (w *work) remarkWithEvent(origin Account, a args) *Failure {
	w.emit("System", "Remarked", map[string]any{"sender": origin, "hash": hash.Blake2b256(a.bytes("remark"))})
	return nil
}
