//go:build unix

package decision

import (
	"syscall"
	"testing"
	"time"
)

// BenchmarkEvaluate decides a round of Kusama's size. Besides the time that passes it reports the time that processors
// spent on it, collecting garbage included, which says more on a busy machine.
func BenchmarkEvaluate(b *testing.B) {
	in, err := Freeze(population(1, 1126, 22_500, 20))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		if _, err := Evaluate(in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
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
