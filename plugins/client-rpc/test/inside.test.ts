import type { CallOptions, Client } from "@micro/client";
import { Codecs } from "@micro/codec";
import { jsonCodec } from "@micro/codec-json";
import { Exchange, type LocalCall, type LocalNode, MicroError } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { expect, test } from "vitest";
import { rpcClient } from "../src/index.ts";

interface Inside {
  readonly client: Client;
  readonly dispatched: LocalCall[];
  /** Services that the selector was asked for. */
  readonly asked: string[];
  /** `local` when the node of this process answered, `network` when the call left it. */
  readonly call: (options?: CallOptions) => Promise<string>;
}

/** A client beside one node of its process; the network answers nothing. */
async function inside(
  node: Partial<LocalNode> = {},
  selector: { readonly preferLocal?: boolean; readonly nodeId?: string } = {},
): Promise<Inside> {
  const exchange = new Exchange();
  const dispatched: LocalCall[] = [];
  const asked: string[] = [];
  exchange.bind({
    id: "orders-1",
    service: "orders",
    version: "v1",
    metadata: { zone: "a" },
    accepting: true,
    hasEndpoint: (endpoint) => endpoint === "Orders.Get",
    dispatch: async (call) => {
      dispatched.push(call);
      return { by: "local" };
    },
    ...node,
  });
  const away = new MicroError({ code: "UNAVAILABLE", detail: "the network was used", notSent: true });
  const client = await instantiate(rpcClient, {
    scope: { name: "caller", exchange },
    deps: {
      codec: new Codecs([await instantiate(jsonCodec)]),
      transport: {
        name: "none",
        metadata: {},
        dial: () => Promise.reject(away),
        listen: () => Promise.reject(away),
      },
      selector: {
        preferLocal: true,
        ...selector,
        select: ({ service }) => {
          asked.push(service);
          const id = selector.nodeId ?? "orders-2";
          return {
            node: { id, address: "10.0.0.1:1", metadata: { protocol: "mucp" } },
            version: "v1",
            done: () => undefined,
          };
        },
      },
    },
  });
  const call = async (options: CallOptions = {}): Promise<string> => {
    const request = { service: "orders", endpoint: "Orders.Get", message: { id: 1 } };
    const answer = await client.call(request, { retries: 0, ...options }).then(
      () => "local",
      (error: MicroError) => error.detail,
    );
    return answer === "the network was used" ? "network" : answer;
  };
  return { client, dispatched, asked, call };
}

test("a call to a service of this process stays inside, and the selector is not asked", async () => {
  const { call, asked, dispatched } = await inside();
  expect(await call()).toBe("local");
  expect(asked).toEqual([]);
  expect(dispatched[0]).toMatchObject({ kind: "unary", endpoint: "Orders.Get", message: { id: 1 } });
});

test("a node that drains, or lacks the endpoint, is left for the network", async () => {
  expect(await (await inside({ accepting: false })).call()).toBe("network");
  expect(await (await inside({ hasEndpoint: () => false })).call()).toBe("network");
});

test("a node that refuses because it drains is left for the network even in a call that is not idempotent", async () => {
  const refuse = () =>
    Promise.reject(new MicroError({ code: "UNAVAILABLE", detail: "draining", notSent: true }));
  const { call, asked } = await inside({ dispatch: refuse });
  expect(await call({ retries: 1 })).toBe("network");
  expect(asked.length).toBeGreaterThan(0);
});

test("version and node metadata hold for the node of this process too", async () => {
  const { call } = await inside();
  expect(await call({ version: "v1", nodeMetadata: { zone: "a" } })).toBe("local");
  expect(await call({ version: "v2" })).toBe("network");
  expect(await call({ nodeMetadata: { zone: "b" } })).toBe("network");
});

test("an address goes over the network", async () => {
  const { call, asked } = await inside();
  expect(await call({ address: "10.0.0.1:1" })).toBe("network");
  expect(asked).toEqual([]);
});

test("a key goes where the selector sends it, inside when that is the node of this process", async () => {
  const other = await inside();
  expect(await other.call({ key: "k" })).toBe("network");
  const own = await inside({}, { nodeId: "orders-1" });
  expect(await own.call({ key: "k" })).toBe("local");
  expect(own.asked).toEqual(["orders"]);
});

test("a selector that does not prefer this process sends all calls over the network", async () => {
  const { call } = await inside({}, { preferLocal: false, nodeId: "orders-1" });
  expect(await call()).toBe("network");
});
