import type * as Cel from "@bufbuild/cel";

/** The library, for types only: it is loaded by load.ts and nowhere else. */
export type CelLibrary = typeof Cel;
export type CelEnvironment = ReturnType<CelLibrary["celEnv"]>;
export type CelFunction = ReturnType<CelLibrary["celFunc"]>;
export type ParsedExpression = ReturnType<CelLibrary["parse"]>;
/** A node of the syntax tree (cel-spec `cel.expr.Expr`). */
export type Node = ParsedExpression["expr"];
export type NodeOf<K extends Exclude<Node["exprKind"]["case"], undefined>> = Extract<Node["exprKind"], { readonly case: K }>["value"];
