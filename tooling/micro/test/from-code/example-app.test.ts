import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { BIN } from "../run-micro.ts";

const APP = join(import.meta.dirname, "../../../../apps/contracts");

test.each([
  ["from its .proto", ["proto/library.proto", "--include", "proto", "--service", "library.proto"]],
  ["from its TypeScript", ["--from-code", "src/library-code.ts"]],
])("apps/contracts has what the command generates %s", async (_what, args) => {
  const { stdout } = await promisify(execFile)(process.execPath, [...BIN, "generate", ...args, "--check"], {
    cwd: APP,
  });
  expect(stdout).toMatch(/^\d up to date\n$/);
});

test("the command refuses .proto files beside --from-code", async () => {
  const command = promisify(execFile)(
    process.execPath,
    [...BIN, "generate", "a.proto", "--from-code", "b.ts"],
    { cwd: APP },
  );
  await expect(command).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      "--from-code makes .proto files and reads none: leave out a.proto",
    ) as string,
  });
});
