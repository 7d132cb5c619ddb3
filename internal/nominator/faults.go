package nominator

// Point is a named place at which a test ends the process. In production nothing happens there.
type Point string

// The points: around every write to the database by which a plan moves on, every signature and submission, between
// inclusion and its record, and while waiting.
const (
	BeforeRecord    Point = "before storing the record"
	AfterRecord     Point = "after storing the record"
	BeforeCreate    Point = "before storing the plan"
	AfterCreate     Point = "after storing the plan"
	BeforeAdvance   Point = "before storing a step"
	AfterAdvance    Point = "after storing a step"
	BeforeIntent    Point = "before storing the intent"
	AfterIntent     Point = "after storing the intent"
	BeforeSign      Point = "before signing"
	AfterSign       Point = "after signing, before storing the signature"
	AfterSigned     Point = "after storing the signature"
	BeforeSubmit    Point = "before submitting"
	AfterSubmit     Point = "after submitting, before storing that"
	AfterSent       Point = "after storing the submission"
	BeforeWithheld  Point = "before storing that it is held back"
	AfterWithheld   Point = "after storing that it is held back"
	Watching        Point = "while watching"
	BeforeSearched  Point = "before storing how far was searched"
	AfterSearched   Point = "after storing how far was searched"
	BeforeIncluded  Point = "after inclusion, before recording it"
	AfterIncluded   Point = "after recording the inclusion"
	BeforeExpired   Point = "after expiry, before recording it"
	AfterExpired    Point = "after recording the expiry"
	BeforeAbandoned Point = "before abandoning an intent"
	AfterAbandoned  Point = "after abandoning an intent"
	BeforeAlert     Point = "before storing an alert"
	AfterAlert      Point = "after storing an alert"
	BeforeOrder     Point = "before storing an order"
	AfterOrder      Point = "after storing an order"
)

// Points lists all points.
func Points() []Point {
	return []Point{
		BeforeRecord, AfterRecord, BeforeCreate, AfterCreate, BeforeAdvance, AfterAdvance, BeforeIntent, AfterIntent,
		BeforeSign, AfterSign, AfterSigned, BeforeSubmit, AfterSubmit, AfterSent, BeforeWithheld, AfterWithheld,
		Watching, BeforeSearched, AfterSearched, BeforeIncluded, AfterIncluded, BeforeExpired, AfterExpired,
		BeforeAbandoned, AfterAbandoned, BeforeAlert, AfterAlert, BeforeOrder, AfterOrder,
	}
}
