// Package store keeps the programme's memory in a database: records, plans and their history, intents, and what
// operators have ordered.
//
// The database is SQLite, built in, in one file: write-ahead log, every commit synced to the disk, one writer at a
// time. Several processes may open the file at once. What must hold together is written in one transaction, and the
// rules that keep money safe (one open plan per nominator, one transaction per key, history and intents that are
// never changed) are constraints of the database, so that no program can break them by mistake.
//
// Amounts are decimal text, times are UTC milliseconds.
package store
