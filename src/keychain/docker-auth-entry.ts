import { Secret } from "../kernel/secret.ts";
import type { Credential } from "../oci/credential.ts";
import { asObject, field } from "../oci/json.ts";

/** What one entry of `auths` says; a problem is a phrase without any of its content. */
export type DockerAuthEntry =
  | { readonly ok: true; readonly credential: Omit<Credential, "revision"> }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads an entry as Docker does: `registrytoken` is sent as it is, `identitytoken` is exchanged, and `auth` (base64 of `user:password`, split at the
 * first colon, NULs around the password trimmed) overrides `username` and `password`.
 */
export function decodeDockerAuthEntry(value: unknown): DockerAuthEntry {
  const entry = asObject(value);
  if (entry === undefined) return { ok: false, problem: "is not an object" };
  const registryToken = text(entry, "registrytoken");
  if (registryToken !== undefined) return token("bearer", registryToken);
  const identityToken = text(entry, "identitytoken");
  if (identityToken !== undefined) return token("refreshToken", identityToken);
  const auth = text(entry, "auth");
  if (auth === undefined) return basic(text(entry, "username"), text(entry, "password"));
  const decoded = decodeBase64(auth);
  if (decoded === undefined) return { ok: false, problem: 'has an "auth" that is not base64 of UTF-8 text' };
  const colon = decoded.indexOf(":");
  if (colon < 0) return { ok: false, problem: 'has an "auth" without ":" in it' };
  return basic(decoded.slice(0, colon), decoded.slice(colon + 1));
}

/** A user and a password, as a Secret of type basic-auth has them too. */
export function basic(username: string | undefined, password: string | undefined): DockerAuthEntry {
  const user = username ?? "";
  const secret = trimNULs(password ?? "");
  if (user === "" && secret === "") return { ok: false, problem: "has no credential in it" };
  if (user === "" || secret === "") return { ok: false, problem: user === "" ? "has no user name" : "has no password" };
  // RFC 7617 §2: the first colon ends the user name, and control characters have no place in either.
  if (user.includes(":")) return { ok: false, problem: 'has a user name with ":" in it' };
  if (hasControl(user) || hasControl(secret)) return { ok: false, problem: "has a control character in its user name or password" };
  return { ok: true, credential: { scheme: "basic", username: new Secret(user), secret: new Secret(secret) } };
}

/** Strict UTF-8, or undefined. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // says nothing of the bytes
  }
}

function token(scheme: "bearer" | "refreshToken", value: string): DockerAuthEntry {
  // It goes into a header or a form: no line can be added to the request through it.
  if (!/^[\x21-\x7e]+$/.test(value)) return { ok: false, problem: "has a token with characters that no token has" };
  return { ok: true, credential: { scheme, secret: new Secret(value) } };
}

/** Absent and empty are the same: Docker writes `"auth": ""` beside a token. */
function text(entry: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = field(entry, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** RFC 4648 §4, padding optional; Node by itself skips over what is not base64. */
function decodeBase64(value: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return undefined;
  if (value.endsWith("=") ? value.length % 4 !== 0 : value.length % 4 === 1) return undefined;
  return decodeText(Buffer.from(value, "base64"));
}

function trimNULs(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && value.charCodeAt(start) === 0) start += 1;
  while (end > start && value.charCodeAt(end - 1) === 0) end -= 1;
  return value.slice(start, end);
}

function hasControl(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
