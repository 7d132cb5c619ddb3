package nominator_test

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// TestSecretsAreNowhere greps everything that a full run leaves behind: the log at its most talkative, what is shown, every
// value of every table, the database's files byte by byte, and every request to the node.
func TestSecretsAreNowhere(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	var shown bytes.Buffer
	s := r.service(func(s *nominator.Settings) {
		s.Show = func(e nominator.Exhibit) { fmt.Fprintf(&shown, "%+v %#v\n", e, e) }
		fmt.Fprintf(&shown, "%v %+v %#v\n", s.Accounts, s.Accounts, s.Accounts)
	})
	record := r.record(r.validators, nil, r.direct, r.proxied, r.delayed)
	keys := []plan.Key{r.propose(s, record, r.direct).Key, r.propose(s, record, r.proxied).Key, r.propose(s, record, r.delayed).Key}
	for _, k := range keys {
		if p := r.until(s, k, closed...); p.State != plan.Succeeded {
			t.Fatalf("%s, %s", p.State, p.Reason)
		}
	}
	if _, err := s.Pause(t.Context(), "", "me", "why"); err != nil {
		t.Fatal(err)
	}
	places := map[string][]byte{"the log": r.logs.Bytes(), "what is shown": shown.Bytes(), "the tables": dump(t, r.db)}
	files, err := filepath.Glob(r.db + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if places[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"plan succeeded", string(r.address(r.delegate))} {
		if !bytes.Contains(bytes.Join([][]byte{places["the log"], places["the tables"]}, nil), []byte(want)) {
			t.Fatalf("%q is nowhere: the test looks at the wrong things", want)
		}
	}
	for _, uri := range []string{directURI, proxyURI, delegateURI} {
		digits, path, _ := strings.Cut(strings.TrimPrefix(uri, "0x"), "//")
		seed, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range places {
			for _, secret := range [][]byte{[]byte(uri), []byte(digits), []byte(strings.ToUpper(digits)), seed, []byte("//" + path)} {
				if bytes.Contains(content, secret) {
					t.Errorf("%s holds the secret of //%s", name, path)
				}
			}
		}
	}
}

// dump is every value of every table.
func dump(t *testing.T, file string) []byte {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var names []string
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	var out bytes.Buffer
	for _, name := range names {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+name)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				switch v := (*v.(*any)).(type) {
				case []byte:
					out.Write(v)
				default:
					fmt.Fprint(&out, v)
				}
				out.WriteByte('\n')
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
