package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"go-micro.dev/v5/client"
	"go-micro.dev/v5/metadata"
	"go-micro.dev/v5/server"
)

// subscriptions collects the flag -subscribe, which may come several times.
type subscriptions []string

func (s *subscriptions) String() string { return strings.Join(*s, " ") }

func (s *subscriptions) Set(text string) error {
	*s = append(*s, text)
	return nil
}

// runServer serves Greeter until SIGTERM or the end of standard input.
func runServer(report *reporter, args []string) error {
	set := flag.NewFlagSet("server", flag.ExitOnError)
	var wired wiring
	wired.flags(set)
	name := set.String("name", "greeter", "service name")
	version := set.String("version", "v1", "service version")
	id := set.String("id", "", "server id; the node id is <name>-<id>")
	address := set.String("address", "127.0.0.1:0", "where to listen; a subject with the transport nats, or :0 for any")
	nodeMetadata := set.String("metadata", "", "metadata of the node: a=b,c=d")
	var topics subscriptions
	set.Var(&topics, "subscribe", "server.Subscribe: topic/kind/queue with kind plain, health or fail; may be repeated")
	if err := set.Parse(args); err != nil {
		return err
	}
	made, err := wired.build()
	if err != nil {
		return err
	}
	options := []server.Option{
		server.Name(*name), server.Version(*version), server.Address(*address),
		server.Registry(made.registry), server.Broker(made.broker), server.Transport(made.transport),
		server.Metadata(pairs(*nodeMetadata)),
	}
	if *id != "" {
		options = append(options, server.Id(*id))
	}
	var running server.Server
	if wired.kind == "grpc" {
		if made.tls != nil {
			options = append(options, grpcServerTLS(made.tls))
		}
		running = newGRPCServer(options...)
	} else {
		running = server.NewServer(options...)
	}
	caller := client.NewClient(client.Transport(made.transport), client.Registry(made.registry))
	if err := running.Handle(running.NewHandler(&Greeter{client: caller, report: report})); err != nil {
		return err
	}
	for _, topic := range topics {
		if err := subscribe(running, report, topic); err != nil {
			return err
		}
	}
	if err := running.Start(); err != nil {
		return err
	}
	report.event("ready", fields{"address": running.Options().Address, "id": *name + "-" + running.Options().Id})
	waitForEnd()
	return running.Stop()
}

// subscribe adds a subscriber of one of the kinds.
func subscribe(to server.Server, report *reporter, text string) error {
	words := append(strings.Split(text, "/"), "", "")
	topic, kind, queue := words[0], words[1], words[2]
	seen := func(ctx context.Context, body interface{}) {
		header, _ := metadata.FromContext(ctx)
		report.event("subscriber", fields{"topic": topic, "kind": kind, "queue": queue, "body": body, "metadata": header})
	}
	var handler interface{}
	switch kind {
	case "plain":
		handler = func(ctx context.Context, message *HelloReq) error {
			seen(ctx, message)
			return nil
		}
	case "health":
		handler = func(ctx context.Context, message *HealthRequest) error {
			seen(ctx, protoJSON(message))
			return nil
		}
	case "fail":
		handler = func(ctx context.Context, message *HelloReq) error {
			seen(ctx, message)
			return fmt.Errorf("asked to fail")
		}
	default:
		return fmt.Errorf("no subscriber kind %q", kind)
	}
	options := []server.SubscriberOption{}
	if queue != "" {
		options = append(options, server.SubscriberQueue(queue))
	}
	return to.Subscribe(to.NewSubscriber(topic, handler, options...))
}

// waitForEnd returns on SIGTERM or SIGINT, and when the harness is gone.
func waitForEnd() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(gone)
	}()
	select {
	case <-signals:
	case <-gone:
	}
}

// raw is JSON that is passed on as it is.
type raw = json.RawMessage
