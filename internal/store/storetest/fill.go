package storetest

import (
	"fmt"
	"reflect"

	"github.com/thousand-validators/otv/internal/programme"
)

// Fill is a T of which every exported member, at any depth, has a value of its own that is not the zero one. Lists and maps
// have two members; amounts are greater than 64 bits hold.
func Fill[T any]() T {
	var v T
	f := filler{given: map[reflect.Type]func(n uint64) any{
		reflect.TypeFor[programme.Planck]():   func(n uint64) any { return programme.PlanckFromParts(1<<63+n, 1<<63+n) },
		reflect.TypeFor[programme.Validity](): func(uint64) any { return programme.Invalid },
		reflect.TypeFor[programme.Millis]():   func(n uint64) any { return programme.Millis(1_700_000_000_000 + n) },
	}}
	f.fill(reflect.ValueOf(&v).Elem(), 0)
	return v
}

type filler struct {
	n     uint64
	given map[reflect.Type]func(n uint64) any
}

// deepest is where a type that contains itself is cut off.
const deepest = 12

func (f *filler) fill(v reflect.Value, depth int) {
	f.n++
	if depth > deepest {
		return
	}
	if make, ok := f.given[v.Type()]; ok {
		v.Set(reflect.ValueOf(make(f.n)))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(f.n)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(f.n) + 1.0/3)
	case reflect.String:
		v.SetString(fmt.Sprintf("t%d é'\"?\\🦀", f.n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.fill(v.Index(i), depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key, depth+1)
			f.fill(value, depth+1)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				f.fill(v.Field(i), depth+1)
			}
		}
	default:
		// Nothing that is kept has a function, a channel or an interface in it; a comparison with what was read shows it.
		return
	}
}
