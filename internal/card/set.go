package card

import (
	"errors"
	"strings"

	"github.com/BurntSushi/toml"

	"mcrun/mc/param"
)

// set applies the key=value settings of the command line to the card.
func (c *checker) set(tree map[string]any) {
	for i, s := range c.sets {
		at := origin{set: i + 1}
		key, text, ok := strings.Cut(s, "=")
		key, text = strings.TrimSpace(key), strings.TrimSpace(text)
		if !ok || key == "" || text == "" {
			c.reportAt(at, param.Error{Key: key, Problem: "is not a setting", Expected: "key=value, as model.temperature=2.5"})
			continue
		}
		value, bad := settingValue(text)
		if bad != nil {
			bad.Key = key
			c.reportAt(at, *bad)
			continue
		}
		var p path
		if rest, ok := strings.CutPrefix(key, "scan."); ok {
			p = path{"scan", rest}
		} else {
			found, e := find(tree, label(tree), key)
			if e != nil {
				c.reportAt(at, *e)
				continue
			}
			p = found
		}
		if !put(tree, p, value) {
			c.reportAt(at, param.Error{Key: key, Problem: "the card has no table to put this in", Expected: "the path of a key, as model.temperature"})
			continue
		}
		c.where.replace(p, at)
	}
}

// settingValue returns the value that a text of the command line stands for,
// or else what is wrong with it.
func settingValue(text string) (value any, wrong *param.Error) {
	const form = `a value as on a card, as 2.5, [16, 16] or "hot"`
	if strings.ContainsAny(text, "\r\n") {
		return nil, &param.Error{Problem: "has more than one line", Expected: form}
	}
	if tooDeep(text) > 0 {
		return nil, &param.Error{Problem: deepProblem, Expected: form}
	}
	var v map[string]any
	err := toml.Unmarshal([]byte("v = "+text), &v)
	if err == nil {
		return uniform(v["v"]), nil
	}
	switch bad := (toml.ParseError{}); {
	case errors.As(err, &bad) && outOfRange(bad) && (text[0] == '[' || !strings.ContainsAny(text, " \t")): // not a number with words after it
		return nil, tooLarge(text)
	case strings.ContainsAny(text[:1], `"'[{`):
		return nil, &param.Error{Problem: text + " is broken", Expected: form}
	}
	return text, nil
}
