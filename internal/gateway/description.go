package gateway

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/swaggest/swgui/v5emb"
)

// Groups of routes in the description.
const (
	groupLegacy     = "compatible"
	groupOperations = "operations"
	groupV1         = "v1"
)

// V1 is the path under which the API that explains decisions lives.
const V1 = "/api/v1"

func isV1(path string) bool { return path == V1 || strings.HasPrefix(path, V1+"/") }

// describe is the frame of the API's description.
func describe(version string) huma.Config {
	if version == "" {
		version = "development"
	}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "Validator nomination programme",
				Version: version,
				Description: "Candidates, scores, nominations and rewards of the programme. The routes at the root are those of the old " +
					"backend, with its names, types and units; those under " + V1 + " explain how decisions came about.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Tags: []*huma.Tag{
				{Name: groupLegacy, Description: "Routes of the old backend. A single thing that does not exist is 204, an empty list is []."},
				{Name: groupV1, Description: "Amounts are planck as decimal text, times RFC 3339, errors application/problem+json."},
				{Name: groupOperations, Description: "How the service itself is doing."},
			},
			Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)},
		},
		Formats:       huma.DefaultFormats,
		DefaultFormat: "application/json",
	}
}

// Description is the API's description as it is served, OpenAPI 3.1 in JSON.
func (g *Gateway) Description() ([]byte, error) {
	b, err := g.api.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("write the description of the API: %w", err)
	}
	return b, nil
}

// swaggerPolicy lets the pages of Swagger UI run their own scripts and styles and nothing from elsewhere.
const swaggerPolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

// mountDescription serves the description, and the pages that show it. All routes are there already.
func (g *Gateway) mountDescription() error {
	nullableObjects(g.api.OpenAPI().Components.Schemas)
	b, err := g.Description()
	if err != nil {
		return err
	}
	file, err := finish(http.StatusOK, "application/json; charset=utf-8", b)
	if err != nil {
		return err
	}
	g.router.Get("/openapi.json", file.serve)
	if !g.Swagger {
		return nil
	}
	pages := v5emb.New("Validator nomination programme", "/openapi.json", "/swagger/")
	show := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", swaggerPolicy)
		pages.ServeHTTP(w, r)
	}
	g.router.Get("/swagger", func(w http.ResponseWriter, r *http.Request) {
		show(w, at(r, "/swagger/"))
	})
	g.router.Get("/swagger/*", show)
	g.router.Get("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/swagger", http.StatusFound) })
	return nil
}

// nullableObjects describes members that are null where there is nothing: pointers to objects that are never left out. The
// generator knows null for plain values only.
func nullableObjects(r huma.Registry) {
	for name, s := range r.Map() {
		t := r.TypeFromRef("#/components/schemas/" + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(t) {
			tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			have := s.Properties[tag]
			if f.Type.Kind() != reflect.Pointer || have == nil || have.Ref == "" || strings.Contains(options, "omitempty") {
				continue
			}
			s.Properties[tag] = &huma.Schema{
				AnyOf: []*huma.Schema{{Ref: have.Ref}, {Type: "null"}}, Description: f.Tag.Get("doc"),
			}
		}
	}
}
