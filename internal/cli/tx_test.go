package cli

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate/substratetest"
)

// exampleTx is a proxied nomination on the Asset Hub of Polkadot that the reference client made.
func exampleTx(t *testing.T) (tx, call, metadataFile string) {
	t.Helper()
	data, err := os.ReadFile("../../substrate/extrinsic/testdata/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct{ Name, Extrinsic, Call string }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Name == "C" {
			file := filepath.Join(t.TempDir(), "metadata")
			if err := os.WriteFile(file, blob(t, "asset-hub-polkadot-2000000.v15"), 0o600); err != nil {
				t.Fatal(err)
			}
			return e.Extrinsic, e.Call, file
		}
	}
	t.Fatal("no example C")
	return "", "", ""
}

const exampleTable = `what                  value
transaction           signed, version 4, 216 bytes
hash                  0x4a35575bbd7423797df1a83584b60a00859272c07352ebd37d6926328e2faef0
sender                146SvjUZXoMaemdeiecyxgALeYMm8ZWh1yrGo8RtpoPfe7WL
signature             ed25519 0xba07847458b10b218ef892f64b246fd0edd5ff1d95ab9c4c41876d108bc4d7324cb37e7c7aebdfb1f03928adcfb877556c28ef0953ea90a2bb951a4684613601
CheckMortality        mortal for 64 blocks, phase 42
CheckNonce            4
ChargeAssetTxPayment  {"tip":"1000000","asset_id":null}
CheckMetadataHash     {"mode":"Disabled"}
call                  Proxy.proxy: Dispatch the given ` + "`call`" + ` from an account that the sender is authorised for through
call hash             0x6bd93c98cb41710cb2d1006d4b52bdc413d42aefa191fc090cec8eed3bdffe94
  real                {"Id":"15Jbynf3EcRqdHV1K14LXYh7PQFTbp5wiXfrc4kbMReR9KxA"}
  force_proxy_type    Staking
  call                {"Staking":{"nominate":{"targets":[{"Id":"14E5nqKAp3oAJcmzgZhUD2RcptBeUBScxKHgJKU4HPNcKVf3"},{"Id":"14Gjs1TD93gnwEBfDMHoCgsuf1s2TVKUP6Z1qKmAZnZ8cW5q"}]}}}
`

func TestTxDecode(t *testing.T) {
	tx, call, file := exampleTx(t)
	hexFile := filepath.Join(t.TempDir(), "metadata.hex")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hexFile, []byte("0x"+hex.EncodeToString(raw)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	node := substratetest.NewNode(t, substratetest.NodeConfig{Metadata: raw, SpecName: "statemint", SpecVersion: 2000000})
	for name, args := range map[string][]string{
		"metadata file":             {tx, "--metadata", file},
		"hexadecimal metadata file": {tx, "--metadata", hexFile},
		"without 0x":                {tx[2:], "--metadata", file},
		"standard input":            {"-", "--metadata", file},
		"node":                      {tx, "--uri", node.URL()},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := runWith(t, tx+"\n", nil, append([]string{"tx", "decode"}, args...)...)
			if code != ExitOK {
				t.Fatalf("exit %d: %s", code, errs)
			}
			if diff := cmp.Diff(exampleTable, out); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}

	code, out, errs := runWith(t, "", nil, "tx", "decode", call, "--call", "--metadata", file)
	_, rows, found := strings.Cut(exampleTable, "call    ")
	if !found {
		t.Fatal("the example has no rows of a call")
	}
	want := strings.Fields("what value call " + rows)
	if diff := cmp.Diff(want, strings.Fields(out)); code != ExitOK || diff != "" {
		t.Errorf("exit %d, %s (-want +got)\n%s", code, errs, diff)
	}

	code, out, errs = runWith(t, "", nil, "tx", "decode", tx, "--metadata", file, "--json")
	var got struct {
		Hash, Kind, Sender, Scheme, Signature string
		Version, Size                         int
		Extensions                            []struct {
			Name  string
			Value any
		}
		Call struct {
			Name, Hash, Bytes string
			Args              map[string]any
		}
	}
	if err := json.Unmarshal([]byte(out), &got); code != ExitOK || err != nil {
		t.Fatalf("exit %d, %v: %s", code, err, errs)
	}
	if got.Kind != "signed" || got.Version != 4 || got.Size != 216 || len(got.Extensions) != 9 || got.Call.Name != "Proxy.proxy" ||
		got.Call.Bytes != call || got.Call.Args["force_proxy_type"] != "Staking" || got.Scheme != "ed25519" {
		t.Errorf("%+v", got)
	}
	code, out, errs = runWith(t, "", nil, "tx", "decode", "0x280402"+call[2:], "--call", "--metadata", file, "--json")
	if code != ExitInput || out != "" || !strings.Contains(errs, "without --call") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

func TestTxDecodeRefuses(t *testing.T) {
	tx, call, file := exampleTx(t)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no runtime", []string{tx}, ExitUsage, "either --uri"},
		{"two runtimes", []string{tx, "--metadata", file, "--uri", "ws://127.0.0.1:1"}, ExitUsage, "either --uri"},
		{"not hexadecimal", []string{"0xzz", "--metadata", file}, ExitInput, "not given in hexadecimal"},
		{"odd digits", []string{"0x123", "--metadata", file}, ExitInput, "not given in hexadecimal"},
		{"a call", []string{call, "--metadata", file}, ExitInput, "add --call"},
		{"cut", []string{tx[:len(tx)-2], "--metadata", file}, ExitInput, "decode extrinsic"},
		{"nothing", []string{"0x", "--metadata", file}, ExitInput, "decode extrinsic"},
		{"no file", []string{tx, "--metadata", file + "x"}, ExitInput, "metadata"},
		{"no metadata", []string{tx, "--metadata", empty}, ExitInput, "metadata in"},
		{"no node", []string{tx, "--uri", "ws://127.0.0.1:1", "--timeout", "1ms"}, ExitNetwork, "ws://127.0.0.1:1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := runWith(t, "", nil, append([]string{"tx", "decode"}, tc.args...)...)
			if code != tc.code || out != "" || !strings.Contains(errs, tc.want) {
				t.Errorf("exit %d: %s%s", code, out, errs)
			}
		})
	}
}
