import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { ContractClient } from "@micro/client";
import { Frame } from "@micro/codec";
import { collect, errorOf, same } from "./check.ts";
import { greeterContract, type HelloReply } from "./greeter.ts";
import { RawPeer } from "./raw-peer.ts";
import { type CaptureId, recording, type Turn } from "./recordings.ts";
import type { Direction } from "./row.ts";
import type { World } from "./world.ts";

/** A recorded connection that is played again: one side is the recording, the other one is ours. */
export interface Replay {
  readonly row: string;
  readonly title: string;
  readonly file: "http-unary" | "http-stream";
  readonly connection: number;
  /** What our server answers to the recorded client: bodies, a character a byte, or the text of `Micro-Error`. */
  readonly answers: readonly string[];
  /** Calls the recorded server, and checks what our client made of it. */
  readonly call: (greeter: ContractClient<typeof greeterContract.methods>) => Promise<void>;
}

const HELLO = '{"msg":"Hello bob","n":42}\n';
const PROTO = "application/protobuf";
/** Memory 5, requests 2^40. */
const STATS_BYTES = "\x20\x05\x38\x80\x80\x80\x80\x80\x20";
const STATS = { memory: 5n, requests: 2n ** 40n };
const NOT_FOUND =
  '{"id":"go.micro.srv.greeter","code":404,"detail":"no such name: err \\u003c\\u0026\\u003e","status":"Not Found"}';
const line = (n: number, name: string) => `${JSON.stringify({ msg: `${n} ${name}`, n })}\n`;
/** The recorded server wrote the second of two messages twice (spec 1.12). */
const TWICE: readonly HelloReply[] = ["2 a", "2 a", "2 b", "2 b"].map((msg) => ({ msg, n: 0 }));

async function* openEnded<T>(messages: readonly T[]): AsyncGenerator<T> {
  yield* messages;
  await new Promise(() => undefined);
}

/** The recorded connections of which both sides can be played. */
export const REPLAYS: readonly Replay[] = [
  {
    row: "R1",
    title: "unary call of plain structs as JSON",
    file: "http-unary",
    connection: 1,
    answers: [HELLO],
    call: async (greeter) =>
      same("the answer", await greeter.hello({ name: "bob" }), { msg: "Hello bob", n: 42 }),
  },
  {
    row: "R3",
    title: "protobuf",
    file: "http-unary",
    connection: 5,
    answers: [STATS_BYTES],
    call: async (greeter) =>
      same("the answer", await greeter.health({ service: "x" }, { contentType: PROTO }), STATS),
  },
  {
    row: "R4",
    title: "protobuf: an empty request",
    file: "http-unary",
    connection: 4,
    // Ours has nothing to say then: the empty reply.
    answers: [""],
    call: async (greeter) => same("the answer", await greeter.health({}, { contentType: PROTO }), STATS),
  },
  {
    row: "R6",
    title: "a raw frame",
    file: "http-unary",
    connection: 7,
    answers: ["raw:abc"],
    call: async (greeter) => {
      const { bytes } = await greeter.raw(new Frame(Buffer.from("abc")));
      same("the answer", Buffer.from(bytes).toString(), "raw:abc");
    },
  },
  {
    row: "R14",
    title: "calls on one connection",
    file: "http-unary",
    connection: 2,
    answers: [HELLO, HELLO, HELLO],
    call: async (greeter) => {
      for (let at = 0; at < 3; at++) {
        same(`answer ${at}`, await greeter.hello({ name: "bob" }), { msg: "Hello bob", n: 42 });
      }
    },
  },
  {
    row: "R7",
    title: "error 404",
    file: "http-unary",
    connection: 3,
    answers: [NOT_FOUND],
    call: async (greeter) => {
      const { id, code, detail } = await errorOf(greeter.hello({ name: "err" }));
      same("the error", [id, code, detail], ["go.micro.srv.greeter", "NOT_FOUND", "no such name: err <&>"]);
    },
  },
  {
    row: "S1",
    title: "bidirectional stream closed by the client",
    file: "http-stream",
    connection: 1,
    answers: [line(1, "a"), line(2, "a"), line(1, "b"), line(2, "b")],
    call: async (greeter) => {
      const received: HelloReply[] = [];
      for await (const message of greeter.chat(openEnded([{ name: "a" }, { name: "b" }]), {
        timeoutMs: 5000,
      })) {
        received.push(message);
        if (received.length === TWICE.length) break;
      }
      same("the messages", received, TWICE);
    },
  },
  {
    row: "S2",
    title: "the server ends",
    file: "http-stream",
    connection: 2,
    answers: ["EOS"],
    call: async (greeter) => {
      same(
        "the messages",
        await collect(greeter.chat(openEnded([{ name: "done" }]), { timeoutMs: 5000 })),
        [],
      );
    },
  },
  {
    row: "S3",
    title: "the server ends with an error",
    file: "http-stream",
    connection: 3,
    answers: ['{"id":"x","code":400,"detail":"bad","status":"Bad Request"}'],
    call: async (greeter) => {
      const { id, code, detail } = await errorOf(
        collect(greeter.chat(openEnded([{ name: "err" }]), { timeoutMs: 5000 })),
      );
      same("the error", [id, code, detail], ["x", "BAD_REQUEST", "bad"]);
    },
  },
];

/** Plays one side of a recording. */
export async function runReplay(
  replay: Replay,
  id: CaptureId,
  { direction, world }: { direction: Direction; world: World },
) {
  const turns = recording(replay.file, id, replay.connection);
  if (direction === "go→ts") await playClient(replay, turns, world);
  else await playServer(replay, turns, world);
}

/** The recorded client speaks to our server. */
async function playClient({ answers }: Replay, turns: readonly Turn[], world: World): Promise<void> {
  const { server } = await world.tsService();
  await using peer = await RawPeer.connect(server.address ?? "");
  const seen: string[] = [];
  for (const turn of turns) {
    if (turn.from === "client") {
      for (const segment of turn.segments) peer.write(segment);
      continue;
    }
    for (let at = 0; at < turn.messages; at++) {
      const message = await peer.next();
      if (message === undefined) throw new Error(`answer ${seen.length} did not come`);
      same("the start line", message.start, "HTTP/1.1 200 OK");
      seen.push(message.header["micro-error"] ?? message.bytes.toString("latin1"));
    }
  }
  same("the answers", seen, answers);
}

/** Our client speaks to the recorded server. */
async function playServer({ call }: Replay, turns: readonly Turn[], world: World): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    answer(socket, turns);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { client } = await world.tsCaller();
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await call(client.of(greeterContract, { address }));
  } finally {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), "close");
  }
}

/** Writes what was recorded, as soon as as many requests have come as had come then. */
function answer(socket: Socket, turns: readonly Turn[]): void {
  let received = 0;
  let pending = "";
  let next = 0;
  // The client may hang up whenever it has what it wants.
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    pending += chunk.toString("latin1");
    for (;;) {
      const end = pending.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(pending.slice(0, end))?.[1] ?? 0);
      if (end < 0 || pending.length < end + 4 + length) break;
      pending = pending.slice(end + 4 + length);
      received++;
    }
    for (;;) {
      const due = turns.findIndex((turn, at) => at >= next && turn.from === "server");
      const needed = turns
        .slice(0, due)
        .reduce((sum, turn) => sum + (turn.from === "client" ? turn.messages : 0), 0);
      if (due < 0 || received < needed) break;
      for (const segment of turns[due]?.segments ?? []) socket.write(segment);
      next = due + 1;
    }
  });
}
