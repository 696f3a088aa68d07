import { setTimeout as sleep } from "node:timers/promises";
import { MicroError } from "@micro/core";
import { type Article, Catalog, ORDERS_PLACED, Orders, STOCK_CHANGED } from "./contracts.ts";
import { Pricing } from "./gen/pricing.ts";
import { headline, line, money, table } from "./screen.ts";
import type { Visitor } from "./visitor.ts";

/** Thrown by a step that saw something else than it should; the demo then ends with exit code 1. */
export class BrokenPromise extends Error {}

const WAIT_MS = 30_000;
const acme = { metadata: { tenant: "acme" } } as const;

/** Waits until somebody offers each of `names`, and where `topic` is given until somebody listens to it. */
export async function discover(
  { service }: Visitor,
  names: readonly string[],
  topic: string | undefined,
): Promise<void> {
  const until = performance.now() + WAIT_MS;
  const missing = async (): Promise<readonly string[]> => {
    const found = await Promise.all(names.map((name) => service.registry.get(name)));
    const services = names.filter((_, index) => found[index]?.every(({ nodes }) => nodes.length === 0));
    if (topic === undefined) return services;
    const subscriptions = (await service.registry.get("micro.http.broker")).flatMap(({ nodes }) => nodes);
    const listening = subscriptions.some(({ metadata }) => metadata.topic === topic);
    return listening ? services : [...services, `a subscriber of ${topic}`];
  };
  for (let left = await missing(); left.length > 0; left = await missing()) {
    if (performance.now() > until)
      throw new BrokenPromise(`not found within ${WAIT_MS} ms: ${left.join(", ")}`);
    await sleep(50);
  }
}

/** Who is there. */
export async function showFleet({ service }: Visitor, names: readonly string[]): Promise<void> {
  headline("Who is there");
  const rows: string[][] = [];
  for (const name of names) {
    for (const { version, nodes, endpoints } of await service.registry.get(name)) {
      const offers = endpoints
        .filter(({ metadata }) => metadata.subscriber === undefined)
        .map((endpoint) => endpoint.name);
      for (const { address, metadata } of nodes)
        rows.push([
          name,
          version,
          address,
          metadata["micro-mux"] === undefined ? "Go" : "Node",
          offers.join(", "),
        ]);
    }
  }
  table(["service", "version", "address", "runs in", "offers"], rows);
}

/** What needs no Go: a call of the generated contract, in both codecs, and its error. */
export async function showPricing({ service }: Visitor): Promise<void> {
  headline("Node to Node: a contract generated from a .proto");
  const pricing = service.client.of(Pricing);
  for (const contentType of ["application/json", "application/protobuf"]) {
    const { totalCents } = await pricing.quote({ sku: "tea", quantity: 3 }, { contentType });
    line(`three teas, ${contentType}`, money(totalCents));
    expectThat(totalCents === 1350, `three teas cost ${totalCents}`);
  }
  await showError("what nobody sells", pricing.quote({ sku: "hat", quantity: 1 }), {
    id: "pricing",
    code: "NOT_FOUND",
    detail: "no price for 'hat'",
  });
}

/** Calls of the Go service, which calls one of ours before it answers. */
export async function showCalls({ service }: Visitor): Promise<void> {
  headline("Node calls Go, and Go calls Node");
  const catalog = service.client.of(Catalog);
  const article = await onceKnown("pricing", () => catalog.get({ sku: "tea" }));
  line(
    "Catalog.Get, the price from Node",
    `${article.name}, ${article.stock} there, ${money(article.priceCents)}`,
  );
  expectThat(article.priceCents === 450, `Go was told the price ${article.priceCents}`);
  const cheaper = await catalog.get({ sku: "tea" }, acme);
  line("with metadata tenant=acme", `${money(cheaper.priceCents)}: it went through Go to the prices`);
  expectThat(cheaper.priceCents === 405, `metadata was lost: ${cheaper.priceCents}`);

  headline("Errors keep id, code and detail");
  await showError("thrown in Go", catalog.get({ sku: "hat" }), {
    id: "catalog",
    code: "NOT_FOUND",
    detail: "no article 'hat'",
  });
  await showError("thrown in Node, passed on by Go", catalog.get({ sku: "ink" }), {
    id: "pricing",
    code: "NOT_FOUND",
    detail: "no price for 'ink'",
  });

  headline("A stream from Go");
  const names: string[] = [];
  for await (const { name } of catalog.list({}, { timeoutMs: WAIT_MS })) names.push(name);
  line("Catalog.List", names.join(", "));
  expectThat(names.join() === "Green tea,Blue cup,Ink", `a stream lost messages: ${names.join()}`);
}

/** An order: a call, and events both ways. */
export async function showEvents({ service, news }: Visitor): Promise<void> {
  headline("Events both ways");
  const orders = service.client.of(Orders);
  const { name, totalCents } = await orders.place({ sku: "cup", quantity: 2 }, acme);
  line("Orders.Place", `2 ${name} for ${money(totalCents)}`);
  line(`Node published ${ORDERS_PLACED}`, "the Go service subscribes to it");
  const { article, tenant } = await withinTime(news, `${STOCK_CHANGED} did not come`);
  line(`Go published ${STOCK_CHANGED}`, `${article.name}: ${article.stock} left; tenant=${tenant}`);
  expectThat(
    article.stock === 1 && tenant === "acme",
    `the event said ${JSON.stringify({ article, tenant })}`,
  );
  await showError("one more than there is", orders.place({ sku: "cup", quantity: 2 }), {
    id: "orders",
    code: "CONFLICT",
    detail: "2 of 'cup' are wanted and 1 are there",
  });
}

/** Events without Go: the visitor publishes what the Go service would. */
export async function showOwnEvents({ service, news }: Visitor): Promise<void> {
  headline("Events from Node to Node");
  const message: Article = { sku: "cup", name: "Blue cup", stock: 1, priceCents: 0 };
  await service.client.publish(STOCK_CHANGED, message, acme);
  const { article, tenant } = await withinTime(news, `${STOCK_CHANGED} did not come`);
  line(`Node published ${STOCK_CHANGED}`, `${article.name}: ${article.stock} left; tenant=${tenant}`);
  headline("What happens where a service is missing");
  await showError("Orders.Place", service.client.of(Orders).place({ sku: "cup", quantity: 1 }), {
    id: "go.micro.client",
    code: "NOT_FOUND",
  });
}

/**
 * Go collects answers for 100 ms and then asks no more for 5 s (spec 3.3): a busy machine may be too slow for it, and the
 * first call of a service that is there fails.
 */
async function onceKnown<T>(service: string, call: () => Promise<T>): Promise<T> {
  const until = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const unknown = MicroError.is(error) && error.detail === `service ${service}: not found`;
      if (!unknown || performance.now() > until) throw error;
    }
    await sleep(500);
  }
}

async function showError(
  what: string,
  call: Promise<unknown>,
  wanted: { readonly id: string; readonly code: string; readonly detail?: string },
): Promise<void> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!MicroError.is(error)) throw new BrokenPromise(`${what}: an error was expected, not ${String(error)}`);
  const { id, code, httpCode, detail } = error;
  line(what, `${httpCode} ${code}, id '${id}': ${detail}`);
  expectThat(
    id === wanted.id && code === wanted.code && (wanted.detail === undefined || detail === wanted.detail),
    `${what}: the error did not arrive as it was sent`,
  );
}

function expectThat(kept: boolean, otherwise: string): void {
  if (!kept) throw new BrokenPromise(otherwise);
}

async function withinTime<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  const over = new AbortController();
  const late = sleep(WAIT_MS, undefined, { signal: over.signal }).then(() => {
    throw new BrokenPromise(`${otherwise} within ${WAIT_MS} ms`);
  });
  late.catch(() => undefined); // lost the race: nobody waits for it any more
  return Promise.race([promise, late]).finally(() => over.abort());
}
