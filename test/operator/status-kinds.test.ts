import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProviderState } from "../../src/keychain/ports.ts";
import { authProviderStatus } from "../../src/operator/status-auth-provider.ts";
import {
  type AuthProviderStatusInput,
  claimsByKeeper,
  type KeyProviderStatusInput,
  type VerifierStatusInput,
} from "../../src/operator/status-input.ts";
import { keyProviderStatus } from "../../src/operator/status-key-provider.ts";
import { verifierStatus } from "../../src/operator/status-verifier.ts";
import { lintConditions } from "./status-linter.ts";

const shared = { name: "x", generation: 2, now: Date.UTC(2026, 0, 31), diagnostics: [], programmed: true };
const invalid = { diagnostics: [{ reason: "InvalidSpec", path: "spec.registries[0]", message: '"*.io" is too wide' }] };
const resolved: ProviderState = { ready: true, reason: "Resolved", message: "Secret/acr has a credential", warnings: [] };
const provider: AuthProviderStatusInput = {
  ...shared,
  type: "kubernetesSecret",
  state: resolved,
  patterns: 2,
  lost: [],
  kept: [],
  boundStores: 3,
  credentialRevision: "uid/12",
};
const verifier: VerifierStatusInput = { ...shared, keys: 2 };
const keyProvider: KeyProviderStatusInput = {
  ...shared,
  readsMaterial: false,
  keys: [{ name: "alice", algorithm: "ECDSA P-256", fingerprint: "sha256:ab" }],
};
const stale = 'The keys of version 7 stay in use: since version 9 Secret/release has no data key "alice.pub"';

interface Conditions {
  readonly observedGeneration: number;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
}
function brief(status: Conditions): string {
  return (status.conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(" ");
}

test("authProviderStatus() of a working AuthProvider is exactly this", () => {
  const { conditions, ...rest } = authProviderStatus(provider);
  assert.deepEqual(rest, { observedGeneration: 2, type: "kubernetesSecret", boundStores: 3, credentialRevision: "uid/12" });
  assert.equal(
    brief({ observedGeneration: 2, conditions: conditions ?? [] }),
    "Ready=True/Succeeded Accepted=True/Valid CredentialsResolved=True/Resolved Programmed=True/AllReplicas",
  );
});

const losing = { lost: [{ pattern: "*.azurecr.io", keptBy: "older" }] };
const rows: { readonly name: string; readonly status: Conditions; readonly expected: string; readonly message?: string }[] = [
  {
    name: "authProviderStatus(): an invalid spec",
    status: authProviderStatus({ ...provider, ...invalid }),
    expected:
      "Ready=False/InvalidSpec Accepted=False/InvalidSpec CredentialsResolved=Unknown/Pending Programmed=True/AllReplicas Stalled=True/InvalidSpec",
    message: 'spec.registries[0]: "*.io" is too wide',
  },
  {
    name: "authProviderStatus(): its Secret is missing: it may appear",
    status: authProviderStatus({
      ...provider,
      state: { ready: false, reason: "RefNotFound", message: "Secret/acr does not exist", warnings: [] },
    }),
    expected:
      "Ready=False/RefNotFound Accepted=True/Valid CredentialsResolved=False/RefNotFound Programmed=True/AllReplicas Reconciling=True/ProgressingWithRetry",
    message: "Secret/acr does not exist",
  },
  ...["CredentialInvalid", "NoMatchingKey"].map((reason) => ({
    name: `authProviderStatus(): its Secret is of no use (${reason}), and an edit of it comes in by watch`,
    status: authProviderStatus({ ...provider, state: { ready: false, reason, message: "m", warnings: [] } }),
    expected: `Ready=False/${reason} Accepted=True/Valid CredentialsResolved=False/${reason} Programmed=True/AllReplicas Reconciling=True/ProgressingWithRetry`,
  })),
  {
    name: "authProviderStatus(): a password for any host under a wildcard: somebody has to edit it",
    status: authProviderStatus({ ...provider, state: { ready: false, reason: "WildcardNeedsKeyedSecret", message: "m", warnings: [] } }),
    expected:
      "Ready=False/WildcardNeedsKeyedSecret Accepted=True/Valid CredentialsResolved=False/WildcardNeedsKeyedSecret Programmed=True/AllReplicas Stalled=True/WildcardNeedsKeyedSecret",
  },
  {
    name: "authProviderStatus(): one of two patterns belongs to an older one",
    status: authProviderStatus({ ...provider, ...losing }),
    expected: "Ready=True/Succeeded Accepted=True/PartiallyAccepted CredentialsResolved=True/Resolved Programmed=True/AllReplicas",
  },
  {
    name: "authProviderStatus(): its only pattern belongs to an older one",
    status: authProviderStatus({ ...provider, ...losing, patterns: 1 }),
    expected:
      "Ready=False/PatternConflict Accepted=False/PatternConflict CredentialsResolved=True/Resolved Programmed=True/AllReplicas Stalled=True/PatternConflict",
    message: 'Pattern "*.azurecr.io" belongs to the older AuthProvider/older',
  },
  {
    name: "authProviderStatus(): not published yet",
    status: authProviderStatus({ ...provider, programmed: false }),
    expected:
      "Ready=Unknown/Progressing Accepted=True/Valid CredentialsResolved=True/Resolved Programmed=Unknown/Pending Reconciling=True/Progressing",
  },
  {
    name: "verifierStatus(): keys are trusted",
    status: verifierStatus(verifier),
    expected: "Ready=True/Succeeded Accepted=True/Valid TrustResolved=True/KeysLoaded Programmed=True/AllReplicas",
    message: "2 keys are trusted",
  },
  {
    name: "verifierStatus(): a KeyProvider is missing",
    status: verifierStatus({ ...verifier, keys: 0, problem: "KeyProvider/release does not exist" }),
    expected:
      "Ready=False/DependencyNotReady Accepted=True/Valid TrustResolved=False/DependencyNotReady Programmed=True/AllReplicas Reconciling=True/ProgressingWithRetry",
    message: "KeyProvider/release does not exist",
  },
  {
    name: "verifierStatus(): no key at all",
    status: verifierStatus({ ...verifier, keys: 0 }),
    expected:
      "Ready=False/NoTrustedKeys Accepted=True/Valid TrustResolved=False/NoTrustedKeys Programmed=True/AllReplicas Reconciling=True/ProgressingWithRetry",
  },
  {
    name: "verifierStatus(): an invalid spec",
    status: verifierStatus({ ...verifier, ...invalid }),
    expected:
      "Ready=False/InvalidSpec Accepted=False/InvalidSpec TrustResolved=Unknown/Pending Programmed=True/AllReplicas Stalled=True/InvalidSpec",
  },
  {
    name: "keyProviderStatus(): one key",
    status: keyProviderStatus(keyProvider),
    expected: "Ready=True/Succeeded Accepted=True/Valid TrustResolved=True/KeysLoaded Programmed=True/AllReplicas",
    message: "1 key is loaded",
  },
  {
    name: "keyProviderStatus(): a key that cannot be used",
    status: keyProviderStatus({ ...keyProvider, problem: 'Key "bob" is RSA 512' }),
    expected:
      "Ready=False/KeyUnusable Accepted=True/Valid TrustResolved=False/KeyUnusable Programmed=True/AllReplicas Stalled=True/KeyUnusable",
  },
  {
    name: "keyProviderStatus(): the last good keys of a Secret that is of no use now: an edit of it comes in by watch",
    status: keyProviderStatus({ ...keyProvider, readsMaterial: true, problem: stale }),
    expected:
      "Ready=False/KeyUnusable Accepted=True/Valid TrustResolved=False/KeyUnusable Programmed=True/AllReplicas Reconciling=True/ProgressingWithRetry",
    message: stale,
  },
  {
    name: "keyProviderStatus(): the Secret does not exist",
    status: keyProviderStatus({ ...keyProvider, keys: [], readsMaterial: true, isMissing: true, problem: "Secret/release does not exist" }),
    expected:
      "Ready=False/RefNotFound Accepted=True/Valid TrustResolved=False/RefNotFound Programmed=True/AllReplicas Reconciling=True/ProgressingWithRetry",
    message: "Secret/release does not exist",
  },
  {
    name: "keyProviderStatus(): an invalid spec, whatever it reads",
    status: keyProviderStatus({ ...keyProvider, ...invalid, keys: [], readsMaterial: true }),
    expected:
      "Ready=False/InvalidSpec Accepted=False/InvalidSpec TrustResolved=Unknown/Pending Programmed=True/AllReplicas Stalled=True/InvalidSpec",
  },
];
for (const { name, status, expected, message } of rows) {
  test(name, () => {
    lintConditions({ ...status, conditions: (status.conditions ?? []) as never }, 2);
    assert.equal(brief(status), expected);
    if (message !== undefined) assert.equal(status.conditions?.[0]?.message, message);
  });
}

test("authProviderStatus() shows a conflict on both sides", () => {
  const kept =
    claimsByKeeper(
      new Map([
        ["younger", [{ pattern: "*.azurecr.io", keptBy: "older" }]],
        ["third", [{ pattern: "*.azurecr.io", keptBy: "older" }]],
      ]),
    ).get("older") ?? [];
  const acceptedMessage = (status: Conditions): string | undefined => status.conditions?.find(({ type }) => type === "Accepted")?.message;
  assert.equal(
    acceptedMessage(authProviderStatus({ ...provider, kept })),
    'Pattern "*.azurecr.io" is also claimed by AuthProvider/younger, which does not get it (and 1 more)',
  );
  assert.equal(
    acceptedMessage(authProviderStatus({ ...provider, ...losing })),
    'PatternConflict: Pattern "*.azurecr.io" belongs to the older AuthProvider/older',
  );
});

test("authProviderStatus() shows what does not stop it", () => {
  const state = { ...resolved, warnings: ['key "*.azurecr.io" of Secret/acr is ignored'] };
  const { conditions } = authProviderStatus({ ...provider, state });
  assert.equal(
    conditions?.find(({ type }) => type === "CredentialsResolved")?.message,
    'Secret/acr has a credential; key "*.azurecr.io" of Secret/acr is ignored',
  );
});

test("keyProviderStatus() lists keys by fingerprint and nothing else of them", () => {
  assert.deepEqual(
    keyProviderStatus({ ...keyProvider, keys: [{ ...(keyProvider.keys[0] as (typeof keyProvider.keys)[0]), key: "secret" } as never] })
      .keys,
    [{ name: "alice", algorithm: "ECDSA P-256", fingerprint: "sha256:ab" }],
  );
});
