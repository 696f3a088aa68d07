import { defineComponent } from "../component.ts";
import { definePlugin, type Lifecycle, type PluginContext } from "../plugin.ts";

/** What a part of a service does instead of nothing. */
export interface PartBehaviour extends Lifecycle {
  /** In place of making an instance at once. */
  create?(context: Pick<PluginContext<unknown, [], []>, "signal" | "scope">): Promise<void> | void;
}

/**
 * Plugins of components `first`, `second`, … that need each other in this order and write what happens to them into
 * a journal.
 */
export function parts<const Names extends readonly string[]>(
  journal: string[],
  behaviours: { readonly [K in Names[number]]?: PartBehaviour } & { readonly order: Names },
) {
  const { order } = behaviours;
  const components = order.map((name) =>
    defineComponent<Lifecycle>()({ name, description: `Part ${name}`, config: {} }),
  );
  return components.map((component, index) => {
    const { name } = component;
    const behaviour: PartBehaviour = (behaviours as Record<string, PartBehaviour>)[name] ?? {};
    return definePlugin(component, {
      name: "sample",
      needs: components.slice(0, index),
      create: async (context) => {
        journal.push(`create ${name}`);
        await behaviour.create?.(context);
        return {
          start: async (options) => {
            journal.push(`start ${name}`);
            await behaviour.start?.(options);
          },
          drain: async (options) => {
            journal.push(`drain ${name}`);
            await behaviour.drain?.(options);
          },
          stop: async (options) => {
            journal.push(`stop ${name}`);
            await behaviour.stop?.(options);
          },
        };
      },
    });
  });
}

/** A promise that never settles. */
export const never = (): Promise<never> => new Promise(() => undefined);

/** Rejects as a part does that gives up when it is told to. */
export const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

/** What a promise rejects with; fails when it resolves. */
export async function failureOf<E extends Error = Error>(promise: Promise<unknown>): Promise<E> {
  try {
    await promise;
  } catch (error) {
    return error as E;
  }
  throw new Error("it did not fail");
}
