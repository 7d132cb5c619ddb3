package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

type documentRow struct {
	bun.BaseModel `bun:"table:records"`
	Digest        string `bun:",pk"`
	Kind          string
	Created       int64
	Size          int64
	Packed        []byte
}

// maxDocument bounds what a document unpacks to.
const maxDocument = 256 << 20

// SaveDocument stores a document. Storing the same again is fine; other bytes under a digest that is taken are
// refused. That the digest is right is for the caller to have checked.
func (s *Store) SaveDocument(ctx context.Context, d plan.Document) error {
	packed, err := pack(d.Bytes)
	if err != nil {
		return fmt.Errorf("store record %s: %w", d.Digest, err)
	}
	row := documentRow{Digest: d.Digest, Kind: string(d.Kind), Created: int64(d.Created), Size: int64(len(d.Bytes)), Packed: packed}
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (digest) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		have, err := s.Document(ctx, d.Digest)
		if err != nil {
			return err
		}
		if have.Kind != d.Kind || !bytes.Equal(have.Bytes, d.Bytes) {
			return errors.New("another one is stored under this digest")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store record %s: %w", d.Digest, err)
	}
	return nil
}

// Document reads a document; [plan.ErrNotFound] when there is none.
func (s *Store) Document(ctx context.Context, digest string) (plan.Document, error) {
	var row documentRow
	err := s.from(ctx).NewSelect().Model(&row).Where("digest = ?", digest).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return plan.Document{}, fmt.Errorf("record %s: %w", digest, plan.ErrNotFound)
	}
	if err != nil {
		return plan.Document{}, fmt.Errorf("read record %s: %w", digest, explain(err))
	}
	b, err := unpack(row.Packed, row.Size)
	if err != nil {
		return plan.Document{}, fmt.Errorf("read record %s: the database is damaged: %w", digest, err)
	}
	return plan.Document{Digest: row.Digest, Kind: plan.DocumentKind(row.Kind), Bytes: b, Created: programme.Millis(row.Created)}, nil
}

func pack(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unpack(packed []byte, size int64) ([]byte, error) {
	if size < 0 || size > maxDocument {
		return nil, fmt.Errorf("a size of %d bytes", size)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, size+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) != size {
		return nil, fmt.Errorf("%d bytes instead of %d", len(b), size)
	}
	return b, nil
}

// NewestDocument reads the document of a kind that was stored last; [plan.ErrNotFound] when there is none.
func (s *Store) NewestDocument(ctx context.Context, kind plan.DocumentKind) (plan.Document, error) {
	var digests []string
	err := s.from(ctx).NewSelect().Model((*documentRow)(nil)).Column("digest").Where("kind = ?", string(kind)).
		Order("created DESC", "digest").Limit(1).Scan(ctx, &digests)
	if err != nil {
		return plan.Document{}, fmt.Errorf("find the newest record: %w", explain(err))
	}
	if len(digests) == 0 {
		return plan.Document{}, fmt.Errorf("newest record: %w", plan.ErrNotFound)
	}
	return s.Document(ctx, digests[0])
}
