import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { apiVersion, kindTable } from "../../src/api/kinds.ts";
import { type ResourceKind, resourceKinds } from "../../src/api/object.ts";
import { checkEntries } from "../../src/app/check.ts";
import { Core } from "../../src/app/core.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { statusOf } from "../../src/operator/status-of.ts";
import { accepted } from "../api/objects.ts";
import { hostileDocument } from "../support/hostile-json.ts";

const samples = resourceKinds.flatMap((kind) => Object.values(accepted[kind]).map((spec) => ({ kind, spec })));
const material = {
  Secret: { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": "e30=", cosign: "AAAA", "cosign.pub": "LS0t" } },
  ConfigMap: {
    data: { "ca.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cosign.pub": "-----BEGIN PUBLIC KEY-----" },
  },
  ServiceAccount: { imagePullSecrets: [{ name: "pull" }], secrets: [{ name: "pull" }] },
};
/** An object as the API server might hand it out, had it no schema; and whatever the objects refer to, as whoever may write those wants it. */
const hostile = fc.constantFrom(...samples).chain(({ kind, spec }) => hostileDocument({ spec }).map(({ text }) => ({ kind, text })));
const materials = fc.record({
  Secret: hostileDocument(material.Secret),
  ConfigMap: hostileDocument(material.ConfigMap),
  ServiceAccount: hostileDocument(material.ServiceAccount),
});

function toObject(kind: string, name: string, text: string): object {
  const parsed: unknown = JSON.parse(text);
  const namespaced = kindTable[kind as ResourceKind]?.scope === "Namespaced";
  const metadata = { name, uid: name, generation: 1, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };
  const body = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : {};
  return { ...body, apiVersion, kind, metadata: { ...metadata, ...(namespaced && { namespace: "team-a" }) } };
}

/** Every name that an object could want, the same thing. */
class Everywhere extends Map<string, unknown> {
  readonly #value: unknown;
  constructor(value: unknown) {
    super();
    this.#value = value;
  }
  override get(): unknown {
    return this.#value;
  }
}

it("no object, and nothing that it refers to, keeps the others from being compiled, judged by and told of", async () => {
  const repository = parseReference("acme.azurecr.io/prod/web:1");
  assert.ok(repository.ok);
  let valid = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 6 }), materials, async (objects, refersTo) => {
      const held = new Map<string, Map<string, unknown>>();
      for (const [at, { kind, text }] of objects.entries()) {
        const id = kindTable[kind].scope === "Namespaced" ? `team-a/o${at}` : `o${at}`;
        held.set(kind, (held.get(kind) ?? new Map<string, unknown>()).set(id, toObject(kind, `o${at}`, text)));
      }
      const everywhere = new Map(Object.entries(refersTo).map(([kind, { text }]) => [kind, new Everywhere(toObject(kind, "x", text))]));
      const source = {
        start: async (listener: { changed(kind: string, key: string): void }): Promise<void> => {
          for (const [kind, some] of held) for (const id of some.keys()) listener.changed(kind, id);
          await Promise.resolve();
        },
        objects: (kind: string): ReadonlyMap<string, unknown> => everywhere.get(kind) ?? held.get(kind) ?? new Map<string, unknown>(),
      };
      await using core = new Core({ source, clock: systemClock, logger: silentLogger, metrics: silentMetrics, random: () => 0 });
      await core.start(new AbortController().signal);
      const snapshot = core.snapshot();
      const namespace = { name: "team-a", labels: {} };
      const { cluster, namespaced } = snapshot.views(repository.value.repository, namespace);
      assert.ok(cluster.policies.some(({ enforcement }) => enforcement === "Enforce"));
      for (const { name, require, problem } of [...cluster.policies, ...(namespaced?.policies ?? [])])
        assert.ok(require.length > 0 || problem !== undefined, name);
      valid += checkEntries(snapshot).filter((entry) => entry.accepted).length;
      for (const kind of ["Store", "AuthProvider", "Verifier", "KeyProvider", "Policy"] as const)
        for (const id of held.get(kind)?.keys() ?? [])
          statusOf({ kind, name: id }, { snapshot, health: () => undefined, now: 0, standing: undefined });
    }),
    { numRuns: 400, interruptAfterTimeLimit: 10_000 },
  );
  assert.ok(valid > 0, "every object was refused: what factories make of one that is not has not been looked at");
});
