// Program catalog is a Go Micro service as a Go team has one. Nothing in it knows that its neighbours run in Node.
package main

import (
	"context"
	"log"
	"os"
	"slices"
	"sync"
	"time"

	"fleet/pricing"

	"go-micro.dev/v5"
	"go-micro.dev/v5/errors"
	"go-micro.dev/v5/registry"
	"go-micro.dev/v5/server"
)

// Article is what the catalog knows of one thing on sale.
type Article struct {
	SKU        string `json:"sku"`
	Name       string `json:"name"`
	Stock      int    `json:"stock"`
	PriceCents int64  `json:"priceCents"`
}

// Order is what comes with the topic "orders.placed".
type Order struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// GetRequest says which article.
type GetRequest struct {
	SKU string `json:"sku"`
}

// Catalog is the handler; its exported methods are the endpoints Catalog.Get and Catalog.List.
type Catalog struct {
	lock     sync.Mutex
	articles []Article
	pricing  pricing.PricingService
	changed  micro.Event
}

// Get looks an article up and asks the service "pricing" what one of them costs.
func (c *Catalog) Get(ctx context.Context, req *GetRequest, rsp *Article) error {
	article, err := c.take(req.SKU, 0)
	if err != nil {
		return err
	}
	quote, err := c.pricing.Quote(ctx, &pricing.QuoteRequest{Sku: req.SKU, Quantity: 1})
	if err != nil {
		return err
	}
	article.PriceCents = quote.TotalCents
	*rsp = article
	return nil
}

// List streams all articles.
func (c *Catalog) List(_ context.Context, stream server.Stream) error {
	if err := stream.Recv(&struct{}{}); err != nil {
		return err
	}
	c.lock.Lock()
	articles := slices.Clone(c.articles)
	c.lock.Unlock()
	for _, article := range articles {
		if err := stream.Send(&article); err != nil {
			return err
		}
		// The rpc server of v5.30.0 reuses a buffer: of two messages sent at once, the first is damaged. Its gRPC
		// server needs no pause.
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

// placed takes what was ordered from the stock and tells everybody what is left.
func (c *Catalog) placed(ctx context.Context, order *Order) error {
	article, err := c.take(order.SKU, order.Quantity)
	if err != nil {
		return err
	}
	return c.changed.Publish(ctx, &article)
}

func (c *Catalog) take(sku string, quantity int) (Article, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for index := range c.articles {
		if article := &c.articles[index]; article.SKU == sku {
			article.Stock -= quantity
			return *article, nil
		}
	}
	return Article{}, errors.NotFound("catalog", "no article '%s'", sku)
}

func main() {
	options := []micro.Option{micro.Version("1.0.0")}
	if domain := os.Getenv("FLEET_DOMAIN"); domain != "" {
		options = append(options, micro.Registry(registryOf(domain)))
	}
	service := micro.New("catalog", options...)
	service.Init()
	catalog := &Catalog{
		articles: []Article{
			{SKU: "tea", Name: "Green tea", Stock: 12}, {SKU: "cup", Name: "Blue cup", Stock: 3}, {SKU: "ink", Name: "Ink"},
		},
		pricing: pricing.NewPricingService("pricing", service.Client()),
		changed: micro.NewEvent("stock.changed", service.Client()),
	}
	if err := service.Handle(catalog); err != nil {
		log.Fatal(err)
	}
	if err := micro.RegisterSubscriber("orders.placed", service.Server(), catalog.placed); err != nil {
		log.Fatal(err)
	}
	if err := service.Run(); err != nil {
		log.Fatal(err)
	}
}

// registryOf keeps two fleets on one network apart; with the default registry there is one fleet, in the domain "micro".
func registryOf(domain string) registry.Registry {
	return registry.NewMDNSRegistry(func(options *registry.Options) {
		options.Context = context.WithValue(context.Background(), "mdns.domain", domain)
	})
}
