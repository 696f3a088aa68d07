package main

import (
	"errors"
	"io"
	"time"

	"go-micro.dev/v5/client"
)

// step is one thing that a stream's script does.
type step struct {
	// Send is a message.
	Send raw `json:"send"`
	// Recv is how many messages to wait for.
	Recv int `json:"recv"`
	// End waits for the end: EOF or an error.
	End bool `json:"end"`
	// Close sends EOS and closes the connection.
	Close bool `json:"close"`
	// HalfClose says that nothing more is sent.
	HalfClose bool `json:"halfClose"`
	// PauseMs waits.
	PauseMs int `json:"pauseMs"`
	// Tell reports an event, so that the harness can act in the middle of a stream.
	Tell string `json:"tell"`
}

// stream plays a script. Its answer has what was received, and how the stream ended if the script waited for that.
func (d *driver) stream(given command) fields {
	open, _, err := valueOf(given.Kind, given.Body)
	if err != nil {
		return outcome(err)
	}
	options := append(requestOptions(given), client.StreamingRequest())
	request := d.client.NewRequest(given.Service, given.Endpoint, open, options...)
	stream, err := d.client.Stream(d.context(given), request, callOptions(given)...)
	if err != nil {
		return outcome(err)
	}
	received := []interface{}{}
	answer := fields{"ok": true}
	for _, now := range given.Steps {
		if err := d.step(given, stream, now, &received, answer); err != nil {
			answer = outcome(err)
			break
		}
	}
	answer["received"] = received
	return answer
}

func (d *driver) step(given command, stream client.Stream, now step, received *[]interface{}, answer fields) error {
	switch {
	case len(now.Send) > 0:
		value, _, err := valueOf(given.Kind, now.Send)
		if err != nil {
			return err
		}
		return stream.Send(value)
	case now.Recv > 0:
		for n := 0; n < now.Recv; n++ {
			if err := d.receive(given, stream, received); err != nil {
				return err
			}
		}
	case now.End:
		for {
			err := d.receive(given, stream, received)
			if errors.Is(err, io.EOF) {
				answer["end"] = "EOF"
				return nil
			}
			if err != nil {
				return err
			}
		}
	case now.Close:
		return stream.Close()
	case now.HalfClose:
		return stream.CloseSend()
	case now.PauseMs > 0:
		time.Sleep(time.Duration(now.PauseMs) * time.Millisecond)
	case now.Tell != "":
		d.report.event("stream", fields{"tell": now.Tell, "received": len(*received)})
	}
	return nil
}

func (d *driver) receive(given command, stream client.Stream, received *[]interface{}) error {
	_, reply, err := valueOf(given.Kind, given.Body)
	if err != nil {
		return err
	}
	if err := stream.Recv(reply); err != nil {
		return err
	}
	*received = append(*received, jsonOf(reply))
	return nil
}
