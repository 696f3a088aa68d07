import {
  bidiStream,
  defineContract,
  handle,
  implement,
  MicroError,
  serverStream,
  subscribe,
  unary,
} from "@micro/core";
import { eventually } from "@micro/core/conformance";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { goRequest, type Peer, startWorld, type World } from "./world.ts";

const greeter = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: {
    hello: unary<{ readonly name: string }, { readonly msg: string; readonly n: number }>(),
    health: unary<Uint8Array, Uint8Array>(),
    look: unary<object, Record<string, string>>(),
    chat: bidiStream<{ readonly name: string }, { readonly msg: string; readonly n: number }>(),
    count: serverStream<{ readonly to: number }, { readonly at: number }>(),
  },
});

const unaryHeader = (method: string, id: string) => ({
  "Micro-Endpoint": `Greeter.${method}`,
  "Micro-Id": id,
  "Micro-Method": `Greeter.${method}`,
  "Micro-Service": "greeter",
  Timeout: "5000000000",
});
const streamHeader = (method: string) => {
  const { Timeout: _, ...header } = unaryHeader(method, "0");
  return { ...header, "Foo-Bar": "baz", "Micro-Stream": "0" };
};

let world: World;
let peer: Peer;
const events: unknown[] = [];
let seen: Record<string, string> = {};

beforeEach(async () => {
  events.length = 0;
  world = await startWorld({
    handlers: [
      ...implement(greeter, {
        hello: ({ name }) => {
          if (name === "err")
            throw new MicroError({
              id: "go.micro.srv.greeter",
              code: "NOT_FOUND",
              detail: "no such name: err <&>",
            });
          if (name === "plain") throw new Error("plain error");
          return { msg: `Hello ${name}`, n: 42 };
        },
        health: (request) => new Uint8Array([0x20, 5, ...request]),
        look: (_, context) => {
          seen = context.metadata.toJSON();
          return {};
        },
        async *chat(requests) {
          for await (const { name } of requests) {
            if (name === "done") return;
            if (name === "err") throw new MicroError({ id: "x", code: "BAD_REQUEST", detail: "bad" });
            yield { msg: `1 ${name}`, n: 0 };
            yield { msg: `2 ${name}`, n: 0 };
          }
        },
        async *count({ to }) {
          for (let at = 0; at < to; at++) yield { at };
        },
      }),
      ...handle("Greeter.Void", () => undefined),
      ...handle("Greeter.Slow", () => new Promise(() => undefined)),
    ],
    subscribers: [
      subscribe("a.topic", (message, context) => {
        events.push([message, context.metadata.get("micro-topic")]);
        if ((message as { fail?: boolean }).fail === true) throw new Error("not today");
      }),
    ],
  });
  peer = await world.peer();
});

afterEach(() => world.stop());

describe("unary", () => {
  test("the recorded call of a Go client is answered with what it needs, and nothing stale", async () => {
    peer.write(goRequest({ ...unaryHeader("Hello", "0"), "Foo-Bar": "baz" }, '{"name":"bob"}\n'));
    expect(await peer.next()).toEqual({
      start: "HTTP/1.1 200 OK",
      header: { "Content-Length": "27", "Content-Type": "application/json", "Micro-Id": "0" },
      body: '{"msg":"Hello bob","n":42}\n',
    });
  });

  test("pipelined calls with ids of their own are all answered, each under its id", async () => {
    peer.write(
      ["1", "2", "3"].map((id) => goRequest(unaryHeader("Hello", id), `{"name":"n${id}"}\n`)).join(""),
    );
    const replies = [await peer.next(), await peer.next(), await peer.next()];
    const bodies = Object.fromEntries(replies.map(({ header, body }) => [header["Micro-Id"], body]));
    expect(bodies).toEqual({
      1: '{"msg":"Hello n1","n":42}\n',
      2: '{"msg":"Hello n2","n":42}\n',
      3: '{"msg":"Hello n3","n":42}\n',
    });
  });

  test("an error is written as Go writes it", async () => {
    peer.write(goRequest(unaryHeader("Hello", "7"), '{"name":"err"}\n'));
    const text =
      '{"id":"go.micro.srv.greeter","code":404,"detail":"no such name: err \\u003c\\u0026\\u003e","status":"Not Found"}';
    expect(await peer.next()).toEqual({
      start: "HTTP/1.1 200 OK",
      header: {
        "Content-Type": "application/json",
        "Micro-Error": text,
        "Micro-Id": "7",
        "X-Micro-Error": text,
        "Content-Length": "0",
      },
      body: "",
    });
  });

  test("an error that no header could hold arrives with its code, and as much of its detail as fits", async () => {
    const big = (char: string) => () => {
      throw new MicroError({ id: "x", code: "NOT_FOUND", detail: char.repeat(50_000) });
    };
    await world.stop();
    const methods = { chat: bidiStream<object, object>(), count: serverStream<object, object>() };
    const streams = { chat: big("é"), count: big("<") };
    const handlers = [
      ...handle("Greeter.Big", big("\u0001")),
      ...implement(defineContract({ name: "Greeter", service: "greeter", methods }), streams),
    ];
    world = await startWorld({ handlers });
    peer = await world.peer();
    const call = goRequest(unaryHeader("Big", "0"), "{}\n");
    const opened = ["Chat", "Count"].map((method) => goRequest(streamHeader(method), "{}\n").repeat(2));
    for (const request of [call, ...opened]) {
      const caller = await world.peer();
      caller.write(request);
      const text = (await caller.next()).header["Micro-Error"] ?? "";
      const error: unknown = JSON.parse(Buffer.from(text, "latin1").toString());
      expect(error).toMatchObject({ id: "x", code: 404, status: "Not Found" });
      expect(error).toMatchObject({ detail: expect.stringMatching(/^.{500,}…$/su) as string });
    }
  });

  test("a plain error and what is not there are errors too", async () => {
    const errorOf = async (header: Record<string, string>, body: string): Promise<unknown> => {
      peer.write(goRequest(header, body));
      const { header: reply, body: replied } = await peer.next();
      expect(replied).toBe("");
      return JSON.parse(reply["Micro-Error"] ?? "");
    };
    const id = "greeter";
    expect(await errorOf(unaryHeader("Hello", "1"), '{"name":"plain"}\n')).toEqual({
      id,
      code: 500,
      detail: "plain error",
      status: "Internal Server Error",
    });
    expect(await errorOf(unaryHeader("Nope", "2"), "{}\n")).toMatchObject({
      code: 404,
      detail: "rpc: can't find method Nope",
    });
    expect(await errorOf({ "Micro-Id": "3" }, "{}\n")).toMatchObject({
      code: 400,
      detail: "rpc: service/endpoint request ill-formed: ",
    });
    expect(await errorOf(unaryHeader("Hello", "4"), '{"name":')).toMatchObject({ code: 400 });
    expect(await errorOf(unaryHeader("Chat", "5"), "{}\n")).toMatchObject({ code: 400 });
  });

  test("Micro-Method and Micro-Endpoint stand for each other", async () => {
    for (const key of ["Micro-Method", "Micro-Endpoint"]) {
      peer.write(goRequest({ [key]: "Greeter.Hello", "Micro-Id": "1" }, '{"name":"bob"}\n'));
      expect((await peer.next()).body).toBe('{"msg":"Hello bob","n":42}\n');
    }
  });

  test("an unknown content type is answered in plain text without Micro-Error; parameters make it unknown", async () => {
    for (const type of ["application/xml", "application/json; charset=utf-8"]) {
      peer.write(goRequest(unaryHeader("Hello", "1"), "{}", type));
      const { header, body } = await peer.next();
      expect([header["Content-Type"], header["Micro-Error"]]).toEqual(["text/plain", undefined]);
      expect(body).toBe(`Unsupported Content-Type: ${type}`);
    }
  });

  test("a request without a content type is protobuf, and an empty body is a message", async () => {
    const { "Micro-Endpoint": endpoint, "Micro-Id": id } = unaryHeader("Health", "0");
    peer.write(
      `POST / HTTP/1.1\r\nMicro-Endpoint: ${endpoint}\r\nMicro-Id: ${id}\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(await peer.next()).toMatchObject({
      header: { "Content-Type": "application/protobuf" },
      body: " \u0005",
    });
  });

  test("an empty request body is an empty message, and a reply of nothing is not empty", async () => {
    peer.write(goRequest(unaryHeader("Hello", "0")));
    expect((await peer.next()).body).toBe('{"msg":"Hello undefined","n":42}\n');
    peer.write(goRequest(unaryHeader("Void", "1")));
    expect((await peer.next()).body).toBe("{}\n");
  });

  test("a handler sees all headers and both ends of the connection", async () => {
    peer.write(goRequest({ ...unaryHeader("Look", "9"), "foo-BAR": "bäz" }, "{}\n"));
    await peer.next();
    expect(seen).toMatchObject({
      Accept: "application/json",
      "Content-Type": "application/json",
      "Foo-Bar": "bäz",
      "Micro-Service": "greeter",
      Timeout: "5000000000",
      "User-Agent": "Go-http-client/1.1",
      Local: world.server.address,
      Remote: `127.0.0.1:${peer.socket.localPort}`,
    });
  });

  test("Timeout is a deadline; one that is no number is ignored", async () => {
    peer.write(goRequest({ ...unaryHeader("Slow", "1"), Timeout: "50000000" }, "{}\n"));
    expect(JSON.parse((await peer.next()).header["Micro-Error"] ?? "")).toMatchObject({ code: 408 });
    peer.write(goRequest({ ...unaryHeader("Hello", "2"), Timeout: "soon" }, '{"name":"bob"}\n'));
    expect((await peer.next()).header["Micro-Error"]).toBeUndefined();
  });
});

describe("streams", () => {
  const data = (method: string, message: unknown) =>
    goRequest(streamHeader(method), `${JSON.stringify(message)}\n`);
  const eos = (method: string) => goRequest({ ...streamHeader(method), "Micro-Error": "EOS" });

  test("the first frame opens, what follows are the requests, EOS is the end of them", async () => {
    peer.write(data("Chat", { name: "ignored" }) + data("Chat", { name: "a" }));
    expect((await peer.next()).body).toBe('{"msg":"1 a","n":0}\n');
    const second = await peer.next();
    expect(second.body).toBe('{"msg":"2 a","n":0}\n');
    expect(second.header).toMatchObject({ "Content-Type": "application/json", "Micro-Id": "0" });
    expect(second.header["Micro-Error"]).toBeUndefined();
    peer.write(data("Chat", { name: "b" }));
    expect((await peer.next()).body).toBe('{"msg":"1 b","n":0}\n');
    expect((await peer.next()).body).toBe('{"msg":"2 b","n":0}\n');
    expect(world.server.active).toBe(1);
    peer.write(eos("Chat"));
    await eventually(() => expect(world.server.active).toBe(0));
  });

  test("a handler that ends first sends EOS with an empty body", async () => {
    peer.write(data("Chat", { name: "" }) + data("Chat", { name: "done" }));
    expect(await peer.next()).toMatchObject({
      start: "HTTP/1.1 200 OK",
      header: { "Micro-Error": "EOS", "X-Micro-Error": "EOS", "Content-Length": "0", "Micro-Id": "0" },
      body: "",
    });
  });

  test("a handler that fails sends its error", async () => {
    peer.write(data("Chat", { name: "" }) + data("Chat", { name: "err" }));
    const text = '{"id":"x","code":400,"detail":"bad","status":"Bad Request"}';
    expect(await peer.next()).toMatchObject({
      header: { "Micro-Error": text, "X-Micro-Error": text },
      body: "",
    });
  });

  test("a handler of one request is given the second frame, as Go's stubs send it", async () => {
    peer.write(data("Count", { to: 99 }) + data("Count", { to: 2 }));
    expect([(await peer.next()).body, (await peer.next()).body]).toEqual(['{"at":0}\n', '{"at":1}\n']);
    expect((await peer.next()).header["Micro-Error"]).toBe("EOS");
  });

  test("a handler of one request is not begun without one: at the deadline, or at the caller's end, it is told so", async () => {
    const open = { ...streamHeader("Count"), Timeout: "50000000" };
    peer.write(goRequest(open, '{"to":99}\n'));
    expect(JSON.parse((await peer.next()).header["Micro-Error"] ?? "")).toMatchObject({ code: 408 });
    const other = await world.peer();
    other.write(data("Count", { to: 99 }) + eos("Count"));
    expect(JSON.parse((await other.next()).header["Micro-Error"] ?? "")).toMatchObject({ code: 400 });
  });

  test("streams whose requests come together count, each before the next begins", async () => {
    await world.stop();
    const count = vi.fn(async function* () {
      yield await new Promise<never>(() => undefined);
    });
    const methods = { count: serverStream<object, object>() };
    const handlers = implement(defineContract({ name: "Greeter", service: "greeter", methods }), { count });
    world = await startWorld({ handlers, config: { maxConcurrent: 1 } });
    peer = await world.peer();
    const frames = (id: string) => {
      const header = { ...streamHeader("Count"), "Micro-Id": id, "Micro-Stream": id };
      return goRequest(header, "{}\n").repeat(2);
    };
    peer.write(frames("1") + frames("2"));
    const { header } = await peer.next();
    expect(header).toMatchObject({ "Micro-Id": "2", "Micro-Refused": "busy" });
    expect(JSON.parse(header["Micro-Error"] ?? "")).toMatchObject({ code: 429 });
    expect(count).toHaveBeenCalledTimes(1);
  });

  test("what a caller still sends to a stream that was refused is not kept", async () => {
    peer.write(goRequest({ "Micro-Mux": "hello", "Micro-Window": "1000" }));
    await peer.next();
    peer.write(goRequest({ ...streamHeader("Nope"), "Micro-Id": "1", "Micro-Stream": "1" }, "{}\n"));
    expect((await peer.next()).header["Micro-Error"]).toContain("404");
    const frames = [await peer.next(), await peer.next()].map(({ header }) => header["Micro-Mux"]);
    expect(frames).toContain("stop");
  });

  test("a stream to what is not there ends with the error", async () => {
    peer.write(data("Nope", {}));
    expect(JSON.parse((await peer.next()).header["Micro-Error"] ?? "")).toMatchObject({ code: 404 });
  });

  test("a client that goes away without EOS ends the handler", async () => {
    peer.write(data("Chat", {}) + data("Chat", { name: "a" }));
    await peer.next();
    peer.close();
    await eventually(() => expect(world.server.active).toBe(0));
  });
});

describe("events", () => {
  const event = (body: string, topic = "a.topic") =>
    goRequest({ "Micro-Id": "5", "Micro-Topic": topic, "Micro-Service": "greeter" }, body);

  test("an event over the rpc transport reaches the subscriber and is answered without a body", async () => {
    peer.write(event('{"a":1}\n'));
    const { header, body } = await peer.next();
    expect([body, header["Micro-Id"], header["Micro-Error"]]).toEqual(["", "5", undefined]);
    expect(events).toEqual([[{ a: 1 }, "a.topic"]]);
  });

  test("events count as calls do: no more at once than allowed, and none while the server drains", async () => {
    await world.stop();
    const deadlines: number[] = [];
    const subscribers = [
      subscribe("a.topic", async (_, context) => {
        deadlines.push(context.remainingMs());
        await new Promise((resolve) => context.cancellation.onAbort(resolve));
      }),
    ];
    world = await startWorld({ subscribers, config: { maxConcurrent: 1 } });
    peer = await world.peer();
    const header = (id: string) => ({ "Micro-Id": id, "Micro-Topic": "a.topic", Timeout: "300000000" });
    peer.write(goRequest(header("1"), "{}\n") + goRequest(header("2"), "{}\n"));
    expect((await peer.next()).header).toMatchObject({ "Micro-Id": "2", "Micro-Refused": "busy" });
    const stopping = world.server.drain?.({ graceMs: 2000 });
    await eventually(() => expect(world.server.health.state).toBe("draining"));
    // Its deadline has ended the first one, which keeps the connection.
    peer.write(goRequest(header("3"), "{}\n"));
    const rest = [await peer.next(), await peer.next()].map((each) => each.header["Micro-Refused"]);
    expect(new Set(rest)).toEqual(new Set(["draining", undefined]));
    expect(deadlines).toHaveLength(1);
    expect(deadlines[0]).toBeLessThanOrEqual(300);
    await stopping;
  });

  test("a subscriber that fails is named, and a topic without one is no error, as in Go", async () => {
    peer.write(event('{"fail":true}\n'));
    expect((await peer.next()).header["Micro-Error"]).toContain("not today");
    peer.write(event("{}\n", "nobody.listens"));
    expect((await peer.next()).header["Micro-Error"]).toBeUndefined();
  });
});

test("a server that drains says so in an error that no handler ran for", async () => {
  peer.write(goRequest(unaryHeader("Hello", "0"), '{"name":"bob"}\n'));
  await peer.next();
  // A call that runs keeps the connection of a Go client open.
  const other = await world.peer();
  other.write(goRequest(unaryHeader("Slow", "1"), "{}\n"));
  await eventually(() => expect(world.server.active).toBe(1));
  const draining = world.server.drain?.({ graceMs: 300 });
  await eventually(() => expect(world.server.health.state).toBe("draining"));
  other.write(goRequest(unaryHeader("Hello", "2"), '{"name":"bob"}\n'));
  const { header } = await other.next();
  expect(JSON.parse(header["Micro-Error"] ?? "")).toMatchObject({ code: 503, detail: "draining" });
  expect(header["Micro-Refused"]).toBe("draining");
  await draining;
});
