import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
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

  test("what --help asks for goes to standard output with its exit code", async () => {
    expect(await startProgram("help").ended()).toMatchObject({
      code: 0,
      stdout: "Usage: sample\n",
      stderr: "",
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
