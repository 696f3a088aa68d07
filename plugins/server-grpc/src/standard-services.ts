import { type Contract, contractTypeName } from "@micro/core";
import { healthContract } from "@micro/grpc";
import type { Dispatcher, Server } from "@micro/server";
import type { BuiltInService } from "./built-in.ts";
import { DescribedFiles } from "./described-files.ts";
import { healthService } from "./health.ts";
import { reflectionService } from "./reflection.ts";
import { reflectionContract } from "./reflection-contract.ts";

/** What the standard services speak of. */
export interface StandardServicesOptions {
  /** Name of the service in the registry. */
  readonly service: string;
  readonly dispatcher: Dispatcher;
  /** Contracts without a `.proto` file, as if they had been generated from one. */
  readonly derived: readonly Contract[];
  readonly state: () => Server["health"]["state"];
}

/** The standard services that are switched on. */
export function standardServices(
  on: { readonly health: boolean; readonly reflection: boolean },
  { service, dispatcher, derived, state }: StandardServicesOptions,
): readonly BuiltInService[] {
  const contracts = Array.from(dispatcher.routes, ({ contract }) => contract).filter(
    (contract) => contract !== undefined,
  );
  const services: BuiltInService[] = [];
  if (on.health) {
    // The full name is what gRPC's tools ask for; Go's mapping is what others see without a `.proto` file (spec 2.1).
    const names = contracts.map((contract) =>
      contract.file === undefined ? `${contract.service}.${contract.name}` : contractTypeName(contract),
    );
    services.push(
      healthService({ state, names: new Set([service, ...names, ...derived.map(contractTypeName)]) }),
    );
  }
  if (on.reflection) {
    const standard = [
      ...(on.health ? [healthContract] : []),
      reflectionContract("v1"),
      reflectionContract("v1alpha"),
    ];
    services.push(reflectionService(new DescribedFiles([...contracts, ...derived, ...standard])));
  }
  return services;
}
