package substrate

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// properties are the answer to system_properties. Members may be missing, null, single values, or lists with one value
// per token, of which the first is the native one.
type properties map[string]json.RawMessage

// first is a member's value, or the first of its values; nil when there is none.
func (p properties) first(name string) json.RawMessage {
	raw := bytes.TrimSpace(p[name])
	if len(raw) > 0 && raw[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
			return nil
		}
		raw = list[0]
	}
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return raw
}

// number is a member's whole number, -1 when there is none of a sensible size.
func (p properties) number(name string, limit int) int {
	text := string(bytes.Trim(p.first(name), `"`))
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n > uint64(limit) {
		return -1
	}
	return int(n)
}

func (p properties) decimals() int { return max(p.number("tokenDecimals", 38), 0) }
func (p properties) prefix() int   { return p.number("ss58Format", 16383) }

func (p properties) symbol() string {
	var s string
	if json.Unmarshal(p.first("tokenSymbol"), &s) != nil {
		return ""
	}
	const longest = 32
	if len(s) > longest {
		return ""
	}
	return s
}
