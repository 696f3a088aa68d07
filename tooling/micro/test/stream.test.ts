import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain, runMicro, startMicro } from "./run-micro.ts";
import { startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

const stream = (args: readonly string[], stdin?: string) =>
  runMain(["stream", "greeter", ...args, ...world.flags], stdin === undefined ? {} : { stdin });

describe("requests", () => {
  test.each([[[]], [["--kind=server"]], [["--kind=bidi"]]])(
    "one argument, many replies, a line each: %j",
    async (kind) => {
      expect(await stream(["Greeter.Count", '{"to":3}', ...kind])).toEqual({
        status: 0,
        stdout: '{"n":1}\n{"n":2}\n{"n":3}\n',
        stderr: "",
      });
    },
  );

  test("several arguments", async () => {
    const { stdout } = await stream(["Greeter.Chat", '{"say":"a"}', '{"say":"b"}']);
    expect(stdout).toBe('{"heard":"a"}\n{"heard":"b"}\n{"heard":"end"}\n');
  });

  test("lines of standard input; its end is the end of the requests", async () => {
    const stdin = '{"say":"a"}\n\n{"say":"b"}\r\n{"say":"c"}';
    const { status, stdout } = await stream(["Greeter.Chat"], stdin);
    expect(stdout).toBe('{"heard":"a"}\n{"heard":"b"}\n{"heard":"c"}\n{"heard":"end"}\n');
    expect(status).toBe(0);
  });

  test("a server stream reads its one request from standard input", async () => {
    expect((await stream(["Greeter.Count", "--kind=server"], '{"to":1}\n')).stdout).toBe('{"n":1}\n');
  });

  test("two requests of a server stream are one too many: exit code 2", async () => {
    const { status, stderr } = await stream(["Greeter.Count", "{}", "{}", "--kind=server"]);
    expect(stderr).toContain("takes one request");
    expect(status).toBe(2);
  });

  test("a line that is no JSON is named: exit code 2", async () => {
    const { status, stdout, stderr } = await stream(["Greeter.Chat"], '{"say":"a"}\n{say\n');
    expect(stderr).toMatch(/line 2 of standard input is no JSON/);
    expect(stdout === "" || stdout === '{"heard":"a"}\n').toBe(true);
    expect(status).toBe(2);
  });
});

test("replies come while requests go on, and Ctrl-C cancels: exit code 130", async () => {
  const running = startMicro(["stream", "greeter", "Greeter.Chat", ...world.flags]);
  running.child.stdin.write('{"say":"first"}\n');
  await running.seen(/"first"/);
  running.child.stdin.write('{"say":"second"}\n');
  await running.seen(/"second"/);
  running.child.kill("SIGINT");
  const { status, stdout, stderr } = await running.ended;
  expect({ status, stderr }).toEqual({ status: 130, stderr: "" });
  expect(stdout).toBe('{"heard":"first"}\n{"heard":"second"}\n');
});

test("SIGTERM ends it in order: exit code 143", async () => {
  const running = startMicro(["stream", "greeter", "Greeter.Endless", "{}", ...world.flags]);
  await running.seen(/"n":3/);
  running.child.kill("SIGTERM");
  expect(await running.ended).toMatchObject({ status: 143, stderr: "" });
});

test("a reader that has seen enough is no error", async () => {
  const running = startMicro(["stream", "greeter", "Greeter.Endless", "{}", ...world.flags]);
  await running.seen(/"n":2/);
  running.child.stdout.destroy();
  expect(await running.ended).toMatchObject({ status: 0, stderr: "" });
});

test("a stream that takes longer than --timeout is exit code 6", async () => {
  const { status, stdout } = await stream(["Greeter.Endless", "{}", "--timeout=300ms"]);
  expect(stdout).toMatch(/^\{"n":1\}\n/);
  expect(status).toBe(6);
});

test("--idle ends a stream whose node says nothing more", async () => {
  const { status, stdout } = await stream(["Greeter.Quiet", '{"say":"a"}', "--idle=200ms"]);
  expect(stdout).toBe('{"heard":"a"}\n');
  expect(status).toBe(0);
});

test("no such endpoint is exit code 3, as a program of its own", async () => {
  expect((await runMicro(["stream", "greeter", "Greeter.Nope", "{}", ...world.flags])).status).toBe(3);
});
