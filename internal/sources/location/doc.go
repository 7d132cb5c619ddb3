// Package location finds out where the nodes of candidates are: country, region, city and hosting provider of the
// address from which a node reports to telemetry.
//
// Operators' corrections come first, then the sources in the order of the configuration (a local .mmdb file, ipinfo),
// then the city that the telemetry feed itself shows; each fills in what the ones before it do not know. A look-up that
// fails stores nothing: the last good location stays in force and gets older.
//
// Addresses are personal data. They are held in memory only, are in no error and no log, and look-ups are remembered
// under a keyed hash. Addresses that are not public are never asked about.
package location
