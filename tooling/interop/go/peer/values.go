package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"go-micro.dev/v5/codec/bytes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// valueOf makes a message of a kind from the harness's JSON, and an empty one for the reply.
func valueOf(kind string, body raw) (request, reply interface{}, err error) {
	switch kind {
	case "", "plain":
		// Bytes that are JSON already: the json codec writes and reads them as they are.
		value := body
		return &value, new(raw), nil
	case "nil":
		return nil, new(raw), nil
	case "health":
		request, err := fromProtoJSON(new(HealthRequest), body)
		return request, new(StatsResponse), err
	case "sample":
		request, err := fromProtoJSON(new(Sample), body)
		return request, new(Sample), err
	case "bytes":
		var text string
		if err := json.Unmarshal(body, &text); err != nil {
			return nil, nil, err
		}
		data, err := base64.StdEncoding.DecodeString(text)
		return &bytes.Frame{Data: data}, new(bytes.Frame), err
	default:
		return nil, nil, fmt.Errorf("no message kind %q", kind)
	}
}

// jsonOf gives a reply back to the harness.
func jsonOf(value interface{}) interface{} {
	switch reply := value.(type) {
	case *raw:
		if len(*reply) == 0 {
			return nil
		}
		return *reply
	case *bytes.Frame:
		return base64.StdEncoding.EncodeToString(reply.Data)
	case proto.Message:
		return protoJSON(reply)
	default:
		return value
	}
}

func fromProtoJSON(message proto.Message, body raw) (proto.Message, error) {
	if len(body) == 0 {
		return message, nil
	}
	return message, protojson.Unmarshal(body, message)
}

// protoJSON is the official JSON of a message, which says everything about it whatever the generation's codec writes.
func protoJSON(message proto.Message) raw {
	text, err := protojson.Marshal(message)
	if err != nil {
		return raw(fmt.Sprintf("%q", err.Error()))
	}
	return text
}
