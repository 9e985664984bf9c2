import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Core } from "../../src/app/core.ts";
import { open } from "../../src/app/open.ts";
import { serve } from "../../src/app/serve.ts";
import type { CheckEntry } from "../../src/cli/ports.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { Endpoint } from "../../src/telemetry/endpoint.ts";
import { createManifests, manifest, run } from "../app/fixture.ts";
import { LayoutDirectory } from "../app/layout-fixture.ts";
import { temporaryFile } from "../kube/fixture.ts";
import { MemorySource } from "../operator/memory-source.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { opened, ours, serving } from "./cluster-scene.ts";
import { type Situation, type Situations, thrown } from "./situation.ts";

const namespace = "countersign-system";

/** A command line with the composition that main.ts gives it, on an empty directory of manifests. */
async function command(...argv: readonly string[]): Promise<string> {
  await using manifests = await createManifests();
  const { stderr, exit } = await run([...argv, "--manifests", manifests.directory]);
  return `${stderr}exit ${exit}`;
}

async function layout(fill: (layout: LayoutDirectory) => Promise<string>): Promise<string> {
  await using directory = await LayoutDirectory.create();
  return await command("verify", await fill(directory));
}

/** main.ts itself, given more than it reads. */
async function tooMuchInput(): Promise<string> {
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, "verify", "-", "--manifests", tmpdir()], { stdio: ["pipe", "ignore", "pipe"], env: {} });
  child.stdin.on("error", () => {
    // It stops reading.
  });
  child.stdin.end("x".repeat(5 << 20));
  const [stderr, [exit]] = await Promise.all([text(child.stderr), once(child, "close")]);
  return `${stderr}exit ${String(exit)}`;
}

/** A directory of CRDs that is to be applied. */
async function applied(files: Readonly<Record<string, string>>): Promise<string> {
  await using api = await FakeKubeApi.start({ resources: [] });
  using kubeconfig = temporaryFile("kubeconfig", api.kubeconfig());
  const directory = await mkdtemp(join(tmpdir(), "countersign-crds-"));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
    if (Object.keys(files).length === 0) await rm(directory, { recursive: true });
    const options = { kubeconfig: kubeconfig.path, namespace, healthPort: 0, logLevel: "error", watchImages: [], once: false } as const;
    return await thrown(() => serve({ ...options, applyCrds: directory }, serving, new AbortController().signal));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function busyPort(): Promise<string> {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const metrics = { contentType: "", text: () => Promise.resolve("") };
  try {
    return await thrown(() => Endpoint.listen({ host: "127.0.0.1", port, health: [], readiness: [], metrics, logger: silentLogger }));
  } finally {
    other.close();
  }
}

/** Two sets of manifests, and a list of images. */
async function compared(...argv: readonly string[]): Promise<string> {
  await using manifests = await createManifests();
  const { directory } = manifests;
  const { stderr, exit } = await run(["diff", "--manifests", directory, "--manifests", directory, ...argv]);
  return `${stderr}exit ${exit}`;
}

/** What check has to say of these objects. */
async function checked(...objects: readonly object[]): Promise<string> {
  await using manifests = await createManifests();
  await manifests.write("all.yaml", ...objects);
  const { stdout } = await run(["check", "-o", "json", "--manifests", manifests.directory]);
  const entries = (JSON.parse(stdout) as readonly CheckEntry[]).filter(({ accepted }) => !accepted);
  return entries.map(({ kind, name, reason, path = "", message = "" }) => `${kind}/${name} ${reason} ${path}: ${message}`).join("\n");
}

const commands: Situations = [
  { when: "a list of images is no file", says: () => compared("--images-from", "/does/not/exist") },
  { when: "a list of images is a directory", says: () => compared("--images-from", "/") },
  { when: "a list of images and an image both want standard input", says: () => compared("--images-from", "-", "-") },
  {
    when: "check finds what is not there, and what two claim",
    says: () =>
      checked(
        manifest("AuthProvider", "older", { registries: ["a.io"], type: "anonymous" }),
        manifest("AuthProvider", "younger", {
          registries: ["a.io"],
          type: "kubernetesSecret",
          kubernetesSecret: { secretRef: { name: "gone" } },
        }),
        manifest("Store", "all", { scopes: ["*"], type: "registry" }),
        manifest("Store", "some", { scopes: ["b.io"], authProviderRefs: [{ name: "gone" }], type: "registry" }),
        manifest("Verifier", "release", { type: "cosign", cosign: { keyProviderRefs: [{ name: "gone" }] } }),
        manifest("Policy", "release", { scopes: ["a.io"], require: [{ verifierRef: { name: "gone" } }] }),
      ),
  },
  { when: "an image is no reference", says: () => command("verify", "acme.io/X:") },
  { when: "the tag of an image to be resolved is none", says: () => command("resolve", "acme.io/x:") },
  { when: "standard input is too long", says: tooMuchInput },
  {
    when: "something is asked before the configuration has been read",
    says: async () => {
      const clock = new ManualClock();
      const common = { clock, logger: silentLogger, metrics: silentMetrics, random: () => 0 };
      await using core = new Core({ ...common, source: new MemorySource() });
      return await thrown(() => core.snapshot());
    },
  },
  {
    when: "a reference reaches the composition that is none",
    says: async () => {
      await using manifests = await createManifests();
      const options = { manifests: manifests.directory, namespace };
      const signal = new AbortController().signal;
      await using composition = await open(options, { env: {}, version: "0.0.0" }, signal);
      return await thrown(() => composition.verify({ image: "acme.io/X:" }, signal));
    },
  },
];

const layouts: readonly Situation[] = [
  { when: "oci: names no image layout", says: () => command("verify", `oci:${tmpdir()}/countersign-none-0`) },
  { when: "an image layout is empty", says: () => layout(async ({ path }) => `oci:${path}`) },
  {
    when: "an image layout has several images",
    says: () =>
      layout(async (directory) => {
        for (let at = 0; at < 12; at += 1) await directory.push(`image ${at}`, at === 0 ? "1.0" : undefined);
        return `oci:${directory.path}`;
      }),
  },
  { when: "an image layout has no such image", says: () => layout(async ({ path }) => `oci:${path}@sha256:${"0".repeat(64)}`) },
];

const clusters: Situations = [
  {
    when: "there is no kubeconfig",
    says: () => thrown(() => open({ namespace }, { env: { HOME: "/does/not/exist" }, version: "0.0.0" }, new AbortController().signal)),
  },
  {
    when: "a kubeconfig does not exist",
    says: () =>
      thrown(() => open({ namespace, kubeconfig: "/does/not/exist" }, { env: {}, version: "0.0.0" }, new AbortController().signal)),
  },
  { when: "a user may not list our kinds", says: () => opened(ours, (api) => api.forbidden.add("stores")) },
  { when: "a cluster does not have our CRDs", says: () => opened([]) },
  { when: "a cluster does not answer", says: () => opened(ours, (api) => api.unanswered.add("stores").add("policies")) },
  { when: "there is no directory of CRDs", says: () => applied({}) },
  { when: "a directory of CRDs has a file that is no manifest", says: () => applied({ "a.yaml": "hello" }) },
  { when: "the port of /healthz and /metrics is taken", says: busyPort },
];

export const compositions: Situations = [...commands, ...layouts, ...clusters];
