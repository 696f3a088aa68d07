import { constants } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import { MicroError } from "@micro/core";
import { healthContract, ServingStatus } from "@micro/grpc";
import { frame } from "@micro/grpc/internal";
import { expect, test } from "vitest";
import { withDeadline } from "../src/late-status.ts";
import { rawPeer, reply, withClient } from "./peers.ts";

const service = "greeter";
const message = Buffer.from("{}");

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: unknown) => MicroError.from(error).code,
  );
}

async function all(stream: AsyncIterable<unknown>): Promise<readonly unknown[]> {
  const messages: unknown[] = [];
  for await (const one of stream) messages.push(one);
  return messages;
}

test("the request of a server stream is followed by its end, which standard servers wait for", async () => {
  const peer = await rawPeer((stream) => stream.on("end", () => reply(stream, [message, message])));
  try {
    await withClient({}, async (client) => {
      const stream = { service, endpoint: "Greeter.Count", kind: "serverStream", message: {} } as const;
      expect(await all(client.stream(stream, { address: peer.address, timeoutMs: 3000 }))).toEqual([{}, {}]);
    });
  } finally {
    await peer.close();
  }
});

test("a server that resets a call at its deadline has not cancelled it", () => {
  // Which of the two clocks is first cannot be arranged over a connection; grpc-go's interop case does it at 1 ms.
  const reset = { code: 1, details: "Call cancelled", metadata: new Metadata() };
  expect(withDeadline(reset, Date.now()).code).toBe(4);
  expect(withDeadline(reset, Date.now() + 1000)).toBe(reset);
  expect(withDeadline(reset, Infinity)).toBe(reset);
  const other = { ...reset, code: 14 };
  expect(withDeadline(other, Date.now())).toBe(other);
});

test("a reset before the deadline is CANCELLED", async () => {
  const peer = await rawPeer((stream) => stream.close(constants.NGHTTP2_CANCEL));
  try {
    await withClient({}, async (client) => {
      const options = { address: peer.address, timeoutMs: 5000 };
      const call = client.call({ service, endpoint: "Greeter.Hello", message: {} }, options);
      expect(await codeOf(call)).toBe("CANCELLED");
    });
  } finally {
    await peer.close();
  }
});

test("a message that is compressed in a way nobody named is an error, not the end of the process", async () => {
  const peer = await rawPeer((stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(frame(message, 1));
  });
  try {
    await withClient({}, async (client) => {
      const options = { address: peer.address, timeoutMs: 3000 };
      const call = client.call({ service, endpoint: "Greeter.Hello", message: {} }, options);
      expect(await codeOf(call)).toBe("INTERNAL");
    });
  } finally {
    await peer.close();
  }
});

test.each([
  ["answered twice", [message, message]],
  ["not answered", []],
])("a client stream that is %s is an error", async (_how, replies) => {
  const peer = await rawPeer((stream) => reply(stream, replies));
  try {
    await withClient({}, async (client) => {
      const stream = { service, endpoint: "Greeter.Sum", kind: "clientStream", message: [{}] } as const;
      const answer = client.stream(stream, { address: peer.address, timeoutMs: 3000 });
      expect(await codeOf(all(answer))).toBe("UNIMPLEMENTED");
    });
  } finally {
    await peer.close();
  }
});

test("a standard server is asked for its health", async () => {
  const peer = await rawPeer((stream, headers) => {
    const watches = headers[":path"] === "/grpc.health.v1.Health/Watch";
    const replies = [Uint8Array.of(8, 2), Uint8Array.of(8, 1)];
    stream.on("end", () => reply(stream, watches ? replies : replies.slice(1)));
  });
  try {
    await withClient({}, async (client) => {
      const health = client.of(healthContract);
      const options = { address: peer.address, timeoutMs: 3000 };
      expect(await health.check({ service: "shop" }, options)).toEqual({ status: ServingStatus.SERVING });
      expect(await all(health.watch({}, options))).toEqual([{ status: 2 }, { status: 1 }]);
      expect(peer.calls.map((call) => `${call[":path"]} ${call["content-type"]}`)).toEqual([
        "/grpc.health.v1.Health/Check application/grpc+proto",
        "/grpc.health.v1.Health/Watch application/grpc+proto",
      ]);
      expect(peer.bodies[0]).toEqual(frame(Buffer.from("\n\u0004shop")));
    });
  } finally {
    await peer.close();
  }
});
