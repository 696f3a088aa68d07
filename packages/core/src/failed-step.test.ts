import { describe, expect, test } from "vitest";
import { MicroError } from "./errors.ts";
import { errorText, isExpected } from "./failed-step.ts";
import {
  createService,
  defineComponent,
  definePlugin,
  defineService,
  type Lifecycle,
  option,
  StartError,
} from "./index.ts";

const part = defineComponent<Lifecycle>()({
  name: "part",
  description: "Something that fails",
  config: {
    address: option.string({ description: "Where it listens", default: "127.0.0.1:4000" }),
    password: option.string({ description: "Its password", secret: true }),
    servers: option.list({ description: "Whom it asks", default: [] }),
  },
});

/** What a service with a part rejects with that fails so, when it is created or started. */
async function failureOf(
  error: unknown,
  { at = "start", ...section }: { readonly at?: "create" | "start"; readonly [option: string]: unknown } = {},
): Promise<unknown> {
  const fail = () => Promise.reject(error as Error);
  const plugin = definePlugin(part, {
    name: "failing",
    create: () => (at === "create" ? fail() : { start: fail }),
  });
  try {
    const options = { plugins: [plugin], part: section, configFile: false } as const;
    const service = await createService(defineService({ name: "shop" }), options);
    await service.start();
  } catch (reason) {
    return reason;
  }
  throw new Error("it started");
}

const system = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`${code}: refused`), { code, errno: -1, syscall: "open", ...more });

describe("who catches the failure of a part finds", () => {
  test.each(["create", "start"] as const)("its code, its error and what is wrong (%s)", async (at) => {
    const cause = new MicroError({ code: "CONFLICT", detail: "the address 127.0.0.1:4000 is taken" });
    const error = (await failureOf(cause, { at })) as StartError;
    expect(StartError.is(error)).toBe(true);
    expect(error).toMatchObject({ id: "shop", code: "CONFLICT" });
    expect(error.detail).toBe(
      at === "create"
        ? "creating 'part' with plugin 'failing': the address 127.0.0.1:4000 is taken"
        : "starting 'part': the address 127.0.0.1:4000 is taken",
    );
    expect(error.cause).toBe(cause);
    // Nobody set the address: the option is where it comes from.
    expect(error.problems).toEqual([
      {
        where: "part.address",
        message: "part 'failing': the address 127.0.0.1:4000 is taken",
        cause,
      },
    ]);
  });

  test("a fault of the code as it is, and no text that would hide its stack", async () => {
    const fault = new TypeError("x is not a function");
    const error = await failureOf(fault);
    expect(StartError.is(error)).toBe(false);
    expect(error).toMatchObject({ code: "INTERNAL", cause: fault });
    expect(errorText(error)).toBeUndefined();
  });
});

test("of several options the one is named whose value is in the text, whole, and never a secret", async () => {
  const error = new MicroError({ code: "UNAVAILABLE", detail: "nobody at 10.0.0.1:99" });
  const textOf = async (options: Readonly<Record<string, unknown>>): Promise<string> =>
    ((await failureOf(error, options)) as StartError).text;
  const head = "service 'shop' cannot start: 1 problem\n  ";
  expect(await textOf({ password: "10.0.0.1:99", servers: ["10.0.0.1:9"] })).toBe(
    `${head}part 'failing': nobody at 10.0.0.1:99`,
  );
  expect(await textOf({ address: ":99" })).toBe(`${head}part 'failing': nobody at 10.0.0.1:99`);
  expect(await textOf({ address: "10.0.0.1", servers: ["10.0.0.2:7", "10.0.0.1:99"] })).toBe(
    `${head}createService: part 'failing': nobody at 10.0.0.1:99`,
  );
});

test.each([
  [
    system("EACCES", { path: "/etc/key.pem" }),
    "give this user the right to /etc/key.pem, or correct the path",
  ],
  [system("EACCES", { syscall: "listen" }), "the system does not allow it: take a port from 1024 on"],
  [system("EMFILE"), "ulimit -n"],
  [new AggregateError([system("ECONNREFUSED"), system("ECONNREFUSED")]), "nobody answers there"],
  [
    new MicroError({ code: "INTERNAL", detail: "no", cause: system("ENOTFOUND") }),
    "no such name is known here",
  ],
])("what to do about %s", async (error, hint) => {
  expect(((await failureOf(error)) as StartError).problems[0]?.hint).toContain(hint);
});

test("causes in a circle end", () => {
  const round: Error & { cause?: unknown } = new MicroError({ code: "INTERNAL", detail: "round" });
  Object.defineProperty(round, "cause", { value: round });
  expect(isExpected(round)).toBe(false);
  const list = new AggregateError([]);
  list.errors.push(list);
  expect(isExpected(list)).toBe(false);
});
