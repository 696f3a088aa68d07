import { errorOf, holds, same } from "../check.ts";
import { type GoAnswer, goCall } from "../go-commands.ts";
import { greeterContract, greeterService, Notes } from "../greeter.ts";
import { passed, type Row } from "../row.ts";
import { ALONE, startCaller, startService, type TsSettings } from "../ts-services.ts";
import type { World } from "../world.ts";

const ANSWER = { msg: "Hello bob", n: 42 };

/** What a Go client with these flags gets from `address`. */
async function callFromGo(
  world: World,
  { address, flags }: { readonly address: string; readonly flags: readonly string[] },
): Promise<GoAnswer> {
  await using go = await world.startGoClient(flags);
  return await goCall(go, { endpoint: "Greeter.Hello", address, body: { name: "bob" }, timeoutMs: 3000 });
}

/** What a TypeScript client with this `tls` section gets from `address`. */
async function callFromTs(
  tls: NonNullable<TsSettings["transport"]>["tls"],
  address: string,
): Promise<unknown> {
  await using caller = await startCaller({ ...ALONE, transport: { tls } });
  return await caller.client.of(greeterContract, { address }).hello({ name: "bob" });
}

/** TLS (spec 1.13). */
export const tlsRows: readonly Row[] = [
  {
    row: "R20",
    title: "TLS, verified and not",
    runs: {
      "go→ts": async (world) => {
        const folder = await world.certificates();
        const tls = { certFile: `${folder}/server.pem`, keyFile: `${folder}/server.key` };
        await using service = await startService(greeterService(new Notes()), {
          ...ALONE,
          transport: { tls },
        });
        const address = service.server.address ?? "";
        const trusting = await callFromGo(world, { address, flags: ["-secure", "-ca", `${folder}/ca.pem`] });
        same("a client that knows the authority", trusting.body, ANSWER);
        const careless = await callFromGo(world, { address, flags: ["-secure", "-insecure"] });
        same("a client that does not verify", careless.body, ANSWER);
        const stranger = await callFromGo(world, { address, flags: ["-secure"] });
        same("a client that knows nobody", [stranger.ok, stranger.id], [false, "go.micro.client"]);
        holds("it says why", /certificate/.test(stranger.detail ?? ""), stranger);
        const plain = await callFromGo(world, { address, flags: [] });
        same("a client without TLS", plain.ok, false);
        const byDefault = await callFromGo(world, { address, flags: ["-default-tls"] });
        same("with Go's Secure option alone", byDefault.ok, world.is22);
        return passed(
          `with its Secure option alone Go's client ${world.is22 ? "does not verify" : "verifies"}`,
        );
      },
      "ts→go": async (world) => {
        const folder = await world.certificates();
        const own = await world.startGoServer(["-default-tls"]);
        same(
          "a certificate that Go signed itself",
          await callFromTs({ insecureSkipVerify: true }, own.address),
          ANSWER,
        );
        const refused = await errorOf(callFromTs({ enabled: true }, own.address));
        same("the same, verified", [refused.code, refused.notSent], ["UNAVAILABLE", true]);
        holds("it says why", /certificate/.test(refused.detail), refused.detail);
        await own.peer.stop();
        const known = await world.startGoServer([
          "-secure",
          "-cert",
          `${folder}/server.pem`,
          "-key",
          `${folder}/server.key`,
        ]);
        same(
          "one of a known authority",
          await callFromTs({ caFile: `${folder}/ca.pem` }, known.address),
          ANSWER,
        );
        const plain = await errorOf(callFromTs(undefined, known.address));
        same(
          "a client without TLS",
          plain.detail.trim(),
          "400 Bad Request: Client sent an HTTP request to an HTTPS server.",
        );
        await known.peer.stop();
      },
    },
  },
];
