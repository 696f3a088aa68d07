package main

import (
	"time"

	"go-micro.dev/v5/broker"
	natsbroker "go-micro.dev/v5/broker/nats"
	"go-micro.dev/v5/client"
	grpcclient "go-micro.dev/v5/client/grpc"
	"go-micro.dev/v5/registry"
	natsregistry "go-micro.dev/v5/registry/nats"
	"go-micro.dev/v5/server"
	grpcserver "go-micro.dev/v5/server/grpc"
	"go-micro.dev/v5/transport"
	natstransport "go-micro.dev/v5/transport/nats"
)

// What this generation calls otherwise than the others.
var (
	newMDNSRegistry  = func(options ...registry.Option) registry.Registry { return registry.NewMDNSRegistry(options...) }
	newHTTPBroker    = func(options ...broker.Option) broker.Broker { return broker.NewHttpBroker(options...) }
	newNATSRegistry  = func(options ...registry.Option) registry.Registry { return natsregistry.NewNatsRegistry(options...) }
	newNATSBroker    = func(options ...broker.Option) broker.Broker { return natsbroker.NewNatsBroker(options...) }
	newNATSTransport = func(options ...transport.Option) transport.Transport { return natstransport.NewTransport(options...) }
	newGRPCServer    = func(options ...server.Option) server.Server { return grpcserver.NewServer(options...) }
	newGRPCClient    = func(options ...client.Option) client.Client { return grpcclient.NewClient(options...) }
	grpcServerTLS    = grpcserver.AuthTLS
	grpcClientTLS    = grpcclient.AuthTLS
)

// withTimeout bounds a call. What this generation tells the server is the bound of one connection, not that of the
// request (spec 1.3).
func withTimeout(limit time.Duration) []client.CallOption {
	return []client.CallOption{client.WithRequestTimeout(limit), client.WithConnectionTimeout(limit)}
}
