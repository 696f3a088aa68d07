package main

import (
	"time"

	natsbroker "github.com/go-micro/plugins/v4/broker/nats"
	grpcclient "github.com/go-micro/plugins/v4/client/grpc"
	natsregistry "github.com/go-micro/plugins/v4/registry/nats"
	grpcserver "github.com/go-micro/plugins/v4/server/grpc"
	natstransport "github.com/go-micro/plugins/v4/transport/nats"
	"go-micro.dev/v4/broker"
	"go-micro.dev/v4/client"
	"go-micro.dev/v4/registry"
	"go-micro.dev/v4/server"
	"go-micro.dev/v4/transport"
)

// What this generation calls otherwise than the others.
var (
	newMDNSRegistry  = func(options ...registry.Option) registry.Registry { return registry.NewRegistry(options...) }
	newHTTPBroker    = func(options ...broker.Option) broker.Broker { return broker.NewBroker(options...) }
	newNATSRegistry  = func(options ...registry.Option) registry.Registry { return natsregistry.NewRegistry(options...) }
	newNATSBroker    = func(options ...broker.Option) broker.Broker { return natsbroker.NewBroker(options...) }
	newNATSTransport = func(options ...transport.Option) transport.Transport { return natstransport.NewTransport(options...) }
	newGRPCServer    = func(options ...server.Option) server.Server { return grpcserver.NewServer(options...) }
	newGRPCClient    = func(options ...client.Option) client.Client { return grpcclient.NewClient(options...) }
	grpcServerTLS    = grpcserver.AuthTLS
	grpcClientTLS    = grpcclient.AuthTLS
)

// withTimeout bounds a call.
func withTimeout(limit time.Duration) []client.CallOption {
	return []client.CallOption{client.WithRequestTimeout(limit)}
}
