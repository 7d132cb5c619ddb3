package metadata

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/thousand-validators/otv/substrate/scale"
)

// MaxSize is the greatest blob that Parse accepts, in bytes. Those of real chains have less than 1 MB.
const MaxSize = 32 << 20

// Versions that Parse reads.
const (
	MinVersion = 14
	MaxVersion = 16
)

// Reasons why Parse refuses a blob; scale.Error is another.
var (
	ErrNotMetadata = errors.New("not runtime metadata")
	ErrVersion     = errors.New("unsupported metadata version")
)

// Parse reads a raw metadata blob as state_getMetadata returns it. It must end with the last byte of what it says.
//
// The result keeps copies of the blob in memory; blob itself may be changed afterwards.
func Parse(blob []byte) (*Metadata, error) {
	if len(blob) > MaxSize {
		return nil, fmt.Errorf("parse metadata: %w: %d bytes, at most %d are accepted", ErrNotMetadata, len(blob), MaxSize)
	}
	if len(blob) < 5 || string(blob[:4]) != "meta" {
		return nil, fmt.Errorf("parse metadata: %w: it does not begin with the text \"meta\" and a version", ErrNotMetadata)
	}
	version := int(blob[4])
	if version < MinVersion || version > MaxVersion {
		return nil, fmt.Errorf("parse metadata: %w %d: this program reads versions %d to %d",
			ErrVersion, version, MinVersion, MaxVersion)
	}
	p := &parser{version: version, text: string(blob)}
	p.raw = []byte(p.text)
	p.d.Reset(p.raw)
	if _, err := p.d.Read(5); err != nil {
		return nil, fmt.Errorf("parse metadata: %w", err)
	}
	m := &Metadata{Version: version, Runtime: NoType, OuterCall: NoType, OuterEvent: NoType, OuterError: NoType}
	for _, step := range []func(*Metadata){p.types, p.pallets, p.extrinsic, p.tail} {
		if step(m); p.err != nil {
			return nil, fmt.Errorf("parse metadata of version %d: %w", version, p.err)
		}
	}
	if err := p.d.End(); err != nil {
		return nil, fmt.Errorf("parse metadata of version %d: %w", version, err)
	}
	return m, nil
}

// parser reads a blob. After the first error, kept in err, everything it returns is empty; loops stop because counts
// are then zero. Texts and slices are cut from large pieces, as a blob has some 20,000 of them.
type parser struct {
	d       scale.Decoder
	text    string // the blob; texts of the result are parts of it
	raw     []byte // a second private copy; encoded values of the result are parts of it
	version int
	nTypes  int
	err     error

	strings  slab[string]
	fields   slab[Field]
	variants slab[Variant]
	ids      slab[TypeID]
	params   slab[TypeParam]
}

// slab hands out slices cut from larger ones.
type slab[T any] struct{ free []T }

func (s *slab[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	const piece = 512
	if n > len(s.free) {
		if n >= piece {
			return make([]T, n)
		}
		s.free = make([]T, piece)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// in puts the place in front of an error that happened since the caller began.
func (p *parser) in(format string, args ...any) {
	if p.err != nil {
		p.err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), p.err)
	}
}

func (p *parser) u8() byte {
	if p.err != nil {
		return 0
	}
	v, err := p.d.U8()
	p.fail(err)
	return v
}

func (p *parser) u32() uint32 {
	if p.err != nil {
		return 0
	}
	v, err := p.d.U32()
	p.fail(err)
	return v
}

// compact32 reads a compact integer of up to 32 bits.
func (p *parser) compact32(what string) uint32 {
	if p.err != nil {
		return 0
	}
	at := p.d.Offset()
	v, err := p.d.Compact()
	if err == nil && v > 1<<32-1 {
		err = &scale.Error{Offset: at, What: what, Err: scale.ErrRange}
	}
	p.fail(err)
	return uint32(v)
}

// tid reads the id of a type and checks that the type exists.
func (p *parser) tid() TypeID {
	at := p.d.Offset()
	id := p.compact32("type id")
	if p.err == nil && int64(id) >= int64(p.nTypes) {
		p.fail(fmt.Errorf("type id %d at byte %d does not exist: the blob has %d types", id, at, p.nTypes))
	}
	if p.err != nil {
		return NoType
	}
	return TypeID(id)
}

// optional reads the byte of an Option and reports whether a value follows.
func (p *parser) optional() bool {
	if p.err != nil {
		return false
	}
	v, err := p.d.Bool()
	p.fail(err)
	return v
}

func (p *parser) optionalID() TypeID {
	if p.optional() {
		return p.tid()
	}
	return NoType
}

func (p *parser) count(minElemSize int) int {
	if p.err != nil {
		return 0
	}
	n, err := p.d.Count(minElemSize)
	p.fail(err)
	return n
}

func (p *parser) bytes() []byte {
	if p.err != nil {
		return nil
	}
	b, err := p.d.Bytes()
	p.fail(err)
	return b
}

func (p *parser) str() string {
	n := len(p.bytes())
	if p.err != nil {
		return ""
	}
	end := p.d.Offset()
	s := p.text[end-n : end]
	if !utf8.ValidString(s) {
		p.fail(&scale.Error{Offset: end - n, What: "text", Err: scale.ErrText})
		return ""
	}
	return s
}

func (p *parser) optionalStr() string {
	if p.optional() {
		return p.str()
	}
	return ""
}

// strs reads a list of texts, mostly documentation.
func (p *parser) strs() []string {
	list := p.strings.take(p.count(1))
	for i := range list {
		list[i] = p.str()
	}
	return list
}

// id32 reads 32 bytes.
func (p *parser) id32() (id [32]byte) {
	if p.err != nil {
		return id
	}
	b, err := p.d.Read(len(id))
	p.fail(err)
	copy(id[:], b)
	return id
}
