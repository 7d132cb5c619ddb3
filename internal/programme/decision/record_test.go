package decision

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

func decided(t testing.TB, in programme.Inputs) *Record {
	t.Helper()
	r, err := Decide(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encoded(t testing.TB, r *Record) []byte {
	t.Helper()
	b, err := r.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVerifyAccepts(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		r := decided(t, population(seed, 40, 60, 3))
		got, err := Verify(encoded(t, r))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got.Digest != r.Digest {
			t.Errorf("seed %d: digest %s, want %s", seed, got.Digest, r.Digest)
		}
	}
}

// Every byte of a record is covered: whatever is changed, it is refused. The record is as small as one can be, so
// that every byte can have its turn.
func TestVerifyRefusesEveryChangedByte(t *testing.T) {
	in := population(9, 1, 1, 1)
	in.Snapshot.PointEras = in.Snapshot.PointEras[80:]
	for i := range in.Snapshot.Candidates {
		in.Snapshot.Candidates[i].Points = map[programme.Era]uint32{6610: 20}
	}
	b := encoded(t, decided(t, in))
	r := rand.New(rand.NewPCG(1, 2))
	step := 1
	if testing.Short() {
		step = 11
	}
	for i := 0; i < len(b)-1; i += step { // the newline at the end is not part of it
		choices := []byte{b[i] ^ 1, b[i] ^ 0x20, '0' + byte(r.Uint32()%10), byte(r.Uint32())}
		c := choices[r.IntN(len(choices))]
		if c == b[i] {
			c ^= 2
		}
		bad := bytes.Clone(b)
		bad[i] = c
		if _, err := Verify(bad); !errors.Is(err, ErrRefused) {
			t.Fatalf("byte %d changed from %q to %q: %v", i, b[i], c, err)
		}
	}
	for _, cut := range []int{0, 1, len(b) / 2, len(b) - 2} {
		if _, err := Verify(b[:cut]); !errors.Is(err, ErrRefused) {
			t.Errorf("cut to %d bytes: %v", cut, err)
		}
	}
}

func TestVerifyNamesTheFirstDifference(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Record)
		want   string
	}{
		{"score", func(r *Record) { first(r).Score.Total++ }, "decision.candidates["},
		{"target", func(r *Record) { r.Decision.Nominators[0].Targets[0] = "x" }, "decision.nominators[0].targets[0] is recorded as \"x\""},
		{"verdict", func(r *Record) { r.Decision.Candidates[0].Verdicts[0].State = programme.Unknown }, "(slot 1).verdicts[0]"},
		{"brake", func(r *Record) { r.Decision.Brakes[0].Tripped = true }, "decision.brakes[0].tripped is recorded as true"},
		{"dropped candidate", func(r *Record) { r.Decision.Candidates = r.Decision.Candidates[1:] }, "decision.candidates"},
		{"input", func(r *Record) { r.Inputs.Rules.Weights.Client++ }, "decision."},
		{"input without effect on the decision", func(r *Record) { r.Inputs.Snapshot.Network.Chain = "XYZ" }, "the digest of both is"},
		{"digest", func(r *Record) { r.Digest = strings.Replace(r.Digest, ":", ":0", 1) }, "the record says"},
		{"schema", func(r *Record) { r.Schema = "otv/record/0" }, "its schema is"},
		{"contradicting inputs", func(r *Record) { r.Inputs.Candidates[1].Slot = 1 }, "slot 1 is listed twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := decided(t, population(3, 30, 20, 2))
			tt.change(r)
			_, err := Verify(encoded(t, r))
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// first is the best candidate of a record.
func first(r *Record) *programme.CandidateDecision {
	for i := range r.Decision.Candidates {
		if r.Decision.Candidates[i].Position == 1 {
			return &r.Decision.Candidates[i]
		}
	}
	return nil
}

func TestOrderDoesNotMatter(t *testing.T) {
	in := population(11, 60, 80, 3)
	want := encoded(t, decided(t, in))
	r := rand.New(rand.NewPCG(5, 6))
	for range 5 {
		shuffled := in
		shuffled.Candidates = shuffle(r, in.Candidates)
		shuffled.Sources = shuffle(r, in.Sources)
		shuffled.Snapshot.Candidates = shuffle(r, in.Snapshot.Candidates)
		shuffled.Snapshot.Backers = shuffle(r, in.Snapshot.Backers)
		shuffled.Snapshot.Elected = shuffle(r, in.Snapshot.Elected)
		if got := encoded(t, decided(t, shuffled)); !bytes.Equal(got, want) {
			t.Fatal("the order of the lists changes the record")
		}
	}
}

func shuffle[T any](r *rand.Rand, list []T) []T {
	out := make([]T, len(list))
	for i, k := range r.Perm(len(list)) {
		out[i] = list[k]
	}
	return out
}

// The digest is a constant of the program: it must not depend on the process, the number of processors or the
// architecture. `make arm64` runs this very test under emulation.
func TestDigestIsTheSameEverywhere(t *testing.T) {
	const file = "testdata/digest.txt"
	got := ""
	for _, procs := range []int{1, runtime.NumCPU()} {
		before := runtime.GOMAXPROCS(procs)
		digest := decided(t, population(42, 300, 500, 4)).Digest
		runtime.GOMAXPROCS(before)
		if got != "" && digest != got {
			t.Fatalf("the digest with %d processors differs: %s, before %s", procs, digest, got)
		}
		got = digest
	}
	if *update {
		if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), got); diff != "" {
		t.Errorf("the rules or the form changed; if that is meant, raise the schema once records exist, and run with -update: %s", diff)
	}
}

func FuzzVerify(f *testing.F) {
	b := encoded(f, decided(f, population(7, 2, 2, 1)))
	f.Add(b)
	f.Add([]byte(`{"schema":"otv/record/1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Verify(b)
		if err != nil {
			return
		}
		if again := encoded(t, r); !bytes.Equal(bytes.TrimSuffix(b, []byte("\n")), bytes.TrimSuffix(again, []byte("\n"))) {
			t.Fatal("accepted a record that is spelt differently")
		}
	})
}

func BenchmarkEvaluate(b *testing.B) {
	in, err := Freeze(population(1, 1126, 22_500, 20))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Evaluate(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	record := encoded(b, decided(b, population(1, 1126, 22_500, 20)))
	b.SetBytes(int64(len(record)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Verify(record); err != nil {
			b.Fatal(err)
		}
	}
}
