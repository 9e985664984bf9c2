import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Each row is one file that breaks one rule; the check must name that rule for that file. */
const violations: readonly { readonly rule: string; readonly what: string; readonly file: string; readonly text: string }[] = [
  { rule: "floor-kernel", what: "kernel imports a higher floor", file: "src/kernel/up.ts", text: 'import "../oci/digest.ts";' },
  { rule: "floor-oci", what: "oci imports its neighbour api", file: "src/oci/sideways.ts", text: 'import "../api/object.ts";' },
  {
    rule: "floor-engine",
    what: "engine imports its neighbour keychain",
    file: "src/engine/sideways.ts",
    text: 'import "../keychain/ports.ts";',
  },
  { rule: "floor-transport", what: "transport imports a plug-in", file: "src/transport/up.ts", text: 'import "../store/catalog.ts";' },
  { rule: "floor-snapshot", what: "snapshot imports a catalog", file: "src/snapshot/sideways.ts", text: 'import "../auth/catalog.ts";' },
  {
    rule: "floor-tape",
    what: "tape imports its neighbour snapshot",
    file: "src/tape/sideways.ts",
    text: 'import "../snapshot/holder.ts";',
  },
  { rule: "pure-core", what: "tape imports node:fs", file: "src/tape/reads.ts", text: 'import "node:fs";' },
  { rule: "floor-cli", what: "cli imports its neighbour operator", file: "src/cli/sideways.ts", text: 'import "../operator/ports.ts";' },
  { rule: "floor-operator", what: "operator imports app", file: "src/operator/up.ts", text: 'import "../app/wiring.ts";' },
  { rule: "pure-core", what: "the core imports node:fs", file: "src/engine/reads.ts", text: 'import "node:fs";' },
  { rule: "pure-core", what: "the core imports node:net", file: "src/oci/connects.ts", text: 'import "node:net";' },
  { rule: "pure-core-npm", what: "the core imports an npm package", file: "src/keychain/logs.ts", text: 'import "yaml";' },
  { rule: "undici-only-in-transport", what: "a store imports undici", file: "src/store/fetches.ts", text: 'import "undici";' },
  {
    rule: "kubernetesclientnode-only-in-kube",
    what: "operator imports the Kubernetes client",
    file: "src/operator/calls.ts",
    text: 'import "@kubernetes/client-node";',
  },
  { rule: "winstonpromclient-only-in-telemetry", what: "health imports winston", file: "src/health/logs.ts", text: 'import "winston";' },
  { rule: "bufbuild-only-in-compute", what: "engine imports CEL", file: "src/engine/evaluates.ts", text: 'import "@bufbuild/cel";' },
  {
    rule: "floor-compute",
    what: "compute imports its neighbour engine",
    file: "src/compute/sideways.ts",
    text: 'import "../engine/view.ts";',
  },
  {
    rule: "threads-only-in-compute",
    what: "a verifier starts a thread",
    file: "src/verifier/starts.ts",
    text: 'import "node:worker_threads";',
  },
  { rule: "plugins-are-blind", what: "an auth plug-in imports another", file: "src/auth/first.ts", text: 'import "./second.ts";' },
  { rule: "no-tests-in-src", what: "source imports a test", file: "src/app/tests.ts", text: 'import "../../test/support.ts";' },
  { rule: "no-cycles", what: "two modules import each other", file: "src/manifests/round.ts", text: 'import "./trip.ts";' },
  { rule: "no-orphans", what: "a module that nobody imports and that imports nothing", file: "src/health/alone.ts", text: "export {};" },
];
const neighbours: Readonly<Record<string, string>> = {
  "src/oci/digest.ts": "export {};",
  "src/api/object.ts": "export {};",
  "src/keychain/ports.ts": "export {};",
  "src/engine/view.ts": "export {};",
  "src/snapshot/holder.ts": "export {};",
  "src/store/catalog.ts": "export {};",
  "src/auth/catalog.ts": 'import "./second.ts";',
  "src/auth/second.ts": "export {};",
  "src/operator/ports.ts": "export {};",
  "src/app/wiring.ts": "export {};",
  "src/manifests/trip.ts": 'import "./round.ts";',
  "test/support.ts": "export {};",
  "tsconfig.json": '{"compilerOptions":{"module":"NodeNext","allowImportingTsExtensions":true,"noEmit":true}}',
  "package.json": '{"name":"planted","type":"module","dependencies":{"undici":"*","yaml":"*","winston":"*","@kubernetes/client-node":"*"}}',
};

interface Cruise {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

const directory = await mkdtemp(join(tmpdir(), "countersign-floors-"));
test.after(() => rm(directory, { recursive: true, force: true }));
const files = { ...neighbours, ...Object.fromEntries(violations.map(({ file, text }) => [file, text])) };
for (const [path, text] of Object.entries(files)) {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), text);
}
await symlink(join(root, "node_modules"), join(directory, "node_modules"));
const cruise = await new Promise<Cruise>((resolve, reject) => {
  const args = [
    join(root, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs"),
    "--config",
    join(root, ".dependency-cruiser.mjs"),
    "-T",
    "json",
    "src",
  ];
  execFile(process.execPath, args, { cwd: directory, maxBuffer: 64 * 1024 * 1024, timeout: 60_000 }, (error, stdout) => {
    if (stdout === "") reject(error ?? new TypeError("The check printed nothing"));
    else resolve(JSON.parse(stdout) as Cruise);
  });
});

for (const { rule, what, file } of violations) {
  test(`the floors catch it when ${what} (${rule})`, () => {
    const found = cruise.summary.violations.filter((violation) => violation.from === file).map((violation) => violation.rule.name);
    assert.ok(found.includes(rule), `${file} is reported for: ${found.join(", ") || "nothing"}`);
  });
}

test("the floors look at every file (a checker without a TypeScript API finds none, and says that all is well)", () => {
  assert.ok(cruise.summary.totalCruised >= Object.keys(files).filter((path) => path.startsWith("src/")).length);
});
