package prices

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme/outside"
)

// Limits of answers and files. An answer about a past day carries the coin's whole description in some cases.
const (
	MaxBytes = 1 << 20
	maxFile  = 8 << 20
	maxLine  = 200
)

const sourceName = "coingecko"

// parseCurrent reads the answer of /simple/price.
func parseCurrent(body []byte, asset string, currencies []string) ([]outside.Price, error) {
	var all map[string]map[string]json.Number
	if json.Unmarshal(body, &all) != nil {
		return nil, errors.New("it is no list of prices")
	}
	of, ok := all[asset]
	if !ok {
		return nil, fmt.Errorf("it has no price of %s", asset)
	}
	found, err := pick(of, currencies)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("it has no price of %s in %s", asset, strings.Join(currencies, ", "))
	}
	return found, err
}

// parseDay reads the answer of /coins/:id/history. A day without a price has an answer without market data.
func parseDay(body []byte, asset string, currencies []string) ([]outside.Price, error) {
	var day struct {
		ID     string `json:"id"`
		Market *struct {
			Price map[string]json.Number `json:"current_price"`
		} `json:"market_data"`
	}
	if json.Unmarshal(body, &day) != nil {
		return nil, errors.New("it is no price of a day")
	}
	if day.ID != asset {
		return nil, errors.New("it is about another coin")
	}
	if day.Market == nil {
		return nil, nil
	}
	return pick(day.Market.Price, currencies)
}

// pick takes the wanted currencies. A price of nothing is a missing price: the old backend kept zeros for good.
func pick(of map[string]json.Number, currencies []string) ([]outside.Price, error) {
	var found []outside.Price
	for _, c := range currencies {
		text, ok := of[c]
		if !ok || text == "" {
			continue
		}
		value, err := outside.ParseNano(text.String())
		if err != nil {
			return nil, fmt.Errorf("the price in %s: %w", c, err)
		}
		if value > 0 {
			found = append(found, outside.Price{Currency: c, Value: value, Source: sourceName})
		}
	}
	return found, nil
}

func (s *Source) file() ([]outside.Price, error) {
	f, err := os.Open(s.o.File)
	if err != nil {
		return nil, fmt.Errorf("read prices: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	body, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read prices %s: %w", s.o.File, err)
	}
	found, err := parseFile(body)
	if err != nil {
		return nil, fmt.Errorf("read prices %s: %w", s.o.File, err)
	}
	return found, nil
}

// parseFile reads lines of day, currency and price, with commas between them. Empty lines and those that begin with #
// do not count. A later line for the same day and currency replaces an earlier one.
func parseFile(body []byte) ([]outside.Price, error) {
	if len(body) > maxFile {
		return nil, fmt.Errorf("it is greater than the limit of %d bytes", maxFile)
	}
	var found []outside.Price
	at := map[[2]string]int{}
	lines := bufio.NewScanner(bytes.NewReader(body))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, ",")
		if len(line) > maxLine || len(parts) != 3 {
			return nil, fmt.Errorf("line %d: expected a day, a currency and a price", n)
		}
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		day, currency := parts[0], strings.ToLower(parts[1])
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return nil, fmt.Errorf("line %d: %q is no day such as 2025-11-05", n, day)
		}
		if !Currency(currency) {
			return nil, fmt.Errorf("line %d: %q is no currency such as usd", n, currency)
		}
		value, err := outside.ParseNano(parts[2])
		if err != nil || value == 0 {
			return nil, fmt.Errorf("line %d: %q is no price", n, parts[2])
		}
		p := outside.Price{Day: day, Currency: currency, Value: value, Source: "file"}
		if i, twice := at[[2]string{day, currency}]; twice {
			found[i] = p
			continue
		}
		at[[2]string{day, currency}] = len(found)
		found = append(found, p)
	}
	if err := lines.Err(); err != nil {
		return nil, errors.New("a line that is too long")
	}
	return found, nil
}

// Currency reports whether a text can be the name of a currency.
func Currency(s string) bool {
	return len(s) >= 2 && len(s) <= 8 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}
