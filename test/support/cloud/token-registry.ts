import type { Site } from "./internet.ts";

export interface TokenRegistryOptions {
  /** Host of the registry. */
  readonly host: string;
  /** Absolute; a path of `host`, or another host's. */
  readonly realm: string;
  readonly service: string;
  /** Whether user and password are good now. */
  readonly accepts: (user: string, password: string) => boolean;
}

/** A registry of which everything can be pulled with a token of its service (distribution's token specification), and that service. */
export function tokenRegistry(options: TokenRegistryOptions): { readonly registry: Site; readonly tokenService: Site } {
  const { host, realm, service } = options;
  const given = new Set<string>();
  const tokenService: Site = (request) => {
    const { pathname, searchParams } = new URL(request.path, realm);
    if (pathname !== new URL(realm).pathname || searchParams.get("service") !== service) return { status: 404 };
    const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const text = Buffer.from(basic, "base64").toString("utf8");
    const at = text.indexOf(":");
    if (!options.accepts(text.slice(0, at), text.slice(at + 1))) return { status: 401, body: { errors: [{ code: "UNAUTHORIZED" }] } };
    const token = `registry token ${given.size + 1} for ${searchParams.get("scope") ?? "nothing"}`.replaceAll(" ", ".");
    given.add(token);
    return { status: 200, body: { token, expires_in: 300 } };
  };
  const registry: Site = (request, wire) => {
    if (new URL(realm).hostname === host && request.path.startsWith(new URL(realm).pathname)) return tokenService(request, wire);
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (given.has(bearer)) return { status: 200, body: { path: request.path } };
    return {
      status: 401,
      headers: { "www-authenticate": `Bearer realm="${realm}",service="${service}"` },
      body: { errors: [{ code: "UNAUTHORIZED" }] },
    };
  };
  return { registry, tokenService };
}
