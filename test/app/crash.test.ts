import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const password = "canary-password-7c21";
const basic = Buffer.from(`reader:${password}`).toString("base64");
const host = "registry.example.com";
const manifests = `
apiVersion: v1
kind: Secret
metadata: {name: reader}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{"auths": {"${host}": {"username": "reader", "password": "${password}"}}}'
---
apiVersion: countersign.dev/v1alpha1
kind: AuthProvider
metadata: {name: reader}
spec: {registries: ["${host}"], type: kubernetesSecret, kubernetesSecret: {secretRef: {name: reader}}}
---
apiVersion: countersign.dev/v1alpha1
kind: Store
metadata: {name: production}
spec: {scopes: ["${host}"], suspend: true, type: registry}
`;

/** A process with the real composition, which dies of an error that drags everything along that it can reach. */
const program = `
const root = process.argv[1];
const { Core } = await import(root + "src/app/core.ts");
const { ManifestSource } = await import(root + "src/manifests/source.ts");
const { systemClock } = await import(root + "src/kernel/clock.ts");
const { silentLogger } = await import(root + "src/kernel/logger.ts");
const { silentMetrics } = await import(root + "src/kernel/metrics.ts");
const common = { clock: systemClock, logger: silentLogger, metrics: silentMetrics, random: Math.random };
const source = new ManifestSource({ directory: process.argv[2], namespace: "countersign-system", ...common });
const core = new Core({ ...common, source });
await core.start(new AbortController().signal);
const snapshot = core.snapshot();
const repository = { host: "${host}", port: undefined, segments: ["app"] };
const resolved = await snapshot.stores.get("production").keychain.resolve(repository, AbortSignal.timeout(5000));
if (resolved.credentials[0].secret.reveal() !== "${password.slice(0, 6)}" + "${password.slice(6)}") throw new TypeError("no credential");
const { inspect } = await import("node:util");
inspect.defaultOptions.depth = 30;
inspect.defaultOptions.showHidden = true;
const error = Object.assign(new Error("crash", { cause: { resolved } }), { core, snapshot, resolved });
if (process.argv[3] === "rejection") Promise.reject(error);
else throw error;
`;

for (const way of ["exception", "rejection"]) {
  test(`a process that dies of an uncaught ${way} prints no credential`, async () => {
    const directory = await mkdtemp(join(tmpdir(), "countersign-crash-"));
    try {
      await writeFile(join(directory, "all.yaml"), manifests);
      const root = new URL("../..", import.meta.url).href;
      const args = ["--input-type=module", "--eval", program, root, directory, way];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: fileURLToPath(root), encoding: "utf8", timeout: 30_000 });
      assert.equal(status, 1, stderr.slice(0, 2000));
      // The program's own text is not part of what it prints; what it holds is.
      assert.match(stderr, /Error: crash/);
      // Node.js asks no object how it wants to be shown when it dies: a private field is what keeps the value in.
      assert.match(stderr, /secret: Secret \{\}/);
      for (const secret of [password, basic]) assert.equal((stdout + stderr).includes(secret), false);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}
