import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain, runMicro } from "./run-micro.ts";
import { startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

const call = (...args: readonly string[]) => runMain(["call", ...args, ...world.flags]);

describe("the request", () => {
  test("is an argument, and the reply is indented JSON", async () => {
    const { status, stdout, stderr } = await runMicro([
      "call",
      "greeter",
      "Greeter.Hello",
      '{"name":"Ada"}',
      ...world.flags,
    ]);
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '{\n  "text": "Hello Ada"\n}\n',
      stderr: "",
    });
  });

  test("is {} when nothing is given, and --output json is one line", async () => {
    expect((await call("greeter", "Greeter.Hello", "-o", "json")).stdout).toBe('{"text":"Hello nobody"}\n');
  });

  test("is a file", async () => {
    const file = join(world.folder, "request.json");
    await writeFile(file, '{"name": "File"}\n');
    expect((await call("greeter", "Greeter.Hello", `@${file}`, "-o", "json")).stdout).toBe(
      '{"text":"Hello File"}\n',
    );
  });

  test("is standard input, as a program of its own", async () => {
    const args = ["call", "greeter", "Greeter.Hello", "-", "-o", "json", ...world.flags];
    expect((await runMicro(args, { stdin: '{"name":\n"Pipe"}' })).stdout).toBe('{"text":"Hello Pipe"}\n');
  });

  test.each(['"text"', '"a \\"quoted\\" text"', "[1,2]", "null", "true", "17"])("may be %s", async (body) => {
    expect((await call("greeter", "Greeter.Echo", body, "-o", "json")).stdout).toBe(`${body}\n`);
  });

  test("has other content types: text, and bytes of a file", async () => {
    const text = await call("greeter", "Greeter.Echo", "any text", "--content-type", "text/plain");
    expect(text).toMatchObject({ status: 0, stdout: "any text\n" });
    const file = join(world.folder, "bytes");
    await writeFile(file, Buffer.from([1, 2, 254, 255]));
    const bytes = await call(
      "greeter",
      "Greeter.Echo",
      `@${file}`,
      "--content-type=application/octet-stream",
      "-o",
      "json",
    );
    expect(bytes).toMatchObject({ status: 0, stdout: '"AQL+/w=="\n' });
  });

  test("carries metadata", async () => {
    const { stdout } = await call(
      "greeter",
      "Greeter.Hello",
      "--metadata",
      "tenant=a=b",
      "--metadata=x=y",
      "-o=json",
    );
    expect(JSON.parse(stdout)).toEqual({ text: "Hello nobody", tenant: "a=b" });
  });

  test.each([
    [["{name:1}"], /the body is no JSON: .*position 1.*\n.*single quotes/s],
    [["hello"], /a text is JSON with its quotes/],
    [["@no-such-file"], /the body: file 'no-such-file' does not exist/],
    [["{}", "--content-type=application/protobuf"], /needs the types of the messages/],
    [["{}", "--metadata=oops"], /--metadata must be key=value, not 'oops'/],
    [["{}", "--timeout=soon"], /--timeout must be a duration above 0/],
    [["{}", "--repeat=0"], /--repeat must be a whole number from 1/],
    [["{}", "--address=here"], /--address/],
  ])("%j is exit code 2 and calls nobody", async (args, expected) => {
    const { status, stdout, stderr } = await call("greeter", "Greeter.Echo", ...args);
    expect(stderr).toMatch(expected);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });
});

describe("what goes wrong", () => {
  test("the handler's error is exit code 4: id, code, detail and the node that was tried", async () => {
    const { status, stdout, stderr } = await runMicro(["call", "greeter", "Greeter.Fail", ...world.flags]);
    expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
    expect(stderr).toContain("micro: greeter Greeter.Fail: no such name: Bob\n");
    expect(stderr).toContain("code=404 NOT_FOUND id=greeter");
    expect(stderr).toMatch(new RegExp(`tried greeter-[\\w-]+ \\(${world.address}\\)`));
  });

  test("as JSON", async () => {
    const { stderr } = await call("greeter", "Greeter.Fail", "--output=json");
    expect(JSON.parse(stderr)).toMatchObject({
      exitCode: 4,
      error: { id: "greeter", code: "NOT_FOUND", httpCode: 404, detail: "no such name: Bob" },
      attempts: [{ address: world.address }],
    });
  });

  test("no such service and no such endpoint are exit code 3", async () => {
    expect((await runMicro(["call", "nobody", "A.B", ...world.flags])).status).toBe(3);
    const { status, stderr } = await call("greeter", "Greeter.Helo");
    expect(stderr).toContain("greeter Greeter.Helo: no node of the service has this endpoint");
    expect(stderr).toContain("did you mean Greeter.Hello?");
    expect(status).toBe(3);
    const direct = await call("greeter", "Greeter.Helo", "--address", world.address);
    expect(direct.stderr).toContain("can't find method Helo");
    expect(direct.status).toBe(3);
  });

  test("an endpoint must be Type.Method: exit code 2", async () => {
    const { status, stderr } = await call("greeter", "Hello");
    expect(stderr).toContain("must be Type.Method");
    expect(status).toBe(2);
  });

  test("no answer in time is exit code 6", async () => {
    const { status, stderr } = await call("greeter", "Greeter.Slow", "--timeout=300ms");
    expect(stderr).toContain("code=408 TIMEOUT");
    expect(status).toBe(6);
  });

  test("a node that cannot be reached is exit code 5", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const { status, stderr } = await runMain(["call", "greeter", "A.B", "--address", `127.0.0.1:${port}`]);
    expect(stderr).toMatch(new RegExp(`ECONNREFUSED.*tried 127\\.0\\.0\\.1:${port}`, "s"));
    expect(status).toBe(5);
  });

  test("a node that speaks rpc is no gRPC server: the hint says which client it needs", async () => {
    const args = ["call", "greeter", "Greeter.Hello", "--client=grpc", "--address", world.address];
    const { status, stderr } = await runMain(args);
    expect(stderr).toContain("the peer does not speak HTTP/2, so it is no gRPC server");
    expect(stderr).toContain("  --client rpc speaks the node's protocol\n");
    expect(status).toBe(5);
  });

  test("a stream is no call: the hint says what is", async () => {
    const { status, stderr } = await call("greeter", "Greeter.Count");
    expect(stderr).toContain("micro stream greeter Greeter.Count");
    expect(status).toBe(4);
  });
});

test("--address asks no registry", async () => {
  const { status, stdout } = await runMain(
    ["call", "greeter", "Greeter.Hello", "-o", "json", "--address", world.address],
    { env: { REGISTRY: "file", REGISTRY_PATH: join(world.folder, "micro.yaml/none") } },
  );
  expect({ status, stdout }).toEqual({ status: 0, stdout: '{"text":"Hello nobody"}\n' });
});

test("--service-version calls only nodes of that version", async () => {
  expect((await call("greeter", "Greeter.Hello", "--service-version=1.2.3")).status).toBe(0);
  expect((await call("greeter", "Greeter.Hello", "--service-version=9")).status).toBe(3);
});

test("--repeat counts and measures", async () => {
  const { stdout } = await call("greeter", "Greeter.Hello", "--repeat=20", "--output=json");
  const measured = JSON.parse(stdout) as { calls: number; failed: number; ms: Record<string, number> };
  expect(measured).toMatchObject({ calls: 20, failed: 0, errors: {} });
  expect(measured.ms.p50).toBeGreaterThan(0);
  const failed = await call("greeter", "Greeter.Fail", "--repeat=2");
  expect(failed.stdout).toContain("2 calls, 2 failed");
  expect(failed.stdout).toContain("2 × NOT_FOUND: no such name: Bob");
  expect(failed.status).toBe(4);
});
