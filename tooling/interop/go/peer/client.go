package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"go-micro.dev/v5/client"
	"go-micro.dev/v5/metadata"
	"go-micro.dev/v5/registry"
	"go-micro.dev/v5/selector"
)

// command is one line of standard input. The answer has the same seq.
type command struct {
	Seq         int               `json:"seq"`
	Op          string            `json:"op"`
	Service     string            `json:"service"`
	Endpoint    string            `json:"endpoint"`
	Alternate   string            `json:"alternate"`
	Address     string            `json:"address"`
	ContentType string            `json:"contentType"`
	Kind        string            `json:"kind"`
	Body        raw               `json:"body"`
	Metadata    map[string]string `json:"metadata"`
	TimeoutMs   int               `json:"timeoutMs"`
	Repeat      int               `json:"repeat"`
	Parallel    bool              `json:"parallel"`
	Retries     int               `json:"retries"`
	Steps       []step            `json:"steps"`
	Topic       string            `json:"topic"`
	Queue       string            `json:"queue"`
	Record      *registry.Service `json:"record"`
}

// driver is a client that the harness holds the reins of.
type driver struct {
	client client.Client
	parts  *parts
	report *reporter
}

// runClient carries out commands until SIGTERM or the end of standard input.
func runClient(report *reporter, args []string) error {
	set := flag.NewFlagSet("client", flag.ExitOnError)
	var wired wiring
	wired.flags(set)
	if err := set.Parse(args); err != nil {
		return err
	}
	made, err := wired.build()
	if err != nil {
		return err
	}
	options := []client.Option{
		client.Registry(made.registry), client.Broker(made.broker), client.Transport(made.transport),
		client.Selector(selector.NewSelector(selector.Registry(made.registry))),
		client.ContentType("application/json"),
	}
	d := &driver{parts: made, report: report}
	if wired.kind == "grpc" {
		if made.tls != nil {
			options = append(options, grpcClientTLS(made.tls))
		}
		d.client = newGRPCClient(options...)
	} else {
		d.client = client.NewClient(options...)
	}
	if err := made.broker.Connect(); err != nil {
		return err
	}
	report.event("ready", fields{"address": made.broker.Address()})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	var running sync.WaitGroup
	for lines.Scan() {
		var given command
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			return fmt.Errorf("command %q: %w", lines.Text(), err)
		}
		running.Add(1)
		go func() {
			defer running.Done()
			answer := d.run(given)
			answer["seq"] = given.Seq
			report.line(answer)
		}()
	}
	// No waiting for commands that run: the harness is gone.
	return made.broker.Disconnect()
}

func (d *driver) run(given command) fields {
	switch given.Op {
	case "call":
		return d.calls(given)
	case "stream":
		return d.stream(given)
	case "publish":
		return d.publish(given)
	case "subscribe":
		return d.subscribe(given)
	case "get", "list", "watch", "register", "deregister":
		return d.registry(given)
	default:
		return fields{"ok": false, "text": fmt.Sprintf("no op %q", given.Op)}
	}
}

func (d *driver) context(given command) context.Context {
	return metadata.NewContext(context.Background(), metadata.Metadata(given.Metadata))
}

func callOptions(given command) []client.CallOption {
	options := []client.CallOption{client.WithRetries(given.Retries)}
	if given.Address != "" {
		options = append(options, client.WithAddress(given.Address))
	}
	if given.TimeoutMs > 0 {
		options = append(options, withTimeout(time.Duration(given.TimeoutMs)*time.Millisecond)...)
	}
	return options
}

func requestOptions(given command) []client.RequestOption {
	if given.ContentType == "" {
		return nil
	}
	return []client.RequestOption{client.WithContentType(given.ContentType)}
}

// calls makes one call, or several one after the other or all at once, and gives the replies.
func (d *driver) calls(given command) fields {
	times := given.Repeat
	if times == 0 {
		return d.call(given, given.Body)
	}
	bodies := make([]raw, times)
	if err := json.Unmarshal(given.Body, &bodies); err != nil {
		return outcome(err)
	}
	answers := make([]fields, len(bodies))
	var running sync.WaitGroup
	for index, body := range bodies {
		given := given
		if given.Alternate != "" && index%2 == 1 {
			given.Endpoint = given.Alternate
		}
		if !given.Parallel {
			answers[index] = d.call(given, body)
			continue
		}
		running.Add(1)
		go func(given command, index int, body raw) {
			defer running.Done()
			answers[index] = d.call(given, body)
		}(given, index, body)
	}
	running.Wait()
	return fields{"ok": true, "answers": answers}
}

func (d *driver) call(given command, body raw) fields {
	value, reply, err := valueOf(given.Kind, body)
	if err != nil {
		return outcome(err)
	}
	request := d.client.NewRequest(given.Service, given.Endpoint, value, requestOptions(given)...)
	err = d.client.Call(d.context(given), request, reply, callOptions(given)...)
	answer := outcome(err)
	if err == nil {
		answer["body"] = jsonOf(reply)
	}
	return answer
}
