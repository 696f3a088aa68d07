import { asProgram, defineService, readConfig } from "@micro/core";
import { printedMailer } from "./mailer.ts";
import { plugins } from "./plugins.ts";

const headline = (text: string): void => console.log(`\n# ${text}`);

await asProgram(async () => {
  // Read and checked; no plugin is created, so that a certificate or a server that it names need not be here.
  const config = await readConfig(defineService({ name: "dumpconfig", version: "1.0.0" }), {
    plugins: [...plugins, printedMailer],
    client: { poolRequestTimeout: "3s", poolRetries: 2 },
  });
  headline("As a file would say it");
  console.log(await config.dumpConfig());

  headline("As JSON");
  console.log(await config.dumpConfig("json"));

  headline("What is not a default, and who said so");
  for (const { key, value, from, overridden, notes = [] } of config.explain()) {
    for (const note of notes) console.log(`${key} = ${show(value)}: ${note}`);
    if (from === "default") continue;
    const instead = overridden.map((weaker) => `, not ${show(weaker.value)} of ${weaker.from}`).join("");
    console.log(`${key} = ${show(value)} from ${from}${instead}`);
  }
});

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
