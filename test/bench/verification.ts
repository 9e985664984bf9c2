/** Cold verification: requests, and latency with 25 ms added to each answer, in a repository already seen (design 9). */
import { once } from "node:events";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Core } from "../../src/app/core.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { startRegistry, type RegistryAuth, type TestRegistry } from "../support/registry.ts";
import { createSigningKey, signImage } from "../support/signer.ts";
import type { Row } from "./keychain.ts";

/** The design's; and twice that, where the registry is farther away. */
const addedMs = 25;
const farMs = 50;
const images = 24;
const repository = "bench/app";
const user = { name: "bench", password: "open-sesame" } as const;
const users = { [user.name]: user.password };

const registries: readonly { readonly name: string; readonly referrersApi: boolean; readonly auth: RegistryAuth }[] = [
  { name: "fallback tag", referrersApi: false, auth: { kind: "none" } },
  { name: "referrers API", referrersApi: true, auth: { kind: "none" } },
  { name: "basic auth", referrersApi: true, auth: { kind: "basic", users } },
  { name: "token auth", referrersApi: true, auth: { kind: "token", users } },
];

export async function run(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const kind of registries) {
    for (const stores of [1, 2]) rows.push(...(await measure(kind, { stores, addedMs })));
  }
  for (const kind of registries) rows.push(...(await measure(kind, { stores: 1, addedMs: farMs })).slice(1));
  return rows;
}

async function measure(
  kind: (typeof registries)[number],
  { stores, addedMs }: { readonly stores: number; readonly addedMs: number },
): Promise<readonly Row[]> {
  const proxy = await startDelay(addedMs);
  await using registry = await startRegistry({ referrersApi: kind.referrersApi, auth: withRealm(kind.auth, proxy.host) });
  proxy.target = registry.port;
  const key = createSigningKey("P-256");
  const signed = Array.from({ length: images }, (_, at) => pushSigned(registry, `image ${at}`, key));
  const objects = manifests(proxy.host, { publicKey: key.publicKeyPem, stores });
  const core = new Core({
    source: { start: () => Promise.resolve(), objects: (of) => objects.get(of) ?? new Map() },
    clock: systemClock,
    logger: silentLogger,
    metrics: silentMetrics,
    random: Math.random,
    rememberVerdicts: false,
  });
  await using _core = core;
  const signal = AbortSignal.timeout(60_000);
  await core.start(signal);
  const [first = "", ...rest] = signed.map((digest) => `${proxy.host}/${repository}@${digest}`);
  await core.verify(first, signal); // the first image of the registry: challenge, token, what it can do
  const before = proxy.requests;
  const times: number[] = [];
  for (const image of rest) {
    const start = performance.now();
    const report = await core.verify(image, signal);
    times.push(performance.now() - start);
    if (report.verdict.outcome !== "allow") throw new TypeError(`${kind.name}: ${JSON.stringify(report.verdict)}`);
  }
  const name = `${kind.name}, ${stores} ${stores === 1 ? "store" : "stores"}`;
  const p50 = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  await proxy.close();
  return [
    { name: `cold verification, ${name}: requests`, value: (proxy.requests - before) / rest.length, unit: "requests", budget: 4 },
    { name: `cold verification, ${name}: p50 with ${addedMs} ms an answer`, value: p50, unit: "ms", budget: Math.round(addedMs * 4.4) },
  ];
}

/** The token service is reached through the proxy too, so that its requests count and are slowed. */
function withRealm(auth: RegistryAuth, host: string): RegistryAuth {
  return auth.kind === "token" ? { ...auth, realm: `http://${host}/token` } : auth;
}

function pushSigned(registry: TestRegistry, seed: string, key: ReturnType<typeof createSigningKey>): string {
  const image = registry.pushImage(repository, { seed });
  const artifact = signImage({ key, subject: image, repository, format: "bundle" });
  registry.pushReferrer(repository, image, {
    artifactType: artifact.artifactType,
    layers: artifact.blobs
      .filter((blob) => blob.mediaType === artifact.artifactType)
      .map((blob) => ({ mediaType: blob.mediaType, content: blob.bytes })),
  });
  return image.digest;
}

function manifests(
  host: string,
  options: { readonly publicKey: string; readonly stores: number },
): ReadonlyMap<string, ReadonlyMap<string, unknown>> {
  const apiVersion = "countersign.dev/v1alpha1";
  const meta = (name: string): object => ({
    name,
    uid: name,
    generation: 1,
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
  });
  const named = (objects: readonly { readonly metadata: object }[]): ReadonlyMap<string, unknown> =>
    new Map(objects.map((object) => [(object.metadata as { readonly name: string }).name, object]));
  const auth = { auths: { [host]: { username: user.name, password: user.password } } };
  return new Map([
    [
      "Store",
      named(
        Array.from({ length: options.stores }, (_, at) => ({
          apiVersion,
          kind: "Store",
          metadata: meta(`store-${at}`),
          // The second has a useless credential: it costs nothing more.
          spec: { scopes: [host], type: "registry", authProviderRefs: [{ name: at === 0 ? "reader" : "nobody" }] },
        })),
      ),
    ],
    [
      "AuthProvider",
      named([
        {
          apiVersion,
          kind: "AuthProvider",
          metadata: meta("reader"),
          spec: {
            registries: [host],
            plainHTTPHosts: [host],
            allowCredentialsOverHTTP: true,
            type: "kubernetesSecret",
            kubernetesSecret: { secretRef: { name: "reader" } },
          },
        } as { readonly metadata: object },
        {
          apiVersion,
          kind: "AuthProvider",
          metadata: meta("nobody"),
          spec: { registries: [host], plainHTTPHosts: [host], type: "anonymous" },
        } as { readonly metadata: object },
      ]),
    ],
    [
      "Verifier",
      named([
        { apiVersion, kind: "Verifier", metadata: meta("v"), spec: { type: "cosign", cosign: { keyProviderRefs: [{ name: "k" }] } } } as {
          readonly metadata: object;
        },
      ]),
    ],
    [
      "KeyProvider",
      named([
        {
          apiVersion,
          kind: "KeyProvider",
          metadata: meta("k"),
          spec: { type: "inline", inline: { keys: [{ name: "key", publicKey: options.publicKey }] } },
        } as { readonly metadata: object },
      ]),
    ],
    [
      "Secret",
      named([
        {
          apiVersion: "v1",
          kind: "Secret",
          metadata: meta("reader"),
          type: "kubernetes.io/dockerconfigjson",
          data: { ".dockerconfigjson": Buffer.from(JSON.stringify(auth)).toString("base64") },
        } as { readonly metadata: object },
      ]),
    ],
  ]);
}

interface Delay {
  readonly host: string;
  target: number;
  requests: number;
  close(): Promise<void>;
}

/** Passes every request on and its answer back, 25 ms later. */
async function startDelay(addedMs: number): Promise<Delay> {
  const server = createServer((request, response) => {
    delay.requests += 1;
    const upstream = send(
      { host: "127.0.0.1", port: delay.target, path: request.url, method: request.method, headers: request.headers },
      (answer) => {
        void sleep(addedMs).then(() => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
      },
    );
    upstream.on("error", () => response.destroy());
    request.pipe(upstream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const delay: Delay = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: 0,
    requests: 0,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return delay;
}
