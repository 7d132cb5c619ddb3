package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/thousand-validators/otv/internal/programme/memory"
)

// route describes one GET route: to clients, and to what keeps its answers.
type route struct {
	id, path      string
	summary, text string
	group         string
	// subjects are what the answer is made of. Without any it is built anew for every request.
	subjects []memory.Subject
	// empty says that the answer may be 204, which is how the old API says that a single thing does not exist.
	empty bool
	// kinds are content types other than JSON that the route offers.
	kinds []string
}

// get mounts a route. In holds the parameters of the path and the query, Out is the shape of the answer. The builder gives
// the answer's value, nil where nothing was found and the route says so with an empty answer, or an *answer of its own
// making.
func get[In, Out any](g *Gateway, rt route, build func(context.Context, *In) (any, error)) {
	g.register(rt)
	huma.Register(g.api, g.operation(rt, reflect.TypeFor[Out]()), func(ctx context.Context, in *In) (*huma.StreamResponse, error) {
		made, err := g.answer(ctx, rt, fmt.Sprintf("%s %+v", rt.path, *in), func(ctx context.Context) (any, error) { return build(ctx, in) })
		if err != nil {
			return nil, g.told(ctx, rt, err)
		}
		return served(made), nil
	})
}

// register makes a path known to what looks paths up without regard to capitals.
func (g *Gateway) register(rt route) { g.paths = append(g.paths, rt.path) }

// operation describes a route.
func (g *Gateway) operation(rt route, out reflect.Type) huma.Operation {
	return huma.Operation{
		OperationID: rt.id, Method: http.MethodGet, Path: rt.path, Summary: rt.summary, Description: rt.text,
		Tags: []string{rt.group}, Responses: g.responses(rt, out),
		Errors: []int{http.StatusBadRequest, http.StatusInternalServerError},
	}
}

// mountHandler mounts and describes a route that answers for itself; nil mounts nothing.
func (g *Gateway) mountHandler(id, path, summary string, h http.Handler) {
	if h == nil {
		return
	}
	g.paths = append(g.paths, path)
	g.router.Method(http.MethodGet, path, h)
	g.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{groupOperations},
		Responses: map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	})
}

// responses describes the good answers of a route.
func (g *Gateway) responses(rt route, out reflect.Type) map[string]*huma.Response {
	content := map[string]*huma.MediaType{
		"application/json": {Schema: g.api.OpenAPI().Components.Schemas.Schema(out, true, rt.id)},
	}
	for _, kind := range rt.kinds {
		content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	list := map[string]*huma.Response{
		"200": {Description: "OK", Content: content},
		"304": {Description: "what the client holds, by its If-None-Match, is still right"},
	}
	if rt.empty {
		list["204"] = &huma.Response{Description: "there is no such thing"}
	}
	return list
}

// answer finds or builds the answer to a question.
func (g *Gateway) answer(ctx context.Context, rt route, key string, build func(context.Context) (any, error)) (*answer, error) {
	made := func(ctx context.Context) (*answer, error) {
		v, err := build(ctx)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case nil:
			return nothing(), nil
		case *answer:
			return v, nil
		}
		return encode(v)
	}
	if len(rt.subjects) == 0 {
		return made(ctx)
	}
	return g.answers.get(ctx, key, rt.subjects, made)
}

// told is an error as the client is told it. What is ours is logged and not shown.
func (g *Gateway) told(ctx context.Context, rt route, err error) error {
	var p *huma.ErrorModel
	if errors.As(err, &p) {
		return p
	}
	if ctx.Err() != nil {
		return problem(http.StatusServiceUnavailable, "the answer took too long")
	}
	g.log.Error("answer request", "route", rt.path, "error", err)
	if errors.Is(err, context.DeadlineExceeded) {
		return problem(http.StatusServiceUnavailable, "the database took too long; ask again")
	}
	return problem(http.StatusInternalServerError, "")
}
