package config

import (
	"os"
	"path/filepath"
	"testing"
)

func BenchmarkLoad(b *testing.B) {
	main, err := os.ReadFile(filepath.Join("testdata", "reference-kusama", MainFile))
	if err != nil {
		b.Fatal(err)
	}
	dir := folder(b, string(main), "")
	for b.Loop() {
		if _, err := Load(dir, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
