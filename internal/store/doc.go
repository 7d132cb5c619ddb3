// Package store keeps the programme's memory in a database: candidates and what was found out about them, decisions,
// plans and intents, what the chains paid, and what operators have ordered.
//
// The database is SQLite, built in, in one file (write-ahead log, every commit synced to the disk), or PostgreSQL when
// several machines share it. Both are used through the same models and queries, and in the same way: one transaction
// writes at a time, any number of readers look at what was committed. What must hold together is written in one
// transaction, and the rules that keep money safe (one open plan per nominator, one transaction per key, history and
// intents that are never changed) are constraints of the database, so that no program can break them by mistake.
//
// Amounts are decimal text, times are UTC milliseconds. docs/store.md describes the tables.
package store
