import { bool, type CelType, int, listOf, mapOf, object, string } from "./cel-type.ts";

const signer = object("a signer", { id: string, name: string });

const evidence = object("an entry of evidence", {
  digest: string,
  artifactType: string,
  mediaType: string,
  size: int,
  verifier: string,
  verified: bool,
  reason: string,
  signers: listOf(signer),
  annotations: mapOf(string),
});

/** What an expression sees, as docs/reference/expressions.md describes it: an `ExpressionInput` (api/expression.ts), whose `namespace` is a reserved word in CEL. */
export const variables: Readonly<Record<string, CelType>> = {
  image: object("image", { reference: string, registry: string, repository: string, tag: string, digest: string }),
  namespaceObject: object("namespaceObject", { name: string, labels: mapOf(string) }),
  evidence: listOf(evidence),
};

/** Names of types, for comparison with `type()`. */
export const typeNames: ReadonlySet<string> = new Set([
  "bool",
  "bytes",
  "double",
  "int",
  "list",
  "map",
  "null_type",
  "string",
  "type",
  "uint",
]);
