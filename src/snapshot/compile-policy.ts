import { boundedMessage, type Diagnostic } from "../api/diagnostic.ts";
import { keyOfId, resolveRef } from "../api/object.ts";
import { decodePolicy, type PolicySpec } from "../api/policy.ts";
import type { RequirementSpec } from "../api/requirement.ts";
import { ownValue } from "../api/walk.ts";
import type { ViewRequirement } from "../engine/view.ts";
import type { CompiledPolicy } from "./compiled.ts";
import type { Factories } from "./factories.ts";
import { firstDefect, type Identified, isSame } from "./identity.ts";
import { revisionOf } from "./revision.ts";

/** An invalid Policy stays where it may have been meant for, and allows nothing there (design 2.1). */
export function compilePolicy(
  object: Identified,
  before: CompiledPolicy | undefined,
  deps: { readonly factories: Factories },
): CompiledPolicy {
  const { meta, key, raw } = object;
  // A refused expression is tried again: what compiles it may not have been loaded then.
  if (before !== undefined && isSame(before, object) && !before.hasExpression) return { ...before, meta };
  const decoded = decodePolicy(raw);
  const { scopes, excludeScopes, namespaceSelector } = decoded.ok ? decoded.spec : decoded.salvage;
  const requirements = decoded.ok ? decoded.spec.require.map((requirement) => toRequirement(requirement, meta.namespace)) : [];
  const verifiers = verifiersOf(requirements);
  const diagnostics = decoded.ok ? expressionDefects(decoded.spec, raw, deps.factories) : decoded.diagnostics;
  const problem = diagnostics.length === 0 ? undefined : boundedMessage(`${key} is invalid: ${firstDefect(diagnostics)}`);
  const revision = revisionOf([meta.uid, String(meta.generation), problem ?? ""]);
  if (before?.revision === revision) return { ...before, meta };
  return {
    kind: "Policy",
    meta,
    diagnostics,
    revision,
    references: verifiers.map((name) => keyOfId("Verifier", name)),
    ...(decoded.ok && { spec: decoded.spec }),
    scopes,
    excludeScopes,
    namespaceSelector,
    requirements,
    verifiers,
    hasExpression: decoded.ok && expressionsOf(decoded.spec).length > 0,
    ...(problem !== undefined && { problem }),
  };
}

/** Whether a raw Policy may have an expression in it: what compiles them is loaded before. */
export function mentionsExpression(raw: unknown): boolean {
  const requirements = itemsOf(ownValue(ownValue(raw, "spec"), "require"));
  const leaves = requirements.flatMap((requirement) => [requirement, ...itemsOf(ownValue(requirement, "anyOf"))]);
  return leaves.some((leaf) => ownValue(leaf, "expression") !== undefined);
}

function toRequirement(requirement: RequirementSpec, namespace: string | undefined): ViewRequirement {
  return {
    ...requirement,
    anyOf: requirement.anyOf.map((leaf) =>
      leaf.type === "expression" ? leaf : { ...leaf, verifier: resolveRef(leaf.verifier, namespace) },
    ),
  };
}

function verifiersOf(requirements: readonly ViewRequirement[]): readonly string[] {
  const leaves = requirements.flatMap(({ anyOf }) => anyOf);
  return [...new Set(leaves.flatMap((leaf) => (leaf.type === "verifier" ? leaf.verifier : [])))].toSorted();
}

interface Placed {
  readonly text: string;
  /** Requirement, and leaf in it. */
  readonly at: readonly [number, number];
}

function expressionsOf({ require }: PolicySpec): readonly Placed[] {
  return require.flatMap(({ anyOf }, entry) =>
    anyOf.flatMap((leaf, at): readonly Placed[] => (leaf.type === "expression" ? [{ text: leaf.expression, at: [entry, at] }] : [])),
  );
}

function expressionDefects(spec: PolicySpec, raw: unknown, factories: Factories): readonly Diagnostic[] {
  const written = itemsOf(ownValue(ownValue(raw, "spec"), "require"));
  return expressionsOf(spec).flatMap(({ text, at: [entry, leaf] }): readonly Diagnostic[] => {
    const checked = factories.expression(text);
    if (checked.ok) return [];
    // A requirement may be written as a single leaf.
    const place = ownValue(written[entry], "anyOf") === undefined ? "" : `.anyOf[${leaf}]`;
    // First, where no bound on the length of a message can take it away.
    const where = checked.line === undefined ? "" : `line ${checked.line}, column ${checked.column ?? 1}: `;
    return [
      {
        reason: "InvalidExpression",
        path: `spec.require[${entry}]${place}.expression`,
        message: boundedMessage(`${where}${checked.message}`),
      },
    ];
  });
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
