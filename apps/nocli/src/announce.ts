import type { Server } from "@micro/server";

/** Says that the service can be called. */
export function announce({ server }: { readonly server: Server }): void {
  // Milliseconds since the process began: Node, the imports and the start of the service.
  console.log(`greeter listens on ${server.address}, ${Math.round(performance.now())} ms after its start`);
}
