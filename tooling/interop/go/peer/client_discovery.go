package main

import (
	"encoding/base64"
	"fmt"

	"go-micro.dev/v5/broker"
	"go-micro.dev/v5/client"
	"go-micro.dev/v5/registry"
)

// registry asks or changes the registry.
func (d *driver) registry(given command) fields {
	switch given.Op {
	case "get":
		services, err := d.parts.registry.GetService(given.Service)
		return with(outcome(err), "services", services)
	case "list":
		services, err := d.parts.registry.ListServices()
		names := []string{}
		for _, service := range services {
			names = append(names, service.Name)
		}
		return with(outcome(err), "names", names)
	case "register":
		return outcome(d.parts.registry.Register(given.Record))
	case "deregister":
		return outcome(d.parts.registry.Deregister(given.Record))
	default:
		watcher, err := d.parts.registry.Watch(registry.WatchService(given.Service))
		if err != nil {
			return outcome(err)
		}
		go func() {
			for {
				result, err := watcher.Next()
				if err != nil {
					d.report.event("watch ended", fields{"reason": err.Error()})
					return
				}
				d.report.event("watch", fields{"action": result.Action, "service": result.Service})
			}
		}()
		return outcome(nil)
	}
}

// publish publishes as services do, with the client.
func (d *driver) publish(given command) fields {
	value, _, err := valueOf(given.Kind, given.Body)
	if err != nil {
		return outcome(err)
	}
	options := []client.MessageOption{}
	if given.ContentType != "" {
		options = append(options, client.WithMessageContentType(given.ContentType))
	}
	message := d.client.NewMessage(given.Topic, value, options...)
	return outcome(d.client.Publish(d.context(given), message))
}

// subscribe listens on the broker itself and tells the messages as they are.
func (d *driver) subscribe(given command) fields {
	options := []broker.SubscribeOption{}
	if given.Queue != "" {
		options = append(options, broker.Queue(given.Queue))
	}
	_, err := d.parts.broker.Subscribe(given.Topic, func(event broker.Event) error {
		message := event.Message()
		d.report.event("message", fields{
			"topic": event.Topic(), "header": message.Header, "body": base64.StdEncoding.EncodeToString(message.Body),
		})
		if given.Kind == "fail" {
			return fmt.Errorf("asked to fail")
		}
		return nil
	}, options...)
	return outcome(err)
}

func with(line fields, key string, value interface{}) fields {
	line[key] = value
	return line
}
