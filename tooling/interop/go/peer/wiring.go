package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"os"
	"strings"

	"go-micro.dev/v5/broker"
	"go-micro.dev/v5/registry"
	"go-micro.dev/v5/transport"
)

// wiring is what servers and clients have in common: the plugins and their options.
type wiring struct {
	kind      string
	registry  string
	domain    string
	broker    string
	transport string
	nats      string
	secure    bool
	plainTLS  bool
	insecure  bool
	authority string
	cert      string
	key       string
}

// parts are the components that the flags ask for.
type parts struct {
	registry  registry.Registry
	broker    broker.Broker
	transport transport.Transport
	tls       *tls.Config
}

func (w *wiring) flags(set *flag.FlagSet) {
	set.StringVar(&w.kind, "kind", "rpc", "server or client: rpc or grpc")
	set.StringVar(&w.registry, "registry", "memory", "memory (of this process alone), mdns or nats")
	set.StringVar(&w.domain, "domain", "micro", "domain of the mdns registry")
	set.StringVar(&w.broker, "broker", "memory", "memory (of this process alone), http or nats")
	set.StringVar(&w.transport, "transport", "http", "http or nats")
	set.StringVar(&w.nats, "nats", "", "host:port of the NATS server")
	set.BoolVar(&w.secure, "secure", false, "TLS, with the options below")
	set.BoolVar(&w.plainTLS, "default-tls", false, "TLS with nothing but the library's Secure option")
	set.BoolVar(&w.insecure, "insecure", false, "a client does not verify certificates")
	set.StringVar(&w.authority, "ca", "", "file of the authority that a client trusts")
	set.StringVar(&w.cert, "cert", "", "file of a server's certificate")
	set.StringVar(&w.key, "key", "", "file of its key")
}

func (w *wiring) build() (*parts, error) {
	made := &parts{}
	switch w.registry {
	case "memory":
		made.registry = registry.NewMemoryRegistry()
	case "mdns":
		made.registry = newMDNSRegistry(mdnsDomain(w.domain))
	case "nats":
		made.registry = newNATSRegistry(registry.Addrs(w.nats))
	default:
		return nil, fmt.Errorf("no registry %q", w.registry)
	}
	switch w.broker {
	case "memory":
		made.broker = broker.NewMemoryBroker()
	case "http":
		made.broker = newHTTPBroker(broker.Registry(made.registry), broker.Addrs("127.0.0.1:0"))
	case "nats":
		made.broker = newNATSBroker(broker.Addrs(w.nats))
	default:
		return nil, fmt.Errorf("no broker %q", w.broker)
	}
	options := []transport.Option{}
	if w.secure {
		config, err := w.tlsConfig()
		if err != nil {
			return nil, err
		}
		made.tls = config
		options = append(options, transport.Secure(true), transport.TLSConfig(config))
	} else if w.plainTLS {
		options = append(options, transport.Secure(true))
	}
	switch w.transport {
	case "http":
		made.transport = transport.NewHTTPTransport(options...)
	case "nats":
		made.transport = newNATSTransport(append(options, transport.Addrs(w.nats))...)
	default:
		return nil, fmt.Errorf("no transport %q", w.transport)
	}
	return made, nil
}

func (w *wiring) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: w.insecure}
	if w.cert != "" {
		certificate, err := tls.LoadX509KeyPair(w.cert, w.key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	if w.authority != "" {
		pem, err := os.ReadFile(w.authority)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("no certificate in %s", w.authority)
		}
	}
	return config, nil
}

// mdnsDomain sets what the registry reads from its context under this bare string.
func mdnsDomain(domain string) registry.Option {
	return func(options *registry.Options) {
		if options.Context == nil {
			options.Context = context.Background()
		}
		options.Context = context.WithValue(options.Context, "mdns.domain", domain) //nolint:staticcheck
	}
}

// pairs reads "a=b,c=d".
func pairs(text string) map[string]string {
	made := map[string]string{}
	for _, pair := range strings.Split(text, ",") {
		if key, value, ok := cut(pair, "="); ok {
			made[key] = value
		}
	}
	return made
}

// cut is strings.Cut, which came after the oldest generation's Go.
func cut(text, separator string) (string, string, bool) {
	at := strings.Index(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}
