package substrate

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What the fast readers accept they must understand as encoding/json does.
func FuzzFastJSON(f *testing.F) {
	for _, seed := range []string{
		`["0x","0x00ff"]`, `[]`, ` [ "0xAB" , "0x" ] `, `["0x\u0030"]`, `[null]`, `["0x0"]`, `["0xzz"]`, `[{"block":"0x07","changes":[["0x01","0xff"],["0x02",null]]}]`,
		`[ { "block" : "0x07" , "changes" : [ [ "0x01" , null ] , [ "0x02" , "0x" ] ] } ]`, `[{"changes":[],"block":"0x07"}]`,
		`[{"block":"0x07","changes":[["0x01","0xff"],["0x02",null]],"more":1}]`, `[{"block":"0x07","changes":[["0x01"],["0x02",null]]}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		if keys, ok := fastKeys(raw); ok {
			var want []hexBytes
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatalf("accepted what encoding/json refuses: %v", err)
			}
			got := make([]hexBytes, len(keys))
			for i := range keys {
				got[i] = keys[i]
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
		}
		values := make([][]byte, 2)
		if fastValues(raw, "0x07", []string{"0x01", "0x02"}, values) {
			var want []struct {
				Block   string
				Changes [][2]*string
			}
			if err := json.Unmarshal(raw, &want); err != nil || len(want) != 1 || len(want[0].Changes) != 2 || want[0].Block != "0x07" {
				t.Fatalf("accepted %s: %v", raw, err)
			}
			for i, key := range []string{"0x01", "0x02"} {
				ch := want[0].Changes[i]
				if ch[0] == nil || *ch[0] != key || (ch[1] == nil) != (values[i] == nil) {
					t.Fatalf("accepted %s as %x", raw, values)
				}
				if ch[1] != nil {
					if b, err := parseHex(*ch[1]); err != nil || string(b) != string(values[i]) {
						t.Fatalf("read %s as %x, %v", raw, values, err)
					}
				}
			}
		}
	})
}
