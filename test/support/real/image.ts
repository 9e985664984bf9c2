import { createHash } from "node:crypto";
import { type HttpResponse, send } from "./http.ts";
import { RealPartError } from "./part.ts";

/** Where to push to and as whom. Works against any registry that speaks the distribution specification. */
export interface PushTarget {
  /** Base address: "https://127.0.0.1:21501". */
  readonly url: string;
  /** Path of the repository: "acme/web". */
  readonly repository: string;
  /** PEM to trust for https; the token server's certificate is checked against it as well. */
  readonly ca?: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** What was pushed. */
export interface PushedManifest {
  /** "127.0.0.1:21501/acme/web" */
  readonly repository: string;
  readonly digest: string;
  /** "127.0.0.1:21501/acme/web@sha256:…" */
  readonly reference: string;
  readonly mediaType: string;
  /** Bytes of the manifest. */
  readonly size: number;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Pushes a small image: configuration, one layer, manifest; the same `seed` makes the same digest. With `tag`, also under that tag. */
export async function pushImage(target: PushTarget, options: { readonly seed: string; readonly tag?: string }): Promise<PushedManifest> {
  const layer = tarOf("seed.txt", Buffer.from(options.seed)); // not compressed: another zlib would make another digest
  const config = Buffer.from(
    JSON.stringify({
      created: "2026-01-01T00:00:00Z", // fixed: another date would be another digest
      architecture: "amd64",
      os: "linux",
      config: { Labels: { seed: options.seed } },
      rootfs: { type: "layers", diff_ids: [sha256(layer)] },
    }),
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: await pushBlob(target, { content: config, mediaType: "application/vnd.oci.image.config.v1+json" }),
    layers: [await pushBlob(target, { content: layer, mediaType: "application/vnd.oci.image.layer.v1.tar" })],
  };
  return pushManifest(target, { manifest, ...(options.tag !== undefined && { tag: options.tag }) });
}

/** A descriptor of the image specification. */
export interface PushedDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Pushes one blob by POST and PUT (distribution-spec v1.1.1 §pushing-blobs). */
export async function pushBlob(
  target: PushTarget,
  blob: { readonly content: Uint8Array; readonly mediaType: string },
): Promise<PushedDescriptor> {
  const digest = sha256(blob.content);
  const begun = await exchange(target, { method: "POST", path: "blobs/uploads/", wants: 202 });
  const upload = new URL(begun.headers.location ?? "", `${target.url}/v2/${target.repository}/blobs/uploads/`);
  upload.searchParams.set("digest", digest);
  await exchange(target, { method: "PUT", path: upload, wants: 201, body: blob.content, contentType: "application/octet-stream" });
  return { mediaType: blob.mediaType, digest, size: blob.content.length };
}

/** Pushes any manifest (or exact bytes) by its digest, and under `tag` if there is one; for referrers that no tool would make. */
export async function pushManifest(
  target: PushTarget,
  options: { readonly manifest: object | Uint8Array; readonly tag?: string; readonly mediaType?: string },
): Promise<PushedManifest> {
  const body = options.manifest instanceof Uint8Array ? options.manifest : Buffer.from(JSON.stringify(options.manifest));
  const [digest, contentType] = [sha256(body), options.mediaType ?? manifestType];
  for (const name of options.tag === undefined ? [digest] : [digest, options.tag]) {
    await exchange(target, { method: "PUT", path: `manifests/${name}`, wants: 201, body, contentType });
  }
  const repository = `${new URL(target.url).host}/${target.repository}`;
  return { repository, digest, reference: `${repository}@${digest}`, mediaType: contentType, size: body.length };
}

interface Exchange {
  readonly method: string;
  readonly path: string | URL;
  readonly wants: number;
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

/** One request, and a second with a credential or token if the first is answered with a challenge. */
async function exchange(target: PushTarget, { method, path, wants, body, contentType }: Exchange): Promise<HttpResponse> {
  const url = path instanceof URL ? path : new URL(`${target.url}/v2/${target.repository}/${path}`);
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  const request = { method, ca: target.ca, ...(body && { body }) };
  let response = await send(url, { ...request, headers });
  if (response.status === 401) {
    const authorization = await answerChallenge(target, response.headers["www-authenticate"] ?? "");
    response = await send(url, { ...request, headers: { ...headers, authorization } });
  }
  if (response.status !== wants)
    throw new RealPartError(
      `${method} ${url.href} answered ${response.status} instead of ${wants}\n${response.body.toString("utf8").slice(0, 500)}`,
    );
  return response;
}

async function answerChallenge({ credentials, ca }: PushTarget, challenge: string): Promise<string> {
  const basic = credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  if (/^basic /i.test(challenge) && basic !== undefined) return basic;
  const parameters = Object.fromEntries(Array.from(challenge.matchAll(/(\w+)="([^"]*)"/g), ([, name, value]) => [name, value]));
  const { realm, service, scope } = parameters as Readonly<Record<string, string>>;
  if (!/^bearer /i.test(challenge) || realm === undefined)
    throw new RealPartError(`Cannot answer the challenge ${JSON.stringify(challenge)}`);
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  if (scope !== undefined) url.searchParams.set("scope", scope);
  const response = await send(url, { ca, ...(basic !== undefined && { headers: { authorization: basic } }) });
  if (response.status !== 200) throw new RealPartError(`The token server answered ${response.status}`);
  return `Bearer ${(JSON.parse(response.body.toString("utf8")) as { token: string }).token}`;
}

const sha256 = (content: Uint8Array): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** One regular file in a ustar archive (POSIX.1-1988), with all times zero. */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  header.write(name, 0, "ascii");
  header.write(`${octal(0o644, 7)}${octal(0, 7)}${octal(0, 7)}${octal(content.length, 11)}${octal(0, 11)}        0`, 100, "ascii");
  header.write("ustar\x0000", 257, "ascii");
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
    "ascii",
  ); // the sum counts its own field as blanks
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512), Buffer.alloc(1_024)]);
}
