package ss58_test

import (
	"fmt"
	"log"

	"github.com/thousand-validators/otv/substrate/ss58"
)

func Example() {
	prefix, id, err := ss58.DecodeAccount("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("network", prefix)
	fmt.Println("on Polkadot", ss58.EncodeAccount(0, id))
	// Output:
	// network 42
	// on Polkadot 15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5
}
