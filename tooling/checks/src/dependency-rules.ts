import type { ImportFact } from "./import-rules.ts";
import { manifestViolation, type Violation } from "./violation.ts";
import type { PackageKind, WorkspacePackage } from "./workspace.ts";

const OUR_SCOPE = "@micro/";
const WORKSPACE_RANGE = "workspace:^";
/** What is installed alone and complete, where others leave the choice to the application. */
const BRINGS_ITS_PLUGINS: ReadonlySet<PackageKind> = new Set(["set", "tool"]);
const FIELDS = ["dependencies", "peerDependencies", "devDependencies", "optionalDependencies"] as const;

/** Checks how one package declares its dependencies, against what its code imports. */
export function checkDependencies(
  pkg: WorkspacePackage,
  facts: readonly ImportFact[],
  packages: ReadonlyMap<string, WorkspacePackage>,
): readonly Violation[] {
  return [
    ...checkRanges(pkg),
    ...(pkg.published ? checkPeers(pkg, facts) : []),
    ...(BRINGS_ITS_PLUGINS.has(pkg.kind) ? checkSetIsComplete(pkg, packages) : []),
  ];
}

function checkRanges(pkg: WorkspacePackage): Violation[] {
  const found: Violation[] = [];
  for (const field of FIELDS) {
    for (const [name, range] of Object.entries(pkg.manifest[field] ?? {})) {
      if (name.startsWith(OUR_SCOPE) && range !== WORKSPACE_RANGE) {
        const message = `${field}: ${name} is "${range}", write "${WORKSPACE_RANGE}"`;
        found.push(manifestViolation(pkg, `"${name}": "${range}"`, message));
      }
      const ours = field === "dependencies" && name.startsWith(OUR_SCOPE);
      if (ours && pkg.published && !BRINGS_ITS_PLUGINS.has(pkg.kind)) {
        const message = `${name} is a contract that the application shares: move it to peerDependencies`;
        found.push(manifestViolation(pkg, `"${name}"`, message));
      }
    }
  }
  return found;
}

function checkPeers(pkg: WorkspacePackage, facts: readonly ImportFact[]): Violation[] {
  const imported = new Set(facts.filter((fact) => !fact.test).map((fact) => fact.packageName));
  return Object.keys(pkg.manifest.peerDependencies ?? {}).flatMap((name) => {
    const found: Violation[] = [];
    if (!imported.has(name)) {
      const message = `peer ${name} is never imported: remove it from peerDependencies`;
      found.push(manifestViolation(pkg, `"${name}"`, message));
    }
    // Task runners order builds by devDependencies; peers alone do not count for them.
    if (name.startsWith(OUR_SCOPE) && !Object.hasOwn(pkg.manifest.devDependencies ?? {}, name)) {
      const message = `peer ${name} is missing in devDependencies: add it there too, so that it is built first`;
      found.push(manifestViolation(pkg, `"${name}"`, message));
    }
    return found;
  });
}

/** A set installs on its own only if it brings every peer of the plugins that it lists. */
function checkSetIsComplete(
  set: WorkspacePackage,
  packages: ReadonlyMap<string, WorkspacePackage>,
): Violation[] {
  const own = set.manifest.dependencies ?? {};
  return Object.keys(own).flatMap((name) => {
    const { peerDependencies = {}, peerDependenciesMeta = {} } = packages.get(name)?.manifest ?? {};
    return Object.keys(peerDependencies)
      .filter((peer) => !Object.hasOwn(own, peer) && peerDependenciesMeta[peer]?.optional !== true)
      .map((peer) =>
        manifestViolation(set, `"${name}"`, `${name} needs its peer ${peer}: add it to dependencies too`),
      );
  });
}

/** Finds circles among the declared dependencies: no order of building exists for them. */
export function checkCycles(packages: ReadonlyMap<string, WorkspacePackage>): readonly Violation[] {
  const found: Violation[] = [];
  const finished = new Set<string>();
  const trail: string[] = [];

  function visit(pkg: WorkspacePackage): void {
    if (finished.has(pkg.name)) return;
    const start = trail.indexOf(pkg.name);
    if (start !== -1) {
      const last = packages.get(trail.at(-1) ?? "") ?? pkg;
      const circle = [...trail.slice(start), pkg.name].join(" → ");
      const message = `circle of dependencies: ${circle}; move the test that needs it to an app or to tooling/`;
      found.push(manifestViolation(last, `"${pkg.name}": `, message));
      return;
    }
    trail.push(pkg.name);
    for (const name of declaredNames(pkg)) {
      const next = packages.get(name);
      if (next !== undefined) visit(next);
    }
    trail.pop();
    finished.add(pkg.name);
  }

  for (const pkg of packages.values()) visit(pkg);
  return found;
}

function declaredNames(pkg: WorkspacePackage): ReadonlySet<string> {
  return new Set(FIELDS.flatMap((field) => Object.keys(pkg.manifest[field] ?? {})));
}
