package card

import (
	"encoding/json"

	"mcrun/mc/param"
)

// ModelIdentity returns a text that is equal for equal models: name and keys
// after defaults, as JSON, with files by their contents. It depends on nothing
// else on the card, nor on how the card is written, so that random streams can
// derive from it.
func (p *Point) ModelIdentity() string { return identity(p.ModelKeys()) }

// Identity returns a text that is equal for equal proposals of one name: name
// and keys after defaults, as JSON, with files by their contents. It depends on
// nothing else on the card, nor on how the card is written, so that random
// streams can derive from it.
func (q *Proposal) Identity() string {
	members := make([]map[string]any, len(q.Members))
	for i, m := range q.Members {
		members[i] = table(m.keys(q.Kind))
	}
	if q.Ladder != nil {
		keys := table(q.Ladder.keys())
		keys["inner"] = members
		return identity([]param.Setting{{Key: "name", Value: q.Name}, {Key: tempering, Value: keys}})
	}
	return identity([]param.Setting{{Key: "name", Value: q.Name}, {Key: string(q.Kind), Value: members}})
}

func table(keys []param.Setting) map[string]any {
	t := make(map[string]any, len(keys))
	for _, k := range keys {
		if f, ok := k.Value.(param.File); ok {
			k.Value = map[string]any{"sha256": f.Sum()}
		}
		t[k.Key] = k.Value
	}
	return t
}

const badIdentity = "card: a key holds a number that is not finite"

// identity writes keys in alphabetical order.
func identity(keys []param.Setting) string {
	text, err := json.Marshal(table(keys))
	if err != nil {
		panic(badIdentity) // the decoder lets none through
	}
	return string(text)
}
