import { once } from "node:events";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProgram } from "./testing/child.ts";

const awaitUsing = new URL("./testing/await-using.ts", import.meta.url);

describe("a program", () => {
  test.each(["SIGTERM", "SIGINT", "SIGQUIT"] as const)("ends well by %s", async (signal) => {
    const child = startProgram("plain");
    await child.says("ready");
    child.kill(signal);
    expect(await child.ended()).toEqual({
      code: 0,
      signal: null,
      stdout: "started\nready\ndraining\nstopped\n",
      stderr: "",
    });
  });

  test("without any socket it runs until it is told to stop", async () => {
    const child = startProgram("no socket");
    await child.says("ready");
    child.kill("SIGTERM");
    expect(await child.ended()).toMatchObject({ code: 0, stdout: "ready\n", stderr: "" });
  });

  test("a second signal ends a drain that hangs, and the exit code tells", async () => {
    const child = startProgram("drain hangs");
    await child.says("ready");
    child.kill("SIGTERM");
    await child.says("draining");
    const begin = performance.now();
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await child.ended();
    expect(performance.now() - begin).toBeLessThan(3000);
    expect(code).toBe(1);
    expect(stdout).toMatch(/draining\nstopped\n$/);
    expect(stderr).toContain("draining 'part' took longer than");
  });

  test("a signal while it starts stops it, and that is no failure", async () => {
    const child = startProgram("start hangs");
    await child.says("started");
    child.kill("SIGTERM");
    expect(await child.ended()).toMatchObject({
      code: 0,
      stderr: "",
      stdout: "started\ndraining\nstopped\n",
    });
  });

  test("a signal while it is created ends it, and that is no failure", async () => {
    const child = startProgram("creation hangs");
    await child.says("creating");
    child.kill("SIGTERM");
    expect(await child.ended()).toEqual({ code: 0, signal: null, stdout: "creating\n", stderr: "" });
  });

  test("a stop that fails gives exit code 1 and says what failed", async () => {
    const child = startProgram("stop fails");
    await child.says("ready");
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await child.ended();
    expect(code).toBe(1);
    expect(stderr).toContain("stopping 'part': disk full");
    expect(stdout).not.toContain("UNHANDLED");
  });

  test("problems of the configuration go to standard error, without a stack, with exit code 1", async () => {
    const { code, stdout, stderr } = await startProgram("bad configuration").ended();
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      "service 'sample' cannot start: 1 problem\n  createService: unknown key 'part.mod'\n      did you mean 'part.mode'?\n",
    );
  });

  describe("that cannot start says in one text what it is, where it was set and what to do:", () => {
    let taken: Server;
    let address: string;
    beforeAll(async () => {
      taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    });
    afterAll(() => new Promise((resolve) => void taken.close(resolve)));

    const inUse = (where: string): string =>
      [
        "service 'sample' cannot start: 1 problem",
        `  ${where}: part 'sample': listen EADDRINUSE: address already in use ${address}`,
        "      end the program that listens there (or this service, if it runs already), or choose another address ('part.address')",
        "",
      ].join("\n");

    test("a port that is taken, said in code", async () => {
      expect(await startProgram("serve", { args: [address] }).ended()).toEqual({
        code: 1,
        signal: null,
        stdout: "draining\nstopped\n",
        stderr: inUse("createService"),
      });
    });

    test("a port that is taken, said in a file", async () => {
      const folder = await mkdtemp(join(tmpdir(), "micro-start-"));
      try {
        const file = join(folder, "micro.yaml");
        await writeFile(file, `part:\n  address: ${address}\n`);
        const { code, stderr } = await startProgram("serve by file", { args: [file], cwd: folder }).ended();
        expect(stderr).toBe(inUse("micro.yaml:2:3"));
        expect(code).toBe(1);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    test("a certificate that is not there, with its whole path", async () => {
      const folder = await realpath(await mkdtemp(join(tmpdir(), "micro-start-")));
      try {
        const args = ["tls/server.pem"];
        const { code, stderr } = await startProgram("serve with certificate", { args, cwd: folder }).ended();
        expect(stderr).toBe(
          [
            "service 'sample' cannot start: 1 problem",
            "  createService: part 'sample': part.tls.cert_file: ENOENT: no such file or directory, open 'tls/server.pem'",
            `      there is no ${folder}/tls/server.pem: put it there, or correct the path ('part.tls.cert_file')`,
            "",
          ].join("\n"),
        );
        expect(code).toBe(1);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    test("a server that a hook cannot reach", async () => {
      const { port } = taken.address() as AddressInfo;
      const args = [`127.0.0.2:${port}`]; // nobody listens there
      const { code, stderr } = await startProgram("hook without database", { args }).ended();
      expect(stderr).toBe(
        [
          "service 'sample' cannot start: 1 problem",
          `  hook beforeStart[0]: connect ECONNREFUSED 127.0.0.2:${port}`,
          "      nobody answers there: start what should, or correct the address",
          "",
        ].join("\n"),
      );
      expect(code).toBe(1);
    });

    test("and what could not be given back then", async () => {
      const { code, stderr } = await startProgram("start and stop fail", { args: [address] }).ended();
      expect(stderr).toContain(inUse("createService").trimEnd());
      expect(stderr).toMatch(
        /\n {2}and then: service 'sample' stopped with 1 failure\(s\): .*the ledger does not answer\n$/,
      );
      expect(code).toBe(1);
    });

    test("the whole error, with its causes and their stacks, is logged at debug", async () => {
      const { stdout, stderr } = await startProgram("serve and log", { args: [address] }).ended();
      expect(stderr).toBe(inUse("createService"));
      expect(stdout).toMatch(/^service sample cannot start: StartError: starting 'part': listen EADDRINUSE/);
      expect(stdout).toMatch(/\[cause\]: Error: listen EADDRINUSE.*\n +at Server\./);
    });

    test.each(["fault in hook", "fault in create"])("but a %s keeps its stack", async (name) => {
      const { code, stderr } = await startProgram(name).ended();
      expect(stderr).toMatch(/TypeError: .*missing.*\n +at .*program\.ts:\d+/);
      expect(stderr).not.toContain("cannot start");
      expect(code).toBe(1);
    });
  });

  test("what --help asks for goes to standard output with its exit code", async () => {
    expect(await startProgram("help").ended()).toMatchObject({
      code: 0,
      stdout: "Usage: sample\n",
      stderr: "",
    });
  });

  test("a call that nobody answers ends it with one line and exit code 1", async () => {
    expect(await startProgram("call that nobody answers").ended()).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "NOT_FOUND: service greeter: not found\n",
    });
  });

  test("await using stops the service, whatever happens in between", async () => {
    expect(await startProgram("well", { main: awaitUsing }).ended()).toMatchObject({
      code: 0,
      stdout: "started\nit is running\ndraining\nstopped\n",
    });
    const { code, stdout, stderr } = await startProgram("throws", { main: awaitUsing }).ended();
    expect(code).toBe(1);
    expect(stdout).toBe("started\ndraining\nstopped\n");
    expect(stderr).toContain("the body failed");
  });

  test("fifty services of one process stop by one signal, and Node suspects no leak", async () => {
    const child = startProgram("many services");
    await child.says("ready");
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await child.ended();
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout.match(/stopped/g)).toHaveLength(50);
    expect(stdout).toMatch(/all ended\n$/);
  });

  test("a monolith stops by SIGTERM in reverse order", async () => {
    const child = startProgram("monolith");
    await child.says("ready two");
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await child.ended();
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(/gone two\n(.*\n)*gone one\n$/);
  });

  test("a second signal ends a monolith whose services hang; nothing is unhandled", async () => {
    const child = startProgram("monolith", { args: ["drain hangs"] });
    await child.says("ready two");
    child.kill("SIGTERM");
    await child.says("draining");
    child.kill("SIGTERM");
    const { code, stdout } = await child.ended();
    expect(code).toBe(1);
    expect(stdout).not.toContain("UNHANDLED");
    expect(stdout.match(/stopped/g)).toHaveLength(2);
  });

  test("a monolith told to stop while it starts ends well", async () => {
    const child = startProgram("monolith", { args: ["start hangs"] });
    await child.says("started");
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await child.ended();
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).not.toContain("ready two");
  });
});

describe("a program's configuration file", () => {
  test("TOML without its parser says what to install", async () => {
    const folder = await mkdtemp(join(tmpdir(), "micro-toml-"));
    try {
      const hook = join(folder, "hook.mjs");
      // Node's own answer for a package that is not there.
      await writeFile(
        hook,
        `import { registerHooks } from "node:module";
registerHooks({
  resolve: (name, context, next) => next(name === "smol-toml" ? "smol-toml-that-is-not-installed" : name, context),
});
`,
      );
      await writeFile(join(folder, "micro.toml"), "[part]\nmode = 'x'\n");
      const { code, stderr } = await startProgram("toml file", {
        args: [join(folder, "micro.toml")],
        nodeArguments: ["--import", hook],
      }).ended();
      expect(code).toBe(1);
      expect(stderr).toContain(
        "reading TOML needs a parser that is not installed\n      npm install smol-toml",
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("is found in the working folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "micro-cwd-"));
    try {
      await writeFile(join(folder, "micro.yml"), "part:\n  mod: x\n");
      const { code, stderr } = await startProgram("file search", { cwd: folder }).ended();
      expect(code).toBe(1);
      expect(stderr).toContain("  micro.yml:2:3: unknown key 'part.mod'");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
