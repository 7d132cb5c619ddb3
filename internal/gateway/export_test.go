package gateway

// LongAtOnce and ErrLong are for tests.
const LongAtOnce = longAtOnce

// ErrLong ends the first reading of a list that turns out to be long.
var ErrLong = errLong
