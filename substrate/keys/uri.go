package keys

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/scale"
)

// DevelopmentPhrase is the phrase that URIs starting with // stand on. It is public: whoever wants can sign with it.
const DevelopmentPhrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk"

// maxURI bounds the length of a secret URI in bytes, and maxJunctions the length of its path.
const (
	maxURI       = 4096
	maxJunctions = 64
)

// FromURI makes the key pair of a secret URI; the rules are in the documentation of the package. The error is a
// sentence that says what is wrong without repeating any part of the URI.
func FromURI(uri string, scheme Scheme) (*Pair, error) {
	if _, err := ParseScheme(string(scheme)); err != nil {
		return nil, err
	}
	u, err := parseURI(uri)
	if err != nil {
		return nil, fmt.Errorf("secret URI: %w", err)
	}
	seed, err := u.seed()
	if err != nil {
		return nil, fmt.Errorf("secret URI: %w", err)
	}
	defer wipe(seed[:])
	p, err := derive(seed, u.path, scheme)
	if err != nil {
		return nil, fmt.Errorf("secret URI: %w", err)
	}
	return p, nil
}

// PublicFromURI is the public key of a secret URI. The secret is wiped at once: this is for whoever needs to know
// the account only.
func PublicFromURI(uri string, scheme Scheme) (Public, error) {
	p, err := FromURI(uri, scheme)
	if err != nil {
		return Public{}, err
	}
	defer p.Wipe()
	return p.Public(), nil
}

// IsDevelopmentURI reports whether a secret URI stands on the public development phrase, so that its key is no secret.
func IsDevelopmentURI(uri string) bool {
	u, err := parseURI(uri)
	return err == nil && u.phrase == DevelopmentPhrase
}

// secretURI is a URI taken apart. Either phrase or hexSeed is set.
type secretURI struct {
	phrase   string
	hexSeed  string // 64 hex digits
	path     []junction
	password string
}

// junction is one step of a path.
type junction struct {
	hard bool
	code [32]byte
}

func parseURI(uri string) (secretURI, error) {
	if err := checkText(uri); err != nil {
		return secretURI{}, err
	}
	var u secretURI
	rest := uri
	if head, password, found := strings.Cut(uri, "///"); found {
		rest, u.password = head, password
	}
	root, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		root, path = rest[:i], rest[i:]
	}
	if root == "" {
		if !strings.HasPrefix(uri, "//") {
			return secretURI{}, errors.New("it starts with a single slash: write the phrase or the seed in front of it, " +
				"or // for a key of the public development phrase")
		}
		root = DevelopmentPhrase
	}
	if digits, isHex := strings.CutPrefix(root, "0x"); isHex {
		if err := checkSeed(digits); err != nil {
			return secretURI{}, err
		}
		u.hexSeed = digits
	} else {
		if err := checkPhrase(root); err != nil {
			return secretURI{}, err
		}
		u.phrase = root
	}
	var err error
	u.path, err = parsePath(path)
	return u, err
}

// checkText refuses what no secret URI can be, and text that tools would not read alike.
func checkText(uri string) error {
	switch {
	case uri == "":
		return errors.New("it is empty")
	case len(uri) > maxURI:
		return fmt.Errorf("it has %d bytes, at most %d are accepted", len(uri), maxURI)
	case !utf8.ValidString(uri):
		return errors.New("it is not valid UTF-8 text")
	case strings.IndexFunc(uri, unicode.IsControl) >= 0:
		return errors.New("it contains a line break, tab or another control character")
	case !norm.NFC.IsNormalString(uri):
		return errors.New("it contains accented letters in decomposed form, which tools do not read alike: " +
			"write them in composed form (Unicode NFC)")
	}
	return nil
}

func checkSeed(digits string) error {
	if len(digits) != 2*SeedSize {
		return fmt.Errorf("a raw seed is 0x and %d hex digits, this one has %d characters after 0x", 2*SeedSize, len(digits))
	}
	if _, err := hex.DecodeString(digits); err != nil {
		return errors.New("the raw seed contains a character that is no hex digit")
	}
	return nil
}

// seed is what the phrase or the raw seed stands for; a password has no effect on a raw seed, as in other tools.
func (u secretURI) seed() (seed [SeedSize]byte, err error) {
	if u.hexSeed == "" {
		return phraseSeed(u.phrase, u.password)
	}
	if _, err := hex.Decode(seed[:], []byte(u.hexSeed)); err != nil {
		return seed, errors.New("the raw seed contains a character that is no hex digit")
	}
	return seed, nil
}

// parsePath reads the junctions /soft and //hard one after another.
func parsePath(path string) ([]junction, error) {
	var out []junction
	for path != "" {
		if len(out) == maxJunctions {
			return nil, fmt.Errorf("its path has more than %d junctions", maxJunctions)
		}
		name, hard := strings.CutPrefix(path, "//")
		if !hard {
			name = path[1:]
		}
		path = ""
		if i := strings.IndexByte(name, '/'); i >= 0 {
			name, path = name[:i], name[i:]
		}
		code, err := chainCode(name)
		if err != nil {
			return nil, fmt.Errorf("junction %d of the path %w", len(out)+1, err)
		}
		out = append(out, junction{hard, code})
	}
	return out, nil
}

// chainCode is the meaning of a junction's name.
func chainCode(name string) (code [32]byte, err error) {
	digits := strings.TrimPrefix(name, "+")
	number := digits != "" && strings.Trim(digits, "0123456789") == ""
	switch {
	case name == "":
		return code, errors.New("has no name")
	case strings.HasPrefix(name, "0x"):
		return code, errors.New("starts with 0x, which tools do not read alike: use another name")
	case number && digits != name:
		return code, errors.New("is a number with a sign, which tools do not read alike: leave the sign out")
	case number:
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return code, errors.New("is a number of more than 64 bits, which tools do not read alike: use a smaller one")
		}
		copy(code[:], scale.AppendU64(nil, n))
		return code, nil
	}
	encoded := scale.AppendString(nil, name)
	if len(encoded) > len(code) {
		return hash.Blake2b256(encoded), nil
	}
	copy(code[:], encoded)
	return code, nil
}
