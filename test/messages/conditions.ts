import type { Condition } from "../../src/api/condition.ts";
import { errorClasses, remedies } from "../../src/api/error-class.ts";
import type { Kind } from "../../src/api/object.ts";
import { reasons } from "../../src/api/reasons.ts";
import { candidateReasonText, policyReasonText, storeReasonText } from "../../src/cli/explanation-text.ts";
import { tapeAdvice } from "../../src/cli/tape-advice.ts";
import { observeStore, reachabilityOf, renewStoreHealth, type StoreHealth } from "../../src/health/store-health.ts";
import { statusOf } from "../../src/operator/status-of.ts";
import { anonymous, cosign, fromSecret, inline, policy, refs, registry, World } from "../snapshot/fixture.ts";
import type { Situation, Situations } from "./situation.ts";

const now = Date.UTC(2026, 0, 31);
const day = 86_400_000;

/** Every condition of an object, as the API server is told. */
const status = (
  when: string,
  { kind, name = "x" }: { readonly kind: Kind; readonly name?: string },
  fill: (world: World) => void,
  health?: StoreHealth,
): Situation => ({
  when,
  says: () => {
    const world = new World();
    fill(world);
    const context = {
      snapshot: world.compile(),
      health: () => (health === undefined ? undefined : reachabilityOf(health)),
      now,
      standing: undefined,
    };
    const conditions: readonly Condition[] = statusOf({ kind, name }, context)?.conditions ?? [];
    return conditions.map(({ type, status: holds, reason, message }) => `${type}=${holds} ${reason}: ${message}`).join("\n");
  },
});

/** A Store's host that was asked once, or not yet. */
function asked(failure?: "ConnectionRefused" | "none"): StoreHealth {
  const endpoint = "a.io";
  const state = renewStoreHealth(undefined, { uid: "u", generation: 1, suspend: false, endpoints: [endpoint] });
  if (failure === undefined) return state;
  const shared = { endpoint, source: "probe", time: now, latencyMs: 20 } as const;
  const bad = { ...shared, failure: { class: "ConnectionRefused", message: "a.io: the connection was refused (ECONNREFUSED)" } } as const;
  return observeStore(state, failure === "none" ? { ...shared, authProvider: "acr" } : bad, { failureThreshold: 3 });
}

const store = { kind: "Store" } as const;
const stores: Situations = [
  status("a Store works", store, (world) => world.put("Store", "x", registry(["a.io"])), asked("none")),
  status("a Store has not been asked", store, (world) => world.put("Store", "x", registry(["a.io"])), asked()),
  status("a Store's hosts are behind a wildcard", store, (world) => world.put("Store", "x", registry(["*.a.io"]))),
  status("a Store does not answer", store, (world) => world.put("Store", "x", registry(["a.io"])), asked("ConnectionRefused")),
  status("a Store is suspended", store, (world) => world.put("Store", "x", registry(["a.io"], { suspend: true })), asked()),
  status("a Store's rewrite has a wildcard", store, (world) =>
    world.put("Store", "x", registry(["a.io"], { registry: { rewrite: [{ from: "*.a.io", to: "b.io/x" }] } })),
  ),
  status("a Store is of an unknown type", store, (world) => world.put("Store", "x", { scopes: ["a.io"], type: "magic" })),
  status("a Store is invalid", store, (world) => world.put("Store", "x", registry(["*.io"], { typo: true }))),
  status(
    "a Store names an AuthProvider that does not exist",
    store,
    (world) => world.put("Store", "x", registry(["a.io"], refs("gone"))),
    asked(),
  ),
  status(
    "a Store's host has no AuthProvider, and needs one",
    store,
    (world) => world.put("Store", "x", registry(["a.io"], { registry: { unmatched: "Deny" } })),
    asked(),
  ),
  status(
    "a Store's AuthProvider has no credential",
    store,
    (world) => {
      world.put("AuthProvider", "acr", fromSecret("pull", "a.io"));
      world.put("Store", "x", registry(["a.io"]));
    },
    asked(),
  ),
];

const provider = { kind: "AuthProvider" } as const;
const providers: Situations = [
  status("an AuthProvider works", provider, (world) => world.put("AuthProvider", "x", anonymous("a.io"))),
  status("an AuthProvider is invalid", provider, (world) => world.put("AuthProvider", "x", anonymous("*.io"))),
  status("an AuthProvider's Secret does not exist", provider, (world) => world.put("AuthProvider", "x", fromSecret("pull", "a.io"))),
  ...(["x", "younger"] as const).map((name) =>
    status(`a pattern is claimed twice (${name === "x" ? "the older" : "the younger"})`, { kind: "AuthProvider", name }, (world) => {
      world.put("AuthProvider", "x", anonymous("a.io", "b.io"));
      world.put("AuthProvider", "younger", anonymous("a.io"));
      world.put("Store", "all", registry(["*"]));
    }),
  ),
  status("a pattern of several is claimed by an older AuthProvider", provider, (world) => {
    world.put("AuthProvider", "older", anonymous("a.io"));
    world.put("AuthProvider", "x", anonymous("a.io", "b.io"));
    world.put("Store", "all", registry(["*"]));
  }),
];

const verifier = { kind: "Verifier" } as const;
const keyed = { kind: "KeyProvider" } as const;
const rule = { kind: "Policy" } as const;
const trusting = (world: World): void => {
  world.put("KeyProvider", "keys", inline);
  world.put("Verifier", "release", cosign("keys"));
};
const ending = (at: number): object => ({
  exceptions: [{ scopes: ["a.io/legacy"], expirationTime: `${new Date(at).toISOString().slice(0, 19)}Z`, reason: "SEC-142" }],
});
const others: Situations = [
  status("a Verifier's KeyProvider does not exist", verifier, (world) => world.put("Verifier", "x", cosign("gone"))),
  status("a Verifier has no keys", verifier, (world) => {
    world.put("KeyProvider", "keys", inline);
    world.put("Verifier", "x", cosign("keys"));
  }),
  status("a Verifier is invalid", verifier, (world) => world.put("Verifier", "x", { type: "cosign" })),
  status("a KeyProvider gives no key", keyed, (world) => world.put("KeyProvider", "x", inline)),
  status("a KeyProvider is invalid", keyed, (world) => world.put("KeyProvider", "x", { type: "inline" })),
  status("a Policy's Verifier does not exist", rule, (world) => world.put("Policy", "x", policy(["a.io"], ["gone"]))),
  status("a Policy is invalid", rule, (world) => world.put("Policy", "x", { scopes: ["a.io"] })),
  status("a Policy's expression cannot be compiled", rule, (world) =>
    world.put("Policy", "x", { scopes: ["a.io"], require: [{ expression: "1 +" }] }),
  ),
  status("a Policy's exception ends within a week", rule, (world) => {
    trusting(world);
    world.put("Policy", "x", policy(["a.io"], ["release"], ending(now + day)));
  }),
  status("a Policy's exception has ended", rule, (world) => {
    trusting(world);
    world.put("Policy", "x", policy(["a.io"], ["release"], ending(now - day)));
  }),
];

export const conditions: Situations = [...stores, ...providers, ...others];

const table = (rows: Readonly<Record<string, string>>): string =>
  Object.entries(rows)
    .map(([word, text]) => `${word}: ${text}`)
    .join("\n");

/** Words of closed lists, and what each of them means or asks for. */
export const words: Situations = [
  { when: "an error is of a class", says: () => errorClasses.map((name) => `${name}: ${remedies[name]}`).join("\n") },
  {
    when: "a condition has a reason",
    says: () => table(Object.fromEntries(Object.entries(reasons).map(([word, { means }]) => [word, means]))),
  },
  { when: "a recording cannot be made or played", says: () => table(tapeAdvice) },
  { when: "explain says why a Store is asked", says: () => table(storeReasonText) },
  { when: "explain says why a Policy applies", says: () => table(policyReasonText) },
  { when: "explain says which AuthProvider answers", says: () => table(candidateReasonText) },
];
