import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createService, type ExitRequest, type StartError } from "@micro/core";
import type { WiredOptions } from "@micro/core/wired";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { gate, type LabelledLogger, meter, queue, sieve, store } from "./desk/components.ts";
import { options as composed, definition } from "./desk/composition.ts";
import { desk, desksOfHandlers } from "./desk/desk.ts";
import { instead, journal } from "./desk/journal.ts";
import { createTownOffice, type TownOffice } from "./desk/wire.gen.ts";

type Options = WiredOptions<typeof composed.plugins>;

/** What generated code puts together by itself, users of createService do; sections and hooks are maps. */
function atRuntime(options: Options = {}): Promise<TownOffice> {
  const merged: Record<string, unknown> = { ...composed };
  for (const [name, value] of Object.entries(options))
    merged[name] = name !== "signal" && isMap(value) ? { ...(merged[name] as object), ...value } : value;
  return createService(definition, merged as typeof composed);
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const wirings = [
  { name: "createService", create: atRuntime },
  { name: "wire.gen.ts", create: createTownOffice },
] as const;

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());
beforeEach(() => {
  journal.length = 0;
  instead.clear();
});

async function file(text: string): Promise<string> {
  const path = join(folder.path, "micro.yaml");
  await writeFile(path, text);
  return path;
}

async function failureOf<E = Error>(promise: Promise<unknown>): Promise<E> {
  return await promise.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: E) => error,
  );
}

const never = (): Promise<never> => new Promise(() => undefined);

describe.each(wirings)("a service of $name", ({ create }) => {
  describe("its components", () => {
    test("are given what they need, what they can do without, and what stands in for the rest", async () => {
      const service = await create();
      expect(service.queue.store).toBe(service.store);
      expect(service.queue.sieve).toBe(service.sieve);
      expect(service.sieve.names).toEqual(["coarse", "fine"]);
      expect(service.queue.meter.counts).toBe(false);
      expect(service.gate.queue).toBe(service.queue);
      expect(service.gate.desk).toBe(service.desk);
      await service.stop();
    });

    test("are a class's constructor arguments, and handlers are given the instance", async () => {
      desksOfHandlers.length = 0;
      const service = await create();
      expect(service.desk.store).toBe(service.store);
      expect(service.desk.queue).toBe(service.queue);
      expect(desksOfHandlers).toEqual([service.desk]);
      expect(service.resolve(desk.component)).toBe(service.desk);
      await service.stop();
    });

    test("are each created once, and only the chosen one of several", async () => {
      const first = await create();
      expect(journal).toEqual(["create drawer", "create queue"]);
      journal.length = 0;
      const second = await create({ store: { plugin: "vault" } });
      expect(journal).toEqual(["create vault", "create queue"]);
      expect(first.store).not.toBe(second.store);
      await Promise.all([first.stop(), second.stop()]);
    });

    test("have a logger that says whose it is, or one of their own where the configuration says so", async () => {
      const configFile = await file("store: {plugin: vault}\nqueue: {logger: {level: trace}}\n");
      const service = await create({ configFile });
      expect((service.logger as LabelledLogger).label).toBe("info");
      expect((service.store.logger as LabelledLogger).label).toBe("info/store");
      expect((service.queue.logger as LabelledLogger).label).toBe("trace/queue");
      await service.stop();
    });

    test("that somebody else owns are used, and neither started nor stopped", async () => {
      const owner = await create();
      const service = await create({ instances: { store: owner.store } });
      expect(service.queue.store).toBe(owner.store);
      journal.length = 0;
      await service.start();
      await service.stop();
      expect(journal).not.toContain("start store");
      expect(journal).not.toContain("stop store");
      await owner.stop();
    });

    test("that are switched off are missing where they can be, and named where they cannot", async () => {
      const service = await create({ sieve: { enabled: false } });
      expect(service.queue.sieve).toBeUndefined();
      expect(() => service.sieve).toThrow("component 'sieve' is switched off by createService");
      expect(() => service.resolve(sieve)).toThrow("component 'sieve' is switched off by createService");
      await service.stop();
      const error = await failureOf<StartError>(
        create({ configFile: await file("store: {enabled: false}\n") }),
      );
      expect(error.problems.map(({ message }) => message)).toEqual([
        "plugin 'desk-class' needs component 'store', which is switched off",
        "plugin 'queue-ordered' needs component 'store', which is switched off",
      ]);
    });

    test("are found by what defines them", async () => {
      const service = await create();
      expect([service.resolve(store), service.resolve(queue), service.resolve(gate)]).toEqual([
        service.store,
        service.queue,
        service.gate,
      ]);
      expect(() => service.resolve(meter)).toThrow("service 'town.office' has no component 'meter'");
      await service.stop();
    });
  });

  describe("its configuration", () => {
    test("is that of code, file, environment and flags, the strongest per key", async () => {
      const configFile = await file("queue: {places: 4}\nstore: {size: 3kB, plugin: safe, doors: 2}\n");
      const service = await create({
        configFile,
        cli: { argv: ["--queue_places=6"], env: { QUEUE_PLACES: "5", STORE_DOORS: "7" } },
        store: { token: "s3cret" },
      });
      expect(service.queue.config).toMatchObject({ places: 6 });
      expect(service.store.config).toMatchObject({ size: 3000, doors: 7, token: "s3cret" });
      const places = service.explain().find(({ key }) => key === "queue.places");
      expect(places).toMatchObject({ value: 6, from: "--queue_places" });
      expect(places?.overridden.map(({ value }) => value)).toEqual([5, 4, 3]);
      await service.stop();
    });

    test("can be dumped, secrets masked, and read back", async () => {
      const first = await create({
        store: { token: "s3cret" },
      });
      const yaml = await first.dumpConfig();
      expect(yaml).toMatch(/^queue:\n(.*\n)* {2}places: 3$/m);
      expect(yaml).not.toContain("s3cret");
      // A dump does not hold the secret, so it comes from elsewhere.
      const cli = { argv: [], env: { STORE_TOKEN: "s3cret" } };
      const second = await create({ configFile: await file(yaml.replace(/^.*\*{8}.*\n/m, "")), cli });
      expect(await second.dumpConfig("json")).toBe(await first.dumpConfig("json"));
      expect(first.explain().find(({ key }) => key === "store.size")?.value).toBe("2kB");
      await Promise.all([first.stop(), second.stop()]);
    });

    test("is refused with every problem, and nothing is created", async () => {
      const configFile = await file("queue: {places: many}\nstore: {plugin: attic}\nstor: {size: 1}\n");
      const error = await failureOf<StartError>(create({ configFile }));
      expect(error.name).toBe("StartError");
      expect(error.problems.map(({ message }) => message).sort()).toEqual([
        "'queue.places' must be a whole number, not \"many\"",
        "unknown plugin 'attic' of 'store'; listed: drawer, vault",
        expect.stringContaining("unknown section 'stor'"),
      ]);
      expect(journal).toEqual([]);
    });

    test("of flags may ask for help", async () => {
      const error = await failureOf<ExitRequest>(create({ cli: { argv: ["--help"], env: {} } }));
      expect(error.name).toBe("ExitRequest");
      expect(error.text).toContain("--queue_places");
    });
  });

  describe("its life", () => {
    const whole = [
      "create drawer",
      "create queue",
      "start store",
      "start queue",
      "start gate",
      "hook afterStart of the composition",
      "drain gate",
      "drain queue",
      "drain store",
      "stop gate",
      "stop desk",
      "stop queue",
      "stop store",
    ];

    test("starts in the order of its needs and stops backwards, the composition's hooks around", async () => {
      const service = await create();
      await service.start();
      expect(service.state).toBe("running");
      await Promise.all([service.stop(), service.stop()]);
      expect(service.state).toBe("stopped");
      expect(journal).toEqual(whole);
    });

    test("has the hooks of the call beside those of the composition, and a signal that ends it", async () => {
      const abort = new AbortController();
      const service = await create({
        signal: abort.signal,
        hooks: {
          beforeStart: ({ state }) => void journal.push(`before ${state}`),
          afterStop: () => void journal.push("after"),
        },
      });
      const running = service.run();
      await service.start();
      abort.abort();
      await running;
      expect(journal).toEqual([...whole.slice(0, 2), "before starting", ...whole.slice(2), "after"]);
    });

    test("that cannot begin gives back what was made, and says which part it was", async () => {
      instead.set("create queue", () => Promise.reject(new Error("no room")));
      const error = await failureOf(create());
      expect(error.message).toBe("creating 'queue' with plugin 'ordered': no room");
      expect(journal).toEqual(["create drawer", "create queue", "stop store"]);
    });

    test("that takes too long to begin is given up", async () => {
      instead.set("create queue", never);
      const error = await failureOf(create({ startTimeoutMs: 50 }));
      expect(error.message).toBe(
        "creating 'queue' with plugin 'ordered' took longer than 50 ms (option startTimeoutMs)",
      );
      expect(journal.at(-1)).toBe("stop store");
    });

    test("that is not wanted any more is given up with the reason of its signal", async () => {
      const abort = new AbortController();
      const reason = new Error("no longer wanted");
      instead.set("create queue", () => {
        abort.abort(reason);
        return never();
      });
      expect(await failureOf(create({ signal: abort.signal }))).toBe(reason);
      expect(journal.at(-1)).toBe("stop store");
    });

    test("stops what was started when a part does not start", async () => {
      instead.set("start gate", () => Promise.reject(new Error("door stuck")));
      const service = await create();
      await expect(service.start()).rejects.toThrow("starting 'gate': door stuck");
      expect(service.state).toBe("stopped");
      expect(journal).toContain("stop store");
    });

    test("ends in time although a part does not, and every failure is told", async () => {
      instead.set("drain queue", never);
      instead.set("stop store", () => Promise.reject(new Error("lost the key")));
      const service = await create();
      await service.start();
      const error = await failureOf<AggregateError>(service.stop({ graceMs: 100 }));
      expect(error.message).toMatch(/draining 'queue' took longer than .*; stopping 'store': lost the key/);
    });
  });
});

test("both wirings dump and explain the same", async () => {
  const [runtime, generated] = [await atRuntime(), await createTownOffice()];
  expect(await generated.dumpConfig()).toBe(await runtime.dumpConfig());
  expect(generated.explain()).toEqual(runtime.explain());
  await Promise.all([runtime.stop(), generated.stop()]);
});

test("without a container a class is not constructed on demand, and the error says what to do", async () => {
  const service = await createTownOffice();
  class Stranger {}
  const untyped = service as unknown as { resolve(ofClass: unknown): unknown; readonly container: unknown };
  expect(() => untyped.resolve(Stranger)).toThrow(
    "service 'town.office' is wired by generated code and cannot construct class 'Stranger': list defineProvider(…)",
  );
  expect(() => untyped.container).toThrow("is wired by generated code and has no container");
  await service.stop();
});
