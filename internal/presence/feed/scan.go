package feed

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scanner walks over JSON that is known to be valid, without building anything. A tree of every frame would cost
// more than all the rest, and a frame made for it could take a hundred times its size in memory.
type scanner struct {
	b []byte
	i int
}

var (
	errArray  = errors.New("not a list")
	errShort  = errors.New("too few items")
	errNumber = errors.New("not a whole number of at most 64 bits")
	errText   = errors.New("not a text")
	errEnd    = errors.New("ends in the middle")
)

// peek is the first byte of the next value or bracket, 0 at the end.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// enter steps into a list.
func (s *scanner) enter() error {
	if s.peek() != '[' {
		return errArray
	}
	s.i++
	return nil
}

// more reports whether the list has another item; when not, it steps out of it.
func (s *scanner) more() bool {
	switch s.peek() {
	case 0:
		return false
	case ']':
		s.i++
		return false
	}
	return true
}

// null steps over a null, if there is one.
func (s *scanner) null() bool {
	if s.peek() != 'n' {
		return false
	}
	s.i += len("null")
	return true
}

// raw steps over a value and returns it.
func (s *scanner) raw() ([]byte, error) {
	first := s.peek()
	start, depth := s.i, 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			if err := s.skipText(); err != nil {
				return nil, err
			}
			if depth == 0 {
				return s.b[start:s.i], nil
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 {
				if s.i == start {
					return nil, errShort
				}
				return s.b[start:s.i], nil
			}
			if depth--; depth == 0 {
				s.i++
				return s.b[start:s.i], nil
			}
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth == 0 {
				return s.b[start:s.i], nil
			}
		}
		s.i++
	}
	if first == 0 || depth > 0 {
		return nil, errEnd
	}
	return s.b[start:s.i], nil
}

// skipText steps over a text; the scanner is at its opening quote.
func (s *scanner) skipText() error {
	for s.i++; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case '\\':
			s.i++
		case '"':
			s.i++
			return nil
		}
	}
	return errEnd
}

// number reads a whole number that is not negative.
func (s *scanner) number() (uint64, error) {
	c := s.peek()
	if c < '0' || c > '9' {
		return 0, errNumber
	}
	var n uint64
	for ; s.i < len(s.b); s.i++ {
		c := s.b[s.i]
		if c < '0' || c > '9' {
			if c == '.' || c == 'e' || c == 'E' {
				return 0, errNumber
			}
			return n, nil
		}
		if n > (1<<64-1-uint64(c-'0'))/10 {
			return 0, errNumber
		}
		n = n*10 + uint64(c-'0')
	}
	return n, nil
}

// float reads any number.
func (s *scanner) float() (float64, error) {
	raw, err := s.raw()
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(string(raw), 64)
}

// text reads a text of at most limit bytes; what is longer is cut off. A null is the empty text.
func (s *scanner) text(limit int) (string, error) {
	if s.null() {
		return "", nil
	}
	if s.peek() != '"' {
		return "", errText
	}
	start, plain := s.i+1, true
	if err := s.skipText(); err != nil {
		return "", err
	}
	b := s.b[start : s.i-1]
	for _, c := range b {
		if c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return string(b[:min(len(b), limit)]), nil
	}
	if len(b) > 12*limit { // an escape is at most twelve times as long as what it stands for
		return clean(string(b[:limit]), limit), nil
	}
	var t string
	if err := json.Unmarshal(s.b[start-1:s.i], &t); err != nil {
		return "", err
	}
	return clean(t, limit), nil
}

// clean cuts a text off and makes of it what every database can keep: valid UTF-8 without the byte 0. A text that
// nobody can store would keep everything else from being stored with it.
func clean(t string, limit int) string {
	t = strings.ToValidUTF8(t[:min(len(t), limit)], "")
	return strings.ReplaceAll(t, "\x00", "\uFFFD")
}
