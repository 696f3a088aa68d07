import type { FieldModel, MethodModel, Problem, SourceFile, TypeModel } from "./model.ts";
import { isScalar } from "./model.ts";
import { type ResolvedType, scopeOf, type Unresolved } from "./scope.ts";

/** What the type names of a file stand for. */
export interface FileTypes {
  /** Of every field that has no scalar type. */
  readonly fields: ReadonlyMap<FieldModel, ResolvedType>;
  readonly methods: ReadonlyMap<MethodModel, { readonly input: ResolvedType; readonly output: ResolvedType }>;
  /** Names that stand for nothing, and declarations that exist twice. */
  readonly problems: readonly Problem[];
}

/** Finds the type of every field and method of a file. */
export function resolveTypes(file: SourceFile): FileTypes {
  const scope = scopeOf(file);
  const problems: Problem[] = [];
  const fields = new Map<FieldModel, ResolvedType>();
  const methods = new Map<MethodModel, { input: ResolvedType; output: ResolvedType }>();
  const report = (line: number | undefined, text: string) =>
    problems.push({ file: file.shownPath, line, text });

  const unresolved = (line: number | undefined, { problem, isFollowUp }: Unresolved, where: string) => {
    if (isFollowUp !== true) report(line, `${where}: ${problem}`);
  };

  for (const { type, other } of scope.clashes) {
    report(type.line, `'${type.fullName}' is also declared in ${other.name}, which this file imports`);
  }
  for (const type of file.types) {
    for (const field of type.kind === "message" ? type.fields : []) {
      if (isScalar(field.typeName)) continue;
      const found = scope.resolve(field.typeName, type.fullName);
      if ("problem" in found) unresolved(field.line, found, `field '${field.name}' of '${type.name}'`);
      else fields.set(field, found);
    }
  }
  for (const service of file.services) {
    for (const method of service.methods) {
      const where = `method '${method.name}' of '${service.name}'`;
      const messageOf = (name: string): ResolvedType | undefined => {
        const found = isScalar(name)
          ? { problem: `'${name}' is no message` }
          : scope.resolve(name, service.fullName);
        if ("problem" in found) unresolved(method.line, found, where);
        else if (found.kind === "message") return found;
        else report(method.line, `${where}: '${name}' is an enum, no message`);
        return undefined;
      };
      const input = messageOf(method.input);
      const output = messageOf(method.output);
      if (input !== undefined && output !== undefined) methods.set(method, { input, output });
    }
  }
  return { fields, methods, problems };
}

/** The model of a type of the file itself. */
export function ownType(file: SourceFile, { fullName }: ResolvedType): TypeModel | undefined {
  return file.types.find((type) => type.fullName === fullName);
}
