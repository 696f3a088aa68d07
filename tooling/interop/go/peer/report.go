package main

import (
	"encoding/json"
	"io"
	"sync"

	"go-micro.dev/v5/errors"
)

// fields is one line of JSON.
type fields map[string]interface{}

// reporter writes lines of JSON for the harness, one at a time.
type reporter struct {
	mu      sync.Mutex
	encoder *json.Encoder
}

func newReporter(out io.Writer) *reporter {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &reporter{encoder: encoder}
}

func (r *reporter) line(line fields) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.encoder.Encode(line)
}

// event tells what a handler, a subscriber or a watcher saw.
func (r *reporter) event(what string, more fields) {
	line := fields{"event": what}
	for key, value := range more {
		line[key] = value
	}
	r.line(line)
}

// outcome is what a call came to, as users of Go Micro see it.
func outcome(err error) fields {
	if err == nil {
		return fields{"ok": true}
	}
	parsed := errors.Parse(err.Error())
	return fields{
		"ok": false, "id": parsed.Id, "code": parsed.Code, "detail": parsed.Detail, "status": parsed.Status, "text": err.Error(),
	}
}
