package candidates

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// cacheFile is the last good list of a URL on disk, as one file so that list and validators always fit together.
type cacheFile struct {
	URL          string    `json:"url"`
	ETag         string    `json:"etag,omitempty"`
	LastModified string    `json:"lastModified,omitempty"`
	Fetched      time.Time `json:"fetched"`
	Confirmed    time.Time `json:"confirmed"`
	SHA256       string    `json:"sha256"` // of List
	List         string    `json:"list"`   // the body as it was received
}

// cachePath names the file after the URL and the network, so that several configurations can share a folder.
func (l *Loader) cachePath() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%v", l.o.Location, l.o.Network.Prefix, l.o.Network.Accept))
	return filepath.Join(l.o.CacheDir, fmt.Sprintf("candidates-%x.json", sum[:8]))
}

// readCache returns the list on disk, nil when there is none. A file that is damaged is an error, and so is a list that
// is not good by the rules of today.
func (l *Loader) readCache() (*held, error) {
	path := l.cachePath()
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read kept candidate list: %w", err)
	}
	var c cacheFile
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("read kept candidate list %s: it is damaged: %w", path, err)
	}
	if c.URL != l.o.Location || c.SHA256 != fmt.Sprintf("%x", sha256.Sum256([]byte(c.List))) {
		return nil, fmt.Errorf("read kept candidate list %s: it is damaged: URL or checksum differ", path)
	}
	list := Parse([]byte(c.List), l.o.Network)
	if err := list.Err(path); err != nil {
		return nil, fmt.Errorf("read kept candidate list: %w", err)
	}
	return &held{body: []byte(c.List), list: list, etag: c.ETag, lastModified: c.LastModified, fetched: c.Fetched, confirmed: c.Confirmed}, nil
}

// writeCache replaces the file on disk in one step: a crash leaves either the old or the new one.
func (l *Loader) writeCache(h *held) error {
	data, err := json.Marshal(cacheFile{
		URL: l.o.Location, ETag: h.etag, LastModified: h.lastModified, Fetched: h.fetched.UTC(), Confirmed: h.confirmed.UTC(),
		SHA256: fmt.Sprintf("%x", sha256.Sum256(h.body)), List: string(h.body),
	})
	if err == nil {
		err = replaceFile(l.cachePath(), data)
	}
	if err != nil {
		return fmt.Errorf("keep candidate list: %w", err)
	}
	return nil
}

func replaceFile(path string, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error says more
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
