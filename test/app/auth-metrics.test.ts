import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthMetrics } from "../../src/app/auth-metrics.ts";
import { CredentialUnavailableError, type Keychain, type Resolved } from "../../src/keychain/ports.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { RecordingMetrics } from "../kube/fixture.ts";
import type { BoundCredential } from "../../src/oci/credential.ts";
import { image } from "../oci/support.ts";

const signal = new AbortController().signal;
const repository = image("acme.azurecr.io/app");
const anonymous: Resolved = { origin: "https://acme.azurecr.io", credentials: [], tokenHosts: [], identity: "" };
const credential: BoundCredential = {
  ...{ scheme: "bearer", secret: new Secret("canary"), revision: "1" },
  ...{ origin: anonymous.origin, pathPrefixes: ["/v2/"], provider: "acr", identity: "acr/1" },
};
const withCredential: Resolved = { ...anonymous, credentials: [credential] };

function keychain(answer: () => Promise<Resolved>): Keychain {
  return {
    select: () => ({ outcome: "Anonymous", candidates: [] }),
    origin: () => anonymous.origin,
    resolve: answer,
  };
}

test("AuthMetrics counts what Stores are given: a credential, none, or the reason why there is none", async () => {
  const metrics = new RecordingMetrics();
  const auth = new AuthMetrics(metrics);
  const refused = new CredentialUnavailableError("IdentityRefused", "no such client");
  const resolve = (answer: () => Promise<Resolved>): Promise<Resolved> => auth.counting(keychain(answer)).resolve(repository, signal);
  assert.equal(await resolve(() => Promise.resolve(withCredential)), withCredential);
  await resolve(() => Promise.resolve(anonymous));
  await resolve(() => Promise.resolve(anonymous));
  await assert.rejects(
    resolve(() => Promise.reject(refused)),
    (error) => error === refused,
  );
  await assert.rejects(
    resolve(() => Promise.reject(new DOMException("enough", "AbortError"))),
    { name: "AbortError" },
  );
  assert.deepEqual(
    [...metrics.values],
    [
      ["countersign_auth_selected_total{outcome=Credential}", 1],
      ["countersign_auth_selected_total{outcome=Anonymous}", 2],
      ["countersign_auth_selected_total{outcome=IdentityRefused}", 1],
    ],
  );
  const same = auth.counting(keychain(() => Promise.resolve(anonymous)));
  assert.deepEqual([same.select(repository).outcome, same.origin(repository)], ["Anonymous", anonymous.origin]);
});

test("AuthMetrics counts what was fetched from clouds by type and outcome, and how long it took", () => {
  const metrics = new RecordingMetrics();
  const auth = new AuthMetrics(metrics);
  auth.fetched("awsEcr", { outcome: "Fetched", tookMs: 120 });
  auth.fetched("awsEcr", { outcome: "Throttled", tookMs: 30 });
  assert.deepEqual(
    [...metrics.values],
    [
      ["countersign_auth_refreshes_total{type=awsEcr,outcome=Fetched}", 1],
      ["countersign_auth_refresh_duration_seconds_count{type=awsEcr}", 2],
      ["countersign_auth_refreshes_total{type=awsEcr,outcome=Throttled}", 1],
    ],
  );
});
