import { describe, expect, expectTypeOf, test } from "vitest";
import { defineService, handle } from "./definition.ts";
import { inject, injectable } from "./di.ts";
import type { Lifecycle } from "./plugin.ts";
import { defineProvider } from "./provider.ts";
import { createService } from "./service.ts";
import {
  broker,
  type Journal,
  registry,
  type SampleBroker,
  type SampleRegistry,
  samplePlugins,
} from "./testing/sample.ts";

class Audit implements Lifecycle {
  readonly broker: SampleBroker;
  readonly registry: SampleRegistry;
  readonly journal: Journal = [];

  constructor(given: SampleBroker, directory: SampleRegistry) {
    this.broker = given;
    this.registry = directory;
  }

  start(): void {
    this.journal.push("start");
  }

  stop(): void {
    this.journal.push("stop");
  }
}

const audit = defineProvider(Audit, { name: "audit", needs: [broker, registry] });
const report = defineProvider(
  class Report {
    readonly audit: Audit;
    constructor(given: Audit) {
      this.audit = given;
    }
  },
  { name: "report", needs: [audit.component], description: "What was audited" },
);

// Checked by the type checker; never called.
const compileTime = {
  // @ts-expect-error the constructor takes a broker first
  order: () => defineProvider(Audit, { name: "audit", needs: [registry, broker] }),
  // @ts-expect-error the constructor takes a registry, too
  missing: () => defineProvider(Audit, { name: "audit", needs: [broker] }),
  // @ts-expect-error nothing listed provides what it needs
  list: () => createService(defineService({ name: "a" }), { plugins: [audit] }),
};

describe("a class of the application's own", () => {
  const options = () => {
    const { mdns, http } = samplePlugins();
    return { plugins: [report, audit, http, mdns], configFile: false } as const;
  };

  test("is constructed once with what it needs, others are given it, and handlers are", async () => {
    const given: unknown[] = [];
    const definition = defineService({
      name: "shop",
      needs: [report.component],
      handlers: ({ report: instance }) => {
        given.push(instance);
        return [handle("Shop.Report", () => 1)];
      },
    });
    const service = await createService(definition, options());
    expectTypeOf(service.audit).toEqualTypeOf<Audit>();
    expect(service.audit).toBeInstanceOf(Audit);
    expect([service.audit.broker, service.audit.registry]).toEqual([service.broker, service.registry]);
    expect(service.report.audit).toBe(service.audit);
    expect(given).toEqual([service.report]);
    await service.stop();
  });

  test("has a life, where it has one", async () => {
    const service = await createService(defineService({ name: "shop" }), options());
    await service.start();
    await service.stop();
    expect(service.audit.journal).toEqual(["start", "stop"]);
  });

  test("is in the container as any component is", async () => {
    class Ledger {
      readonly audit: Audit;
      constructor(given: Audit) {
        this.audit = given;
      }
    }
    inject(audit.component)(Ledger, undefined, 0);
    injectable()(Ledger);
    const service = await createService(defineService({ name: "shop" }), options());
    expect(service.resolve(Ledger).audit).toBe(service.audit);
    expect(service.resolve(audit.component)).toBe(service.audit);
    await service.stop();
  });

  test("that cannot be constructed is named", async () => {
    class Broken {
      constructor() {
        throw new Error("no paper");
      }
    }
    const broken = defineProvider(Broken, { name: "broken" });
    await expect(
      createService(defineService({ name: "shop" }), { plugins: [broken], configFile: false }),
    ).rejects.toThrow("creating 'broken' with plugin 'class': no paper");
  });

  test("is checked against what it needs by the compiler", () => {
    expect(Object.keys(compileTime)).toEqual(["order", "missing", "list"]);
    expect(report.component.description).toBe("What was audited");
    expect(audit.component.description).toBe("Audit");
  });
});
