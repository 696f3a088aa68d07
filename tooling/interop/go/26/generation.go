package main

import (
	"time"

	"go-micro.dev/v5/broker"
	"go-micro.dev/v5/client"
	grpcclient "go-micro.dev/v5/client/grpc"
	"go-micro.dev/v5/registry"
	"go-micro.dev/v5/server"
	grpcserver "go-micro.dev/v5/server/grpc"
)

// What this generation calls otherwise than the others.
var (
	newMDNSRegistry = func(options ...registry.Option) registry.Registry { return registry.NewMDNSRegistry(options...) }
	newHTTPBroker   = func(options ...broker.Option) broker.Broker { return broker.NewHttpBroker(options...) }
	newGRPCServer   = func(options ...server.Option) server.Server { return grpcserver.NewServer(options...) }
	newGRPCClient   = func(options ...client.Option) client.Client { return grpcclient.NewClient(options...) }
	grpcServerTLS   = grpcserver.AuthTLS
	grpcClientTLS   = grpcclient.AuthTLS
)

// withTimeout bounds a call. What this generation tells the server is the bound of one connection, not that of the
// request (spec 1.3).
func withTimeout(limit time.Duration) []client.CallOption {
	return []client.CallOption{client.WithRequestTimeout(limit), client.WithConnectionTimeout(limit)}
}
