// Package web has the pages that people look at: rendered on the server from what the database holds, with everything
// they need embedded. Nothing is built, and nothing is loaded from elsewhere.
//
// Every page is a file in pages/ that fills the blocks of layout.html, a view (a struct with what the page says, made by
// a pure function of facts and a moment), and a line in the routes of [Site]. Pages work without scripts; the script in
// assets/ refreshes them and counts down.
package web
