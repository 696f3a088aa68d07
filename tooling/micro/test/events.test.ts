import { afterAll, beforeAll, expect, test } from "vitest";
import { runMain, runMicro, startMicro } from "./run-micro.ts";
import { startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

test("publish reaches a subscriber with body and metadata, and prints nothing", async () => {
  const args = ["publish", "greeted", '{"id":7}', "--metadata", "tenant=a", ...world.flags];
  expect(await runMicro(args)).toEqual({ status: 0, stdout: "", stderr: "" });
  await world.greeter.line(/^greeted \{"id":7\} tenant=a$/);
});

test("publish takes standard input and says under --output json what it did", async () => {
  const args = ["publish", "greeted", "-", "--output=json", ...world.flags];
  expect(await runMain(args, { stdin: '{"id":8}' })).toMatchObject({
    status: 0,
    stdout: '{"topic":"greeted","published":true}\n',
  });
  await world.greeter.line(/^greeted \{"id":8\} tenant=$/);
});

test("subscribe prints a line for each message and ends after --count", async () => {
  const running = startMicro(["subscribe", "orders", "--count=2", ...world.flags]);
  await running.seen(/subscribed to 'orders'/);
  await runMain(["publish", "orders", '{"id":1}', ...world.flags]);
  await runMain(["publish", "orders", "one\nline", "--content-type=text/plain", ...world.flags]);
  const { status, stdout } = await running.ended;
  expect({ status, stdout }).toEqual({ status: 0, stdout: '{"id":1}\none\\nline\n' });
});

test("under --output json a line has topic, metadata and body", async () => {
  const running = startMicro(["subscribe", "orders", "--count=1", "-o=json", ...world.flags]);
  await running.seen(/subscribed to 'orders'/);
  await runMain(["publish", "orders", '{"id":1}', "--metadata=tenant=a", ...world.flags]);
  const { stdout } = await running.ended;
  expect(JSON.parse(stdout)).toMatchObject({
    topic: "orders",
    metadata: { tenant: "a", "content-type": "application/json", "micro-topic": "orders" },
    body: { id: 1 },
  });
});

test("members of a queue share the messages", async () => {
  const args = ["subscribe", "jobs", "--queue=workers", ...world.flags];
  const members = [startMicro(args), startMicro(args)];
  await Promise.all(members.map((member) => member.seen(/in queue 'workers'/)));
  for (let id = 0; id < 6; id++) await runMain(["publish", "jobs", `{"id":${id}}`, ...world.flags]);
  const printed = (): Promise<unknown> => Promise.race(members.map((member) => member.seen(/"id":5/)));
  await printed();
  for (const { child } of members) child.kill("SIGINT");
  const ended = await Promise.all(members.map((member) => member.ended));
  // Ctrl-C is how a subscription ends: no failure.
  expect(ended.map(({ status }) => status)).toEqual([0, 0]);
  const lines = ended.flatMap(({ stdout }) => stdout.trim().split("\n"));
  expect(lines.filter((line) => line !== "").sort()).toEqual([0, 1, 2, 3, 4, 5].map((id) => `{"id":${id}}`));
});

test("messages that do not come in time are exit code 6", async () => {
  const { status, stderr } = await runMain([
    "subscribe",
    "silence",
    "--count=1",
    "--timeout=200ms",
    ...world.flags,
  ]);
  expect(stderr).toContain("0 of 1 messages of 'silence' came in time");
  expect(status).toBe(6);
});

test("a topic that cannot be is exit code 2", async () => {
  expect((await runMain(["publish", "", "{}", ...world.flags])).status).toBe(2);
});
