package metadata_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/thousand-validators/otv/substrate/metadata"
)

// blob reads the metadata of an Asset Hub; of a chain, state_getMetadata returns it.
func blob() []byte {
	packed, err := os.ReadFile("../testdata/metadata/asset-hub-polkadot-2000000.v15.scale.gz")
	if err != nil {
		log.Fatal(err)
	}
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		log.Fatal(err)
	}
	b, err := io.ReadAll(zr)
	if err != nil {
		log.Fatal(err)
	}
	return b
}

func ExampleParse() {
	m, err := metadata.Parse(blob())
	if err != nil {
		log.Fatal(err)
	}
	entry, err := m.Storage("Staking", "Nominators")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Version, len(m.Pallets), m.Types.Len())
	fmt.Println(entry.Hashers[0], m.Types.Name(entry.Keys[0]), m.Types.Name(entry.Value))
	_, err = m.Storage("Staking", "ErasStakers")
	fmt.Println(err)
	// Output:
	// 15 53 1080
	// Twox64Concat AccountId32 Nominations
	// storage item Staking.ErasStakers: not in the runtime's metadata
}
