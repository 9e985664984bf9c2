import assert from "node:assert/strict";
import { test } from "node:test";
import { Core } from "../../src/app/core.ts";
import type { Report } from "../../src/engine/report.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { startRegistry } from "../support/registry.ts";
import { createSigningKey, signImage } from "../support/signer.ts";

const apiVersion = "countersign.dev/v1alpha1";
const named = (kind: string, objects: Readonly<Record<string, object>>): readonly [string, ReadonlyMap<string, unknown>] => [
  kind,
  new Map(
    Object.entries(objects).map(([name, spec]) => [
      name,
      {
        apiVersion,
        kind,
        metadata: { name, uid: name, generation: 1, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
        spec,
      },
    ]),
  ),
];

/** A signed image behind a tag at its own registry, and a Store whose rewrite asks a mirror for the same tag. */
async function verify(mirrorHolds: "nothing" | "no word" | "the repository without the tag" | "another image"): Promise<Report["verdict"]> {
  await using origin = await startRegistry();
  await using mirror = await startRegistry();
  const key = createSigningKey("P-256");
  const image = origin.pushImage("team/app", { seed: "signed", tag: "v1" });
  const { artifactType, blobs } = signImage({ key, subject: image, repository: "team/app", format: "bundle" });
  const layers = blobs.filter(({ mediaType }) => mediaType === artifactType).map(({ mediaType, bytes }) => ({ mediaType, content: bytes }));
  origin.pushReferrer("team/app", image, { artifactType, layers });
  if (mirrorHolds === "no word") mirror.setMode("/manifests/v1", { kind: "status", status: 404, body: "404 page not found" });
  if (mirrorHolds !== "nothing") mirror.pushImage("hub/app", { seed: "other", tag: mirrorHolds === "another image" ? "v1" : "v2" });
  const objects = new Map([
    named("Store", {
      mirror: {
        scopes: [origin.host],
        evidence: "Optional",
        type: "registry",
        registry: { rewrite: [{ from: `${origin.host}/team`, to: `${mirror.host}/hub` }] },
      },
      origin: { scopes: [origin.host], type: "registry" },
    }),
    named("AuthProvider", {
      nobody: { registries: [origin.host, mirror.host], plainHTTPHosts: [origin.host, mirror.host], type: "anonymous" },
    }),
    named("Verifier", { release: { type: "cosign", cosign: { keyProviderRefs: [{ name: "release" }] } } }),
    named("KeyProvider", { release: { type: "inline", inline: { keys: [{ name: "key", publicKey: key.publicKeyPem }] } } }),
  ]);
  const source = { start: () => Promise.resolve(), objects: (kind: string) => objects.get(kind) ?? new Map<string, unknown>() };
  await using core = new Core({ source, clock: systemClock, logger: silentLogger, metrics: silentMetrics, random: Math.random });
  const signal = AbortSignal.timeout(20_000);
  await core.start(signal);
  return (await core.verify(`${origin.host}/team/app:v1`, signal)).verdict;
}

const silent = [
  ["does not show the repository", "nothing"],
  ["answers a 404 that does not say of what", "no word"],
] as const;
for (const [what, mirrorHolds] of silent) {
  test(`a mirror that ${what} has not said what the tag means: no allow, since the kubelet may be shown it`, async () => {
    const verdict = await verify(mirrorHolds);
    assert.ok(verdict.outcome === "inconclusive", JSON.stringify(verdict));
    assert.equal(verdict.code, "SubjectUnresolved");
    assert.match(verdict.causes.join(), /no such repository, or this credential may not know of it/);
  });
}

test("a mirror that shows the repository and has no such tag has said so", async () => {
  assert.equal((await verify("the repository without the tag")).outcome, "allow");
});

test("a mirror with another image under the tag makes it ambiguous", async () => {
  const verdict = await verify("another image");
  assert.ok(verdict.outcome === "inconclusive" && verdict.code === "TagAmbiguous", JSON.stringify(verdict));
});
