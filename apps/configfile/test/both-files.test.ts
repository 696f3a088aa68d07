import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { freeUdpPort, type Program } from "@micro/programs";
import { skipEach } from "@micro/servers/vitest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { playerContract } from "../src/game.ts";
import { type File, pathOf, runGame, startPlayer, watchGame } from "./game.ts";
import { natsAtHome } from "./nats-at-home.ts";

const nats = await natsAtHome();
const env: Record<File, Readonly<Record<string, string>>> = { "defaults.yaml": {}, "nats.yaml": {} };

beforeAll(async () => {
  env["nats.yaml"] = nats.env;
  // Multicast of its own: nobody else's services are seen, and nobody sees these.
  const port = String(await freeUdpPort());
  env["defaults.yaml"] = { REGISTRY_DOMAIN: `game-${randomUUID()}`, REGISTRY_PORT: port };
});

test("the files are Go Micro's own, byte for byte", async () => {
  const sums = ["defaults.yaml", "nats.yaml"].map(async (file) =>
    createHash("sha256")
      .update(await readFile(pathOf(file as File)))
      .digest("hex"),
  );
  expect(await Promise.all(sums)).toEqual([
    "2fa1d3bcd1a19f9c91922dcfe7e93738989359131e088455361b2d62a1790b0a",
    "d11a2ab1cf0fb73566f2043f1c470d59872244712ee410ccb8c83c30634d1a79",
  ]);
});

describe.each([
  ["defaults.yaml", {}, { broker: "http", registry: "mdns", server: "mucp", transport: "http" }],
  ["nats.yaml", {}, { broker: "nats", registry: "nats", server: "grpc", transport: "grpc" }],
  // The transport of the file is ready for a server that uses one.
  ["nats.yaml", { SERVER: "rpc", CLIENT: "rpc" }, { broker: "nats", server: "mucp", transport: "quic" }],
] as const)("with %s and %j", (file, more, known) => {
  const missing = file === "nats.yaml" ? nats.missing : undefined;
  skipEach(missing);
  const players: Program[] = [];
  const variables = () => ({ ...env[file], ...more });

  beforeAll(async () => {
    if (missing !== undefined) return;
    players.push(...(["ping", "pong"] as const).map((name) => startPlayer(name, file, variables())));
    await Promise.all(players.map((player) => player.line(/service p.ng 1\.0\.0 is running/)));
  }, 30_000);

  afterAll(async () => {
    for (const player of players) await player.stop("SIGKILL");
  });

  test("two services call each other and publish, and what they publish is heard", async () => {
    const { service, hears } = await watchGame(file, variables());
    await service.start();
    try {
      const ball = await service.client.of(playerContract("ping")).hit({ left: 4, hits: [] });
      expect(ball).toEqual({ left: 0, hits: ["ping", "pong", "ping", "pong"] });
      const heard = await hears(4);
      expect(new Set(heard.map(({ hits }) => hits.length))).toEqual(new Set([1, 2, 3, 4]));
      const [record] = await service.registry.get("pong");
      expect(record?.version).toBe("1.0.0");
      expect(record?.nodes[0]?.metadata).toMatchObject(known);
    } finally {
      await service.stop();
    }
    for (const [index, name] of ["ping", "pong"].entries())
      for (const hit of [1, 2, 3, 4])
        await players[index]?.line(new RegExp(`${name} heard of hit ${hit}, by`));
  }, 30_000);

  test("a program of its own serves a ball", async () => {
    const { status, stdout } = await runGame("serve", file, variables());
    expect([status, stdout.at(-1)]).toEqual([0, "ping pong ping pong"]);
  }, 30_000);

  test("60 and 30 seconds are warned of, and the node is not lost", async () => {
    for (const player of players)
      await player.line(
        /"level":"warn".*register_interval 1m is not below register_ttl 30s: registering every 10s/,
      );
  });

  test("SIGTERM ends both with exit code 0", async () => {
    for (const player of players) expect((await player.stop()).status).toBe(0);
  }, 30_000);
});
