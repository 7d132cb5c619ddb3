package feed

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

const (
	firstFive = `"blue","Parity Polkadot","1.15.2-d6f482d5593","5Auth","12D3Koo"`
	sysinfo   = `{"cpu":"EPYC","memory":67108864,"core_count":8,"linux_kernel":"6.1","linux_distro":"Debian","is_virtual_machine":false}`
	hwbench   = `{"cpu_hashrate_score":1100,"memory_memcpy_score":14000,"disk_sequential_write_score":null,"parallel_cpu_hashrate_score":900}`
)

// Every layout of a node's details that was ever in use, and some that may come.
func TestLayouts(t *testing.T) {
	machine := &System{ptr("EPYC"), ptr(uint64(67108864)), ptr(uint64(8)), ptr("6.1"), ptr("Debian"), ptr(false)}
	v4, v6 := netip.MustParseAddr("45.10.0.1"), netip.MustParseAddr("2a00:1450::8")
	five := Node{Name: "blue", Implementation: "Parity Polkadot", Version: "1.15.2-d6f482d5593", Authority: "5Auth", NetworkID: "12D3Koo"}
	with := func(ip netip.Addr, s *System) Node {
		n := five
		n.IP, n.System = ip, s
		return n
	}
	for _, tt := range []struct {
		name, rest string
		want       Node
	}{
		{"5 items", ``, five},
		{"6 items", `,"45.10.0.1"`, with(v4, nil)},
		{"6 items, address hidden", `,null`, five},
		{"8 items", `,"2a00:1450::8",` + sysinfo + `,` + hwbench, with(v6, machine)},
		{"8 items, details hidden", `,null,null,null`, five},
		{"11 items", `,"linux","x86_64","gnu","45.10.0.1",` + sysinfo + `,` + hwbench, with(v4, machine)},
		{"11 items of the public server", `,"linux","x86_64","gnu",null,` + sysinfo + `,null`, with(netip.Addr{}, machine)},
		{"11 items, system unknown", `,null,null,null,null,null,null`, five},
		{"IPv4 in IPv6", `,"linux","x86_64","gnu","::ffff:45.10.0.1",null,null`, with(v4, nil)},
		{"address with a zone", `,"fe80::1%eth0"`, five},
		{"no address where one should be", `,"linux","x86_64","gnu","linux",null,null`, five},
		{"an address that is a number", `,"linux","x86_64","gnu",5,null,null`, five},
		{"12 items, one address", `,"linux","x86_64","gnu","extra","45.10.0.1",` + sysinfo + `,null`, with(v4, machine)},
		{"7 items, two addresses", `,"45.10.0.1","45.10.0.2"`, five},
		{"9 items, another object first", `,` + hwbench + `,"45.10.0.1",` + sysinfo + `,null`, with(v4, machine)},
		{"a machine that is none", `,"45.10.0.1",[1,2],3`, with(v4, nil)},
		{"a machine of other types", `,"45.10.0.1",{"cpu":5},null`, with(v4, nil)},
		{"a machine too large", `,"45.10.0.1",{"cpu":"` + strings.Repeat("x", maxSystem) + `"},null`, with(v4, nil)},
		{"a machine that says little", `,"45.10.0.1",{"cpu":null,"core_count":4,"new":1},null`, with(v4, &System{Cores: ptr(uint64(4))})},
		{"a machine that nobody can store", `,"45.10.0.1",{"cpu":"a\u0000b","linux_distro":"` + strings.Repeat("é", 99) + `"},null`,
			with(v4, &System{CPU: ptr("a\uFFFDb"), Distro: ptr(strings.Repeat("é", maxText/2))})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseDetails([]byte("[" + firstFive + tt.rest + "]"))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, *got, sameAddr); d != "" {
				t.Error(d)
			}
			// The same as part of a frame.
			m := decode(t, fmt.Sprintf(`[3,[0,[%s%s],[25,0],[[1]],[[],[],[]],[90,"0xab",6000,1700000000000,null],[59.9,10.7,"Oslo"],1690000000000]]`, firstFive, tt.rest))
			want := tt.want
			want.Peers, want.Height, want.Location, want.Started = 25, 90, &Location{59.9, 10.7, "Oslo"}, 1690000000000
			if d := cmp.Diff(want, *m[0].Node, sameAddr); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDetailsRefused(t *testing.T) {
	for _, raw := range []string{
		``, `5`, `{}`, `[]`, `["n","i","v","a"]`, `[null,"i","v","a","p"]`, `[5,"i","v","a","p"]`, `["n",{},"v","a","p"]`, `["n","i","v","a",7]`,
		`["n","i","v","a","p"` + strings.Repeat(",1", maxDetails) + `]`,
	} {
		if n, err := ParseDetails([]byte(raw)); err == nil {
			t.Errorf("%s: %+v", raw, n)
		}
	}
	// Null in place of a text other than the name means that it is not known.
	n, err := ParseDetails([]byte(`["n",null,null,null,null]`))
	if err != nil || *n != (Node{Name: "n"}) {
		t.Errorf("%+v, %v", n, err)
	}
}

// What surrounds the details may be missing or odd; the node is there all the same.
func TestNodeSurroundings(t *testing.T) {
	for _, tt := range []struct {
		name, rest string
		want       Node
	}{
		{"nothing else", ``, Node{}},
		{"location pending", `,[0,0],[[]],[[],[],[]],[0,"0x00",0,1700000000000,null],null,null`, Node{}},
		{"start-up time as text", `,[1,0],[],[],[5,"0x",0,1,null],null,"1690000000000"`, Node{Peers: 1, Height: 5, Started: 1690000000000}},
		{"start-up time that is none", `,[1,0],[],[],[5,"0x",0,1,null],null,"soon"`, Node{Peers: 1, Height: 5}},
		{"start-up time out of range", `,[1,0],[],[],null,null,99999999999999999`, Node{Peers: 1}},
		{"all of other types", `,"x",5,null,{},"Oslo",[]`, Node{}},
		{"location without a city", `,null,null,null,null,[1.5,2.5,null],null`, Node{Location: &Location{1.5, 2.5, ""}}},
		{"more items", `,[1,0],[],[],null,null,7,"more",{"x":1}`, Node{Peers: 1, Started: 7}},
	} {
		m := decode(t, `[3,[4,["n","i","v",null,"p"]`+tt.rest+`]]`)[0]
		want := tt.want
		want.Name, want.Implementation, want.Version, want.NetworkID = "n", "i", "v", "p"
		if m.Malformed != nil || m.ID != 4 {
			t.Errorf("%s: %+v", tt.name, m)
			continue
		}
		if d := cmp.Diff(want, *m.Node, sameAddr); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}
