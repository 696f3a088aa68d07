import { bidiStream, clientStream, defineContract, MicroError, serverStream, unary } from "@micro/core";
import { eventually } from "@micro/core/conformance";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type GoWorld, goReply, startGoWorld } from "./go-server.ts";

const greeter = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: {
    hello: unary<{ readonly name: string }, { readonly msg: string }>(),
    chat: bidiStream<{ readonly name: string }, { readonly msg: string }>(),
    count: serverStream<{ readonly to: number }, { readonly at: number }>(),
    sum: clientStream<{ readonly value: number }, { readonly sum: number }>(),
  },
});

let world: GoWorld;
beforeEach(async () => {
  world = await startGoWorld();
});
afterEach(() => world.stop());

const methods = () => world.client.of(greeter);

async function errorOf(promise: Promise<unknown>): Promise<MicroError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (MicroError.is(error)) return error;
  throw new Error("a MicroError was expected");
}

describe("unary", () => {
  test("the request has what a Go client sends, metadata first and the protocol's own words last", async () => {
    const metadata = { "foo-BAR": "baz", "micro-topic": "dropped", "Micro-Service": "other", timeout: "1" };
    const reply = methods().hello({ name: "bob" }, { metadata, timeoutMs: 5000 });
    const { start, header, body, answer } = await world.next();
    expect(start).toBe("POST / HTTP/1.1");
    const { Host: _, Timeout: timeout, ...rest } = header;
    expect(rest).toEqual({
      "Content-Length": "15",
      Accept: "application/json",
      "Content-Type": "application/json",
      "Foo-Bar": "baz",
      "Micro-Endpoint": "Greeter.Hello",
      "Micro-From-Service": "caller",
      "Micro-Id": "0",
      "Micro-Method": "Greeter.Hello",
      "Micro-Service": "greeter",
    });
    expect(Number(timeout)).toBeGreaterThan(4e9);
    expect(Number(timeout)).toBeLessThanOrEqual(5e9);
    expect(body).toBe('{"name":"bob"}\n');
    answer(goReply({}, '{"msg":"Hello bob"}\n'));
    expect(await reply).toEqual({ msg: "Hello bob" });
  });

  test("ids count up, one call at a time is on a connection, and the connection is used again", async () => {
    for (const id of ["0", "1", "2"]) {
      const reply = methods().hello({ name: id });
      const request = await world.next();
      expect([request.header["Micro-Id"], request.connection]).toEqual([id, 0]);
      // The id that Go repeats is the first one's.
      request.answer(goReply({}, `{"msg":"${id}"}\n`));
      expect(await reply).toEqual({ msg: id });
    }
    const both = [methods().hello({ name: "a" }), methods().hello({ name: "b" })];
    const requests = [await world.next(), await world.next()];
    expect(new Set(requests.map(({ connection }) => connection)).size).toBe(2);
    for (const { answer, body } of requests) answer(goReply({}, body.replace("name", "msg")));
    expect(await Promise.all(both)).toEqual([{ msg: "a" }, { msg: "b" }]);
  });

  test("errors are read in both forms", async () => {
    const structured = errorOf(methods().hello({ name: "err" }));
    const text =
      '{"id":"go.micro.srv.greeter","code":404,"detail":"no such name: err \\u003c\\u0026\\u003e","status":"Not Found"}';
    (await world.next()).answer(goReply({ "Micro-Error": text, "X-Micro-Error": text }));
    expect((await structured).toJSON()).toEqual({
      id: "go.micro.srv.greeter",
      code: 404,
      detail: "no such name: err <&>",
      status: "Not Found",
    });
    const plain = errorOf(methods().hello({ name: "err" }));
    (await world.next()).answer(goReply({ "Micro-Error": "plain error" }));
    const { code, detail } = await plain;
    expect([code, detail]).toEqual(["UNKNOWN", "plain error"]);
  });

  test.each([
    ["context deadline exceeded", "TIMEOUT", 408, "Request Timeout"],
    ["orders: query: context deadline exceeded", "TIMEOUT", 408, "Request Timeout"],
    ["context canceled", "CANCELLED", 499, "Client Closed Request"],
    ['Get "http://a": context canceled', "CANCELLED", 499, "Client Closed Request"],
    ["context canceled by hand", "UNKNOWN", 0, ""],
  ])("Go's context error without a code, '%s', is %s", async (detail, code, httpCode, status) => {
    for (const text of [detail, JSON.stringify({ id: "greeter", detail })]) {
      const error = errorOf(methods().hello({ name: "err" }));
      (await world.next()).answer(goReply({ "Micro-Error": text }));
      expect(await error).toMatchObject({ code, httpCode, status, detail });
    }
    const own = errorOf(methods().hello({ name: "err" }));
    (await world.next()).answer(goReply({ "Micro-Error": JSON.stringify({ code: 777, detail }) }));
    expect(await own).toMatchObject({ code: "UNKNOWN", httpCode: 777 });
  });

  test("Go's context error at the end of the call's own time is the caller's usual TIMEOUT", async () => {
    const now = vi.spyOn(Date, "now");
    try {
      const start = Date.now();
      now.mockReturnValue(start);
      const error = errorOf(methods().hello({ name: "slow" }, { timeoutMs: 60_000 }));
      const { answer } = await world.next();
      now.mockReturnValue(start + 59_990);
      answer(goReply({ "Micro-Error": "context deadline exceeded" }));
      expect(await error).toMatchObject({
        id: "go.micro.client",
        code: "TIMEOUT",
        detail: "call timeout: greeter Greeter.Hello had no reply in time",
        cause: { code: "TIMEOUT", detail: "context deadline exceeded" },
      });
    } finally {
      now.mockRestore();
    }
  });

  test("a content type that the server does not know is an error, though its reply is none", async () => {
    const error = errorOf(methods().hello({ name: "bob" }));
    const body = "Unsupported Content-Type: application/json";
    (await world.next()).answer(goReply({ "Content-Type": "text/plain" }, body));
    const { code, detail } = await error;
    expect(code).toBe("BAD_REQUEST");
    expect(detail).toContain("Unsupported Content-Type: application/json");
  });

  test("a reply that is no message of the content type is an error", async () => {
    const error = errorOf(methods().hello({ name: "bob" }));
    (await world.next()).answer(goReply({}, "{nonsense"));
    const { id, code } = await error;
    expect([id, code]).toEqual(["go.micro.client.codec", "INTERNAL"]);
  });

  test("a call that was given up takes its connection with it", async () => {
    const error = errorOf(methods().hello({ name: "bob" }, { timeoutMs: 60 }));
    await world.next();
    expect((await error).code).toBe("TIMEOUT");
    await eventually(() => expect(world.open).toBe(0));
  });

  test("a server that goes away in the middle of a call is UNAVAILABLE and not asked again", async () => {
    const error = errorOf(methods().hello({ name: "bob" }));
    (await world.next()).end();
    const { code, notSent } = await error;
    expect([code, notSent]).toEqual(["UNAVAILABLE", false]);
  });

  test("an old peer without a protocol, and one of another protocol, are named as what they are", async () => {
    world.nodeMetadata = {};
    expect(await errorOf(methods().hello({ name: "bob" }))).toMatchObject({ code: "UNIMPLEMENTED" });
    world.nodeMetadata = { protocol: "grpc" };
    expect((await errorOf(methods().hello({ name: "bob" }))).detail).toContain("speaks grpc");
  });
});

describe("streams", () => {
  test("open, data and EOS are sent with all headers, and replies may be more than requests", async () => {
    async function* requests() {
      yield { name: "a" };
    }
    const replies = methods().chat(requests())[Symbol.asyncIterator]();
    const first = replies.next();
    const [open, data, eos] = [await world.next(), await world.next(), await world.next()];
    const header = {
      Accept: "application/json",
      "Content-Type": "application/json",
      "Micro-Endpoint": "Greeter.Chat",
      "Micro-Id": "0",
      "Micro-Method": "Greeter.Chat",
      "Micro-Service": "greeter",
      "Micro-Stream": "0",
    };
    expect([open.body, data.body, eos.body]).toEqual(["", '{"name":"a"}\n', ""]);
    for (const frame of [open, data, eos]) {
      expect(frame.header).toMatchObject(header);
      expect(frame.header.Timeout).toBeUndefined();
    }
    expect([open, data, eos].map((frame) => frame.header["Micro-Error"])).toEqual([
      undefined,
      undefined,
      "EOS",
    ]);
    // A data frame of Go may repeat an old Micro-Error: it has a body and no X- form (spec 1.12).
    data.answer(goReply({ "Micro-Error": "EOS" }, '{"msg":"1 a"}\n'));
    data.answer(goReply({}, '{"msg":"2 a"}\n'));
    data.answer(goReply({ "Micro-Error": "EOS", "X-Micro-Error": "EOS" }));
    expect(await first).toEqual({ done: false, value: { msg: "1 a" } });
    expect(await replies.next()).toEqual({ done: false, value: { msg: "2 a" } });
    expect((await replies.next()).done).toBe(true);
    await eventually(() => expect(world.open).toBe(0));
  });

  test("the request of a server stream is the second frame", async () => {
    const replies = methods().count({ to: 1 })[Symbol.asyncIterator]();
    const first = replies.next();
    const [open, data] = [await world.next(), await world.next()];
    expect([open.body, data.body]).toEqual(["", '{"to":1}\n']);
    data.answer(goReply({}, '{"at":0}\n'));
    expect((await first).value).toEqual({ at: 0 });
    const text = '{"id":"x","code":400,"detail":"bad","status":"Bad Request"}';
    data.answer(goReply({ "Micro-Error": text, "X-Micro-Error": text }));
    const { id, code, detail } = await errorOf(replies.next());
    expect([id, code, detail]).toEqual(["x", "BAD_REQUEST", "bad"]);
  });

  test("a content type that the server does not know ends a stream with an error, and is no message", async () => {
    const replies = methods().count({ to: 1 })[Symbol.asyncIterator]();
    const first = errorOf(replies.next());
    await world.next();
    const body = "unsupported Content-Type: application/json";
    (await world.next()).answer(goReply({ "Content-Type": "text/plain" }, body));
    expect(await first).toMatchObject({ code: "BAD_REQUEST", id: "go.micro.client.codec" });
    await eventually(() => expect(world.open).toBe(0));
  });

  test("Go's context error ends a stream with its code", async () => {
    const replies = methods().count({ to: 1 })[Symbol.asyncIterator]();
    const first = errorOf(replies.next());
    await world.next();
    (await world.next()).answer(goReply({ "Micro-Error": "rows: context canceled" }));
    expect(await first).toMatchObject({ code: "CANCELLED", detail: "rows: context canceled" });
  });

  test("a client stream has its reply when the server has ended", async () => {
    const reply = methods().sum([{ value: 1 }, { value: 2 }]);
    const frames = [await world.next(), await world.next(), await world.next(), await world.next()];
    expect(frames.map(({ body }) => body)).toEqual(["", '{"value":1}\n', '{"value":2}\n', ""]);
    frames[3]?.answer(goReply({}, '{"sum":3}\n') + goReply({ "Micro-Error": "EOS" }));
    expect(await reply).toEqual({ sum: 3 });
  });

  test("a server that ends the connection in the middle is UNAVAILABLE", async () => {
    const replies = methods().count({ to: 1 })[Symbol.asyncIterator]();
    const first = replies.next();
    await world.next();
    const data = await world.next();
    data.answer(goReply({}, '{"at":0}\n'));
    await first;
    data.end();
    expect((await errorOf(replies.next())).code).toBe("UNAVAILABLE");
  });

  test("leaving a stream closes its connection", async () => {
    const replies = methods().count({ to: 1 })[Symbol.asyncIterator]();
    const first = replies.next();
    await world.next();
    (await world.next()).answer(goReply({}, '{"at":0}\n'));
    await first;
    await replies.return?.();
    await eventually(() => expect(world.open).toBe(0));
  });
});

test("a published message has the headers of spec 5.2", async () => {
  await world.client.publish("orders.created", { id: 7 }, { metadata: { "foo-bar": "baz" } });
  const [message] = world.published;
  expect(message?.topic).toBe("orders.created");
  expect(message?.body).toBe('{"id":7}\n');
  expect(message?.header).toEqual({
    "Content-Type": "application/json",
    "Foo-Bar": "baz",
    "Micro-From-Service": "caller",
    "Micro-Id": expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
    "Micro-Topic": "orders.created",
  });
});
