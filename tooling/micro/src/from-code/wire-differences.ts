import { assignNumbers, type Finding, type NumberLock, type ProtoModel } from "@micro/core/proto";

/**
 * What the file says otherwise than the gRPC server, which knows the code and no file: there fields are numbered in their
 * order, and texts are texts. Clients of such messages speak JSON.
 */
export function wireDifferences({ messages }: ProtoModel, lock: NumberLock): readonly Finding[] {
  return messages.flatMap(({ name, fields, enums }) => {
    const names = fields.map((field) => field.name);
    const kept = assignNumbers(names, { known: lock.get(name), first: 1 }).numbers;
    const fresh = assignNumbers(names, { known: undefined, first: 1 }).numbers;
    const moved = names.filter((field) => kept.get(field) !== fresh.get(field));
    const what = [
      ...(moved.length === 0 ? [] : [`kept numbers (${moved.join(", ")})`]),
      ...(enums.length === 0 ? [] : [`enums (${enums.map((one) => one.name).join(", ")})`]),
    ];
    if (what.length === 0) return [];
    const text = `has ${what.join(" and ")}, of which a gRPC server of this code does not know: call it in JSON (application/grpc+json), or generate the contract from the .proto`;
    return [{ path: name, text }];
  });
}
