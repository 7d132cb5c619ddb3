package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// MaxFrame is the size of the largest frame that is read, in bytes. A server sends up to 64 nodes, about 32 kB, in a
// frame of a snapshot, and what happened within 75 ms afterwards.
const MaxFrame = 8 << 20

// Sizes in bytes beyond which texts are cut off. A node's name has at most 64 characters.
const (
	maxName  = 512
	maxText  = 128
	maxHash  = 66
	maxLabel = 128
)

// Check reports what is wrong with a frame as a whole. A frame that does not pass must not be used in part: what was
// lost may have been the departure of a node.
func Check(frame []byte) error {
	if len(frame) > 0 && frame[0] == 0 {
		return errors.New("it has a binary form that this version does not know")
	}
	if !json.Valid(frame) {
		return errors.New("it is not JSON")
	}
	s := scanner{b: frame}
	if err := s.enter(); err != nil {
		return errors.New("it is not a list")
	}
	n := 0
	for ; s.more(); n++ {
		if n%2 == 0 {
			if _, err := s.number(); err != nil {
				return fmt.Errorf("item %d is not the number of an action", n)
			}
		} else if _, err := s.raw(); err != nil {
			return fmt.Errorf("item %d: %w", n, err)
		}
	}
	if n == 0 || n%2 != 0 {
		return fmt.Errorf("it has %d items; they must come in pairs", n)
	}
	return nil
}

// Decode passes the messages of a frame that passed [Check] to visit, in their order. The message is used again for
// the next one; only what it points to may be kept. An error of visit ends the decoding and is returned.
func Decode(frame []byte, visit func(*Message) error) error {
	s := scanner{b: frame}
	if err := s.enter(); err != nil {
		return err
	}
	var m Message
	for s.more() {
		action, err := s.number()
		if err != nil {
			return err
		}
		m = Message{Action: Action(action)}
		start := s.i
		if err := m.read(&s); err != nil {
			m = Message{Action: m.Action, Malformed: err}
		}
		// Whatever was read of the payload, the next message begins behind it.
		s.i = start
		s.peek()
		if _, err := s.raw(); err != nil {
			return err
		}
		if err := visit(&m); err != nil {
			return err
		}
	}
	return nil
}

func (m *Message) read(s *scanner) (err error) {
	switch m.Action {
	case FeedVersion:
		m.Version, err = s.number()
	case RemovedNode, StaleNode:
		m.ID, err = s.number()
	case TimeSync:
		m.Time, err = s.millis()
	case Pong:
		m.Text, err = s.text(maxText)
	case RemovedChain, SubscribedTo, UnsubscribedFrom:
		err = m.genesis(s)
	case AddedChain:
		err = m.chain(s)
	case AddedNode:
		err = m.node(s)
	case BestBlock, BestFinalized:
		if err = s.enter(); err == nil {
			err = m.block(s)
		}
	case LocatedNode, ImportedBlock, FinalizedBlock, NodeStats:
		err = m.aboutNode(s)
	}
	return err
}

// aboutNode reads the messages that begin with a node's number.
func (m *Message) aboutNode(s *scanner) (err error) {
	if err = s.enter(); err != nil {
		return err
	}
	if m.ID, err = s.number(); err != nil {
		return fmt.Errorf("node number: %w", err)
	}
	switch m.Action {
	case LocatedNode:
		m.Location, err = s.place()
	case FinalizedBlock:
		m.Height, err = s.number()
	case ImportedBlock:
		m.Height, m.Time, err = s.details()
	case NodeStats:
		if err = s.enter(); err == nil {
			m.Peers, err = s.number()
		}
	}
	return err
}

// block reads the height, and for the best block the time.
func (m *Message) block(s *scanner) (err error) {
	if m.Height, err = s.number(); err == nil && m.Action == BestBlock {
		m.Time, err = s.millis()
	}
	return err
}

func (m *Message) genesis(s *scanner) error {
	text, err := s.text(maxHash)
	if err != nil {
		return err
	}
	m.Chain.Genesis = strings.ToLower(text)
	return nil
}

// chain reads the label, the genesis hash and the number of nodes. Servers of before 2021 leave the hash out.
func (m *Message) chain(s *scanner) (err error) {
	if err = s.enter(); err != nil {
		return err
	}
	if m.Chain.Label, err = s.text(maxLabel); err != nil {
		return fmt.Errorf("label: %w", err)
	}
	if c := s.peek(); c == '"' || c == 'n' {
		if err = m.genesis(s); err != nil {
			return fmt.Errorf("genesis hash: %w", err)
		}
	}
	if m.Chain.Nodes, err = s.number(); err != nil {
		return fmt.Errorf("number of nodes: %w", err)
	}
	return nil
}

// details reads a block's details: height, hash, block time, when the server saw it, and propagation time.
func (s *scanner) details() (height uint64, at programme.Millis, err error) {
	if err = s.enter(); err != nil {
		return 0, 0, err
	}
	if height, err = s.number(); err != nil {
		return 0, 0, fmt.Errorf("height: %w", err)
	}
	for range 2 {
		if _, err = s.raw(); err != nil {
			return 0, 0, err
		}
	}
	at, err = s.millis()
	return height, at, err
}

// millis reads a moment; what cannot be one in milliseconds is refused.
func (s *scanner) millis() (programme.Millis, error) {
	n, err := s.number()
	if err == nil && n > 1<<53 {
		err = errNumber
	}
	if err != nil {
		return 0, err
	}
	return programme.Millis(n), nil
}

// place reads latitude, longitude and city; what is missing or null is left out.
func (s *scanner) place() (*Location, error) {
	var l Location
	for _, to := range []*float64{&l.Latitude, &l.Longitude} {
		v, err := s.float()
		if err != nil {
			return nil, fmt.Errorf("coordinates: %w", err)
		}
		*to = v
	}
	var err error
	l.City, err = s.text(maxText)
	return &l, err
}
