package simchain

import (
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// Bounds of the pallets.
const (
	maxProxies   = 32
	maxPending   = 32
	maxUnlocking = 32
	batchLimit   = 10922
)

func (b *builder) proxy() {
	types := []string{"Any", "NonTransfer", "Governance", "Staking", "IdentityJudgement=5", "CancelProxy", "Auction", "NominationPools"}
	if b.role == RoleHub {
		types = []string{"Any", "NonTransfer", "CancelProxy", "Assets", "AssetOwner", "AssetManager", "Collator", "Governance", "Staking",
			"NominationPools", "Auction", "ParaRegistration", "StakingOperator"}
	}
	b.Enum("sim_runtime::ProxyType", types...)
	b.Struct("pallet_proxy::ProxyDefinition", "delegate: AccountId32", "proxy_type: ProxyType", "delay: u32")
	b.Struct("pallet_proxy::Announcement", "real: AccountId32", "call_hash: H256", "height: u32")
	p := b.pallet("Proxy", 29)
	p.Map("Proxies", "Twox64Concat: AccountId32", "(Vec<ProxyDefinition>, u128)", false)
	p.Map("Announcements", "Twox64Concat: AccountId32", "(Vec<Announcement>, u128)", false)
	amount := func(name string, n uint64) { p.Constant(name, "u128", u128(n)) }
	amount("ProxyDepositBase", b.params.ProxyBase)
	amount("ProxyDepositFactor", b.params.ProxyFactor)
	amount("AnnouncementDepositBase", b.params.AnnouncementBase)
	amount("AnnouncementDepositFactor", b.params.AnnouncementFactor)
	p.Constant("MaxProxies", "u32", scale.AppendU32(nil, maxProxies))
	p.Constant("MaxPending", "u32", scale.AppendU32(nil, maxPending))
	call := substratetest.OuterCall
	p.Calls(
		"proxy{real: MultiAddress, force_proxy_type: Option<ProxyType>, call: "+call+"}",
		"add_proxy{delegate: MultiAddress, proxy_type: ProxyType, delay: u32}", "remove_proxy{delegate: MultiAddress, proxy_type: ProxyType, delay: u32}",
		"remove_proxies", "announce=6{real: MultiAddress, call_hash: H256}", "remove_announcement{real: MultiAddress, call_hash: H256}",
		"reject_announcement{delegate: MultiAddress, call_hash: H256}",
		"proxy_announced{delegate: MultiAddress, real: MultiAddress, force_proxy_type: Option<ProxyType>, call: "+call+"}")
	changed := "{delegator: AccountId32, delegatee: AccountId32, proxy_type: ProxyType, delay: u32}"
	events := []string{"ProxyExecuted{result: Result}", "PureCreated=1{pure: AccountId32, who: AccountId32, proxy_type: ProxyType, disambiguation_index: u16}"}
	if b.role == RoleHub {
		events = append(events, "Announced=3{real: AccountId32, proxy: AccountId32, call_hash: H256}")
	} else {
		events = append(events, "Announced{real: AccountId32, proxy: AccountId32, call_hash: H256}")
	}
	p.Events(append(events, "ProxyAdded"+changed, "ProxyRemoved"+changed)...)
	p.Errors("TooMany", "NotFound", "NotProxy", "Unproxyable", "Duplicate", "NoPermission", "Unannounced", "NoSelfProxy")
}

func (b *builder) identity() {
	info := []string{"display: Data", "legal: Data", "web: Data", "matrix: Data", "email: Data", "pgp_fingerprint: Option<[u8; 20]>", "image: Data",
		"twitter: Data", "github: Data", "discord: Data"}
	if b.role == RoleOne {
		info = []string{"additional: Vec<(Data, Data)>", "display: Data", "legal: Data", "web: Data", "riot: Data", "email: Data",
			"pgp_fingerprint: Option<[u8; 20]>", "image: Data", "twitter: Data"}
	}
	b.Struct("pallet_identity::legacy::IdentityInfo", info...)
	b.Enum("pallet_identity::types::Judgement", "Unknown", "FeePaid(u128)", "Reasonable", "KnownGood", "OutOfDate", "LowQuality", "Erroneous")
	b.Struct("pallet_identity::types::Registration", "judgements: Vec<(u32, Judgement)>", "deposit: u128", "info: IdentityInfo")
	b.Struct("pallet_identity::types::RegistrarInfo", "account: AccountId32", "fee: u128", "fields: u64")
	p := b.pallet("Identity", 28)
	if b.role == RoleOne {
		p.Map("IdentityOf", "Twox64Concat: AccountId32", "(Registration, Option<Vec<u8>>)", true)
	} else {
		p.Map("IdentityOf", "Twox64Concat: AccountId32", "Registration", true)
		b.Enum("pallet_identity::types::Provider", "Allocation", "AuthorityDeposit(u128)", "System")
		b.Struct("pallet_identity::types::UsernameInformation", "owner: AccountId32", "provider: Provider")
		p.Map("UsernameOf", "Twox64Concat: AccountId32", "Vec<u8>", true)
		p.Map("UsernameInfoOf", "Blake2_128Concat: Vec<u8>", "UsernameInformation", true)
	}
	p.Map("SuperOf", "Blake2_128Concat: AccountId32", "(AccountId32, Data)", true)
	p.Map("SubsOf", "Twox64Concat: AccountId32", "(u128, Vec<AccountId32>)", false)
	p.Value("Registrars", "Vec<Option<RegistrarInfo>>", false)
	p.Constant("BasicDeposit", "u128", u128(identityDeposit))
	p.Constant("ByteDeposit", "u128", u128(0))
	p.Constant("SubAccountDeposit", "u128", u128(identityDeposit))
	p.Constant("MaxSubAccounts", "u32", scale.AppendU32(nil, maxSubs))
	p.Calls("set_identity=1{info: IdentityInfo}", "set_subs{subs: Vec<(AccountId32, Data)>}", "clear_identity",
		"provide_judgement=9{reg_index: Compact<u32>, target: MultiAddress, judgement: Judgement, identity: H256}")
	p.Events("IdentitySet{who: AccountId32}", "IdentityCleared{who: AccountId32, deposit: u128}", "IdentityKilled{who: AccountId32, deposit: u128}",
		"JudgementGiven=5{target: AccountId32, registrar_index: u32}", "SubIdentityAdded=7{sub: AccountId32, main: AccountId32, deposit: u128}")
	p.Errors("TooManySubAccounts", "NotFound", "NotNamed", "EmptyIndex", "FeeChanged", "NoIdentity", "StickyJudgement", "JudgementGiven",
		"InvalidJudgement", "InvalidIndex", "InvalidTarget", "JudgementForDifferentIdentity=15")
}

// What identities cost, in planck, and how many sub-identities one may have.
const (
	identityDeposit = 2_000_000_000
	maxSubs         = 100
)
