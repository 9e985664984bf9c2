import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { LabelSelector } from "../../src/api/policy.ts";
import { type Match, type NamespaceLabels, selects } from "../../src/snapshot/namespace-selector.ts";

type Expression = LabelSelector["matchExpressions"][number];
function selector(labels: Readonly<Record<string, string>>, ...matchExpressions: readonly Expression[]): LabelSelector {
  return { matchLabels: new Map(Object.entries(labels)), matchExpressions };
}
const stage = (operator: Expression["operator"], ...values: readonly string[]): Expression => ({ key: "stage", operator, values });
const named = (...values: readonly string[]): Expression => ({ key: "kubernetes.io/metadata.name", operator: "In", values });

const prod: NamespaceLabels = { name: "team-a", labels: { stage: "prod", owner: "a" } };
const bare: NamespaceLabels = { name: "team-a", labels: {} };
const unseen: NamespaceLabels = { name: "team-a" };

const rows: readonly (readonly [what: string, selector: LabelSelector, onProd: Match, onBare: Match, onUnseen: Match])[] = [
  ["an empty one", selector({}), "Yes", "Yes", "Yes"],
  ["a label", selector({ stage: "prod" }), "Yes", "No", "Maybe"],
  ["another value", selector({ stage: "dev" }), "No", "No", "Maybe"],
  ["two labels of which one is another", selector({ stage: "prod", owner: "b" }), "No", "No", "Maybe"],
  ["In", selector({}, stage("In", "dev", "prod")), "Yes", "No", "Maybe"],
  ["NotIn", selector({}, stage("NotIn", "prod")), "No", "Yes", "Maybe"],
  ["Exists", selector({}, stage("Exists")), "Yes", "No", "Maybe"],
  ["DoesNotExist", selector({}, stage("DoesNotExist")), "No", "Yes", "Maybe"],
  ["the name", selector({}, named("team-a")), "Yes", "Yes", "Yes"],
  ["another name", selector({}, named("team-b")), "No", "No", "No"],
  ["the name as a label", selector({ "kubernetes.io/metadata.name": "team-a" }), "Yes", "Yes", "Yes"],
  ["another name, and a label that nobody knows", selector({ stage: "prod" }, named("team-b")), "No", "No", "No"],
  ["a label that every object inherits", selector({ constructor: "x" }), "No", "No", "Maybe"],
  [
    "no such label as every object inherits",
    selector({}, { key: "toString", operator: "DoesNotExist", values: [] }),
    "Yes",
    "Yes",
    "Maybe",
  ],
];

describe("selects() answers with labels, without any, and without knowing them", () => {
  for (const [what, asked, onProd, onBare, onUnseen] of rows) {
    it(what, () => {
      assert.deepEqual(
        [prod, bare, unseen].map((namespace) => selects(asked, namespace)),
        [onProd, onBare, onUnseen],
      );
    });
  }
});

test("selects() goes by the namespace's own name, whatever its labels say it is", () => {
  const liar: NamespaceLabels = { name: "team-b", labels: { "kubernetes.io/metadata.name": "team-a" } };
  assert.equal(selects(selector({}, named("team-a")), liar), "No");
  assert.equal(selects(selector({}, named("team-b")), liar), "Yes");
});
