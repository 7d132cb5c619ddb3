package jsontree

import (
	"bytes"
	"unicode/utf8"
)

// ParseCommented reads a document that people keep: JSON with // and /* */ comments, and with a comma after the last
// element where one likes. An error is always a [*SyntaxError], at its place in data.
func ParseCommented(data []byte) (*Value, error) {
	bare, err := uncomment(data)
	if err != nil {
		return nil, err
	}
	return Parse(bare)
}

// uncomment puts a blank for every character of a comment and for every comma too many, so that the rest stays in its
// line and column.
func uncomment(data []byte) ([]byte, error) {
	out := make([]byte, 0, len(data))
	comma := -1 // in out: a comma after which nothing has come yet
	for i := 0; i < len(data); {
		rest := data[i:]
		switch c := rest[0]; {
		case c == '"':
			n := quoted(rest)
			out, i, comma = append(out, rest[:n]...), i+n, -1
		case bytes.HasPrefix(rest, []byte("//")):
			n := bytes.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			out, i = blank(out, rest[:n]), i+n
		case bytes.HasPrefix(rest, []byte("/*")):
			n := bytes.Index(rest[2:], []byte("*/"))
			if n < 0 {
				return nil, at(data, i, "the comment that begins here with /* has no end */")
			}
			out, i = blank(out, rest[:n+4]), i+n+4
		default:
			switch c {
			case ' ', '\t', '\r', '\n':
			case ',':
				comma = len(out)
			case ']', '}':
				if comma >= 0 && follows(out[:comma]) {
					out[comma] = ' '
				}
				comma = -1
			default:
				comma = -1
			}
			out, i = append(out, c), i+1
		}
	}
	return out, nil
}

// follows reports whether a comma after text comes after an element.
func follows(text []byte) bool {
	text = bytes.TrimRight(text, " \t\r\n")
	return len(text) > 0 && !bytes.ContainsRune([]byte("[{,:"), rune(text[len(text)-1]))
}

// quoted is the length of the text in quotes at the beginning of data. One that does not end goes on to the end of the
// line, where the parser will find that.
func quoted(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		case '\n':
			return i
		}
	}
	return len(data)
}

// blank appends a blank for every character. Line ends stay, and so does what is no character, for the parser to find.
func blank(out, comment []byte) []byte {
	for len(comment) > 0 {
		r, n := utf8.DecodeRune(comment)
		switch {
		case r == utf8.RuneError && n == 1:
			out = append(out, comment[0])
		case r == '\n' || r == '\r' || r == '\t':
			out = append(out, byte(r))
		default:
			out = append(out, ' ')
		}
		comment = comment[n:]
	}
	return out
}
