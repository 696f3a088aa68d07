import { asProgram, createService, defineService, subscribe } from "@micro/core";
import { defaults } from "@micro/set-defaults";
import { mqttBroker } from "./index.ts";

// Two services of one process that know nothing of MQTT: one publishes orders, the other hears of them.
await asProgram(async () => {
  const heard = Promise.withResolvers<void>();
  const audit = defineService({
    name: "mqtt.audit",
    subscribers: [
      subscribe("orders.created", ({ id }: { readonly id: number }) => {
        console.log(`audit: order ${id}`);
        if (id === 3) heard.resolve();
      }),
    ],
  });
  const options = { plugins: [...defaults, mqttBroker], broker: { plugin: "mqtt" } } as const;
  await using listener = await createService(audit, { ...options, server: { address: "127.0.0.1:0" } });
  await listener.start();
  await using shop = await createService(defineService({ name: "mqtt.shop" }), {
    ...options,
    server: { enabled: false },
  });
  await shop.start();
  for (const id of [1, 2, 3]) await shop.client.publish("orders.created", { id });
  await heard.promise;
});
