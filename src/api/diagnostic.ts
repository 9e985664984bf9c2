/** A defect of one object, found while decoding or compiling; data, never thrown. */
export interface Diagnostic {
  /** Reason of the `Accepted` (or `CredentialsResolved`) condition, CamelCase, from the closed list in docs/reference/reasons.md. */
  readonly reason: string;
  /** As the API server writes it: `spec.registries[0]`; absent where the defect is of the whole object. */
  readonly path?: string;
  /** ≤ 256 bytes; echoes patterns, references, type and object names only. */
  readonly message: string;
}

/** A decoded object: its spec, or what is wrong with it and what could be saved of it (design 2.1: nothing invalid disappears). */
export type Decoded<Spec, Salvage> =
  | { readonly ok: true; readonly spec: Spec }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly salvage: Salvage };

const longestMessage = 256;

/** Cuts a message to 256 bytes of UTF-8, between characters; control and other invisible characters become `?`. */
export function boundedMessage(message: string): string {
  // A character is a byte at least: what is behind these is cut off anyway.
  const shown = message.slice(0, longestMessage + 1).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  const bytes = new TextEncoder().encode(shown);
  if (bytes.length <= longestMessage) return shown;
  return `${new TextDecoder().decode(bytes.subarray(0, longestMessage - 3), { stream: true })}...`;
}
