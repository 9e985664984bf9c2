import assert from "node:assert/strict";
import { test } from "node:test";
import { type Mutant, testMutants } from "./harness.ts";

const mutants: readonly Mutant[] = [
  [
    "tenancy",
    "a namespace sees every AuthProvider of the cluster",
    "keychain-views.ts",
    "const visible = this.#visible.get(request.namespace ?? cluster);",
    "const visible = this.#visible.get(cluster);",
  ],
  [
    "tenancy",
    "a missing AuthProvider opens the view to all",
    "keychain-views.ts",
    "request.refs === undefined ?",
    "request.refs === undefined || request.refs.every((id) => visible?.has(id) !== true) ?",
  ],
  ["tenancy", "the cluster sees AuthProviders of namespaces", "keychain-views.ts", ": [meta.namespace];", ": [cluster, meta.namespace];"],
  [
    "tenancy",
    "what is not shared any more stays in view",
    "keychain-views.ts",
    "for (const realm of realmsOf(before))",
    "for (const realm of [])",
  ],
  ["tenancy", "a reader reaches other namespaces", "material.ts", 'if (name.includes("/")) return undefined;', ""],
  [
    "tenancy",
    "a namespace reads Secrets of the operator's",
    "material.ts",
    "...(this.#namespace !== undefined && { namespace: this.#namespace })",
    "",
  ],
  [
    "tenancy",
    "conflicts within a namespace show in the cluster's objects",
    "snapshot.ts",
    'if (provider.includes("/") !== (view.namespace !== undefined)) continue;',
    "",
  ],
  [
    "tenancy",
    "an object says by which schema it is read",
    "identity.ts",
    'raw: ownValue(raw, "kind") === kind ? raw : withKind(raw, kind)',
    "raw",
  ],
  ["tenancy", "a namespace without a policy has a say", "views.ts", "if (policies.length === 0) return undefined;", ""],
  [
    "tenancy",
    "a reference to an own object means the cluster's",
    "compile-policy.ts",
    "resolveRef(leaf.verifier, namespace)",
    'leaf.verifier.replace("./", "")',
  ],
  [
    "tenancy",
    "a namespace's own KeyProviders are the cluster's",
    "compile-verifier.ts",
    "resolveRef(ref, meta.namespace)",
    'ref.replace("./", "")',
  ],
  ["policy-view", "a Policy that warns replaces the built-in one", "view-parts.ts", 'spec.enforcement === "Enforce"', "true"],
  [
    "policy-view",
    "an invalid Policy does not enforce",
    "view-parts.ts",
    "spec === undefined || problem !== undefined || spec.enforcement",
    "spec?.enforcement",
  ],
  ["policy-view", "what may not apply replaces the built-in policy", "views.ts", "isCertain && enforces(policy)", "enforces(policy)"],
  [
    "policy-view",
    "excluded images are not",
    "views.ts",
    "!excludeScopes.some((scope) => matchesScope(scope, repository))",
    "excludeScopes.length >= 0",
  ],
  ["policy-view", "every namespace is selected", "views.ts", 'return match === "No" ? [] :', "return"],
  [
    "policy-view",
    "exceptions of other images count",
    "view-parts.ts",
    "({ scopes }) => scopes.some((scope) => matchesScope(scope, repository))",
    "({ scopes }) => scopes.length > 0",
  ],
  [
    "policy-view",
    "an unreadable expression is let through",
    "compile-policy.ts",
    "if (checked.ok) return [];",
    "if (checked.ok || true) return [];",
  ],
  [
    "policy-view",
    "an expression sees only what is named",
    "view-verifiers.ts",
    "options.all || asking.some(({ hasExpression }) => hasExpression)",
    "options.all",
  ],
  ["policy-view", "the built-in policy sees only what is named", "view-verifiers.ts", "options.all || asking", "asking"],
  ["policy-view", "signers of content are not looked for", "view-verifiers.ts", "queue.push(...(entry.verifier?.signedBy ?? []));", ""],
  [
    "policy-view",
    "a Verifier judges images out of its scopes",
    "view-parts.ts",
    "if (isOutOfScope(entry, repository)) return",
    "if (entry === null) return",
  ],
  [
    "policy-view",
    "a missing Verifier is no problem",
    "view-parts.ts",
    'if (entry === undefined) return { name, problem: `${keyOfId("Verifier", name)} does not exist` };',
    "if (entry === undefined) return { name };",
  ],
  [
    "namespace-selector",
    "labels that nobody has seen are taken for absent",
    "namespace-selector.ts",
    "namespace.labels === undefined",
    "namespace.labels === null",
  ],
  ["namespace-selector", "a namespace is called what its labels say", "namespace-selector.ts", "if (key === nameLabel) return name;", ""],
  [
    "namespace-selector",
    "inherited members count as labels",
    "namespace-selector.ts",
    "Object.hasOwn(labels, key) ? labels[key] : undefined",
    "labels[key]",
  ],
  [
    "policy-revision",
    "a policy is no part of the revision",
    "views.ts",
    'return `${objectKey("Policy", entry.meta)}=${entry.revision}`;',
    'return objectKey("Policy", entry.meta);',
  ],
  [
    "policy-revision",
    "a Verifier that is for other images now changes nothing",
    "view-parts.ts",
    "return isOutOfScope(entry, repository) ? `${name} out of scope` : `${name}=${entry.revision}`;",
    "return `${name}`;",
  ],
  ["policy-revision", "a Policy with an expression is compiled once", "compile-policy.ts", "&& !before.hasExpression", ""],
  [
    "view",
    "an AuthProvider that answers is no part of the revision",
    "view-parts.ts",
    '`${selection.outcome}:${provider ?? ""}`',
    "selection.outcome",
  ],
  [
    "incremental",
    "whoever refers to what has changed is not told",
    "compiler.ts",
    "for (const user of this.#references.usersOf(key)) this.#mark(user, pass);\n    this.#realms",
    "this.#realms",
  ],
  ["incremental", "a Store keeps the keychain of yesterday", "compile-store.ts", "before.view === view &&", ""],
  [
    "incremental",
    "an object that was made anew is taken for the old one",
    "identity.ts",
    "before.meta.uid === meta.uid && before.meta",
    "before.meta",
  ],
];

testMutants({ name: "snapshot", needs: ["src", "test/api", "test/snapshot", "test/support", "test/golden/snapshot"] }, mutants);

// Written here and not in the harness: a file of tests that holds none is taken for a mistake.
test("every mutant of snapshot/ is another edit", () => {
  const edits = mutants.map(([, , file, from, to]) => JSON.stringify([file, from, to]));
  assert.equal(new Set(edits).size, edits.length);
});
