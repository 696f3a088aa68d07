package main

import (
	"context"
	"fmt"
	"time"

	"go-micro.dev/v5/client"
	"go-micro.dev/v5/codec/bytes"
	"go-micro.dev/v5/errors"
	"go-micro.dev/v5/metadata"
)

// Greeter is what the matrix calls: the same endpoints as those of src/greeter.ts.
type Greeter struct {
	client client.Client
	report *reporter
}

// HelloReq is a plain struct, known to encoding/json alone.
type HelloReq struct {
	Name string `json:"name"`
}

// HelloRsp has a number, so that the reply is not of strings only.
type HelloRsp struct {
	Msg string `json:"msg"`
	N   int    `json:"n"`
}

// Seen is the metadata of a call.
type Seen struct {
	Metadata map[string]string `json:"metadata"`
}

// Empty has no fields.
type Empty struct{}

// Hello greets (R1).
func (g *Greeter) Hello(_ context.Context, req *HelloReq, rsp *HelloRsp) error {
	if req.Name == "err" {
		return &errors.Error{Id: "go.micro.srv.greeter", Code: 404, Detail: "no such name: err <&>", Status: "Not Found"}
	}
	rsp.Msg = "Hello " + req.Name
	rsp.N = 42
	return nil
}

// Fail fails in the way that the name says (R7, R8).
func (g *Greeter) Fail(_ context.Context, req *HelloReq, _ *HelloRsp) error {
	switch req.Name {
	case "structured":
		return &errors.Error{Id: "go.micro.srv.greeter", Code: 404, Detail: "no such name: <&> é\nnext line", Status: "Not Found"}
	case "teapot":
		return &errors.Error{Id: "go.micro.srv.greeter", Code: 418, Detail: "100% teapot"}
	default:
		return fmt.Errorf("plain error")
	}
}

// Health has protobuf messages; an empty request has an empty reply (R2 to R5).
func (g *Greeter) Health(_ context.Context, req *HealthRequest, rsp *StatsResponse) error {
	if req.Service != "" {
		rsp.Memory = 5
		rsp.Requests = 1 << 40
	}
	return nil
}

// Sample gives back what it was given, and tells it (R2, R3).
func (g *Greeter) Sample(_ context.Context, req *Sample, rsp *Sample) error {
	g.report.event("sample", fields{"body": protoJSON(req)})
	rsp.PlainName = req.PlainName
	rsp.BigNumber = req.BigNumber
	rsp.UnsignedNumber = req.UnsignedNumber
	rsp.MainColour = req.MainColour
	rsp.RawBytes = req.RawBytes
	rsp.MadeAt = req.MadeAt
	rsp.AllNumbers = req.AllNumbers
	rsp.CountsByName = req.CountsByName
	rsp.IsSet = req.IsSet
	rsp.Ratio = req.Ratio
	return nil
}

// Bytes gives back the bytes that came, whatever the content type (R6).
func (g *Greeter) Bytes(_ context.Context, req *bytes.Frame, rsp *bytes.Frame) error {
	rsp.Data = req.Data
	return nil
}

// SlowReq says how long to take.
type SlowReq struct {
	Ms int `json:"ms"`
}

// SlowRsp says what the handler knew of its deadline.
type SlowRsp struct {
	RemainingMs int64 `json:"remainingMs"`
}

// Slow takes its time, unless the deadline comes first (R11). It is late even then: the client must not need its answer.
func (g *Greeter) Slow(ctx context.Context, req *SlowReq, rsp *SlowRsp) error {
	rsp.RemainingMs = -1
	if deadline, ok := ctx.Deadline(); ok {
		rsp.RemainingMs = time.Until(deadline).Milliseconds()
	}
	g.report.event("slow", fields{"remainingMs": rsp.RemainingMs})
	select {
	case <-time.After(time.Duration(req.Ms) * time.Millisecond):
		return nil
	case <-ctx.Done():
		g.report.event("slow cancelled", fields{"reason": ctx.Err().Error()})
		time.Sleep(300 * time.Millisecond)
		return ctx.Err()
	}
}

// Panic panics (R12).
func (g *Greeter) Panic(_ context.Context, _ *Empty, _ *Empty) error {
	panic("asked to panic")
}

// Look tells the metadata of the call (R13, R21).
func (g *Greeter) Look(ctx context.Context, _ *Empty, rsp *Seen) error {
	rsp.Metadata, _ = metadata.FromContext(ctx)
	return nil
}

// NestedReq names who is called next.
type NestedReq struct {
	Service string `json:"service"`
	Address string `json:"address"`
}

// Nested calls Greeter.Look elsewhere under the context of this call (R13).
func (g *Greeter) Nested(ctx context.Context, req *NestedReq, rsp *Seen) error {
	request := g.client.NewRequest(req.Service, "Greeter.Look", &Empty{}, client.WithContentType("application/json"))
	return g.client.Call(ctx, request, rsp, client.WithAddress(req.Address))
}
