package simchain

import (
	"fmt"

	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// Role says which chain of a network this is.
type Role string

// The roles.
const (
	RoleOne    Role = "one"    // relay chain with staking, proxies and identities
	RoleRelay  Role = "relay"  // relay chain after staking moved
	RoleHub    Role = "hub"    // Asset Hub
	RolePeople Role = "people" // People chain
)

func (r Role) parachain() bool { return r == RoleHub || r == RolePeople }
func (r Role) staking() bool   { return r == RoleOne || r == RoleHub }
func (r Role) sessions() bool  { return r == RoleOne || r == RoleRelay }
func (r Role) identity() bool  { return r == RoleOne || r == RolePeople }

// builder makes the metadata of one runtime. The types of items that the programme reads have exactly the structure that
// they have on the real chains; a test compares them.
type builder struct {
	*substratetest.Metadata
	role   Role
	params Params
	name   string // of the runtime, and its version
	spec   uint32
	// shift moves the indices of pallets, as an upgrade may.
	shift uint8
}

// Params are the constants of a chain.
type Params struct {
	SS58Prefix         uint16
	BlockTime          uint64 // ms
	SessionBlocks      uint64 // of the relay chain
	SessionsPerEra     uint32
	PlanningEraOffset  uint32 // sessions before the end of an era at which the next one is elected; on Asset Hub only
	BondingDuration    uint32 // eras
	SlashDeferDuration uint32 // eras
	HistoryDepth       uint32 // eras
	ExposurePage       uint32 // nominators in a page of an exposure
	MaxNominations     uint32
	ValidatorCount     uint32
	ExistentialDeposit uint64
	MinNominatorBond   uint64
	MinValidatorBond   uint64
	// Deposits of the proxy pallet, in planck.
	ProxyBase, ProxyFactor, AnnouncementBase, AnnouncementFactor uint64
}

func newBuilder(role Role, p Params, name string, spec uint32, shift uint8) *builder {
	b := &builder{Metadata: substratetest.NewMetadata(), role: role, params: p, name: name, spec: spec, shift: shift}
	b.Address, b.Signature = "MultiAddress", "MultiSignature"
	b.common()
	b.system()
	b.balances()
	if role.sessions() {
		b.session()
	}
	if role.parachain() {
		b.parachain()
	}
	if role.staking() {
		b.staking()
	}
	switch role {
	case RoleRelay:
		b.relayStaking()
	case RoleHub:
		b.rcClient()
	}
	if role != RolePeople {
		b.proxy()
	}
	if role.identity() {
		b.identity()
	}
	b.utility()
	b.apis()
	b.extensions()
	return b
}

// common defines the types that several pallets use.
func (b *builder) common() {
	b.Type("AccountId32")
	b.Enum("sp_runtime::multiaddress::MultiAddress", "Id(AccountId32)", "Index(Compact<()>)", "Raw(Vec<u8>)", "Address32([u8; 32])", "Address20([u8; 20])")
	b.Parameters("MultiAddress", "AccountId: AccountId32", "AccountIndex: ()")
	b.Enum("sp_runtime::MultiSignature", "Ed25519([u8; 64])", "Sr25519([u8; 64])", "Ecdsa([u8; 65])")
	b.Struct("sp_weights::weight_v2::Weight", "ref_time: Compact<u64>", "proof_size: Compact<u64>")
	b.Enum("frame_support::dispatch::DispatchClass", "Normal", "Operational", "Mandatory")
	b.Enum("frame_support::dispatch::Pays", "Yes", "No")
	b.Struct("frame_support::dispatch::DispatchInfo", "weight: Weight", "class: DispatchClass", "pays_fee: Pays")
	b.Struct("sp_runtime::ModuleError", "index: u8", "error: [u8; 4]")
	b.Enum("sp_runtime::TokenError", "FundsUnavailable", "OnlyProvider", "BelowMinimum", "CannotCreate", "UnknownAsset", "Frozen",
		"Unsupported", "CannotCreateHold", "NotExpendable", "Blocked")
	b.Enum("sp_arithmetic::ArithmeticError", "Underflow", "Overflow", "DivisionByZero")
	b.Enum("sp_runtime::TransactionalError", "LimitReached", "NoLayer")
	b.Enum("sp_runtime::proving_trie::TrieError", "InvalidStateRoot", "IncompleteDatabase")
	b.Enum("sp_runtime::DispatchError", "Other", "CannotLookup", "BadOrigin", "Module(ModuleError)", "ConsumerRemaining", "NoProviders",
		"TooManyConsumers", "Token(TokenError)", "Arithmetic(ArithmeticError)", "Transactional(TransactionalError)", "Exhausted",
		"Corruption", "Unavailable", "RootNotAllowed", "Trie(TrieError)")
	b.Enum("Result", "Ok(())", "Err(DispatchError)")
	b.Parameters("Result", "T: ()", "E: DispatchError")
	data := []string{"None"}
	for n := range 33 {
		data = append(data, fmt.Sprintf("Raw%d([u8; %d])", n, n))
	}
	b.Enum("pallet_identity::types::Data", append(data, "BlakeTwo256([u8; 32])", "Sha256([u8; 32])", "Keccak256([u8; 32])", "ShaThree256([u8; 32])")...)
}

// pallet adds a pallet at an index, which an upgrade may have moved.
func (b *builder) pallet(name string, index uint8) *substratetest.Pallet {
	if index > 9 {
		index += b.shift
	}
	return b.Pallet(name, index)
}

func (b *builder) system() {
	b.Wrapper("pallet_balances::types::ExtraFlags", "u128")
	b.Struct("pallet_balances::types::AccountData", "free: u128", "reserved: u128", "frozen: u128", "flags: ExtraFlags")
	b.Struct("frame_system::AccountInfo", "nonce: u32", "consumers: u32", "providers: u32", "sufficients: u32", "data: AccountData")
	b.Enum("frame_system::Phase", "ApplyExtrinsic(u32)", "Finalization", "Initialization")
	b.Struct("frame_system::EventRecord", "phase: Phase", "event: "+substratetest.OuterEvent, "topics: Vec<H256>")
	b.Parameters("EventRecord", "E: "+substratetest.OuterEvent, "T: H256")
	b.Struct("frame_system::LastRuntimeUpgradeInfo", "spec_version: Compact<u32>", "spec_name: str")
	p := b.pallet("System", 0)
	p.Map("Account", "Blake2_128Concat: AccountId32", "AccountInfo", false)
	p.Value("ExtrinsicCount", "u32", true)
	p.Map("BlockHash", "Twox64Concat: u32", "H256", false)
	p.Value("Number", "u32", false)
	p.Value("ParentHash", "H256", false)
	p.Value("Events", "Vec<EventRecord>", false)
	p.Value("EventCount", "u32", false)
	p.Value("LastRuntimeUpgrade", "LastRuntimeUpgradeInfo", true)
	p.Constant("BlockHashCount", "u32", scale.AppendU32(nil, blockHashCount))
	b.Struct("sp_version::RuntimeVersion", "spec_name: str", "impl_name: str", "authoring_version: u32", "spec_version: u32", "impl_version: u32",
		"apis: Vec<([u8; 8], u32)>", "transaction_version: u32", "system_version: u8")
	p.Constant("Version", "RuntimeVersion", b.version())
	p.Constant("SS58Prefix", "u16", scale.AppendU16(nil, b.params.SS58Prefix))
	p.Calls("remark{remark: Vec<u8>}", "remark_with_event=7{remark: Vec<u8>}")
	p.Events("ExtrinsicSuccess{dispatch_info: DispatchInfo}", "ExtrinsicFailed{dispatch_error: DispatchError, dispatch_info: DispatchInfo}",
		"CodeUpdated", "NewAccount{account: AccountId32}", "KilledAccount{account: AccountId32}", "Remarked{sender: AccountId32, hash: H256}")
	p.Errors("InvalidSpecName", "SpecVersionNeedsToIncrease", "FailedToExtractRuntimeVersion", "NonDefaultComposite", "NonZeroRefCount", "CallFiltered")

	p = b.pallet("Timestamp", 3)
	p.Value("Now", "u64", false)
	p.Value("DidUpdate", "bool", false)
	period := b.params.BlockTime / 2
	if b.role.parachain() {
		period = 0
	}
	p.Constant("MinimumPeriod", "u64", scale.AppendU64(nil, period))
	p.Calls("set{now: Compact<u64>}")
}

// version encodes the constant that says which runtime this is.
func (b *builder) version() []byte {
	out := scale.AppendU32(scale.AppendString(scale.AppendString(nil, b.name), "simnet"), 0)
	out = scale.AppendU32(scale.AppendU32(out, b.spec), 0)
	out = scale.AppendCompact(out, 0) // APIs are listed by the node
	return append(scale.AppendU32(out, txVersion), 1)
}

// blockHashCount is how many hashes of blocks the runtime remembers.
const blockHashCount = 4096

func (b *builder) balances() {
	b.Enum("pallet_balances::types::Reasons", "Fee", "Misc", "All")
	b.Enum("pallet_staking::HoldReason", "Staking")
	b.Enum("sim_runtime::RuntimeHoldReason", "Staking=89(HoldReason)")
	b.Struct("pallet_balances::types::BalanceLock", "id: [u8; 8]", "amount: u128", "reasons: Reasons")
	b.Struct("pallet_balances::types::ReserveData", "id: [u8; 8]", "amount: u128")
	b.Struct("frame_support::traits::tokens::misc::IdAmount", "id: RuntimeHoldReason", "amount: u128")
	p := b.pallet("Balances", 5)
	p.Value("TotalIssuance", "u128", false)
	p.Value("InactiveIssuance", "u128", false)
	p.Map("Locks", "Blake2_128Concat: AccountId32", "Vec<BalanceLock>", false)
	p.Map("Reserves", "Blake2_128Concat: AccountId32", "Vec<ReserveData>", false)
	p.Map("Holds", "Blake2_128Concat: AccountId32", "Vec<IdAmount>", false)
	p.Map("Freezes", "Blake2_128Concat: AccountId32", "Vec<IdAmount>", false)
	p.Constant("ExistentialDeposit", "u128", u128(b.params.ExistentialDeposit))
	p.Constant("MaxLocks", "u32", scale.AppendU32(nil, 50))
	p.Constant("MaxReserves", "u32", scale.AppendU32(nil, 50))
	p.Calls("transfer_allow_death{dest: MultiAddress, value: Compact<u128>}", "transfer_keep_alive=3{dest: MultiAddress, value: Compact<u128>}",
		"transfer_all{dest: MultiAddress, keep_alive: bool}")
	who := "{who: AccountId32, amount: u128}"
	p.Events("Endowed{account: AccountId32, free_balance: u128}", "DustLost{account: AccountId32, amount: u128}",
		"Transfer{from: AccountId32, to: AccountId32, amount: u128}", "BalanceSet{who: AccountId32, free: u128}", "Reserved"+who,
		"Unreserved"+who, "Deposit=7"+who, "Withdraw"+who, "Slashed"+who, "Minted"+who, "Burned"+who, "Issued=15{amount: u128}",
		"Rescinded{amount: u128}", "Locked"+who, "Unlocked"+who)
	p.Errors("VestingBalance", "LiquidityRestrictions", "InsufficientBalance", "ExistentialDeposit", "Expendability", "ExistingVestingSchedule",
		"DeadAccount", "TooManyReserves", "TooManyHolds", "TooManyFreezes", "IssuanceDeactivated", "DeltaZero")

	p = b.pallet("TransactionPayment", 32)
	p.Value("NextFeeMultiplier", "u128", false)
	p.Constant("OperationalFeeMultiplier", "u8", []byte{5})
	p.Events("TransactionFeePaid{who: AccountId32, actual_fee: u128, tip: u128}")
}

// u128 encodes a balance.
func u128(n uint64) []byte { return scale.AppendU128(nil, n, 0) }

func (b *builder) parachain() {
	b.Wrapper("polkadot_parachain_primitives::primitives::HeadData", "Vec<u8>")
	b.Wrapper("polkadot_parachain_primitives::primitives::Id", "u32")
	b.Struct("polkadot_primitives::v8::PersistedValidationData", "parent_head: HeadData", "relay_parent_number: u32",
		"relay_parent_storage_root: H256", "max_pov_size: u32")
	p := b.pallet("ParachainSystem", 1)
	p.Value("ValidationData", "PersistedValidationData", true)
	p.Value("LastRelayChainBlockNumber", "u32", false)
	id := uint32(1000)
	if b.role == RolePeople {
		id = 1004
	}
	p.Constant("SelfParaId", "Id", scale.AppendU32(nil, id))
	p.Calls("set_validation_data{data: PersistedValidationData}")
	p.Events("ValidationFunctionStored", "ValidationFunctionApplied{relay_chain_block_num: u32}", "ValidationFunctionDiscarded",
		"DownwardMessagesReceived{count: u32}", "DownwardMessagesProcessed{weight_used: Weight, dmq_head: H256}")
	p.Errors("OverlappingUpgrades", "ProhibitedByPolkadot", "TooBig", "ValidationDataNotAvailable")
	p = b.pallet("ParachainInfo", 4)
	p.Value("ParachainId", "Id", false)
}

func (b *builder) utility() {
	call := substratetest.OuterCall
	p := b.pallet("Utility", 26)
	p.Constant("batched_calls_limit", "u32", scale.AppendU32(nil, batchLimit))
	p.Calls("batch{calls: Vec<"+call+">}", "batch_all=2{calls: Vec<"+call+">}", "force_batch=4{calls: Vec<"+call+">}")
	p.Events("BatchInterrupted{index: u32, error: DispatchError}", "BatchCompleted", "BatchCompletedWithErrors", "ItemCompleted",
		"ItemFailed{error: DispatchError}", "DispatchedAs{result: Result}")
	p.Errors("TooManyCalls")
}

func (b *builder) apis() {
	b.Struct("frame_support::dispatch::RuntimeDispatchInfo", "weight: Weight", "class: DispatchClass", "partial_fee: u128")
	b.API("Core", "version", "()")
	b.API("AccountNonceApi", "account_nonce", "u32", "account: AccountId32")
	b.API("TransactionPaymentApi", "query_info", "RuntimeDispatchInfo", "uxt: Vec<u8>", "len: u32")
	if b.role.staking() {
		b.API("StakingApi", "nominations_quota", "u32", "balance: u128")
		b.API("StakingApi", "eras_stakers_page_count", "u32", "era: u32", "account: AccountId32")
		b.API("StakingApi", "pending_rewards", "bool", "era: u32", "account: AccountId32")
	}
}

func (b *builder) extensions() {
	mortality := []string{"Immortal"}
	for n := 1; n < 256; n++ {
		mortality = append(mortality, fmt.Sprintf("Mortal%d(u8)", n))
	}
	b.Enum("sp_runtime::generic::era::Era", mortality...)
	b.Enum("frame_metadata_hash_extension::Mode", "Disabled", "Enabled")
	nothing := func(path string) string { b.Struct(path); return lastPart(path) }
	ext := func(id, extra, additional string) {
		b.Extensions = append(b.Extensions, substratetest.Extension{Identifier: id, Extra: extra, Additional: additional})
	}
	ext("CheckNonZeroSender", nothing("frame_system::extensions::check_non_zero_sender::CheckNonZeroSender"), "()")
	ext("CheckSpecVersion", nothing("frame_system::extensions::check_spec_version::CheckSpecVersion"), "u32")
	ext("CheckTxVersion", nothing("frame_system::extensions::check_tx_version::CheckTxVersion"), "u32")
	ext("CheckGenesis", nothing("frame_system::extensions::check_genesis::CheckGenesis"), "H256")
	b.Wrapper("frame_system::extensions::check_mortality::CheckMortality", "Era")
	ext("CheckMortality", "CheckMortality", "H256")
	b.Wrapper("frame_system::extensions::check_nonce::CheckNonce", "Compact<u32>")
	ext("CheckNonce", "CheckNonce", "()")
	ext("CheckWeight", nothing("frame_system::extensions::check_weight::CheckWeight"), "()")
	if b.role == RoleHub {
		b.Enum("staging_xcm::v5::junctions::Junctions", "Here")
		b.Struct("staging_xcm::v5::location::Location", "parents: u8", "interior: Junctions")
		b.Struct("pallet_asset_conversion_tx_payment::ChargeAssetTxPayment", "tip: Compact<u128>", "asset_id: Option<Location>")
		ext("ChargeAssetTxPayment", "ChargeAssetTxPayment", "()")
	} else {
		b.Wrapper("pallet_transaction_payment::ChargeTransactionPayment", "Compact<u128>")
		ext("ChargeTransactionPayment", "ChargeTransactionPayment", "()")
	}
	b.Struct("frame_metadata_hash_extension::CheckMetadataHash", "mode: Mode")
	ext("CheckMetadataHash", "CheckMetadataHash", "Option<[u8; 32]>")
}

// lastPart is the name at the end of a path.
func lastPart(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == ':' {
			return path[i+1:]
		}
	}
	return path
}
