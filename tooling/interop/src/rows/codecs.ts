import { eventually } from "@micro/core/conformance";
import { errorOf, same } from "../check.ts";
import { goCall } from "../go-commands.ts";
import { greeterContract } from "../greeter.ts";
import { Sample } from "../messages.ts";
import type { Row } from "../row.ts";
import { SAMPLE, SAMPLE_JSON, sorted, TIME, TIME_JSON } from "../sample.ts";
import type { World } from "../world.ts";

const PROTO = "application/protobuf";
const ENVELOPES = ["application/json-rpc", "application/proto-rpc"] as const;
const STATS = { memory: 5n, requests: 1n << 40n };
/** The same as official JSON, which Go tells. */
const STATS_JSON = { memory: "5", requests: "1099511627776" };

/** A message of every sort of field from Go to our handler and back. */
async function sampleToTs(
  world: World,
  contentType: string,
  more: { readonly init: object; readonly json: object },
) {
  const body = { ...SAMPLE_JSON, ...more.json };
  const answer = await world.callTs({ endpoint: "Greeter.Sample", kind: "sample", contentType, body });
  const seen = await eventually(() => world.notes.take("sample") ?? fail(`no handler ran: ${answer.text}`));
  same("what the handler got", seen.value, Sample.create({ ...SAMPLE, ...more.init }));
  return answer;
}

/** The same from our client to Go's handler and back. */
async function sampleToGo(
  world: World,
  contentType: string,
  more: { readonly init: object; readonly json: object },
): Promise<undefined> {
  const { peer } = await world.goServer();
  const greeter = await world.goGreeter({ contentType });
  const answer = await greeter.sample({ ...SAMPLE, ...more.init });
  const { body } = await peer.event<{ readonly body: object }>("sample");
  same("what the handler got", sorted(body), sorted({ ...SAMPLE_JSON, ...more.json }));
  same("the answer", answer, Sample.create({ ...SAMPLE, ...more.init }));
}

const NOTHING_MORE = { init: {}, json: {} };
const WITH_TIME = { init: TIME, json: TIME_JSON };

/** Protobuf messages in each content type (spec 1.5 to 1.8). */
export const codecRows: readonly Row[] = [
  {
    row: "R2",
    title: "protobuf types as JSON: 64-bit values, enums, names, bytes, maps, times",
    runs: {
      "go→ts": async (world) => {
        const answer = await sampleToTs(world, "application/json", NOTHING_MORE);
        same("the answer", sorted(answer.body), sorted(SAMPLE_JSON));
        const timed = await sampleToTs(world, "application/json", WITH_TIME);
        same("the answer with a time", sorted(timed.body), sorted({ ...SAMPLE_JSON, ...TIME_JSON }));
      },
      "ts→go": async (world) => {
        await sampleToGo(world, "application/json", NOTHING_MORE);
        await sampleToGo(world, "application/json", WITH_TIME);
      },
    },
  },
  {
    row: "R3",
    title: "protobuf",
    runs: {
      "go→ts": async (world) => {
        const answer = await sampleToTs(world, PROTO, WITH_TIME);
        same("the answer", sorted(answer.body), sorted({ ...SAMPLE_JSON, ...TIME_JSON }));
      },
      "ts→go": (world) => sampleToGo(world, PROTO, WITH_TIME),
    },
  },
  {
    row: "R4",
    title: "protobuf: an empty request and an empty reply",
    runs: {
      "go→ts": async (world) => {
        const call = { endpoint: "Greeter.Health", kind: "health", contentType: PROTO } as const;
        const { ok, body, text } = await world.callTs({ ...call, body: {} });
        same("the answer", [ok, body, text], [true, {}, undefined]);
        same("a full one", (await world.callTs({ ...call, body: { service: "x" } })).body, STATS_JSON);
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter({ contentType: PROTO });
        same("the answer", await greeter.health({}), { memory: 0n, requests: 0n });
        same("a full one", await greeter.health({ service: "x" }), STATS);
      },
    },
  },
  {
    row: "R5",
    title: "json-rpc and proto-rpc: a call and an error",
    runs: {
      "go→ts": async (world) => {
        for (const contentType of ENVELOPES) {
          const call = { endpoint: "Greeter.Health", kind: "health", contentType } as const;
          same(contentType, (await world.callTs({ ...call, body: { service: "x" } })).body, STATS_JSON);
          const error = await world.callTs({ ...call, endpoint: "Greeter.Nope", body: { service: "x" } });
          same(
            `an error in ${contentType}`,
            [error.code, error.detail],
            [404, "rpc: can't find method Nope"],
          );
        }
        for (const contentType of ENVELOPES) {
          const sample = await sampleToTs(world, contentType, WITH_TIME);
          same(`a sample in ${contentType}`, sorted(sample.body), sorted({ ...SAMPLE_JSON, ...TIME_JSON }));
        }
        const body = { name: "structured" };
        const plain = await world.callTs({
          endpoint: "Greeter.Fail",
          contentType: "application/json-rpc",
          body,
        });
        same("an error of the handler", [plain.id, plain.code], ["go.micro.srv.greeter", 404]);
      },
      "ts→go": async (world) => {
        for (const contentType of ENVELOPES) {
          const greeter = await world.goGreeter({ contentType });
          same(contentType, await greeter.health({ service: "x" }), STATS);
          const { address } = await world.goServer();
          const { client } = await world.tsCaller();
          const request = { service: "greeter", endpoint: "Greeter.Nope", message: {} };
          const { detail } = await errorOf(client.call(request, { address, contentType }));
          same(`an error in ${contentType}`, detail, "rpc: can't find method Nope");
        }
        for (const contentType of ENVELOPES) await sampleToGo(world, contentType, WITH_TIME);
        const greeter = await world.goGreeter({ contentType: "application/json-rpc" });
        const { id, httpCode } = await errorOf(greeter.fail({ name: "structured" }));
        same("an error of the handler", [id, httpCode], ["go.micro.srv.greeter", 404]);
      },
    },
  },
  {
    row: "R19",
    title: "a node that names no protocol is spoken to in json-rpc",
    runs: {
      "go→ts": async (world) => {
        const { server } = await world.tsService();
        await using go = await world.startGoClient([]);
        const node = { id: "old-1", address: server.address, metadata: {} };
        const record = { name: "old", version: "v1", metadata: {}, endpoints: [], nodes: [node] };
        same("registering", (await go.run<{ readonly ok: boolean }>({ op: "register", record })).ok, true);
        const answer = await goCall(go, { service: "old", endpoint: "Greeter.Hello", body: { name: "bob" } });
        same("the answer", [answer.text, answer.body], [undefined, { msg: "Hello bob", n: 42 }]);
        const seen = await goCall<{ readonly metadata: Record<string, string> }>(go, {
          service: "old",
          endpoint: "Greeter.Look",
          body: {},
        });
        same("what was spoken", seen.body?.metadata["Content-Type"], "application/json-rpc");
      },
      "ts→go": async (world) => {
        const { address } = await world.goServer();
        const { client, registry } = await world.tsCaller();
        const node = { id: "old-1", address, metadata: {} };
        const record = { name: "old", version: "v1", metadata: {}, endpoints: [], nodes: [node] };
        await registry.register(record);
        try {
          const greeter = client.of(greeterContract, { service: "old" });
          same("the answer", await greeter.hello({ name: "bob" }), { msg: "Hello bob", n: 42 });
          const seen = await greeter.look({});
          same("what was spoken", seen.metadata["Content-Type"], "application/json-rpc");
        } finally {
          await registry.deregister(record);
        }
      },
    },
  },
];

function fail(why: string): never {
  throw new Error(why);
}
