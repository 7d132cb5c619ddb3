// Package jobs runs the product's recurring work on a queue in the database: the catalogue of jobs with their causes,
// schedules and order, and an engine that has each of them run by one worker at a time, wherever workers are.
//
//	causes, schedules, operators ──> wanted ──(dependencies done)──> queue ──> worker ──> state
//
// A job that is wanted is put in the queue once the jobs it comes after are neither wanted nor in work. Whatever
// happens while it is in work makes it wanted again, so that nothing is missed and nothing runs twice at once. A worker
// shows that it is alive; when it stops doing so, its job is taken from it and given to another. docs/jobs.md has the
// catalogue.
package jobs
