import { client } from "@micro/client";
import { defineService, implement, subscribe } from "@micro/core";
import { Ball, HITS, type Player, playerContract } from "./game.ts";

/** One of the two players: it calls the other one, publishes each of its own hits and hears of all hits. */
export const player = (name: Player) => {
  const other = playerContract(name === "ping" ? "pong" : "ping");
  return defineService({
    name,
    version: "1.0.0",
    needs: [client],
    handlers: ({ client }) => [
      implement(playerContract(name), {
        async hit(ball) {
          const hit = { left: ball.left - 1, hits: [...ball.hits, name] };
          await client.publish(HITS, hit, { input: Ball });
          return hit.left > 0 ? await client.of(other).hit(hit) : hit;
        },
      }),
    ],
    subscribers: [
      subscribe<Ball>(
        HITS,
        ({ hits }, { logger }) => logger.info(`${name} heard of hit ${hits.length}, by ${hits.at(-1)}`),
        { input: Ball },
      ),
    ],
  });
};
