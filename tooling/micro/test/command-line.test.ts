import { describe, expect, test } from "vitest";
import { COMMANDS } from "../src/command-table.ts";
import { runMain, runMicro } from "./run-micro.ts";

test("--help lists the commands and the exit codes", async () => {
  const { status, stdout, stderr } = await runMicro(["--help"]);
  for (const { usage } of Object.values(COMMANDS)) expect(stdout).toContain(`micro ${usage}`);
  expect(stdout).toContain("micro generate");
  expect(stdout).toMatch(/Exit codes: 0 done, 1 unexpected, 2 wrong usage/);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test.each(Object.keys(COMMANDS))("micro %s --help shows its arguments, flags and examples", async (name) => {
  const { status, stdout } = await runMain([name, "--help"]);
  const command = COMMANDS[name];
  for (const flag of Object.keys(command?.options ?? {})) expect(stdout).toContain(`--${flag}`);
  for (const positional of Object.keys(command?.positionals ?? {})) expect(stdout).toContain(positional);
  expect(stdout).toContain("Examples:");
  expect(status).toBe(0);
});

test("--version is name and version", async () => {
  expect(await runMain(["--version"])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^micro \d+\.\d+\.\d+\n$/) as string,
  });
});

test("no command is help on standard error and exit code 2", async () => {
  const { status, stdout, stderr } = await runMicro([]);
  expect(stderr).toContain("micro services");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});

describe("mistakes are exit code 2 and name what is probably meant", () => {
  test.each([
    [["servics"], /unknown command 'servics'\n.*micro services/],
    [["services", "--lang"], /unknown flag --lang\n.*--long/],
    [["services", "--registy=file"], /unknown flag --registy\n.*--registry/],
    [["services", "--registry=file", "--registry_pth=x"], /unknown flag --registry_pth\n.*--registry_path/],
    [["services", "extra"], /services: Unknown argument: extra/],
    [["services", "--kind=bidi"], /services: Unknown argument: kind/],
    [["services", "--output=xml"], /services: .*xml/],
    [["call", "greeter"], /call: Not enough/],
    [["call", "greeter", "A.B", "--timeout"], /--timeout needs a value/],
    [["services", "--registry_path"], /unknown flag|needs a value/],
    [["services", "--registry=file", "--registry_heartbeat=often"], /--registry_heartbeat: .*duration/],
    [["services", "--registry_ipv6=perhaps"], /--registry_ipv6 must be true or false/],
    [["services", "--registry=../evil"], /no name of a plugin/],
    [["services", "--plugin=no-such"], /there is no module 'no-such'/],
    [["completion", "tcsh"], /completion: .*tcsh/],
  ])("%j", async (args, expected) => {
    const { status, stdout, stderr } = await runMain(args);
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });
});

test("flags lists those of the chosen plugins, with variables", async () => {
  const { stdout } = await runMain(["flags", "--registry=file"]);
  expect(stdout).toMatch(/^--registry_path +REGISTRY_PATH /m);
  expect(stdout).not.toContain("--registry_domain");
  expect(stdout).toMatch(/--registry +REGISTRY +Which one: mdns, file, memory, or/);
  const { stdout: json } = await runMain(["flags", "-o", "json"]);
  expect(JSON.parse(json)).toContainEqual(
    expect.objectContaining({ flag: "--registry_domain", variable: "REGISTRY_DOMAIN" }),
  );
});

test("generate belongs to it", async () => {
  const { status, stdout } = await runMain(["generate", "--help"]);
  expect(stdout).toContain("micro generate");
  expect(status).toBe(0);
});

test("starting is quick: help takes little processor time, whatever else runs", async () => {
  const report = "process.on('exit', () => process.stderr.write('cpu ' + process.cpuUsage().user + ' us'))";
  const { stderr, status } = await runMicro(["--help"], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(report)}` },
  });
  const [, user = ""] = /cpu (\d+) us/.exec(stderr) ?? [];
  expect(status).toBe(0);
  // About 350 ms from sources, whose types are stripped first, and 150 ms as published.
  expect(Number(user)).toBeGreaterThan(0);
  expect(Number(user) / 1000).toBeLessThan(900);
});
