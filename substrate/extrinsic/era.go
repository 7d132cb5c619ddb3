package extrinsic

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/thousand-validators/otv/substrate/scale"
)

// Bounds of a mortal era's period, in blocks.
const (
	MinPeriod = 4
	MaxPeriod = 1 << 16
)

// Era is the lifetime of a transaction. The zero value is immortal.
type Era struct{ period, phase uint32 }

// Immortal is the lifetime of a transaction that stays valid for ever.
func Immortal() Era { return Era{} }

// Mortal is the lifetime of period blocks, a power of two from [MinPeriod] to [MaxPeriod], that begins at the block
// current or, with periods above 4096, up to period/4096 blocks earlier. The chain must still remember the hash of the
// first block when the transaction arrives: it keeps 4096 of them, less the time the transaction takes.
func Mortal(period, current uint32) (Era, error) {
	if period < MinPeriod || period > MaxPeriod || bits.OnesCount32(period) != 1 {
		return Era{}, fmt.Errorf("a transaction cannot live for %d blocks: only powers of two from %d to %d are possible",
			period, MinPeriod, MaxPeriod)
	}
	q := quantum(period)
	return Era{period: period, phase: current % period / q * q}, nil
}

// quantum is the step in which the phase is stored.
func quantum(period uint32) uint32 { return max(1, period>>12) }

// IsImmortal reports whether the transaction lives for ever.
func (e Era) IsImmortal() bool { return e.period == 0 }

// Period is the number of blocks of the lifetime, 0 for an immortal one.
func (e Era) Period() uint32 { return e.period }

// Phase is the number of the first block modulo the period.
func (e Era) Phase() uint32 { return e.phase }

// Birth is the first block of the lifetime that contains the block current. Immortal transactions are born with block 0.
func (e Era) Birth(current uint32) uint32 {
	if e.IsImmortal() {
		return 0
	}
	return (max(current, e.phase)-e.phase)/e.period*e.period + e.phase
}

// Death is the first block after the lifetime that contains the block current; no block is that for an immortal one.
func (e Era) Death(current uint32) uint64 {
	if e.IsImmortal() {
		return math.MaxUint64
	}
	return uint64(e.Birth(current)) + uint64(e.period)
}

// Append appends the encoding: one byte for an immortal era, else two.
func (e Era) Append(dst []byte) []byte {
	if e.IsImmortal() {
		return append(dst, 0)
	}
	low := uint16(min(15, max(1, bits.TrailingZeros32(e.period)-1)))
	return scale.AppendU16(dst, low|uint16(e.phase/quantum(e.period))<<4)
}

var errEra = errors.New("no era has these bytes")

// DecodeEra reads an era at the beginning of b and returns the number of bytes it takes.
func DecodeEra(b []byte) (Era, int, error) {
	if len(b) == 0 {
		return Era{}, 0, fmt.Errorf("decode era: %w", scale.ErrEnd)
	}
	if b[0] == 0 {
		return Era{}, 1, nil
	}
	if len(b) < 2 {
		return Era{}, 0, fmt.Errorf("decode era: %w", scale.ErrEnd)
	}
	word := uint32(b[0]) | uint32(b[1])<<8
	period := uint32(2) << (word & 15)
	phase := (word >> 4) * quantum(period)
	if period < MinPeriod || phase >= period {
		return Era{}, 0, fmt.Errorf("decode era %x: %w", b[:2], errEra)
	}
	return Era{period: period, phase: phase}, 2, nil
}

// String is "immortal" or the period and the phase.
func (e Era) String() string {
	if e.IsImmortal() {
		return "immortal"
	}
	return fmt.Sprintf("mortal for %d blocks, phase %d", e.period, e.phase)
}

// MarshalText is String.
func (e Era) MarshalText() ([]byte, error) { return []byte(e.String()), nil }
