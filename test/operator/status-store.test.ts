import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { errorClasses } from "../../src/api/error-class.ts";
import { storeStatus as storeStatusSchema, type StoreStatus } from "../../src/api/status.ts";
import { Findings, walk } from "../../src/api/walk.ts";
import { observeStore, reachabilityOf, renewStoreHealth, type StoreHealth } from "../../src/health/store-health.ts";
import type { ErrorClass } from "../../src/api/error-class.ts";
import type { ProviderState, Selection } from "../../src/keychain/ports.ts";
import { parsePattern } from "../../src/oci/pattern.ts";
import type { StoreStatusInput } from "../../src/operator/status-input.ts";
import { isStoreStatusPending, storeStatus } from "../../src/operator/status-store.ts";
import { lintConditions } from "./status-linter.ts";

const now = Date.UTC(2026, 0, 31, 12);
const earlier = "2026-01-01T00:00:00Z";

function scope(text: string): StoreStatusInput["scopes"][number] {
  const parsed = parsePattern(text);
  assert.ok(parsed.ok);
  return { kind: "pattern", pattern: parsed.value };
}
function selected(provider: string): Selection {
  return { outcome: "Selected", provider, pattern: "*.azurecr.io", candidates: [] };
}
const anonymous: Selection = { outcome: "Anonymous", candidates: [] };
const resolved: ProviderState = { ready: true, reason: "Resolved", message: "Secret/acr has a credential", warnings: [] };
const missing: ProviderState = { ready: false, reason: "RefNotFound", message: "Secret/acr does not exist", warnings: [] };

function health(endpoints: readonly string[], ...failures: readonly (ErrorClass | undefined)[]): StoreHealth {
  let state = renewStoreHealth(undefined, { uid: "u", generation: 7, suspend: false, endpoints });
  for (const [at, failure] of failures.entries()) {
    const endpoint = endpoints[at] ?? "";
    state = observeStore(
      state,
      {
        endpoint,
        source: "probe",
        time: now,
        latencyMs: 83.7,
        ...(failure === undefined
          ? { authProvider: "acr" }
          : { failure: { class: failure, message: `${endpoint} failed with ${failure}` } }),
      },
      { failureThreshold: 3 },
    );
  }
  return state;
}
function input(more: Partial<StoreStatusInput> & { readonly health?: StoreHealth } = {}): StoreStatusInput {
  const { health: known = health(["acme.azurecr.io"], undefined), ...rest } = more;
  return {
    name: "production",
    generation: 7,
    now,
    diagnostics: [],
    programmed: true,
    scopes: [scope("acme.azurecr.io")],
    suspend: false,
    hosts: [{ endpoint: "acme.azurecr.io", selection: selected("acr") }],
    providers: new Map([["acr", resolved]]),
    reachability: reachabilityOf(known),
    ...rest,
  };
}
function brief(status: StoreStatus): readonly string[] {
  return (status.conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`);
}

test("storeStatus() of a healthy Store is exactly this", () => {
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: "True" as const,
    reason,
    message,
    observedGeneration: 7,
    lastTransitionTime: "2026-01-31T12:00:00Z",
  });
  assert.deepEqual(storeStatus(input()), {
    observedGeneration: 7,
    conditions: [
      condition("Ready", "Succeeded", "acme.azurecr.io answers with AuthProvider/acr"),
      condition("Accepted", "Valid", "The spec is valid"),
      condition("CredentialsResolved", "Resolved", "AuthProvider/acr answers for acme.azurecr.io"),
      condition("Reachable", "CheckSucceeded", "acme.azurecr.io answers with AuthProvider/acr"),
      condition("Programmed", "AllReplicas", "Every replica serves this generation"),
    ],
    registry: "acme.azurecr.io",
    auth: "acr",
    endpoints: [
      {
        endpoint: "acme.azurecr.io",
        state: "Healthy",
        reason: "CheckSucceeded",
        latencyMilliseconds: 84,
        authProvider: "acr",
        consecutiveFailures: 0,
        lastCheckTime: "2026-01-31T12:00:00Z",
        lastSuccessTime: "2026-01-31T12:00:00Z",
      },
    ],
    consecutiveFailures: 0,
    lastCheckTime: "2026-01-31T12:00:00Z",
    lastSuccessTime: "2026-01-31T12:00:00Z",
    latencyMilliseconds: 84,
  });
});

test("storeStatus() of a failing Store names the error in Ready, Reachable, its endpoint and lastError", () => {
  const status = storeStatus(input({ health: health(["acme.azurecr.io"], "ConnectionRefused") }));
  assert.deepEqual(brief(status), [
    "Ready=False/ConnectionRefused",
    "Accepted=True/Valid",
    "CredentialsResolved=True/Resolved",
    "Reachable=False/ConnectionRefused",
    "Programmed=True/AllReplicas",
    "Reconciling=True/ProgressingWithRetry",
  ]);
  assert.deepEqual(status.lastError, {
    class: "ConnectionRefused",
    message: "acme.azurecr.io failed with ConnectionRefused",
    firstTime: "2026-01-31T12:00:00Z",
    time: "2026-01-31T12:00:00Z",
    count: 1,
  });
  assert.equal(status.endpoints?.[0]?.message, "acme.azurecr.io failed with ConnectionRefused");
});

const wildcardOnly = health([]);
const rows: {
  readonly name: string;
  readonly input: StoreStatusInput;
  readonly ready: string;
  readonly mark?: string;
  readonly pending?: boolean;
}[] = [
  {
    name: "not probed yet",
    input: input({ health: health(["acme.azurecr.io"]) }),
    ready: "Unknown/Progressing",
    mark: "Reconciling/Progressing",
    pending: true,
  },
  {
    name: "not published yet",
    input: input({ programmed: false }),
    ready: "Unknown/Progressing",
    mark: "Reconciling/Progressing",
    pending: true,
  },
  { name: "only hosts behind wildcards, none met", input: input({ health: wildcardOnly, hosts: [] }), ready: "True/NotProbed" },
  { name: "no answer of a prober at all", input: { ...input(), reachability: undefined as never }, ready: "True/NotProbed" },
  {
    name: "an invalid spec",
    input: input({ diagnostics: [{ reason: "InvalidSpec", path: "spec.scopes[1]", message: 'scope "a/*" has "*" in a path' }] }),
    ready: "False/InvalidSpec",
    mark: "Stalled/InvalidSpec",
  },
  {
    name: "an AuthProvider named that does not exist",
    input: input({ authProviderRefs: ["acr", "gone"] }),
    ready: "False/ProviderNotFound",
    mark: "Reconciling/ProgressingWithRetry",
  },
  {
    name: "the Secret of its AuthProvider missing",
    input: input({ providers: new Map([["acr", missing]]) }),
    ready: "False/RefNotFound",
    mark: "Reconciling/ProgressingWithRetry",
  },
  {
    name: "two patterns of equal rank",
    input: input({
      hosts: [
        { endpoint: "acme.azurecr.io", selection: { outcome: "PatternConflict", reason: "PatternConflict", message: "m", candidates: [] } },
      ],
    }),
    ready: "False/PatternConflict",
    mark: "Stalled/PatternConflict",
  },
  {
    name: "no AuthProvider, and unmatched: Deny",
    input: input({ hosts: [{ endpoint: "acme.azurecr.io", selection: { outcome: "Denied", candidates: [] } }] }),
    ready: "False/HostNotAllowed",
    mark: "Stalled/HostNotAllowed",
  },
  {
    name: "an anonymous Store of a private registry",
    input: input({
      hosts: [{ endpoint: "acme.azurecr.io", selection: anonymous }],
      health: health(["acme.azurecr.io"], "AuthenticationFailed"),
    }),
    ready: "False/AuthenticationFailed",
    mark: "Reconciling/ProgressingWithRetry",
  },
  {
    name: "a credential without the right",
    input: input({ health: health(["acme.azurecr.io"], "AuthorizationDenied") }),
    ready: "False/AuthorizationDenied",
    mark: "Stalled/AuthorizationDenied",
  },
  {
    name: "one of two hosts not probed yet",
    input: input({ health: health(["acme.azurecr.io", "ghcr.io"], undefined) }),
    ready: "Unknown/Progressing",
    mark: "Reconciling/Progressing",
    pending: true,
  },
  {
    name: "one of two hosts failing",
    input: input({ health: health(["acme.azurecr.io", "ghcr.io"], undefined, "Timeout") }),
    ready: "False/Timeout",
    mark: "Reconciling/ProgressingWithRetry",
  },
  {
    name: "suspended before it was ever probed",
    input: input({ suspend: true, health: health(["acme.azurecr.io"]) }),
    ready: "True/NotProbed",
  },
  { name: "suspended while healthy", input: input({ suspend: true }), ready: "True/Succeeded" },
  {
    name: "suspended while failing",
    input: input({ suspend: true, health: health(["acme.azurecr.io"], "Timeout") }),
    ready: "False/Timeout",
    mark: "Reconciling/ProgressingWithRetry",
  },
];
for (const { name, input, ready, mark, pending } of rows) {
  test(`storeStatus(): ${name} is Ready=${ready}`, () => {
    const status = storeStatus(input);
    lintConditions(status, input.generation);
    assert.equal(brief(status)[0], `Ready=${ready}`);
    const marks = brief(status).filter((text) => /^(Reconciling|Stalled)=/.test(text));
    assert.deepEqual(marks, mark === undefined ? [] : [mark.replace("/", "=True/")]);
    assert.equal(isStoreStatusPending(input), pending ?? false);
  });
}

test("storeStatus() copies the first False of Accepted, CredentialsResolved, Reachable, Programmed into Ready, words included", () => {
  const status = storeStatus(
    input({ providers: new Map([["acr", missing]]), health: health(["acme.azurecr.io"], "CredentialUnavailable") }),
  );
  const [ready, , credentials] = status.conditions ?? [];
  assert.deepEqual([ready?.reason, ready?.message], ["RefNotFound", "Secret/acr does not exist"]);
  assert.equal(credentials?.status, "False");
});

test("storeStatus() writes what the columns cannot compute", () => {
  const scopes = [
    scope("acme.azurecr.io"),
    scope("*.dkr.ecr.*.amazonaws.com"),
    scope("ghcr.io/acme"),
    scope("ghcr.io/other"),
    scope("localhost:5000/x"),
  ];
  const hosts = ["acme.azurecr.io", "ghcr.io", "localhost:5000"].map((endpoint, at) => ({
    endpoint,
    selection: at === 0 ? anonymous : selected(["", "acr", "local"][at] ?? ""),
  }));
  const { registry, auth } = storeStatus(
    input({
      scopes,
      hosts,
      providers: new Map([
        ["acr", resolved],
        ["local", resolved],
      ]),
    }),
  );
  assert.deepEqual({ registry, auth }, { registry: "acme.azurecr.io (+3)", auth: "acr (+1)" });
  const none = storeStatus(input({ scopes: [{ kind: "all" }], hosts: [{ endpoint: "acme.azurecr.io", selection: anonymous }] }));
  assert.deepEqual([none.registry, none.auth], ["*", "-"]);
  assert.equal(storeStatus(input({ hosts: [], authProviderRefs: ["acr"] })).auth, "acr");
});

test("storeStatus() keeps lastTransitionTime unless the status flips", () => {
  const before = storeStatus(input());
  const current: StoreStatus = {
    ...before,
    conditions: before.conditions?.map((condition) => ({ ...condition, lastTransitionTime: earlier })) ?? [],
  };
  const same = storeStatus(input({ generation: 8, current }));
  assert.ok(same.conditions?.every((condition) => condition.lastTransitionTime === earlier && condition.observedGeneration === 8));
  const failing = storeStatus(input({ current, health: health(["acme.azurecr.io"], "Timeout") }));
  const times = Object.fromEntries(failing.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime === earlier]) ?? []);
  assert.deepEqual(times, {
    Ready: false,
    Accepted: true,
    CredentialsResolved: true,
    Reachable: false,
    Programmed: true,
    Reconciling: false,
  });
});

test("storeStatus() passes the schema and the condition linter, whatever the input", () => {
  const anySelection = fc.constantFrom<Selection>(
    anonymous,
    selected("acr"),
    selected("gone"),
    { outcome: "Denied", candidates: [] },
    { outcome: "CredentialUnavailable", reason: "NoMatchingKey", message: "m", candidates: [] },
  );
  const anyInput = fc.record({
    diagnostics: fc.array(
      fc.record({
        reason: fc.constant("InvalidSpec"),
        path: fc.constant("spec.scopes[0]"),
        message: fc.string({ minLength: 1, maxLength: 300 }),
      }),
      { maxLength: 2 },
    ),
    programmed: fc.boolean(),
    suspend: fc.boolean(),
    endpoints: fc.array(fc.constantFrom("a.io", "b.io", "c.io"), { maxLength: 3 }).map((endpoints) => [...new Set(endpoints)]),
    outcomes: fc.array(fc.option(fc.constantFrom(...errorClasses), { nil: undefined }), { maxLength: 3 }),
    selection: anySelection,
    state: fc.constantFrom(resolved, missing),
  });
  fc.assert(
    fc.property(anyInput, ({ endpoints, outcomes, selection, state, ...rest }) => {
      const status = storeStatus(
        input({
          ...rest,
          hosts: endpoints.map((endpoint) => ({ endpoint, selection })),
          providers: new Map([["acr", state]]),
          health: health(endpoints, ...outcomes.slice(0, endpoints.length)),
        }),
      );
      lintConditions(status, 7);
      const findings = new Findings();
      walk(storeStatusSchema, JSON.parse(JSON.stringify(status)), "status", findings);
      assert.deepEqual(findings.diagnostics, []);
    }),
    { numRuns: 200, interruptAfterTimeLimit: 4000 },
  );
});
