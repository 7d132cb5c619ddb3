// Package metadata reads the description that a Substrate runtime gives of itself: its types, pallets with their
// storage, constants, calls, events and errors, the form of its extrinsics, and its runtime APIs.
//
// Metadata versions 14, 15 and 16 are read into one model. What a version does not have is empty: version 14 has no
// runtime APIs, only version 16 has view functions, associated types and deprecations.
//
// Nothing about a chain should be hard-coded by number: indices of pallets, calls, events, errors and variants differ
// between chains and between runtimes of a chain, and type ids have a meaning only inside the one blob they come
// from. Ask by name.
//
// Parse never panics, whatever the bytes are. Every type id in its result refers to a type of the registry, except
// where [NoType] is documented; but types may refer to themselves in circles, and code that follows them must bound
// its depth, as package codec does.
package metadata

import "errors"

// ErrNotFound is wrapped by the errors of all lookups by name.
var ErrNotFound = errors.New("not in the runtime's metadata")

// Metadata describes one version of a runtime.
type Metadata struct {
	// Version of the metadata format: 14, 15 or 16.
	Version int
	// Types of everything else.
	Types *Registry
	// Pallets in the order of the blob.
	Pallets []Pallet
	// Extrinsic is the form of the chain's transactions.
	Extrinsic Extrinsic
	// Runtime is the type of the runtime itself; NoType in version 16.
	Runtime TypeID
	// APIs are the functions for state_call; empty in version 14.
	APIs []RuntimeAPI
	// OuterCall, OuterEvent and OuterError are the enums over all pallets. Version 14 does not name the error: NoType.
	OuterCall, OuterEvent, OuterError TypeID
	// Custom values that the runtime's authors added.
	Custom []CustomValue
}

// Pallet is one module of a runtime.
type Pallet struct {
	Name string
	// Index of the pallet in the outer enums of calls, events and errors.
	Index uint8
	// Prefix of its storage keys, before hashing: mostly but not always the name. Empty without storage.
	Prefix    string
	Storage   []StorageEntry
	Constants []Constant
	// Calls, Events and Errors are enum types, NoType when the pallet has none.
	Calls, Events, Errors TypeID
	// The deprecated variants of the three enums (version 16).
	DeprecatedCalls, DeprecatedEvents, DeprecatedErrors []VariantDeprecation
	// AssociatedTypes of the pallet's configuration (version 16).
	AssociatedTypes []AssociatedType
	// ViewFunctions can be called through the runtime API RuntimeViewFunction (version 16).
	ViewFunctions []ViewFunction
	Docs          []string
	Deprecation   Deprecation
}

// Hasher turns a key part of a map into a part of the storage key.
type Hasher uint8

// Hashers by the number they have in metadata. From the Concat ones and Identity the key part can be read back.
const (
	Blake2_128 Hasher = iota
	Blake2_256
	Blake2_128Concat
	Twox128
	Twox256
	Twox64Concat
	Identity
	hasherCount
)

// String is the hasher's name as runtimes spell it.
func (h Hasher) String() string {
	names := [...]string{
		"Blake2_128", "Blake2_256", "Blake2_128Concat", "Twox128", "Twox256", "Twox64Concat", "Identity",
	}
	if int(h) < len(names) {
		return names[h]
	}
	return "unknown hasher"
}

// StorageEntry is one storage item of a pallet: a single value or a map.
type StorageEntry struct {
	// Pallet is the pallet's name, Prefix the text from which the first half of its keys is hashed.
	Pallet, Prefix string
	Name           string
	// Optional means that an absent value is none. Otherwise an absent value stands for Default.
	Optional bool
	// Hashers and Keys have one element per key part; both are empty for a single value.
	Hashers []Hasher
	Keys    []TypeID
	Value   TypeID
	// Default is the encoded value that stands for an absent one.
	Default     []byte
	Docs        []string
	Deprecation Deprecation
}

// IsMap reports whether the item is a map.
func (e *StorageEntry) IsMap() bool { return len(e.Hashers) > 0 }

// Constant is a value fixed in the runtime.
type Constant struct {
	Pallet, Name string
	Type         TypeID
	// Value is encoded.
	Value       []byte
	Docs        []string
	Deprecation Deprecation
}

// Extrinsic is the form of the chain's transactions.
type Extrinsic struct {
	// Versions of the extrinsic format that the runtime accepts: 4, or 4 and 5.
	Versions []uint8
	// Address, Call and Signature are NoType only when a version 14 blob does not name them.
	Address, Call, Signature TypeID
	// Extra is the type of all extensions together in versions 14 and 15, where named; else NoType.
	Extra TypeID
	// Type of a whole extrinsic in version 14; else NoType.
	Type TypeID
	// Extensions that exist; each set below picks some of them.
	Extensions []Extension
	// Sets by their version. Versions 14 and 15 have one, of version 0, with all extensions in order.
	Sets []ExtensionSet
}

// Extension adds data to a signed transaction.
type Extension struct {
	Identifier string
	// Extra is the type of what is sent, Additional of what is only signed.
	Extra, Additional TypeID
}

// ExtensionSet lists extensions in the order in which their data is encoded.
type ExtensionSet struct {
	Version uint8
	// Extensions are indices into Extrinsic.Extensions, all in range.
	Extensions []int
}

// ExtensionsOf returns the extensions of the set with the given version, in order.
func (e *Extrinsic) ExtensionsOf(version uint8) ([]Extension, bool) {
	for _, set := range e.Sets {
		if set.Version != version {
			continue
		}
		out := make([]Extension, 0, len(set.Extensions))
		for _, i := range set.Extensions {
			if i >= 0 && i < len(e.Extensions) {
				out = append(out, e.Extensions[i])
			}
		}
		return out, true
	}
	return nil, false
}

// RuntimeAPI is a group of functions of the runtime that state_call runs under the name "Api_method".
type RuntimeAPI struct {
	Name    string
	Methods []APIMethod
	Docs    []string
	// APIVersion is known in version 16 only, else 0.
	APIVersion  uint32
	Deprecation Deprecation
}

// APIMethod is one function of a runtime API.
type APIMethod struct {
	API, Name   string
	Inputs      []Param
	Output      TypeID
	Docs        []string
	Deprecation Deprecation
}

// Param is a named argument.
type Param struct {
	Name string
	Type TypeID
}

// ViewFunction is a read-only function of a pallet.
type ViewFunction struct {
	ID          [32]byte
	Name        string
	Inputs      []Param
	Output      TypeID
	Docs        []string
	Deprecation Deprecation
}

// AssociatedType is a type that a pallet's configuration names.
type AssociatedType struct {
	Name string
	Type TypeID
	Docs []string
}

// CustomValue is a value the runtime's authors added to the metadata.
type CustomValue struct {
	Name  string
	Type  TypeID
	Value []byte
}

// Deprecation says whether, and why, something should not be used any more.
type Deprecation struct {
	Deprecated bool
	// Note and Since may be empty.
	Note, Since string
}

// VariantDeprecation is the deprecation of one variant of an enum, given by the variant's index.
type VariantDeprecation struct {
	Index uint8
	Deprecation
}
