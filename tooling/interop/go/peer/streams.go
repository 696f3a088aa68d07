package main

import (
	"context"
	"fmt"
	"time"

	"go-micro.dev/v5/errors"
	"go-micro.dev/v5/server"
)

// betweenSends is the pause that Go needs between two messages: its server reuses a buffer (spec 1.12). 20 ms were too few
// on a busy machine.
const betweenSends = 50 * time.Millisecond

// Chat answers each message with two (S1 to S3, S5).
func (g *Greeter) Chat(_ context.Context, stream server.Stream) error {
	for {
		var req HelloReq
		if err := stream.Recv(&req); err != nil {
			g.report.event("chat ended", fields{"reason": err.Error()})
			return nil
		}
		switch req.Name {
		case "done":
			return nil
		case "err":
			return &errors.Error{Id: "x", Code: 400, Detail: "bad", Status: "Bad Request"}
		}
		for n := 1; n <= 2; n++ {
			if err := stream.Send(&HelloRsp{Msg: fmt.Sprintf("%d %s", n, req.Name), N: n}); err != nil {
				g.report.event("chat ended", fields{"reason": err.Error()})
				return nil
			}
			time.Sleep(betweenSends)
		}
	}
}

// CountReq says how far.
type CountReq struct {
	To int `json:"to"`
}

// CountRsp is one number.
type CountRsp struct {
	At int `json:"at"`
}

// Count is a server stream as generated stubs serve it: one Recv, then the user's handler (S4).
func (g *Greeter) Count(_ context.Context, stream server.Stream) error {
	var req CountReq
	if err := stream.Recv(&req); err != nil {
		return err
	}
	for at := 0; at < req.To; at++ {
		if err := stream.Send(&CountRsp{At: at}); err != nil {
			return err
		}
		time.Sleep(betweenSends)
	}
	return nil
}

// First sends before it reads (S7).
func (g *Greeter) First(_ context.Context, stream server.Stream) error {
	if err := stream.Send(&HelloRsp{Msg: "first"}); err != nil {
		return err
	}
	time.Sleep(betweenSends)
	var req HelloReq
	if err := stream.Recv(&req); err != nil {
		return err
	}
	return stream.Send(&HelloRsp{Msg: "then " + req.Name})
}

// Quiet reads to the end and sends nothing (S7).
func (g *Greeter) Quiet(_ context.Context, stream server.Stream) error {
	for read := 0; ; read++ {
		var req HelloReq
		if err := stream.Recv(&req); err != nil {
			g.report.event("quiet ended", fields{"reason": err.Error(), "read": read})
			return nil
		}
	}
}

// Healths is a stream of protobuf messages, empty ones too (S6).
func (g *Greeter) Healths(_ context.Context, stream server.Stream) error {
	for {
		var req HealthRequest
		if err := stream.Recv(&req); err != nil {
			return nil
		}
		if req.Service == "done" {
			return nil
		}
		rsp := StatsResponse{}
		if req.Service != "" {
			rsp.Memory = uint64(len(req.Service))
		}
		if err := stream.Send(&rsp); err != nil {
			return nil
		}
		time.Sleep(betweenSends)
	}
}
