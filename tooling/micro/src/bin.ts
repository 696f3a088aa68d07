#!/usr/bin/env node
// Loaded late, because an older Node stops at what it does not know before it could say that it is too old.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`micro needs Node 22.18 or newer, and this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  const { runProcess } = await import("./run-process.ts");
  process.exitCode = await runProcess();
}

export {};
