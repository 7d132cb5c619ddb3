package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources"
)

// listed is a release as GitHub lists it.
type listed struct {
	Tag        string     `json:"tag_name"`
	Title      string     `json:"name"`
	Notes      string     `json:"body"`
	Draft      bool       `json:"draft"`
	Prerelease bool       `json:"prerelease"`
	Published  *time.Time `json:"published_at"`
}

// maxListed bounds the releases of one list, and maxTag the text of a tag.
const (
	maxListed = 1000
	maxTag    = 200
)

func parse(body []byte) ([]listed, error) {
	var list []listed
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, errors.New("it is no list of releases")
	}
	if len(list) > maxListed {
		return nil, fmt.Errorf("a list of %d releases", len(list))
	}
	return list, nil
}

// Pattern says which releases count, and where they state the version of the client.
type Pattern struct {
	tag, notes *regexp.Regexp
	text       string
}

// triple is a full version of three numbers.
var triple = regexp.MustCompile(`\d+\.\d+\.\d+`)

// NewPattern makes a pattern. A tag counts when the whole of it matches. The version is what the group named version
// matches, else the first full version in the tag. Tags without one (stable releases are named by their month) need
// the second pattern, which is looked for in the title and then in the notes; it may be empty.
func NewPattern(tag, notes string) (*Pattern, error) {
	p := &Pattern{text: tag}
	var err error
	if p.tag, err = regexp.Compile(`\A(?:` + tag + `)\z`); err != nil {
		return nil, fmt.Errorf("pattern of release tags: %w", err)
	}
	if notes != "" {
		if p.notes, err = regexp.Compile(notes); err != nil {
			return nil, fmt.Errorf("pattern of versions in release notes: %w", err)
		}
		p.text += " " + notes
	}
	return p, nil
}

// String is the pattern as it was given.
func (p *Pattern) String() string { return p.text }

// version is the client version a release states; nil when it states none.
func (p *Pattern) version(r *listed) *semver.Version {
	if text, ok := named(p.tag, r.Tag); ok {
		return strict(text)
	}
	if text := triple.FindString(r.Tag); text != "" {
		return strict(text)
	}
	if p.notes == nil {
		return nil
	}
	for _, text := range []string{r.Title, r.Notes} {
		m := p.notes.FindString(text)
		if group, ok := named(p.notes, text); ok {
			m = group
		}
		if v := strict(triple.FindString(m)); v != nil {
			return v
		}
	}
	return nil
}

// named is what the group called version matches.
func named(re *regexp.Regexp, text string) (string, bool) {
	i := re.SubexpIndex("version")
	if i < 0 {
		return "", false
	}
	m := re.FindStringSubmatch(text)
	if m == nil || m[i] == "" {
		return "", false
	}
	return m[i], true
}

func strict(text string) *semver.Version {
	v, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v"))
	if err != nil || v.Prerelease() != "" || v.Metadata() != "" {
		return nil
	}
	return v
}

// ahead is how far a publication may lie in the future, for clocks that differ.
const ahead = time.Hour

// greatest is the release with the greatest version. Drafts, pre-releases and what is not published yet do not count;
// neither does the order of the list, because a patch of an older line may come out last.
func (p *Pattern) greatest(list []listed, now time.Time) (outside.Release, string, error) {
	var best *listed
	var version *semver.Version
	unreadable := 0
	for i := range list {
		r := &list[i]
		if r.Draft || r.Prerelease || r.Published == nil || r.Published.UnixMilli() <= 0 || r.Published.After(now.Add(ahead)) ||
			len(r.Tag) > maxTag || !p.tag.MatchString(r.Tag) {
			continue
		}
		v := p.version(r)
		if v == nil {
			unreadable++
			continue
		}
		if best == nil || v.GreaterThan(version) || v.Equal(version) && r.Published.Before(*best.Published) {
			best, version = r, v
		}
	}
	remark := ""
	if unreadable > 0 {
		remark = fmt.Sprintf("%d releases with a tag that counts state no version; constraints.clientUpgrade.releaseVersionFormat says where to find it", unreadable)
	}
	if best == nil {
		if remark != "" {
			return outside.Release{}, "", errors.New(remark)
		}
		return outside.Release{}, "", fmt.Errorf("none of %d releases has a tag that matches %s", len(list), p.text)
	}
	return outside.Release{Tag: best.Tag, Name: "v" + version.String(), Published: sources.Millis(*best.Published)}, remark, nil
}
