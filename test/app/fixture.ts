import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { readInputFile } from "../../src/app/input.ts";
import { open } from "../../src/app/open.ts";
import { replayFile } from "../../src/app/replay.ts";
import { serve } from "../../src/app/serve.ts";
import { createTapeFile } from "../../src/app/tape-file.ts";
import type { CliOutput } from "../../src/cli/ports.ts";
import { runCli } from "../../src/cli/run.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { ResourceKind } from "../../src/api/object.ts";
import { object } from "../api/objects.ts";
import { type ManifestDocument, type Pushed, startRegistry, type TestRegistry } from "../support/registry.ts";
import { createSigningKey, signImage, type SigningKey } from "../support/signer.ts";

/** A directory of manifests, gone with the test. JSON is YAML. */
export interface Manifests extends AsyncDisposable {
  readonly directory: string;
  write(name: string, ...objects: readonly object[]): Promise<void>;
}

export async function createManifests(): Promise<Manifests> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-app-"));
  return {
    directory,
    write: (name, ...objects) => writeFile(join(directory, name), objects.map((one) => JSON.stringify(one, undefined, 2)).join("\n---\n")),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line with the composition that main.ts gives it, in this process. */
export async function run(
  argv: readonly string[],
  {
    signal = AbortSignal.timeout(60_000),
    wrote = () => {},
    now = () => systemClock.now(),
  }: { readonly signal?: AbortSignal; readonly wrote?: (stdout: string) => void; readonly now?: () => number } = {},
): Promise<Ran> {
  const seen = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr"): CliOutput => ({
    write: (text) => {
      seen[name] += text;
      wrote(seen.stdout);
    },
    isTerminal: false,
    columns: 80,
  });
  const [stdout, stderr] = [output("stdout"), output("stderr")];
  const logStream = new PassThrough().resume();
  const exit = await runCli(
    argv,
    {
      open: (options, aborted) => open(options, { env: {}, version: "0.0.0" }, aborted),
      serve: (options, aborted) => serve(options, { env: {}, stdout, stderr, logStream, version: "0.1.0" }, aborted),
      createFile: createTapeFile,
      replay: (path, aborted) => replayFile(path, { clock: systemClock }, aborted),
      stdout,
      stderr,
      stdin: () => Promise.resolve(""),
      readFile: readInputFile,
      now,
      deadline: systemClock.deadline.bind(systemClock),
      version: "0.1.0",
    },
    signal,
  );
  return { exit, ...seen };
}

/** A registry with a signed and an unsigned image, and manifests by which the one is allowed and the other is not. */
export interface Setting extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly manifests: Manifests;
  readonly signed: string;
  readonly unsigned: string;
}

export const manifest = (kind: ResourceKind, name: string, spec: object): object => object(kind, spec, name);

export async function createSetting(): Promise<Setting> {
  const registry = await startRegistry();
  const key = createSigningKey();
  const signed = registry.pushImage("team/web", { seed: "signed", tag: "signed" });
  const unsigned = registry.pushImage("team/web", { seed: "unsigned", tag: "unsigned" });
  pushSignature(registry, { key, subject: signed });
  const manifests = await createManifests();
  await manifests.write(
    "all.yaml",
    manifest("Store", "local", { scopes: [registry.host], timeout: "10s", type: "registry" }),
    // The registry of the tests speaks http.
    manifest("AuthProvider", "nobody", { registries: [registry.host], plainHTTPHosts: [registry.host], type: "anonymous" }),
    manifest("Verifier", "release", { type: "cosign", cosign: { keyProviderRefs: [{ name: "release-keys" }] } }),
    manifest("KeyProvider", "release-keys", { type: "inline", inline: { keys: [{ name: "alice", publicKey: key.publicKeyPem }] } }),
  );
  return {
    registry,
    manifests,
    signed: `${registry.host}/team/web@${signed.digest}`,
    unsigned: `${registry.host}/team/web@${unsigned.digest}`,
    [Symbol.asyncDispose]: async () => {
      await manifests[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

function pushSignature(registry: TestRegistry, { key, subject }: { readonly key: SigningKey; readonly subject: Pushed }): void {
  const artifact = signImage({ key, subject, repository: `${registry.host}/team/web`, format: "legacy" });
  const document = JSON.parse(Buffer.from(artifact.manifest).toString()) as ManifestDocument;
  registry.push("team/web", document, {
    blobs: artifact.blobs.map(({ bytes }) => bytes),
    ...(artifact.tag !== undefined && { tag: artifact.tag }),
  });
}
