import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GENERATIONS } from "../src/generations.ts";
import { builtPeer, findGo } from "../src/go-build.ts";
import { goStream } from "../src/go-commands.ts";
import type { HelloReply } from "../src/greeter.ts";
import { World } from "../src/world.ts";

// What Go does to itself: our side has no part in it, and documents say that it is so.
for (const generation of GENERATIONS) {
  describe(`${generation.importPath}@${generation.version}, Go with Go`, () => {
    let world: World | undefined;
    let reason = "";

    beforeAll(async () => {
      const go = await findGo();
      const program = go.ok ? await builtPeer(generation, go.version) : undefined;
      if (program !== undefined) world = new World(generation, program);
      else reason = go.ok ? "the Go programs are not built; run pnpm interop:build" : go.reason;
    });

    afterAll(() => world?.stop());

    for (const [contentType, said] of [
      ["application/json", "a"],
      ["application/grpc+json", "opening"],
    ] as const) {
      test(`the handler's first message of a stream in ${contentType}: ${said}`, async (context) => {
        if (world === undefined) return context.skip(reason);
        const { address } = await world.goServer();
        const call = { endpoint: "Greeter.Chat", address, contentType, body: { name: "opening" } };
        const steps = [{ send: { name: "a" } }, { recv: 2 }, { close: true }] as const;
        const { received } = await goStream(await world.goClient(), { ...call, steps });
        const answers = (received as readonly HelloReply[]).map(({ msg }) => msg);
        // Of two answers the first may be lost to the second (spec 1.12).
        expect([
          [`1 ${said}`, `2 ${said}`],
          [`2 ${said}`, `2 ${said}`],
        ]).toContainEqual(answers);
      });
    }
  });
}
