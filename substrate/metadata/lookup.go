package metadata

import "fmt"

// Pallet finds a pallet by its name.
func (m *Metadata) Pallet(name string) (*Pallet, bool) {
	for i := range m.Pallets {
		if m.Pallets[i].Name == name {
			return &m.Pallets[i], true
		}
	}
	return nil, false
}

// PalletByIndex finds a pallet by the byte that stands for it in calls, events and errors.
func (m *Metadata) PalletByIndex(index uint8) (*Pallet, bool) {
	for i := range m.Pallets {
		if m.Pallets[i].Index == index {
			return &m.Pallets[i], true
		}
	}
	return nil, false
}

// Storage finds a storage item. The error wraps [ErrNotFound] and says whether the pallet or the item is missing.
func (m *Metadata) Storage(pallet, item string) (*StorageEntry, error) {
	p, err := m.pallet(pallet)
	if err != nil {
		return nil, err
	}
	for i := range p.Storage {
		if p.Storage[i].Name == item {
			return &p.Storage[i], nil
		}
	}
	return nil, fmt.Errorf("storage item %s.%s: %w", pallet, item, ErrNotFound)
}

// Constant finds a constant. The error wraps [ErrNotFound] and says whether the pallet or the constant is missing.
func (m *Metadata) Constant(pallet, name string) (*Constant, error) {
	p, err := m.pallet(pallet)
	if err != nil {
		return nil, err
	}
	for i := range p.Constants {
		if p.Constants[i].Name == name {
			return &p.Constants[i], nil
		}
	}
	return nil, fmt.Errorf("constant %s.%s: %w", pallet, name, ErrNotFound)
}

// API finds a function of a runtime API. The error wraps [ErrNotFound] and says whether the API or the function is
// missing. Metadata of version 14 has none at all.
func (m *Metadata) API(api, method string) (*APIMethod, error) {
	for i := range m.APIs {
		if m.APIs[i].Name != api {
			continue
		}
		for j := range m.APIs[i].Methods {
			if m.APIs[i].Methods[j].Name == method {
				return &m.APIs[i].Methods[j], nil
			}
		}
		return nil, fmt.Errorf("function %s of runtime API %s: %w", method, api, ErrNotFound)
	}
	if m.Version < 15 {
		return nil, fmt.Errorf("runtime API %s: metadata of version %d describes no APIs: %w", api, m.Version, ErrNotFound)
	}
	return nil, fmt.Errorf("runtime API %s: %w", api, ErrNotFound)
}

// Call finds a call of a pallet by its name.
func (m *Metadata) Call(pallet, name string) (*Pallet, *Variant, error) {
	return m.variant("call", pallet, name, func(p *Pallet) TypeID { return p.Calls })
}

// Event finds an event of a pallet by its name.
func (m *Metadata) Event(pallet, name string) (*Pallet, *Variant, error) {
	return m.variant("event", pallet, name, func(p *Pallet) TypeID { return p.Events })
}

// Error finds the error for which a dispatch error's pallet index and error byte stand.
func (m *Metadata) Error(pallet, index uint8) (*Pallet, *Variant, error) {
	p, ok := m.PalletByIndex(pallet)
	if !ok {
		return nil, nil, fmt.Errorf("pallet with index %d: %w", pallet, ErrNotFound)
	}
	if t, ok := m.Types.Type(p.Errors); ok {
		if v, ok := t.VariantByIndex(index); ok {
			return p, v, nil
		}
	}
	return nil, nil, fmt.Errorf("error %d of pallet %s: %w", index, p.Name, ErrNotFound)
}

func (m *Metadata) variant(what, pallet, name string, of func(*Pallet) TypeID) (*Pallet, *Variant, error) {
	p, err := m.pallet(pallet)
	if err != nil {
		return nil, nil, err
	}
	if t, ok := m.Types.Type(of(p)); ok {
		if v, ok := t.VariantByName(name); ok {
			return p, v, nil
		}
	}
	return nil, nil, fmt.Errorf("%s %s.%s: %w", what, pallet, name, ErrNotFound)
}

func (m *Metadata) pallet(name string) (*Pallet, error) {
	p, ok := m.Pallet(name)
	if !ok {
		return nil, fmt.Errorf("pallet %s: %w", name, ErrNotFound)
	}
	return p, nil
}
