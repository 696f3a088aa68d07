import { errorOf, holds, same } from "../check.ts";
import { CuttingProxy } from "../cutting-proxy.ts";
import { goCall } from "../go-commands.ts";
import { greeterContract } from "../greeter.ts";
import { RawPeer, rawRequest } from "../raw-peer.ts";
import { goBug, passed, type Row } from "../row.ts";
import type { World } from "../world.ts";

const HELLO = '{"name":"bob"}\n';

/** Sends bytes to both servers and gives both first answers. */
async function askBoth(world: World, bytes: string) {
  const [go, ts] = await Promise.all(
    [(await world.goServer()).address, (await world.tsService()).server.address ?? ""].map(
      async (address) => {
        await using peer = await RawPeer.connect(address);
        const answer = await peer.write(bytes).next();
        if (answer === undefined) throw new Error(`${address} gave no answer`);
        return answer;
      },
    ),
  );
  if (go === undefined || ts === undefined) throw new Error("two answers were expected");
  return { go, ts };
}

const tsAddress = async (world: World): Promise<string> => (await world.tsService()).server.address ?? "";

/** What only bytes can show. Rows that compare servers send both the same. */
export const wireRows: readonly Row[] = [
  {
    row: "R9",
    title: "unsupported content type; `; charset=utf-8`",
    runs: {
      "go→ts": async (world) => {
        for (const type of ["application/xml", "application/json; charset=utf-8"]) {
          const { go, ts } = await askBoth(
            world,
            rawRequest("Greeter.Hello", HELLO, { "Content-Type": type }),
          );
          same(
            `${type} to Go`,
            [go.start, go.header["content-type"], go.header["micro-error"]],
            ["HTTP/1.1 200 OK", "text/plain", undefined],
          );
          same(
            `${type} to TypeScript`,
            [ts.start, ts.header["content-type"], ts.header["micro-error"]],
            [go.start, go.header["content-type"], undefined],
          );
          same(`the text about ${type}`, ts.body.toLowerCase(), go.body.toLowerCase());
        }
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter({ contentType: "text/plain" });
        const { code, detail } = await errorOf(greeter.hello("bob" as never));
        same("the code", code, "BAD_REQUEST");
        holds("the detail names the content type", /content-type: text\/plain/i.test(detail), detail);
      },
    },
  },
  {
    row: "R10",
    title: "bad JSON; an empty body; no Content-Type",
    runs: {
      "go→ts": async (world) => {
        for (const body of ['{"name":', "nonsense\n"]) {
          const { go, ts } = await askBoth(world, rawRequest("Greeter.Hello", body));
          for (const [who, { start, header, body: reply }] of Object.entries({ go, ts })) {
            same(`${who} answers`, [start, reply], ["HTTP/1.1 200 OK", ""]);
            holds(`${who} says what is wrong`, (header["micro-error"] ?? "") !== "", header);
          }
        }
        const { go, ts } = await askBoth(world, rawRequest("Greeter.Look", ""));
        holds(
          "an empty body is an empty request",
          [go, ts].every(({ header }) => header["micro-error"] === undefined),
          [go, ts],
        );
        // Field 1 is "x": without a content type it is protobuf.
        const health = rawRequest("Greeter.Health", "\n\u0001x", { "Content-Type": null, Accept: null });
        const typeless = await askBoth(world, health);
        for (const [who, { header, body }] of Object.entries(typeless)) {
          same(`${who} answers in protobuf`, header["content-type"], "application/protobuf");
          same(
            `what ${who} answers`,
            Buffer.from(body, "latin1").subarray(0, 3),
            Buffer.from([0x20, 5, 0x38]),
          );
        }
      },
      "ts→go": async (world) => {
        const { address } = await world.goServer();
        await using peer = await RawPeer.connect(address);
        const answer = await peer.write(rawRequest("Greeter.Hello", '{"name":')).next();
        holds("Go says what is wrong", answer?.header["micro-error"] === "unexpected EOF", answer);
      },
    },
  },
  {
    row: "R16",
    title: "two ids at once on one connection",
    runs: {
      "go→ts": async (world) => {
        await using peer = await RawPeer.connect(await tsAddress(world));
        const request = (id: string) => rawRequest("Greeter.Hello", `{"name":"${id}"}\n`, { "Micro-Id": id });
        peer.write(request("7") + request("8"));
        const answers = [await peer.next(), await peer.next()];
        const bodies = new Map(answers.map((answer) => [answer?.header["micro-id"], answer?.body]));
        same(
          "both are answered",
          [bodies.get("7"), bodies.get("8")],
          ['{"msg":"Hello 7","n":42}\n', '{"msg":"Hello 8","n":42}\n'],
        );
      },
      "ts→go": async (world) => {
        // Our client never does that; here is why (spec 1.9).
        await using peer = await RawPeer.connect((await world.goServer()).address);
        const slow = rawRequest("Greeter.Slow", '{"ms":150}\n', { "Micro-Id": "7" });
        peer.write(slow + rawRequest("Greeter.Hello", HELLO, { "Micro-Id": "8" }));
        const answers = [await peer.next(), await peer.next(500)];
        if (answers[1] !== undefined)
          return passed("Go answers both, the quick one first; our client does not pipeline all the same");
        holds("the first is answered", answers[0]?.body.includes("remainingMs") === true, answers);
        return goBug("the second request is swallowed and never answered; our client does not pipeline");
      },
    },
  },
  {
    row: "R17",
    title: "messages in one-byte segments, header names in lower case, chunks",
    runs: {
      "go→ts": async (world) => {
        await using proxy = await CuttingProxy.start(await tsAddress(world));
        const answer = await goCall(await world.goClient(), {
          endpoint: "Greeter.Hello",
          address: proxy.address,
          body: { name: "bob" },
        });
        same("the answer", answer.body, { msg: "Hello bob", n: 42 });
        await using peer = await RawPeer.connect(await tsAddress(world));
        const chunked = { "Content-Length": null, "Transfer-Encoding": "chunked" };
        const body = Buffer.byteLength(HELLO).toString(16);
        peer.write(rawRequest("Greeter.Hello", `${body}\r\n${HELLO}\r\n0\r\n\r\n`, chunked));
        same("chunks", (await peer.next())?.body, '{"msg":"Hello bob","n":42}\n');
        peer.write(rawRequest("Greeter.Look", "0\r\n\r\n", chunked));
        same("no chunk at all", (await peer.next())?.header["micro-error"], undefined);
        peer.write(rawRequest("Greeter.Look", ""));
        same("a length of 0", (await peer.next())?.header["micro-error"], undefined);
      },
      "ts→go": async (world) => {
        await using proxy = await CuttingProxy.start((await world.goServer()).address);
        const { client } = await world.tsCaller();
        const greeter = client.of(greeterContract, { address: proxy.address });
        same("the answer", await greeter.hello({ name: "bob" }), { msg: "Hello bob", n: 42 });
      },
    },
  },
  {
    row: "R18",
    title: "`Connection: close` in a request",
    runs: {
      "go→ts": async (world) => {
        await using peer = await RawPeer.connect(await tsAddress(world));
        const answer = await peer.write(rawRequest("Greeter.Hello", HELLO, { Connection: "close" })).next();
        same("the answer", answer?.body, '{"msg":"Hello bob","n":42}\n');
        holds("the connection ends", await peer.ends());
      },
      "ts→go": async (world) => {
        await using peer = await RawPeer.connect((await world.goServer()).address);
        const answer = await peer.write(rawRequest("Greeter.Hello", HELLO, { Connection: "close" })).next();
        same("the answer", answer?.body, '{"msg":"Hello bob","n":42}\n');
        const ended = await peer.ends(500);
        return passed(
          ended ? "Go ends the connection after its reply" : "Go ignores it and keeps the connection",
        );
      },
    },
  },
];
