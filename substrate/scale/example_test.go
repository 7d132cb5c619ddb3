package scale_test

import (
	"fmt"
	"log"

	"github.com/thousand-validators/otv/substrate/scale"
)

func Example() {
	raw := scale.AppendString(nil, "Hamlet")
	raw = scale.AppendCompact(raw, 1603)
	fmt.Printf("%x\n", raw)

	d := scale.NewDecoder(raw)
	title, err := d.String()
	if err != nil {
		log.Fatal(err)
	}
	year, err := d.Compact()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(title, year, d.Remaining())
	// Output:
	// 1848616d6c65740d19
	// Hamlet 1603 0
}

func ExampleDecoder_U32() {
	_, err := scale.NewDecoder([]byte{1, 2}).U32()
	fmt.Println(err)
	// Output: read u32 at byte 0: unexpected end of input
}
