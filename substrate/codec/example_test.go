package codec_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// chain stands for metadata read from a chain: it has one type, a struct of two fields.
func chain() (*metadata.Registry, metadata.TypeID) {
	reg, err := metadata.NewRegistry([]metadata.Type{
		{ID: 0, Kind: metadata.Basic, Primitive: metadata.U32},
		{ID: 1, Kind: metadata.Basic, Primitive: metadata.U128},
		{ID: 2, Kind: metadata.Composite, Path: []string{"Overview"}, Fields: []metadata.Field{
			{Name: "page_count", Type: 0}, {Name: "total", Type: 1},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	return reg, 2
}

func ExampleDecode() {
	reg, id := chain()
	raw, _ := hex.DecodeString("020000000010a5d4e80000000000000000000000")
	v, err := codec.Decode(reg, id, raw)
	if err != nil {
		log.Fatal(err)
	}
	text, _ := json.Marshal(v)
	fmt.Println(string(text))
	// Output: {"page_count":2,"total":"1000000000000"}
}

func ExampleUnmarshal() {
	reg, id := chain()
	raw, _ := hex.DecodeString("020000000010a5d4e80000000000000000000000")
	var overview struct {
		Pages uint32 `scale:"page_count"`
	}
	if err := codec.Unmarshal(reg, id, raw, &overview); err != nil {
		log.Fatal(err)
	}
	fmt.Println(overview.Pages)
	// Output: 2
}

func ExampleEncode() {
	reg, id := chain()
	raw, err := codec.Encode(reg, id, map[string]any{"page_count": 2, "total": "1000000000000"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%x\n", raw)
	// Output: 020000000010a5d4e80000000000000000000000
}

func ExampleChecksum() {
	reg, id := chain()
	sum, err := codec.Checksum(reg, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%x…\n", sum[:4])
	// Output: 2d7a6218…
}
